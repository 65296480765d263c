//! Relations, signs and the rules by which one line follows from another.

use reference::vocab::{Nats, closure_bound};
use serde::Serialize;

/// What the note prints between two lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// `=`
    Equal,
    /// `>=`: the line before is at least this one.
    AtLeast,
    /// Nothing: the row is ours.
    Nothing,
}

impl Relation {
    /// The sign as printed.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::AtLeast => ">=",
            Self::Nothing => "-",
        }
    }
}

/// What we claim of a slack, in every world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// An identity.
    Zero,
    /// The step goes down, or stays: a bound is kept.
    NonNegative,
    /// The step goes up, or stays: a bound is lost.
    NonPositive,
    /// Either way, depending on the world.
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

    /// The sign of a number that is clear of its rounding, or exactly nothing; none where rounding hides it.
    #[must_use]
    pub fn seen(nats: Nats) -> Option<Self> {
        match (nats.value(), closure_bound(&[nats])) {
            (value, within) if value > within => Some(Self::NonNegative),
            (value, within) if value < -within => Some(Self::NonPositive),
            (0.0, 0.0) => Some(Self::Zero),
            _ => None,
        }
    }

    /// How it reads in a table.
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

/// Why a line follows from the one before.
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
