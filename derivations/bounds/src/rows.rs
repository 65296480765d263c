//! Sums of rows: what equal rows have in common.

use std::collections::HashMap;

use vocab::Float;

use crate::implementation::Arithmetic;
use crate::sum::{Added, BoundedSum};

/// The rows that were added to a sum: what equal rows have in common, and how often rows repeat.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// For each key, the number of rows and the sums of their standard deviations.
    seen: HashMap<u64, (f64, [f64; 4])>,
    squares: f64,
    count: f64,
    lost: f64,
}

impl Rows {
    /// Adds a closed row to a sum. Rows of equal values, in single precision, count as equal. In a half type all do,
    /// since normalisers of different rows are often rounded to the same number there.
    pub fn add(&mut self, sum: &mut BoundedSum, row: BoundedSum, w: Arithmetic) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "equal rows need not be equal in the last bits"
        )]
        let single = row.value() as f32;
        let half = w.u() > Float::F32.unit_roundoff();
        let key = if half { 0 } else { u64::from(single.to_bits()) };
        let deviations = row.deviations();
        self.lost += sum.loses(&row, w);
        let (count, earlier) = self.seen.entry(key).or_default();
        *sum += row;
        sum.add_common(*earlier, deviations);
        self.squares += 2.0 * *count + 1.0;
        self.count += 1.0;
        *count += 1.0;
        for (earlier, deviation) in earlier.iter_mut().zip(deviations) {
            *earlier += deviation;
        }
    }

    /// What is known of the rows that were added.
    #[must_use]
    pub fn added(&self) -> Added {
        let repeats = if self.count > 0.0 {
            self.squares / self.count
        } else {
            1.0
        };
        Added {
            independent: 1.0,
            repeats,
            lost: self.lost,
        }
    }
}
