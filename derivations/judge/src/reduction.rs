//! From rows of addends to the numbers of a claim, and to their comparison.

use bounds::{Arithmetic, BoundedSum, Comparison, Float, Number, Place};

use crate::dump::{Axis, Claim, Form, Input, Quantity, Role, Sizes, Statement};

/// Which of the three are kept.
#[derive(Debug, Clone, Copy, Default)]
struct Kept {
    batch: bool,
    rows: bool,
    entries: bool,
}

/// How many items there are, rows of an item, entries of a row.
#[derive(Debug, Clone, Copy)]
struct Counts {
    items: usize,
    rows: usize,
    entries: usize,
}

/// Where a number lies among those claimed of its item, and in the claim's tensor.
#[derive(Clone, Copy)]
struct Index {
    within: usize,
    flat: usize,
}

/// The cells of a claim that are being added up. A cell is compared as soon as it is complete: with its row where rows are kept, with its item
/// where the batch is, else at the end.
#[derive(Debug)]
pub struct Reduction {
    open: Vec<BoundedSum>,
    keeps: Kept,
    counts: Counts,
    /// Whether the entries of a row lie before the rows.
    planes: bool,
    factor: f64,
    divisor: f64,
    arithmetic: Arithmetic,
    stored: Float,
    /// Whether its numbers are divergences: the mistakes in one are of its own size, or of a nat's, however large its parts are.
    is_divergence: bool,
    /// Whether its numbers are codes' or entries', parts of a row.
    is_of_codes: bool,
    /// What the entries of a row add up to, where they do.
    row_sum: Option<f64>,
    /// Whether a number is held against what it can be at all; a mistake is held against nothing but its own numbers.
    in_range: bool,
    comparison: Comparison,
}

impl Reduction {
    /// Nothing added up yet.
    #[must_use]
    pub fn new(claim: &Claim, statement: &Statement, sizes: &Sizes, arithmetic: Arithmetic) -> Self {
        let (mut keeps, mut counts) = (
            Kept::default(),
            Counts {
                items: 1,
                rows: 1,
                entries: 1,
            },
        );
        for (axis, _) in &claim.axes {
            let (kept, length) = match axis.role() {
                Role::Batch => (&mut keeps.batch, &mut counts.items),
                Role::Row => (&mut keeps.rows, &mut counts.rows),
                Role::Entry => (&mut keeps.entries, &mut counts.entries),
            };
            (*kept, *length) = (claim.keeps(*axis), sizes.of_axis(*axis));
        }
        // What a loss is added up from has axes that it has no longer.
        if statement.inputs == Form::Sequence && claim.quantity == Quantity::Loss {
            (counts.items, counts.rows) = (sizes.batch, sizes.tokens);
        }
        let rows = if keeps.rows { counts.rows } else { 1 };
        let entries = if keeps.entries { counts.entries } else { 1 };
        let open = match (keeps.batch, keeps.rows) {
            (true, true) => 0,
            (true, false) => entries,
            (false, _) => rows * entries,
        };
        // A gradient is the gradient of the claimed number.
        let made = claim.of.as_deref().unwrap_or(claim);
        Self {
            open: vec![BoundedSum::default(); open],
            keeps,
            counts,
            planes: sizes.grid.is_some() && claim.keeps(Axis::Position) && claim.keeps(Axis::Code),
            factor: made.factor() * if claim.of.is_some() { claim.sign } else { 1.0 },
            divisor: made.divisor(sizes) * if claim.of.is_some() { claim.normaliser } else { 1.0 },
            arithmetic,
            stored: claim.stored,
            is_divergence: claim.quantity == Quantity::Kl,
            is_of_codes: claim.keeps(Axis::Code) || claim.keeps(Axis::Entry),
            row_sum: row_sum(claim, statement.inputs),
            in_range: true,
            comparison: Comparison::default(),
        }
    }

    /// The same for a hypothesis with a mistake in it: its numbers need not be what numbers can be.
    #[must_use]
    pub fn of_mistakes(self) -> Self {
        Self {
            in_range: false,
            row_sum: None,
            ..self
        }
    }

    /// How many items there are addends of.
    #[must_use]
    pub const fn items(&self) -> usize {
        self.counts.items
    }

