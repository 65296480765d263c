//! Adds rows of addends up to the numbers of a claim, and compares them with the claimed ones.

use bounds::{Arithmetic, BoundedSum, Comparison, Float, Number, Place};

use crate::dump::{Axis, Claim, Form, Input, Quantity, Role, Sizes, Statement};

/// Which of the three axes a claim keeps.
#[derive(Debug, Clone, Copy, Default)]
struct Kept {
    batch: bool,
    rows: bool,
    entries: bool,
}

/// The numbers of items, of rows of an item, and of entries of a row.
#[derive(Debug, Clone, Copy)]
struct Counts {
    items: usize,
    rows: usize,
    entries: usize,
}

/// The index of a number among the claimed numbers of its item, and its index in the claim's tensor.
#[derive(Clone, Copy)]
struct Index {
    within: usize,
    flat: usize,
}

/// The numbers of a claim while they are added up. A number is compared as soon as it is complete: at the end of its
/// row where rows are kept, at the end of its item where the batch is kept, and otherwise at the end.
#[derive(Debug)]
pub struct Reduction {
    open: Vec<BoundedSum>,
    keeps: Kept,
    counts: Counts,
    /// Whether entries come before rows in the claim's tensor.
    planes: bool,
    factor: f64,
    divisor: f64,
    arithmetic: Arithmetic,
    stored: Float,
    /// Whether its numbers are divergences. The mistakes in a divergence are of its own size or of that of a nat,
    /// however large its parts are.
    is_divergence: bool,
    /// Whether its numbers belong to codes or entries, and so are parts of a row.
    is_of_codes: bool,
    /// The number to which the entries of a row add up, if there is one.
    row_sum: Option<f64>,
    /// Whether numbers are also compared with the range of possible values. It is false for a hypothesis with mistakes.
    in_range: bool,
    comparison: Comparison,
}

impl Reduction {
    /// A reduction to which nothing has been added.
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
        // The addends of a loss have axes that the loss itself lacks.
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
        // A gradient is that of the claimed number, with its sign, unit and divisors.
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

    /// The same reduction for a hypothesis with mistakes, whose numbers need not lie in the range of possible values.
    #[must_use]
    pub fn of_mistakes(self) -> Self {
        Self {
            in_range: false,
            row_sum: None,
            ..self
        }
    }

    /// The number of items that have addends.
    #[must_use]
    pub const fn items(&self) -> usize {
        self.counts.items
    }

    /// The number of rows of an item.
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

    /// Adds the addends of a row of an item. `claimed` are the claimed numbers of the item.
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

    /// Compares the numbers that are complete at the end of an item.
    pub fn end_of_item(&mut self, item: usize, claimed: &[f64]) {
        if self.keeps.batch && !self.keeps.rows {
            for entry in 0..self.open.len() {
                let cell = std::mem::take(&mut self.open[entry]);
                self.compare(cell, claimed, Place { item, row: 0, entry }, None);
            }
        }
    }

    /// Compares the numbers that are complete after the last item.
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

    /// Compares a number. `whole` is the size of the row of codes of which it is a part.
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

    /// Compares the sum of a row with the number to which such rows add up.
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

    /// From now on keeps the computed numbers, in the order of the tensor.
    pub fn record(&mut self) {
        self.comparison.recorded = Some(Vec::new());
    }

    /// The arithmetic of the subject.
    #[must_use]
    pub const fn arithmetic(&self) -> Arithmetic {
        self.arithmetic
    }

    /// Whether no number that was compared so far is out of bound.
    #[must_use]
    pub const fn fits(&self) -> bool {
        self.comparison.failed == 0
    }

    /// The finished comparison.
    #[must_use]
    pub fn into_comparison(self) -> Comparison {
        self.comparison
    }
}

/// The number to which the entries of a row of a claim add up. Probabilities add up to 1. Derivatives with respect to
/// the logits of a softmax add up to 0, because a common shift of the logits changes nothing.
fn row_sum(claim: &Claim, form: Form) -> Option<f64> {
    let of_logits = |input| matches!(input, Input::EncoderLogits | Input::PriorLogits | Input::TokenLogits);
    if claim.quantity == Quantity::Sample && form == Form::Tokens {
        return Some(1.0);
    }
    matches!(claim.quantity, Quantity::Gradient(input) if of_logits(input)).then_some(0.0)
}

fn scale(value: f64, factor: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value * factor }
}
