//! The claimed numbers of an item.

use std::borrow::Cow;

use worlds::case::storage::Part;

/// Claimed numbers, in memory or as they are stored.
#[derive(Debug, Clone, Copy)]
pub enum Claimed<'a> {
    /// Numbers in memory.
    Numbers(&'a [f64]),
    /// Numbers as a dump stores them.
    Stored(&'a Part),
}

impl<'a> Claimed<'a> {
    /// No numbers.
    pub const NONE: Self = Self::Numbers(&[]);

    /// The numbers of a part; none where there is no part.
    #[must_use]
    pub fn of(part: Option<&'a Part>) -> Self {
        part.map_or(Self::NONE, Self::Stored)
    }

    /// A number by its index; NaN where there is none.
    #[must_use]
    pub fn at(self, index: usize) -> f64 {
        match self {
            Self::Numbers(numbers) => numbers.get(index).copied().unwrap_or(f64::NAN),
            Self::Stored(part) => part.some(index, 1, 1).first().copied().unwrap_or(f64::NAN),
        }
    }

    /// `count` numbers from `first` on, each `step` after the one before.
    #[must_use]
    pub fn some(self, first: usize, step: usize, count: usize) -> Cow<'a, [f64]> {
        match self {
            Self::Numbers(numbers) if step == 1 => numbers
                .get(first..first + count)
                .map_or(Cow::Owned(Vec::new()), Cow::Borrowed),
            Self::Numbers(numbers) => {
                let from = numbers.get(first..).unwrap_or_default();
                from.iter().step_by(step.max(1)).take(count).copied().collect()
            }
            Self::Stored(part) => Cow::Owned(part.some(first, step, count)),
        }
    }
}