    /// How many rows an item has.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.counts.rows
    }

    /// Whether the claim keeps the batch.
    #[must_use]
    pub const fn keeps_batch(&self) -> bool {
        self.keeps.batch
    }

    /// Whether the claim keeps the entries of a row.
    #[must_use]
    pub const fn is_fine(&self) -> bool {
        self.keeps.entries
    }

    /// Adds a reduced row of an item; `claimed` are the item's numbers.
    pub fn row(&mut self, item: usize, row: usize, addends: &[BoundedSum], claimed: &[f64]) {
        let width = if self.keeps.entries { self.counts.entries } else { 1 };
        if self.keeps.batch && self.keeps.rows {
            let whole = self.is_of_codes.then(|| addends.iter().map(|addend| addend.mass).sum());
            for (entry, addend) in addends.iter().enumerate() {
                self.compare(*addend, claimed, Place { item, row, entry }, whole);
            }
            self.compare_sum(addends, claimed, Place { item, row, entry: 0 });
            return;
        }
        let first = if self.keeps.rows { row * width } else { 0 };
        for (cell, addend) in self.open.iter_mut().skip(first).zip(addends) {
            *cell += *addend;
        }
    }

    /// Compares what an item completes.
    pub fn end_of_item(&mut self, item: usize, claimed: &[f64]) {
        if self.keeps.batch && !self.keeps.rows {
            for entry in 0..self.open.len() {
                let cell = std::mem::take(&mut self.open[entry]);
                self.compare(cell, claimed, Place { item, row: 0, entry }, None);
            }
        }
    }

    /// Compares what the last item completes.
    pub fn end(&mut self, claimed: &[f64]) {
        let width = if self.keeps.entries { self.counts.entries } else { 1 };
        for cell in 0..self.open.len() {
            let sum = std::mem::take(&mut self.open[cell]);
            let (item, row, entry) = (0, cell / width, cell % width);
            self.compare(sum, claimed, Place { item, row, entry }, None);
        }
    }

    fn index(&self, Place { item, row, entry }: Place) -> Index {
        let width = if self.keeps.entries { self.counts.entries } else { 1 };
        let rows = if self.keeps.rows { self.counts.rows } else { 1 };
        let within = if self.planes {
            entry * rows + row
        } else {
            row * width + entry
        };
        let before = if self.keeps.batch { item * rows * width } else { 0 };
        Index {
            within,
            flat: before + within,
        }
    }

    /// Compares a number; `whole` is the size of the row of codes that it is a part of.
    fn compare(&mut self, cell: BoundedSum, claimed: &[f64], place: Place, whole: Option<f64>) {
        let Index { within, flat } = self.index(place);
        let expected = scale(cell.value(), self.factor) / self.divisor;
        let scaled = cell.times(self.factor, 0.0);
        let ends = if self.in_range && expected.is_finite() {
            scaled.ends(self.divisor, self.arithmetic, self.stored)
        } else {
            [f64::NEG_INFINITY, f64::INFINITY]
        };
        let size = match whole {
            Some(row) => row,
            None if self.is_divergence && expected != 0.0 => 1.0,
            None => cell.mass.max(1.0),
        };
        self.comparison.compare(Number {
            expected,
            found: claimed.get(within).copied().unwrap_or(f64::NAN),
            bound: scaled.bound(self.divisor, self.arithmetic, self.stored),
            ends,
            scale: size * self.factor.abs() / self.divisor,
            tiny: 4.0 * self.stored.lost().max(self.arithmetic.each.lost()),
            largest: self.stored.largest().min(self.arithmetic.each.largest()),
            flat,
            place,
        });
    }

    /// Holds the sum of a row against what such rows add up to.
    fn compare_sum(&mut self, addends: &[BoundedSum], claimed: &[f64], place: Place) {
        let Some(sum) = self.row_sum else { return };
        let index = |entry: usize| self.index(Place { entry, ..place });
        let each = (0..addends.len()).map(|entry| claimed.get(index(entry).within).copied().unwrap_or(f64::NAN));
        let (found, size) = each.fold((0.0, 0.0), |(sum, size), each| (sum + each, size + each.abs()));
        let apart: f64 = addends.iter().map(|addend| addend.range.apart()).sum();
        let scaled = |value: f64| value * self.factor.abs() / self.divisor;
        let stored = (4.0 * self.arithmetic.u() + self.stored.unit_roundoff()) * size;
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let lost = addends.len() as f64 * self.stored.lost();
        let flat = self.index(place).flat;
        self.comparison.compare_sum(Number {
            expected: scaled(sum),
            found,
            bound: scaled(apart) + stored + lost,
            ends: [f64::NEG_INFINITY, f64::INFINITY],
            scale: size,
            tiny: 0.0,
            largest: f64::INFINITY,
            flat,
            place,
        });
    }

    /// Keeps the computed numbers, in the order of the tensor.
    pub fn record(&mut self) {
        self.comparison.recorded = Some(Vec::new());
    }

    /// What the subject computes with.
    #[must_use]
    pub const fn arithmetic(&self) -> Arithmetic {
        self.arithmetic
    }

    /// Whether nothing that was compared so far is out of bound.
    #[must_use]
    pub const fn fits(&self) -> bool {
        self.comparison.failed == 0
    }

    /// The comparison.
    #[must_use]
    pub fn into_comparison(self) -> Comparison {
        self.comparison
    }
}

/// What the entries of a row of a claim add up to: probabilities to 1, slopes by the logits of a softmax, which no common shift moves, to 0.
fn row_sum(claim: &Claim, form: Form) -> Option<f64> {
    match claim.quantity {
        Quantity::Sample if form == Form::Tokens => Some(1.0),
        Quantity::Gradient(Input::EncoderLogits | Input::PriorLogits | Input::TokenLogits) => Some(0.0),
        _ => None,
    }
}

fn scale(value: f64, factor: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value * factor }
}
