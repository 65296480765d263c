//! An explanation of a claim that is out of bound.

use bounds::Float;

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
}

/// Mistakes, or an arithmetic, with which the claimed numbers are those of the definition, within their bounds.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The mistakes. The list is empty where only the arithmetic differs.
    pub mistakes: Vec<&'static Mistake>,
    /// The arithmetic, where only that differs.
    pub arithmetic: Option<ArithmeticCause>,
    /// The share of its bound that the worst number uses, by this explanation.
    pub used: f64,
    /// The claims that are right, but would be wrong if the mistake had been made where they were computed, too.
    pub contradicted: Vec<Quantity>,
    /// Whether the value of which a gradient is taken would change by it, although that value is not out of bound.
    pub moves_value: bool,
}

impl Explanation {
    /// The rank, which is smaller for better explanations. Those that fewer claims contradict come first, then those
    /// that change the gradient alone, then those that fit much more closely.
    pub(super) fn rank(&self) -> (usize, bool, i32) {
        #[expect(clippy::cast_possible_truncation, reason = "a share of a bound, in powers of eight")]
        let closeness = (self.used.max(1.0 / f64::from(1 << 20)).log2() / 3.0).ceil() as i32;
        (self.contradicted.len(), self.moves_value, closeness)
    }

    /// The names of the mistakes, or that of the arithmetic.
    #[must_use]
    pub fn name(&self) -> String {
        match self.arithmetic {
            Some(ArithmeticCause::Sums(sums)) => format!("accumulated-in-{}", sums.name()),
            Some(ArithmeticCause::InTurn) => "added-in-turn".to_owned(),
            Some(ArithmeticCause::Rounded(float)) => format!("rounded-to-{}", float.name()),
            None => self
                .mistakes
                .iter()
                .map(|mistake| mistake.name)
                .collect::<Vec<_>>()
                .join(" + "),
        }
    }

    /// Whether it is a broken law of models, which says nothing about what the numbers should be.
    #[must_use]
    pub fn is_law(&self) -> bool {
        let law = |mistake: &&Mistake| LAWS.iter().any(|law| law.name == mistake.name);
        self.mistakes.iter().any(law)
    }

    /// The explanation as a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match self.arithmetic {
            Some(ArithmeticCause::Sums(sums)) => {
                format!("sums are accumulated in {}, coarser than stated", sums.name())
            }
            Some(ArithmeticCause::InTurn) => "sums are added one after the other, not in the stated order".to_owned(),
            Some(ArithmeticCause::Rounded(float)) => {
                let name = float.name();
                format!("every number is one of {name}: right, then rounded to it and stored in a wider type")
            }
            None => self
                .mistakes
                .iter()
                .map(|mistake| mistake.words)
                .collect::<Vec<_>>()
                .join("; and "),
        }
    }

    /// The place in the derivation where the right way stands.
    #[must_use]
    pub fn source(&self) -> String {
        let sources = self.mistakes.iter().map(|mistake| mistake.source);
        sources.collect::<Vec<_>>().join("; ")
    }
}
