//! A quantity in nats that remembers the size of what was added up.

use std::iter::Sum;
use std::ops::{Add, Mul, Neg, Sub};

use super::Error;

/// A number in nats with its `mass`, the total size of the addends behind it.
///
/// ```text
/// (a + b).value = a.value + b.value        (a + b).mass = a.mass + b.mass
/// ```
///
/// Rounding errors scale with what was added, not with what is left: `u * mass` is the unit of every tolerance.
/// An infinite addend has no size: it decides the class of the value and adds nothing to the mass.
///
/// Limits: `+inf` and `-inf` never add up. Their sum is a marked value that every line refuses through
/// [`Nats::determinate`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nats {
    value: f64,
    mass: f64,
}

impl Nats {
    /// Zero nats, exactly: its mass is 0.
    pub const ZERO: Self = Self { value: 0.0, mass: 0.0 };
    /// `ln 0`, the logarithm of an impossible event's probability.
    pub const NEG_INFINITY: Self = Self {
        value: f64::NEG_INFINITY,
        mass: 0.0,
    };
    /// The divergence of a distribution from one that excludes what it gives.
    pub const INFINITY: Self = Self {
        value: f64::INFINITY,
        mass: 0.0,
    };

    /// A number as it stands in a table: its mass is its size, or 0 where it is infinite.
    #[must_use]
    pub const fn of(value: f64) -> Self {
        Self {
            value,
            mass: if value.is_finite() { value.abs() } else { 0.0 },
        }
    }

    /// A number whose addends had the given total size.
    #[must_use]
    pub const fn with_mass(value: f64, mass: f64) -> Self {
        Self { value, mass }
    }

    /// The number, in nats.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.value
    }

    /// The total size of the finite addends behind the number, in nats.
    #[must_use]
    pub const fn mass(self) -> f64 {
        self.mass
    }

    /// Whether the number is neither infinite nor indeterminate.
    #[must_use]
    pub const fn is_finite(self) -> bool {
        self.value.is_finite()
    }

    /// The quantity itself where it has a value. `line` is the name that the error gives to it where it has none.
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when `+inf` met `-inf` on the way.
    pub const fn determinate(self, line: &'static str) -> Result<Self, Error> {
        if self.value.is_nan() {
            Err(Error::Indeterminate { line })
        } else {
            Ok(self)
        }
    }
}

impl Add for Nats {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            mass: self.mass + other.mass,
        }
    }
}

impl Neg for Nats {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            value: -self.value,
            mass: self.mass,
        }
    }
}

impl Sub for Nats {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

/// A weight times nats, with `0 x inf = 0`: what has probability 0 does not count.
impl Mul<Nats> for f64 {
    type Output = Nats;

    fn mul(self, nats: Nats) -> Nats {
        if self == 0.0 {
            return Nats::ZERO;
        }
        let value = self * nats.value;
        // A subnormal number is known to half of the smallest one, however small it is itself.
        let steps = match value {
            0.0 if nats.value == 0.0 => 0.0,
            value if value.abs() < Self::MIN_POSITIVE => 1.0,
            _ if self.abs() < Self::MIN_POSITIVE => nats.value.abs(),
            _ => 0.0,
        };
        Nats {
            value,
            mass: self.abs() * nats.mass + Self::MIN_POSITIVE * steps,
        }
    }
}

/// Sums with Neumaier's compensation, so that the error does not grow with the number of terms:
/// `|error| <= 2 u |sum| + O(n u^2) mass` (Higham, Accuracy and Stability, section 4.3).
impl Sum for Nats {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        let (mut total, mut lost, mut infinite, mut mass) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64);
        for term in terms {
            mass += term.mass;
            if !term.value.is_finite() {
                infinite += term.value; // opposite infinities: NaN, refused by `determinate`
                continue;
            }
            let next = total + term.value;
            lost += if total.abs() >= term.value.abs() {
                (total - next) + term.value
            } else {
                (term.value - next) + total
            };
            total = next;
        }
        Self {
            value: total + lost + infinite,
            mass,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Nats;

    #[test]
    fn opposite_infinities_are_an_error_in_any_order() {
        let terms = [Nats::INFINITY, Nats::of(1.0), Nats::NEG_INFINITY];
        assert!(terms.into_iter().sum::<Nats>().determinate("sum").is_err());
        assert!((Nats::INFINITY - Nats::INFINITY).determinate("difference").is_err());
        assert_eq!((0.0 * Nats::INFINITY).value().to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn the_sum_keeps_what_cancellation_hides() {
        let terms = [1e16, 1.0, -1e16].map(Nats::of);
        let sum: Nats = terms.into_iter().sum();
        assert_eq!(sum.value().to_bits(), 1.0_f64.to_bits());
        assert_eq!(sum.mass().to_bits(), (2e16_f64 + 1.0).to_bits());
    }
}
