//! Rows of numbers as a dump stores them.

use worlds::case::storage::Part;

/// A table of numbers, in the type in which they are stored. A row is widened where it is used.
#[derive(Debug, Clone)]
pub struct Table {
    numbers: Part,
    columns: usize,
}

impl Table {
    /// The table of numbers that lie row by row.
    pub(super) const fn new(numbers: Part, columns: usize) -> Self {
        Self { numbers, columns }
    }

    /// The table of other numbers, in double precision, each of which is a function of one of these.
    pub(super) fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        let numbers = self.numbers.map(f);
        Self { numbers, ..*self }
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.numbers.count() / self.columns.max(1)
    }

    /// The number of columns.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// A row. It is empty where the table has no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> Vec<f64> {
        self.numbers.some(row * self.columns, 1, self.columns)
    }

    /// A single number; NaN where there is none.
    #[must_use]
    pub fn at(&self, row: usize, column: usize) -> f64 {
        let number = self.numbers.some(row * self.columns + column, 1, 1);
        number.first().copied().unwrap_or(f64::NAN)
    }

    /// All numbers, row by row.
    pub fn numbers(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.rows()).flat_map(|row| self.row(row))
    }
}
