//! The one function that compares two numbers. They must be of the same class, and finite ones must satisfy
//! `|a - b| <= bound`. It is written so that a NaN fails.

/// The outcome of a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// Both numbers are finite, and they agree within the bound.
    Within {
        /// `|a - b| / bound`, which is at most 1.
        ratio: f64,
    },
    /// Both numbers are undefined, or both are the same infinity.
    SameClass,
    /// Both numbers are finite, and they lie further apart than the bound, or the bound is not a finite number.
    Beyond {
        /// `|a - b| / bound`. It is infinite when the bound is 0, NaN or infinite.
        ratio: f64,
    },
    /// The two numbers are of different classes: a finite number against an infinity or an undefined value, or opposite
    /// infinities.
    OtherClass,
}

impl Outcome {
    /// Whether the two agree.
    #[must_use]
    pub const fn agrees(self) -> bool {
        matches!(self, Self::Within { .. } | Self::SameClass)
    }
}

/// Compares two numbers. NaN stands for an undefined value.
///
/// ```text
/// both undefined, or the same infinity       agree
/// one of them undefined or infinite          differ
/// else                                       |a - b| <= bound, bound finite
/// ```
///
/// Nothing agrees within an infinite bound. Such a bound would accept everything, and shows that the analysis behind it
/// broke down.
#[must_use]
#[inline]
pub fn compare(expected: f64, found: f64, bound: f64) -> Outcome {
    if class(expected) != class(found) {
        return Outcome::OtherClass;
    }
    if class(expected) != Class::Finite {
        return Outcome::SameClass;
    }
    let error = (expected - found).abs();
    if !(error <= bound) || !bound.is_finite() {
        let ratio = if bound.is_finite() {
            error / bound
        } else {
            f64::INFINITY
        };
        return Outcome::Beyond { ratio };
    }
    let ratio = if error > 0.0 { error / bound } else { 0.0 };
    Outcome::Within { ratio }
}

#[derive(PartialEq, Eq)]
enum Class {
    Undefined,
    Infinity,
    NegInfinity,
    Finite,
}

#[inline]
fn class(value: f64) -> Class {
    if value.is_nan() {
        Class::Undefined
    } else if value.is_finite() {
        Class::Finite
    } else if value > 0.0 {
        Class::Infinity
    } else {
        Class::NegInfinity
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, compare};

    const INF: f64 = f64::INFINITY;

    #[test]
    fn undefined_agrees_with_undefined_only() {
        assert_eq!(compare(f64::NAN, f64::NAN, 1.0), Outcome::SameClass);
        for other in [0.0, 1.0, INF, -INF] {
            assert_eq!(compare(f64::NAN, other, 1.0), Outcome::OtherClass);
            assert_eq!(compare(other, f64::NAN, 1.0), Outcome::OtherClass);
        }
    }

    #[test]
    fn an_infinity_agrees_with_itself_only() {
        assert_eq!(compare(INF, INF, 0.0), Outcome::SameClass);
        assert_eq!(compare(-INF, -INF, 0.0), Outcome::SameClass);
        for (a, b) in [(INF, -INF), (-INF, INF), (INF, f64::MAX), (f64::MIN, -INF)] {
            assert_eq!(compare(a, b, INF), Outcome::OtherClass);
        }
    }

    #[test]
    fn a_bound_that_is_no_number_accepts_nothing() {
        for bound in [f64::NAN, INF, -1.0, -INF] {
            assert!(!compare(1.0, 1.5, bound).agrees(), "bound {bound}");
        }
        for bound in [f64::NAN, INF, -1.0] {
            assert!(!compare(1.0, 1.0, bound).agrees(), "bound {bound}");
        }
    }

    #[test]
    fn the_bound_itself_is_within_and_the_next_number_is_not() {
        assert_eq!(compare(1.0, 1.5, 0.5), Outcome::Within { ratio: 1.0 });
        assert!(!compare(1.0, 1.5_f64.next_up(), 0.5).agrees());
        assert_eq!(compare(1.0, 3.0, 0.5), Outcome::Beyond { ratio: 4.0 });
    }

    #[test]
    fn a_bound_of_zero_asks_for_equality() {
        assert_eq!(compare(0.25, 0.25, 0.0), Outcome::Within { ratio: 0.0 });
        assert_eq!(compare(0.25, 0.25_f64.next_up(), 0.0), Outcome::Beyond { ratio: INF });
        assert_eq!(compare(0.0, -0.0, 0.0), Outcome::Within { ratio: 0.0 });
    }

    #[test]
    fn an_error_that_overflows_is_beyond() {
        assert!(!compare(f64::MAX, f64::MIN, f64::MAX).agrees());
    }
}
