//! The relations between two lines, the signs of slacks, and the rules by which one line follows from another.

use reference::vocab::{Nats, closure_bound};
use serde::Serialize;

/// The relation that the note prints between two lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// `=`: the two lines are equal.
    Equal,
    /// `>=`: the line before is at least this one.
    AtLeast,
    /// The note prints nothing, because the row is a repair of ours.
    Nothing,
}

impl Relation {
    /// The relation as a symbol.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::AtLeast => ">=",
            Self::Nothing => "-",
        }
    }
}

/// The sign of a slack in every world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// The slack is 0: the step is an identity.
    Zero,
    /// The slack is at least 0: the step goes down or stays, and a lower bound remains one.
    NonNegative,
    /// The slack is at most 0: the step goes up or stays, and a lower bound may be lost.
    NonPositive,
    /// The slack has either sign, depending on the world.
    Unsigned,
}

impl Sign {
    /// The sign of a sum of two slacks.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Zero, sign) | (sign, Self::Zero) => sign,
            (a, b) if a == b => a,
            _ => Self::Unsigned,
        }
    }

    /// The sign of a number that is exactly 0, or whose rounding error is too small to have changed its sign. It is
    /// `None` otherwise.
    #[must_use]
    pub fn seen(nats: Nats) -> Option<Self> {
        match (nats.value(), closure_bound(&[nats])) {
            (value, within) if value > within => Some(Self::NonNegative),
            (value, within) if value < -within => Some(Self::NonPositive),
            (0.0, 0.0) => Some(Self::Zero),
            _ => None,
        }
    }

    /// The sign as a symbol, for a table.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Zero => "= 0",
            Self::NonNegative => ">= 0",
            Self::NonPositive => "<= 0",
            Self::Unsigned => "any",
        }
    }
}

/// The reason why a line follows from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A quantity is written as what it is defined to be.
    Definition,
    /// A joint is a product of conditionals (Eq. 2).
    ProductRule,
    /// `q/q = 1`.
    MultiplyByOne,
    /// The logarithm is concave.
    Jensen,
    /// The logarithm of a product or quotient is a sum or difference.
    LogOfProduct,
    /// Something is added and subtracted.
    AddAndSubtract,
    /// An equation is assumed.
    Assume,
    /// A term is left out.
    Drop,
    /// A term is weighted.
    Reweight,
    /// A row of ours that composes several steps.
    Compose,
}

impl Rule {
    /// The rule in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::ProductRule => "product rule",
            Self::MultiplyByOne => "multiply by one",
            Self::Jensen => "Jensen",
            Self::LogOfProduct => "log of product",
            Self::AddAndSubtract => "add and subtract",
            Self::Assume => "assumption",
            Self::Drop => "drop a term",
            Self::Reweight => "reweight",
            Self::Compose => "compose",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sign::{NonNegative, NonPositive, Unsigned, Zero};

    #[test]
    fn signs_compose() {
        assert_eq!(Zero.and(NonNegative), NonNegative);
        assert_eq!(NonNegative.and(NonNegative), NonNegative);
        assert_eq!(NonNegative.and(NonPositive), Unsigned);
        assert_eq!(Unsigned.and(Zero), Unsigned);
        assert_eq!(NonPositive.and(NonPositive), NonPositive);
    }
}
