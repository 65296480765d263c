//! How close the twin comes to the reference: from a count of roundings to a bound.

use bounds::{Float, gamma};

/// What a count may depend on: the numbers of captions and of terms in a sum over the codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// `Y`.
    pub captions: f64,
    /// `Z`; of a continuous world `d + max(d, D)`, a square's columns and rows.
    pub codes: f64,
}

/// How closely a twin follows its reference.
#[derive(Debug, Clone, Copy)]
pub struct Precision {
    /// How many roundings stand between a table entry and the result.
    pub roundings: fn(Size) -> f64,
    /// Whether both sides do the same operations on the same `f64`s, so that in `f64` nothing but equality is accepted.
    pub exact_in_f64: bool,
    /// The count in words.
    pub reason: &'static str,
}

impl Precision {
    /// The bound on `|reference - twin|` as a function of the mass.
    ///
    /// ```text
    /// (gamma_k(u) + gamma_k(u_f64)) mass + floor
    /// ```
    ///
    /// The second gamma is the reference's own error: it does the same in `f64`, its compensated sums no worse. `floor` is
    /// [`floor`]'s.
    #[must_use]
    pub fn tolerance(&self, size: Size, float: Float, floor: f64) -> Tolerance {
        if self.exact_in_f64 && float == Float::F64 {
            return Tolerance { slope: 0.0, floor: 0.0 };
        }
        let count = (self.roundings)(size);
        Tolerance {
            slope: rounded(float, count) + rounded(Float::F64, count),
            floor,
        }
    }
}

/// A bound that is still waiting for a mass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    slope: f64,
    floor: f64,
}

impl Tolerance {
    /// The bound for a value of this mass.
    #[must_use]
    pub fn bound(self, mass: f64) -> f64 {
        self.slope * mass + self.floor
    }
}

/// What underflow can cost: a weight below the smallest normal number has no relative precision, its absolute error is
/// at most that number.
///
/// ```text
/// n tiny |f|,   |f| <= 8 (largest + ln n + 1) (1 + beta)
/// ```
///
/// At most eight addends (Eq. 10 with the graphical model's joint, and a divergence) make an `f`, each a table entry, at most
/// `largest`, or a log-sum-exp of entries, `ln n` more; beta weights the divergence's.
#[must_use]
pub fn floor(size: Size, float: Float, largest: f64, beta: f64) -> f64 {
    let states = size.captions * size.codes;
    states * float.smallest_normal() * 8.0 * (largest + states.ln() + 1.0) * (1.0 + beta)
}

/// `k u`, with what is beyond the first order.
fn rounded(float: Float, count: f64) -> f64 {
    gamma(count * float.unit_roundoff())
}
