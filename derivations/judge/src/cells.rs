//! From rows of addends to the numbers of a claim, and to their comparison.

use bounds::{Arithmetic, BoundedSum, Float};
use bounds::{Comparison, Number};

use crate::dump::{Axis, Claim, Form, Input, Quantity, Sizes, Statement};

/// The cells of a claim that are being added up. A cell is compared as soon as it is complete: with its row where rows are kept, with its item
/// where the batch is, else at the end.
#[derive(Debug)]
pub struct Cells {
    open: Vec<BoundedSum>,
    keeps: [bool; 3],
    /// Items, rows of an item, entries of a row.
    lengths: [usize; 3],
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

impl Cells {
    /// Nothing added up yet.
    #[must_use]
    pub fn new(claim: &Claim, statement: &Statement, sizes: &Sizes, arithmetic: Arithmetic) -> Self {
        let role = |axis: Axis| match axis {
            Axis::Batch => 0,
            Axis::Position | Axis::Token => 1,
            Axis::Code | Axis::Pixel | Axis::Coordinate | Axis::Entry => 2,
        };
        let (mut keeps, mut lengths) = ([false; 3], [1; 3]);
        for (axis, _) in &claim.axes {
            keeps[role(*axis)] = claim.keeps(*axis);
            lengths[role(*axis)] = sizes.of_axis(*axis);
        }
        // What a loss is added up from has axes that it has no longer.
        if statement.inputs == Form::Sequence && claim.quantity == Quantity::Loss {
            (lengths[0], lengths[1]) = (sizes.batch, sizes.tokens);
        }
        let kept = |role: usize| if keeps[role] { lengths[role] } else { 1 };
        let open = match keeps {
            [true, true, _] => 0,
            [true, false, _] => kept(2),
            [false, ..] => kept(1) * kept(2),
        };
        // A gradient is the gradient of the claimed number.
        let made = claim.of.as_deref().unwrap_or(claim);
        Self {
            open: vec![BoundedSum::default(); open],
            keeps,
            lengths,
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

    /// The same for a recipe with a mistake in it: its numbers need not be what numbers can be.
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
        self.lengths[0]
    }

    /// How many rows an item has.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.lengths[1]
    }

    /// Whether the claim keeps the batch.
    #[must_use]
    pub const fn keeps_batch(&self) -> bool {
        self.keeps[0]
    }

    /// Whether the claim keeps the entries of a row.
    #[must_use]
    pub const fn is_fine(&self) -> bool {
        self.keeps[2]
    }

    /// A row as it is added: entry by entry, or their sum.
    #[must_use]
    pub fn reduced(&self, row: Vec<BoundedSum>) -> Vec<BoundedSum> {
        if self.is_fine() {
            row
        } else {
            vec![row.into_iter().sum()]
        }
    }

    /// Adds a reduced row of an item; `claimed` are the item's numbers.
    pub fn row(&mut self, item: usize, row: usize, addends: &[BoundedSum], claimed: &[f64]) {
        let width = if self.keeps[2] { self.lengths[2] } else { 1 };
        if self.keeps[0] && self.keeps[1] {
            let whole = self.is_of_codes.then(|| addends.iter().map(|addend| addend.mass).sum());
            for (entry, addend) in addends.iter().enumerate() {
                self.compare(*addend, claimed, [item, row, entry], whole);
            }
            self.compare_sum(addends, claimed, [item, row, 0]);
            return;
        }
        let first = if self.keeps[1] { row * width } else { 0 };
        for (cell, addend) in self.open.iter_mut().skip(first).zip(addends) {
            *cell += *addend;
        }
    }

    /// Compares what an item completes.
    pub fn end_of_item(&mut self, item: usize, claimed: &[f64]) {
        if self.keeps[0] && !self.keeps[1] {
            for entry in 0..self.open.len() {
                let cell = std::mem::take(&mut self.open[entry]);
                self.compare(cell, claimed, [item, 0, entry], None);
            }
        }
    }

    /// Compares what the last item completes.
    pub fn end(&mut self, claimed: &[f64]) {
        let width = if self.keeps[2] { self.lengths[2] } else { 1 };
        for cell in 0..self.open.len() {
            let sum = std::mem::take(&mut self.open[cell]);
            self.compare(sum, claimed, [0, cell / width, cell % width], None);
        }
    }

    /// Where a number lies among those claimed of its item, and in the claim's tensor.
    fn at(&self, [item, row, entry]: [usize; 3]) -> [usize; 2] {
        let width = if self.keeps[2] { self.lengths[2] } else { 1 };
        let rows = if self.keeps[1] { self.lengths[1] } else { 1 };
        let within = if self.planes {
            entry * rows + row
        } else {
            row * width + entry
        };
        let before = if self.keeps[0] { item * rows * width } else { 0 };
        [within, before + within]
    }

    /// Compares a number; `whole` is the size of the row of codes that it is a part of.
    fn compare(&mut self, cell: BoundedSum, claimed: &[f64], place: [usize; 3], whole: Option<f64>) {
        let [within, flat] = self.at(place);
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
    fn compare_sum(&mut self, addends: &[BoundedSum], claimed: &[f64], place: [usize; 3]) {
        let Some(sum) = self.row_sum else { return };
        let [item, row, _] = place;
        let each =
            (0..addends.len()).map(|entry| claimed.get(self.at([item, row, entry])[0]).copied().unwrap_or(f64::NAN));
        let (found, size) = each.fold((0.0, 0.0), |(sum, size), each| (sum + each, size + each.abs()));
        let apart: f64 = addends.iter().map(|addend| addend.range.apart()).sum();
        let scaled = |value: f64| value * self.factor.abs() / self.divisor;
        let stored = (4.0 * self.arithmetic.u() + self.stored.unit_roundoff()) * size;
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let lost = addends.len() as f64 * self.stored.lost();
        let [_, flat] = self.at(place);
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
