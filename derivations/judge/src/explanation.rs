//! An explanation of a claim that is out of bound.

use bounds::Float;

use super::constants::Constant;
use super::mistakes::{LAWS, Mistake};
use crate::dump::Quantity;

/// A difference between the arithmetic and the stated one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArithmeticCause {
    /// Sums were accumulated in a coarser type.
    Sums(Float),
    /// Sums were added one after the other.
    InTurn,
    /// The numbers were rounded to a narrower type before they were stored.
    Rounded(Float),
    /// A log-sum-exp was computed by adding one logarithm after the other.
    LogarithmsInTurn,
}

/// What the claimed numbers are, where the numbers by the definition were changed afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// They are in another order along an axis.
    Permuted {
        /// The axis, as a word: `item`, `position` or `token`.
        axis: &'static str,
        /// The order in words.
        order: String,
    },
    /// A sum or a mean lacks some of its addends.
    Missing {
        /// The axis, as a word.
        axis: &'static str,
        /// What is missing, in words.
        which: String,
    },
    /// They were rounded to so many digits behind the point.
    Decimals(u8),
    /// They were rounded to so many digits.
    Digits(u8),
    /// Each is an estimate from a single code.
    OneSample {
        /// The estimator's name, such as `k3`.
        estimator: &'static str,
        /// Its formula.
        formula: &'static str,
    },
}

/// What explains a claim.
#[derive(Debug, Clone)]
pub enum Cause {
    /// Mistakes, with which the definition gives the claimed numbers.
    Mistakes(Vec<&'static Mistake>),
    /// A mistake with a number in it.
    Constant {
        /// The mistake.
        constant: &'static Constant,
        /// The number in words.
        number: String,
        /// What makes such a number, where it is known.
        usual: Option<String>,
        /// Another mistake beside it.
        beside: Option<&'static Mistake>,
    },
    /// An arithmetic other than the stated one.
    Arithmetic(ArithmeticCause),
    /// What was done with the numbers afterwards.
    Changed(Changed),
}

/// A cause with which the claimed numbers are those of the definition, within their bounds.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// What explains the claim.
    pub cause: Cause,
    /// The share of its bound that the worst number uses, by this explanation.
    pub used: f64,
    /// The claims that are right, but would be wrong if the mistake had been made where they were computed, too.
    pub contradicted: Vec<Quantity>,
    /// Whether the value of which a gradient is taken would change by it, although that value is not out of bound.
    pub moves_value: bool,
}

impl Explanation {
    /// An explanation that changes no other claim.
    #[must_use]
    pub const fn of(cause: Cause, used: f64) -> Self {
        Self {
            cause,
            used,
            contradicted: Vec::new(),
            moves_value: false,
        }
    }

    /// The rank, which is smaller for better explanations. Those that fewer claims contradict come first, then those
    /// that change the gradient alone, then those that fit much more closely.
    pub(super) fn rank(&self) -> (usize, bool, i32) {
        #[expect(clippy::cast_possible_truncation, reason = "a share of a bound, in powers of eight")]
        let closeness = (self.used.max(1.0 / f64::from(1 << 20)).log2() / 3.0).ceil() as i32;
        (self.contradicted.len(), self.moves_value, closeness)
    }

