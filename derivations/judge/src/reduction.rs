//! Adds rows of addends up to the numbers of a claim, and compares them with the claimed ones.

use bounds::{
    Added, Addend, Arithmetic, BoundedSum, Comparison, Conclusion, EXPLAINED, Float, Likely, Number, Place, Rows, Way,
    deviations, deviations_but_for,
};

use crate::dump::{Axis, Claim, Claimed, Form, Input, Quantity, Role, Sizes, Statement};
use crate::inputs::Row;

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

/// The bounds of a number.
struct Bounds {
    /// What decides.
    bound: f64,
    /// Up to where the number may be right nevertheless, by a way that cannot be told.
    open_to: f64,
    /// How far it may be off from what a known order of its long sums gives.
    known_order: f64,
}

impl Bounds {
    /// One bound, whatever the order is.
    const fn one(bound: f64) -> Self {
        Self {
            bound,
            open_to: bound,
            known_order: bound,
        }
    }
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
    /// What the subject does with a sum at the end.
    conclusion: Conclusion,
    /// The size of a nat among its numbers.
    size_of_a_nat: f64,
    /// Whether its numbers are divergences. The mistakes in a divergence are of its own size or of that of a nat,
    /// however large its parts are.
    is_divergence: bool,
    /// Whether its numbers belong to codes or entries, and so are parts of a row.
    is_of_codes: bool,
    /// Whether the sizes of its numbers tell anything. Those of a one-hot sample are 0 and 1.
    has_sizes: bool,
    /// The number to which the entries of a row add up, if there is one.
    row_sum: Option<f64>,
    /// How sure a bound has to be.
    deviations: f64,
    /// The number of claimed numbers that all have to be within their bounds.
    numbers: f64,
    /// The ways of adding up that decide: all up to this one.
    widest: Way,
    /// The way that rounds least, with the order in which a softmax adds over codes that lie apart.
    narrowest: Way,
    /// Whether the order of sums is not stated, so that a number may be right by a way that cannot be told.
    any_order: bool,
    /// Whether numbers are held against the proven bound alone.
    proven: bool,
    /// What a hypothesis adds to each number.
    offset: f64,
    /// The rows that were added to the open number, where there is one.
    added: Rows,
    /// Whether numbers are also compared with the range of possible values. It is false for a hypothesis with mistakes.
    in_range: bool,
    comparison: Comparison,
}

impl Reduction {
    /// A reduction to which nothing has been added.
    #[must_use]
    pub fn new(claim: &Claim, statement: &Statement, sizes: &Sizes, arithmetic: Arithmetic) -> Self {
        let (keeps, counts) = axes(claim, statement, sizes);
        let rows = if keeps.rows { counts.rows } else { 1 };
        let entries = if keeps.entries { counts.entries } else { 1 };
        let open = match (keeps.batch, keeps.rows) {
            (true, true) => 0,
            (true, false) => entries,
            (false, _) => rows * entries,
        };
        #[expect(clippy::cast_precision_loss, reason = "a number of numbers")]
        let numbers = (claim.shape.iter().product::<usize>() * statement.claims.len().max(1)) as f64;
        // A gradient is that of the claimed number, with its sign, unit and divisors.
        let made = claim.of.as_deref().unwrap_or(claim);
        let factor = made.factor() * if claim.of.is_some() { claim.sign } else { 1.0 };
        let divisor = made.divisor(sizes) * if claim.of.is_some() { claim.normaliser } else { 1.0 };
        Self {
            open: vec![BoundedSum::default(); open],
            keeps,
            counts,
            planes: sizes.grid.is_some() && claim.keeps(Axis::Position) && claim.keeps(Axis::Code),
            factor,
            divisor,
            arithmetic,
            stored: claim.stored,
            conclusion: Conclusion::new(divisor, arithmetic, claim.stored),
            size_of_a_nat: factor.abs() / divisor,
            is_divergence: claim.quantity == Quantity::Kl,
            is_of_codes: claim.keeps(Axis::Code) || claim.keeps(Axis::Entry),
            has_sizes: claim.quantity != Quantity::Sample || !statement.straight_through,
            row_sum: row_sum(claim, statement.inputs),
            deviations: deviations(numbers),
            numbers,
            widest: statement.widest_way(),
            narrowest: if sizes.grid.is_some() {
                Way::Strided
            } else {
                Way::Blocks
            },
            any_order: statement.summation.is_none(),
            proven: false,
            offset: 0.0,
            added: Rows::default(),
            in_range: true,
            comparison: Comparison::default(),
        }
    }

