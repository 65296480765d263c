//! Numbers of nats as text: at most six decimals, only those that rounding has not lost, and words for infinities and
//! undefined values.

use std::fmt;

use vocab::{Error, Nats, closure_bound};

/// The smallest size that six decimals still show, in nats: half of the last one.
pub const VISIBLE: f64 = 5e-7;

/// The value of a line or of a slack with its rounding error, or the fact that it has none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// A number of nats. It may be infinite, and is never NaN.
    Nats {
        /// The number.
        value: f64,
        /// A bound on its rounding error, in nats. It is 0 for an infinity.
        within: f64,
    },
    /// There is no value, because `+inf` meets `-inf`.
    Undefined,
}

impl Amount {
    /// The amount of a value that may not exist.
    ///
    /// # Errors
    /// Every error but [`Error::Indeterminate`], which is [`Amount::Undefined`].
    pub fn of(value: Result<Nats, Error>) -> Result<Self, Error> {
        match value {
            Ok(nats) => Ok(Self::from(nats)),
            Err(Error::Indeterminate { .. }) => Ok(Self::Undefined),
            Err(error) => Err(error),
        }
    }

    /// The number, if it is finite.
    #[must_use]
    pub fn finite(self) -> Option<f64> {
        self.value().filter(|value| value.is_finite())
    }

    /// The number, finite or infinite. It is `None` for [`Amount::Undefined`].
    #[must_use]
    pub const fn value(self) -> Option<f64> {
        match self {
            Self::Nats { value, .. } => Some(value),
            Self::Undefined => None,
        }
    }

    /// Whether the number is exactly 0.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self.finite() == Some(0.0)
    }

    /// Whether rounding may have changed the number's sign by so much that six decimals show it.
    #[must_use]
    pub fn is_hidden(self) -> bool {
        matches!(self, Self::Nats { value, within } if within > VISIBLE && value.abs() <= within)
    }

    /// The difference of two amounts, `self - other`. It is `None` unless both are finite.
    #[must_use]
    pub fn less(self, other: Self) -> Option<Self> {
        match (self, other) {
            (
                Self::Nats { value, within },
                Self::Nats {
                    value: less,
                    within: and,
                },
            ) if value.is_finite() && less.is_finite() => Some(Self::Nats {
                value: value - less,
                within: within + and,
            }),
            _ => None,
        }
    }

    /// The absolute value, with the same rounding error.
    #[must_use]
    pub fn size(self) -> Self {
        match self {
            Self::Nats { value, within } => Self::Nats {
                value: value.abs(),
                within,
            },
            Self::Undefined => self,
        }
    }

    /// The amount as LaTeX. Where there is no finite number, it is the words of `Display` as text.
    #[must_use]
    pub fn latex(self) -> String {
        match self {
            Self::Nats { value, within } if value.is_finite() && digits(value, within).is_some() => {
                self.to_string().replace('−', "-")
            }
            _ => format!(r"\text{{{self}}}"),
        }
    }
}

impl From<Nats> for Amount {
    fn from(nats: Nats) -> Self {
        match nats.value() {
            value if value.is_nan() => Self::Undefined,
            value if value.is_infinite() => Self::Nats { value, within: 0.0 },
            value => Self::Nats {
                value,
                within: closure_bound(&[nats]),
            },
        }
    }
}

/// Writes the digits that are known, with at most six decimals, or words where there are none.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Undefined => f.pad("undefined"),
            Self::Nats {
                value: f64::INFINITY, ..
            } => f.pad("plus infinity"),
            Self::Nats {
                value: f64::NEG_INFINITY,
                ..
            } => f.pad("minus infinity"),
            // The text has a true minus sign, U+2212.
            Self::Nats { value, within } => match digits(value, within) {
                Some(text) => f.pad(&text.replacen('-', "−", usize::from(text.starts_with('-')))),
                None => f.pad(LOST),
            },
        }
    }
}

/// The size from which on a number is written with an exponent. Its six decimals would be noise, and its digits would
/// not fit into a column.
const LONGEST: f64 = 1e9;