    /// The names of the mistakes, or that of another cause.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.cause {
            Cause::Mistakes(mistakes) => {
                let names: Vec<&str> = mistakes.iter().map(|mistake| mistake.name).collect();
                names.join(" + ")
            }
            Cause::Constant { constant, beside, .. } => match beside {
                Some(mistake) => format!("{} + {}", mistake.name, constant.name),
                None => constant.name.to_owned(),
            },
            Cause::Arithmetic(cause) => match cause {
                ArithmeticCause::Sums(sums) => format!("accumulated-in-{}", sums.name()),
                ArithmeticCause::InTurn => "added-in-turn".to_owned(),
                ArithmeticCause::Rounded(float) => format!("rounded-to-{}", float.name()),
                ArithmeticCause::LogarithmsInTurn => "logarithms-added-in-turn".to_owned(),
            },
            Cause::Changed(changed) => match changed {
                Changed::Permuted { axis, .. } => format!("{axis}s-permuted"),
                Changed::Missing { axis, .. } => format!("{axis}s-missing"),
                Changed::Decimals(digits) => format!("rounded-to-{digits}-decimals"),
                Changed::Digits(digits) => format!("rounded-to-{digits}-digits"),
                Changed::OneSample { estimator, .. } => format!("one-sample-{estimator}"),
            },
        }
    }

    /// Whether it is a broken law of models, which says nothing about what the numbers should be.
    #[must_use]
    pub fn is_law(&self) -> bool {
        let law = |mistake: &&Mistake| LAWS.iter().any(|law| law.name == mistake.name);
        match &self.cause {
            Cause::Mistakes(mistakes) => mistakes.iter().any(law),
            Cause::Constant { .. } | Cause::Arithmetic(_) | Cause::Changed(_) => false,
        }
    }

    /// Whether it is about the arithmetic of sums.
    pub(super) const fn is_of_arithmetic(&self) -> bool {
        matches!(self.cause, Cause::Arithmetic(_))
    }

    /// The explanation as a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.cause {
            Cause::Mistakes(mistakes) => {
                let words: Vec<&str> = mistakes.iter().map(|mistake| mistake.words).collect();
                words.join("; and ")
            }
            Cause::Constant {
                constant,
                number,
                usual,
                beside,
            } => {
                let first = beside.map_or(String::new(), |mistake| format!("{}; and ", mistake.words));
                let usual = usual.as_ref().map_or(String::new(), |usual| format!(", which is {usual}"));
                format!("{first}{}{usual}", constant.words.replace("{}", number))
            }
            Cause::Arithmetic(cause) => match cause {
                ArithmeticCause::Sums(sums) => {
                    format!("sums are accumulated in {}, coarser than stated", sums.name())
                }
                ArithmeticCause::InTurn => {
                    "sums are added one after the other, not in the stated order".to_owned()
                }
                ArithmeticCause::Rounded(float) => {
                    let name = float.name();
                    format!("every number is one of {name}: right, then rounded to it and stored in a wider type")
                }
                ArithmeticCause::LogarithmsInTurn => {
                    "the logarithm of the sum is a chain of logaddexp, which rounds at every term; a log-sum-exp rounds once"
                        .to_owned()
                }
            },
            Cause::Changed(changed) => match changed {
                Changed::Permuted { axis, order } => format!("the numbers are right, in another order of {axis}s: {order}"),
                Changed::Missing { axis, which } => format!("not every {axis} is in it: {which}"),
                Changed::Decimals(digits) => {
                    format!("every number is right, then rounded to {digits} digits behind the point")
                }
                Changed::Digits(digits) => format!("every number is right, then rounded to {digits} digits"),
                Changed::OneSample { estimator, formula } => {
                    format!("every number is an estimate by a single code, {estimator} = {formula}, and no sum over codes")
                }
            },
        }
    }

    /// The place in the derivation where the right way stands.
    #[must_use]
    pub fn source(&self) -> String {
        match &self.cause {
            Cause::Mistakes(mistakes) => {
                let sources: Vec<&str> = mistakes.iter().map(|mistake| mistake.source).collect();
                sources.join("; ")
            }
            Cause::Constant { constant, beside, .. } => match beside {
                Some(mistake) => format!("{}; {}", mistake.source, constant.source),
                None => constant.source.to_owned(),
            },
            Cause::Changed(Changed::OneSample { .. }) => "Eq. 13: an expectation under q".to_owned(),
            Cause::Arithmetic(_) | Cause::Changed(_) => String::new(),
        }
    }
}