    /// The same reduction for a hypothesis with mistakes, whose numbers need not lie in the range of possible values. Its
    /// bounds are those of an explanation, see [`EXPLAINED`].
    #[must_use]
    pub fn of_mistakes(self) -> Self {
        Self {
            in_range: false,
            row_sum: None,
            deviations: deviations_but_for(EXPLAINED, self.numbers),
            ..self
        }
    }

    /// The same reduction, whose bounds are those of a verdict.
    #[must_use]
    pub fn as_verdict(self) -> Self {
        Self {
            deviations: deviations(self.numbers),
            ..self
        }
    }

    /// The same reduction, whose numbers are held against what is proven alone.
    #[must_use]
    pub fn by_proof(self) -> Self {
        Self { proven: true, ..self }
    }

    /// The same reduction, with a number that is added to each of its numbers.
    #[must_use]
    pub fn offset_by(self, offset: f64) -> Self {
        Self { offset, ..self }
    }

    /// A sum in nats as a number of the claim.
    #[must_use]
    pub fn scaled(&self, sum: f64) -> f64 {
        scale(sum, self.factor) / self.divisor + self.offset
    }

    /// The index of a number in the claim's tensor.
    #[must_use]
    pub fn flat(&self, place: Place) -> usize {
        self.index(place).flat
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

    /// The number of entries of a row.
    #[must_use]
    pub const fn entries(&self) -> usize {
        self.counts.entries
    }

    /// Whether the claim keeps the batch.
    #[must_use]
    pub const fn keeps_batch(&self) -> bool {
        self.keeps.batch
    }

    /// Whether the claim keeps the rows of an item.
    #[must_use]
    pub const fn keeps_rows(&self) -> bool {
        self.keeps.rows
    }

    /// Whether the claim keeps the entries of a row.
    #[must_use]
    pub const fn is_fine(&self) -> bool {
        self.keeps.entries
    }

    /// Adds a row of an item. `claimed` are the claimed numbers of the item.
    pub fn row(&mut self, item: usize, row: usize, computed: &Row, claimed: Claimed<'_>) {
        if self.keeps.batch && self.keeps.rows {
            let mut comparison = std::mem::take(&mut self.comparison);
            self.compare_row(item, row, computed, claimed, &mut comparison);
            self.comparison = comparison;
            return;
        }
        let w = self.arithmetic;
        match computed {
            Row::Sum(sum) => match self.open.as_mut_slice() {
                [cell] => self.added.add(cell, *sum, w),
                _ => self.add(if self.keeps.rows { row } else { 0 }, sum.closed(Added::ONE, w)),
            },
            Row::Entries(addends) => {
                let first = if self.keeps.rows { row * self.counts.entries } else { 0 };
                for (entry, addend) in addends.iter().enumerate() {
                    self.add(first + entry, BoundedSum::from(*addend).closed(Added::ONE, w));
                }
            }
        }
    }

    /// Adds a closed sum to an open number. What many open numbers have in common with each other is not known: their
    /// deviations add up.
    fn add(&mut self, cell: usize, closed: BoundedSum) {
        if let Some(cell) = self.open.get_mut(cell) {
            let before = cell.deviations();
            *cell += closed;
            cell.add_common(before, closed.deviations());
        }
    }

    /// Whether rows are compared one by one, each without the others.
    #[must_use]
    pub const fn compares_rows_apart(&self) -> bool {
        self.keeps.batch && self.keeps.rows && self.comparison.recorded.is_none()
    }

    /// The comparison of a row by itself.
    #[must_use]
    pub fn row_apart(&self, item: usize, row: usize, computed: &Row, claimed: Claimed<'_>) -> Comparison {
        let mut comparison = Comparison::default();
        self.compare_row(item, row, computed, claimed, &mut comparison);
        comparison
    }

    /// Adds the comparison of a row.
    pub fn append(&mut self, row: Comparison) {
        self.comparison.append(row);
    }

    fn compare_row(&self, item: usize, row: usize, computed: &Row, claimed: Claimed<'_>, to: &mut Comparison) {
        let place = Place { item, row, entry: 0 };
        let addends = match computed {
            Row::Sum(sum) => {
                to.compare(&self.number(sum, claimed, place));
                return;
            }
            Row::Entries(addends) => addends,
        };
        let step = if self.planes { self.counts.rows } else { 1 };
        let first = self.index(place);
        let found = claimed.some(first.within, step, addends.len());
        let claimed_at = |entry: usize| found.get(entry).copied().unwrap_or(f64::NAN);
        let mut number = self.beside(f64::NAN, f64::NAN, place);
        number.in_row = self.is_of_codes && self.has_sizes;
        let whole = self.is_of_codes.then(|| addends.iter().map(|addend| addend.mass).sum());
        for (entry, addend) in addends.iter().enumerate() {
            (number.found, number.flat, number.place.entry) = (claimed_at(entry), first.flat + entry * step, entry);
            self.hold_entry(&mut number, addend, whole);
            to.compare(&number);
        }
        if let Some(sum) = self.sum_of_row(addends, claimed_at, place) {
            to.compare_sum(sum);
        }
    }

    /// Compares the numbers that are complete at the end of an item.
    pub fn end_of_item(&mut self, item: usize, claimed: Claimed<'_>) {
        if self.keeps.batch && !self.keeps.rows {
            for entry in 0..self.open.len() {
                let cell = std::mem::take(&mut self.open[entry]);
                self.compare(&cell, claimed, Place { item, row: 0, entry });
            }
            self.added = Rows::default();
        }
    }

    /// Compares the numbers that are complete after the last item.
    pub fn end(&mut self, claimed: Claimed<'_>) {
        let width = if self.keeps.entries { self.counts.entries } else { 1 };
        for cell in 0..self.open.len() {
            let sum = std::mem::take(&mut self.open[cell]);
            let (item, row, entry) = (0, cell / width, cell % width);
            self.compare(&sum, claimed, Place { item, row, entry });
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

    /// Compares a number that is no part of a row.
    fn compare(&mut self, cell: &BoundedSum, claimed: Claimed<'_>, place: Place) {
        let number = self.number(cell, claimed, place);
        self.comparison.compare(&number);
    }

    /// A sum beside what is claimed.
    fn number(&self, cell: &BoundedSum, claimed: Claimed<'_>, place: Place) -> Number {
        let expected = self.scaled(cell.value());
        let scaled = cell.times(self.factor, 0.0);
        let size = self.size(expected, cell.mass, None);
        let ends = (self.in_range && expected.is_finite()).then(|| scaled.ends(&self.conclusion));
        let mut number = self.beside(expected, claimed.at(self.index(place).within), place);
        self.held(&mut number, &self.bounds(&scaled), ends, size);
        number
    }

    /// The size beside which a bound has to be narrow. `whole` is the size of the row of which the number is a part.
    const fn size(&self, expected: f64, mass: f64, whole: Option<f64>) -> f64 {
        match whole {
            Some(row) => row,
            None if self.is_divergence && expected != 0.0 => 1.0,
            None => mass.max(1.0),
        }
    }

    /// Gives a number the value and the bounds of an entry. `whole` is the size of the row of codes of which it is a part.
    fn hold_entry(&self, number: &mut Number, addend: &Addend, whole: Option<f64>) {
        number.expected = self.scaled(addend.value);
        let scaled = addend.times(self.factor, 0.0);
        let size = self.size(number.expected, addend.mass, whole);
        let ends = (self.in_range && number.expected.is_finite()).then(|| scaled.ends(&self.conclusion));
        self.held(number, &self.bounds_of_entry(&scaled), ends, size);
    }

    /// A number beside what is claimed, without any bounds.
    fn beside(&self, expected: f64, found: f64, place: Place) -> Number {
        Number {
            expected,
            found,
            bound: f64::INFINITY,
            open_to: f64::INFINITY,
            known_order: f64::INFINITY,
            ends: [f64::NEG_INFINITY, f64::INFINITY],
            scale: 0.0,
            in_row: false,
            tiny: 4.0 * self.stored.lost().max(self.arithmetic.each.lost()),
            largest: self.stored.largest().min(self.arithmetic.each.largest()),
            flat: self.index(place).flat,
            place,
        }
    }

    /// Gives a number its bounds.
    fn held(&self, number: &mut Number, bounds: &Bounds, ends: Option<[f64; 2]>, size: f64) {
        let added = if self.offset == 0.0 {
            0.0
        } else {
            4.0 * (self.arithmetic.u() + self.stored.unit_roundoff()) * self.offset.abs()
        };
        (number.bound, number.open_to) = (bounds.bound + added, bounds.open_to + added);
        number.known_order = bounds.known_order;
        number.ends = ends.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
        number.scale = size * self.size_of_a_nat;
    }

    /// The bounds of an entry of a row: nothing is added up, but for the sum of its softmax.
    fn bounds_of_entry(&self, addend: &Addend) -> Bounds {
        let proven = addend.bound(&self.conclusion);
        if self.proven || !addend.value.is_finite() {
            return Bounds::one(proven);
        }
        let expected = addend.expected(self.deviations, &self.conclusion);
        let [blocks, in_turn] = expected.map(|expected| if expected < proven { expected } else { proven });
        let widest = blocks.max(in_turn);
        let by = |way: Way| if way == Way::Blocks { blocks } else { in_turn };
        let bound = if self.widest == Way::Blocks { blocks } else { widest };
        Bounds {
            bound,
            open_to: if self.any_order { widest } else { bound },
            known_order: by(self.narrowest),
        }
    }

    /// The bounds of a number: what decides, and up to where a way that cannot be told could have led.
    fn bounds(&self, sum: &BoundedSum) -> Bounds {
        let proven = sum.bound(&self.conclusion);
        if self.proven || !sum.value().is_finite() {
            return Bounds::one(proven);
        }
        let mut added = self.added.added();
        if self.open.len() != 1 {
            added.repeats = f64::MAX; // They are not known of each of many numbers.
        }
        let likely = Likely {
            deviations: self.deviations,
            added,
        };
        let by = |way| {
            let expected = sum.expected(way, likely, &self.conclusion);
            expected.map_or(f64::NAN, |expected| expected.min(proven))
        };
        let ways = if sum.is_one() {
            let [blocks, in_turn] = [by(Way::Blocks), by(Way::InTurn)];
            [blocks, in_turn, in_turn, in_turn]
        } else {
            Way::ALL.map(by)
        };
        let right = &ways[..=self.widest as usize];
        let known = right.iter().copied().filter(|bound| !bound.is_nan());
        let bound = known.fold(f64::NAN, f64::max);
        let bound = if bound.is_nan() { proven } else { bound };
        let flat = ways[Way::Flat as usize];
        let narrowest = ways[self.narrowest as usize];
        let open_to = match (right.iter().any(|bound| bound.is_nan()), self.any_order) {
            (true, _) => proven,
            (false, true) if flat.is_nan() => proven,
            (false, true) => flat,
            (false, false) => bound,
        };
        Bounds {
            bound,
            open_to: open_to.max(bound),
            known_order: if narrowest.is_nan() { bound } else { narrowest },
        }
    }

    /// The sum of a row beside the number to which such rows add up.
    fn sum_of_row(&self, addends: &[Addend], claimed: impl Fn(usize) -> f64, place: Place) -> Option<Number> {
        let sum = self.row_sum?;
        let each = (0..addends.len()).map(claimed);
        let (found, size) = each.fold((0.0, 0.0), |(sum, size), each| (sum + each, size + each.abs()));
        let apart: f64 = addends.iter().map(|addend| addend.range.apart()).sum();
        let scaled = |value: f64| value * self.factor.abs() / self.divisor;
        let stored = (4.0 * self.arithmetic.u() + self.stored.unit_roundoff()) * size;
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let lost = addends.len() as f64 * self.stored.lost();
        Some(Number {
            bound: scaled(apart) + stored + lost,
            scale: size,
            tiny: 0.0,
            largest: f64::INFINITY,
            ..self.beside(scaled(sum), found, place)
        })
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

/// The axes that a claim keeps, and their lengths.
fn axes(claim: &Claim, statement: &Statement, sizes: &Sizes) -> (Kept, Counts) {
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
    (keeps, counts)
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
