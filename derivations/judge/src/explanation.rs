//! What explains a claim that is out of bound.

use bounds::Float;

use super::mistakes::{LAWS, Mistake};
use crate::dump::Quantity;

/// An arithmetic that is not the stated one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArithmeticCause {
    /// Sums are accumulated in a coarser type.
    Sums(Float),
    /// Sums are added one after the other.
    InTurn,
    /// The numbers were rounded to a narrower type before they were stored.
    Rounded(Float),
}

/// What a claim's numbers are, exactly as far as they can be told.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The mistakes behind it; none for a coarser arithmetic.
    pub mistakes: Vec<&'static Mistake>,
    /// How it was computed, where that is all that is wrong.
    pub arithmetic: Option<ArithmeticCause>,
    /// The share of its bound that the worst number uses.
    pub used: f64,
    /// The claims that are right and would not be, had the mistake been made in what they were computed by, too.
    pub contradicted: Vec<Quantity>,
    /// Whether a gradient's own value, which is not out of bound, would be another by it.
    pub moves_value: bool,
}

impl Explanation {
    /// Better explanations are smaller: those that fewer claims contradict, then those of the gradient alone, then those that come much closer.
    pub(super) fn rank(&self) -> (usize, bool, i32) {
        #[expect(clippy::cast_possible_truncation, reason = "a share of a bound, in powers of eight")]
        let closeness = (self.used.max(1.0 / f64::from(1 << 20)).log2() / 3.0).ceil() as i32;
        (self.contradicted.len(), self.moves_value, closeness)
    }

    /// The mistakes' names.
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

    /// Whether it is a law that a model broke, whatever its numbers should be.
    #[must_use]
    pub fn is_law(&self) -> bool {
        let law = |mistake: &&Mistake| LAWS.iter().any(|law| law.name == mistake.name);
        self.mistakes.iter().any(law)
    }

    /// A sentence.
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

    /// Where the derivation has it.
    #[must_use]
    pub fn source(&self) -> String {
        let sources = self.mistakes.iter().map(|mistake| mistake.source);
        sources.collect::<Vec<_>>().join("; ")
    }
}