/// The text in place of a number of which rounding has left no digit.
pub const LOST: &str = "lost in rounding";

/// The digits of a finite number that an error of `within` leaves. One unit of the last digit is at least twice the
/// error. There are at most six decimals, and a zero has no minus sign. A number of size 1e9 or more, or one whose
/// error is too large for that, is written with an exponent. The result is `None` where not even the first digit is
/// known.
#[must_use]
pub fn digits(value: f64, within: f64) -> Option<String> {
    rounded(value, within, 6)
}

/// As [`digits`], with at most `decimals` decimals. The limit before an exponent remains six.
#[must_use]
pub fn rounded(value: f64, within: f64, decimals: u8) -> Option<String> {
    let known = |decimals: i32| within <= 0.5 * 10.0_f64.powi(-decimals);
    let plain = |decimals: usize| {
        let text = format!("{value:.decimals$}");
        match text.strip_prefix('-') {
            Some(size) if size.chars().all(|c| c == '0' || c == '.') => size.to_owned(),
            _ => text,
        }
    };
    if value.abs() < LONGEST
        && let Some(decimals) = (0..=decimals).rev().find(|&decimals| known(i32::from(decimals)))
    {
        return Some(plain(usize::from(decimals)));
    }
    if value == 0.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the exponent of an f64")]
    let leading = value.abs().log10().floor() as i32;
    let figures = [6_u8, 5, 4, 3, 2, 1, 0]
        .into_iter()
        .find(|&figures| known(i32::from(figures) - leading))?;
    Some(format!("{value:.*e}", usize::from(figures)))
}

#[cfg(test)]
mod tests {
    use vocab::Nats;

    use super::{Amount, digits, rounded};

    #[test]
    fn what_is_no_number_is_a_word() {
        let amount = |value| Amount::from(Nats::of(value));
        assert_eq!(Amount::from(Nats::with_mass(f64::NAN, 0.0)).to_string(), "undefined");
        assert_eq!(amount(f64::NEG_INFINITY).to_string(), "minus infinity");
        assert_eq!(amount(f64::INFINITY).to_string(), "plus infinity");
        assert_eq!(amount(-0.0).to_string(), "0.000000");
        assert_eq!(amount(-1e-9).to_string(), "0.000000");
        assert_eq!(amount(-1.25).to_string(), "−1.250000");
        assert_eq!(amount(-1.25).latex(), "-1.250000");
        assert_eq!(amount(-1.25e12).to_string(), "−1.250000e12");
        assert_eq!(Amount::Undefined.latex(), r"\text{undefined}");
        let lost = Amount::Nats {
            value: 3.0,
            within: 5.0,
        };
        assert_eq!(lost.latex(), r"\text{lost in rounding}");
    }

    #[test]
    fn no_digit_is_written_that_the_error_does_not_leave() {
        for (value, within, text) in [
            (1.234_567_89, 5e-7, Some("1.234568")),
            (1.234_567_89, 5.1e-7, Some("1.23457")),
            (1.234_567_89, 0.04, Some("1.2")),
            (-0.001, 0.4, Some("0")),
            (123.4, 0.6, Some("1.2e2")),
            (123.4, 60.0, None),
            (3.5e12, 1e3, Some("3.500000e12")),
            (3.5e12, 1e10, Some("3.5e12")),
            (0.0, 1.0, None),
            (1.0, f64::NAN, None),
            (1.0, f64::INFINITY, None),
        ] {
            assert_eq!(digits(value, within).as_deref(), text, "{value} within {within}");
        }
        // One decimal is written, as in a column, as long as it is known.
        for (value, within, text) in [
            (-0.01, 0.0, "0.0"),
            (1.26, 0.04, "1.3"),
            (1.26, 0.1, "1"),
            (2.5e9, 0.0, "2.500000e9"),
        ] {
            assert_eq!(
                rounded(value, within, 1).as_deref(),
                Some(text),
                "{value} within {within}"
            );
        }
    }
}
