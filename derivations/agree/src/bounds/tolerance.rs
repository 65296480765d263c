//! Turns a number of roundings into a bound on the distance between the twin and the reference.

use bounds::{Float, gamma};

/// The sizes of a world on which a number of roundings depends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// The number of captions, `Y`.
    pub captions: f64,
    /// The number of terms in a sum over the codes: `Z`, or `d + max(d, D)` for a linear-Gaussian world, whose squares
    /// have that many.
    pub codes: f64,
}

/// The accuracy of a function of the twin against that of the reference.
#[derive(Debug, Clone, Copy)]
pub struct Precision {
    /// The number of roundings between an entry of a table and the result.
    pub roundings: fn(Size) -> f64,
    /// Whether both sides do the same operations on the same numbers, so that in `f64` they must be equal.
    pub exact_in_f64: bool,
    /// The derivation of the number in a sentence.
    pub reason: &'static str,
}

impl Precision {
    /// The bound on `|reference - twin|` as a function of the mass.
    ///
    /// ```text
    /// (gamma_k(u) + gamma_k(u_f64)) mass + floor
    /// ```
    ///
    /// The second gamma is the error of the reference itself. It does the same in `f64`, and its compensated sums are
    /// no worse. `floor` comes from the function [`floor`].
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

/// A bound as a function of the mass of a value.
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

/// A bound on the error of underflow. A weight below the smallest normal number has no relative precision, but its
/// absolute error is at most that number.
///
/// ```text
/// n tiny |f|,   |f| <= 8 (largest + ln n + 1) (1 + beta)
/// ```
///
/// An `f` has at most eight addends (in Eq. 10 with the joint of the graphical model, and a divergence). Each is an
/// entry of a table, of size at most `largest`, or a log-sum-exp of entries, which is at most `ln n` larger. Those of
/// the divergence are multiplied by beta.
#[must_use]
pub fn floor(size: Size, float: Float, largest: f64, beta: f64) -> f64 {
    let states = size.captions * size.codes;
    states * float.smallest_normal() * 8.0 * (largest + states.ln() + 1.0) * (1.0 + beta)
}

/// The bound of `count` roundings in a type, of all orders.
fn rounded(float: Float, count: f64) -> f64 {
    gamma(count * float.unit_roundoff())
}
