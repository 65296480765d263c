//! Compares many claimed numbers with computed ones: how many are out of bound, which is the worst, and how many bounds
//! are too wide to tell a number from a wrong one.

use crate::{Float, Outcome, TOLD_OF_ITSELF, TOLD_OF_SCALE, compare};

/// The number that uses the largest share of its bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Worst {
    /// Its flat index in the claim's tensor.
    pub flat: usize,
    /// What was computed here.
    pub expected: f64,
    /// What is claimed.
    pub found: f64,
    /// How far a correct subject may be off.
    pub bound: f64,
    /// `|found - expected| / bound`. It is infinite where the two are of different classes.
    pub ratio: f64,
    /// Whether it is the sum of a row, which begins at its index, and not a single number.
    pub is_sum: bool,
}

/// The place of a number in a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The item of the batch.
    pub item: usize,
    /// The item's row: a position or a token.
    pub row: usize,
    /// The row's entry: a code, a pixel, a coordinate.
    pub entry: usize,
}

/// A claimed number, its place, and everything with which it is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    /// What was computed here.
    pub expected: f64,
    /// What is claimed.
    pub found: f64,
    /// How far a correct subject may be off.
    pub bound: f64,
    /// How far it may be off by a way of adding up that cannot be told from others.
    pub open_to: f64,
    /// How far it may be off from what a known order of its long sums gives.
    pub known_order: f64,
    /// The least and the largest value that it can have at all.
    pub ends: [f64; 2],
    /// The size of the addends of which it is a sum, or of the row of which it is a part.
    pub scale: f64,
    /// Whether it is a part of a row.
    pub in_row: bool,
    /// The size below which its type cannot tell it from 0.
    pub tiny: f64,
    /// The largest number of its type. A claim above it can only be an infinity.
    pub largest: f64,
    /// Its index in the claim's tensor, flat.
    pub flat: usize,
    /// Its place in the claim.
    pub place: Place,
}

impl Number {
    /// The distances by which it may lie below and above the computed number: a bound, cut off at the values that it
    /// can have at all.
    #[inline]
    fn sides(&self, bound: f64) -> [f64; 2] {
        let bound = if bound.is_nan() { f64::INFINITY } else { bound };
        let [low, high] = self.ends;
        let side = |end: f64| bound.min(end.max(0.0));
        [side(self.expected - low), side(high - self.expected)]
    }
}

impl Number {
    /// Whether nothing tells if the number is right, where it may lie so far below and above. Where nothing bounds it on one
    /// side, neither side is compared; a value that it cannot have at all is out of bound in any case. What only a way of
    /// adding up explains that cannot be told from others is neither right nor wrong.
    #[inline]
    fn is_open(&self, [below, above]: [f64; 2]) -> bool {
        let Self { expected, found, .. } = *self;
        if !expected.is_finite() {
            return false;
        }
        let [low, high] = self.ends;
        if !below.max(above).is_finite() && low <= found && found <= high {
            return true;
        }
        let [under, over] = self.sides(self.open_to);
        let (decided, open) = if found < expected {
            (below, under)
        } else {
            (above, over)
        };
        let distance = (found - expected).abs();
        distance > decided && distance <= open
    }
}

impl Worst {
    /// The distance in units in the last place of the stored type at the computed number.
    #[must_use]
    pub fn ulps(&self, stored: Float) -> Option<f64> {
        let error = (self.found - self.expected).abs();
        if !error.is_finite() || self.expected == 0.0 {
            return None;
        }
        let size = self.expected.abs().max(stored.smallest_normal());
        let ulp = 2.0 * stored.unit_roundoff() * size.log2().floor().exp2();
        Some(error / ulp)
    }
}

/// What is smaller beside its row than this counts as 0.
const SMALLEST_PART: f64 = 1e-12;

/// From this multiple of a number's size on, its bound is as good as none.
const MOST_OPEN: f64 = 16.0;

/// The largest number of open numbers that are kept.
const MOST_OPEN_KEPT: usize = 1 << 12;

/// The largest number of places of numbers out of bound that are kept.
const MOST_PLACES: usize = 1 << 16;

/// The result of comparing many numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// The number of comparisons.
    pub numbers: usize,
    /// The number of those that are out of bound.
    pub failed: usize,
    /// The number of those that are infinite on both sides.
    pub classed: usize,
    /// The worst number.
    pub worst: Option<Worst>,
    /// The computed numbers by their index, each with its bound, if recording was asked for.
    pub recorded: Option<Vec<[f64; 2]>>,
    /// The number of those without a bound, because their analysis broke down.
    pub unbounded: usize,
    /// The number of those whose bounds are so wide that a wrong number could pass. Those without a bound are among
    /// them.
    pub untold: usize,
    /// The one of them with the widest bound relative to its size: its index, the computed number and the bound.
    pub dimmest: Option<(usize, f64, f64)>,
    /// Of parts of rows: the one with the narrowest bound relative to its size, likewise.
    pub sharpest: Option<(usize, f64, f64)>,
    /// The widest bound of all numbers.
    pub widest: f64,
    /// The numbers of which only an order of summation that cannot be told from others would decide, the first of them.
    pub open: Vec<Number>,
    /// The largest error of a number, infinite where the two are of different classes.
    pub largest_error: f64,
    /// The places of the numbers that are out of bound.
    pub places: Vec<Place>,
}

impl Comparison {
    /// Compares one number.
    #[inline]
    pub fn compare(&mut self, number: &Number) {
        let Number {
            expected, found, flat, ..
        } = *number;
        let [below, above] = number.sides(number.bound);
        let bound = if found < expected { below } else { above };
        self.numbers += 1;
        if let Some(recorded) = &mut self.recorded {
            recorded.resize(recorded.len().max(flat + 1), [f64::NAN; 2]);
            recorded[flat] = [expected, bound];
        }
        if expected.is_finite() {
            self.tell(number, below.max(above));
        }
        if number.is_open([below, above]) {
            self.unbounded += 1;
            if number.bound.is_finite() && self.open.len() < MOST_OPEN_KEPT {
                self.open.push(*number);
            }
        } else {
            self.hold(number, bound);
        }
    }

    /// Decides about an open number. It is right where an order gives a number that explains it, and else wrong.
    pub fn settle(&mut self, number: &Number, by_order: Option<f64>) {
        self.unbounded -= 1;
        let expected = by_order.unwrap_or(number.expected);
        let ratio = (number.found - expected).abs() / number.bound;
        let worst = Worst {
            flat: number.flat,
            expected,
            found: number.found,
            bound: number.bound,
            ratio: if by_order.is_some() { ratio.min(1.0) } else { ratio },
            is_sum: false,
        };
        self.note(by_order.is_none(), number.place, worst);
    }

    /// Compares a number within a bound.
    #[inline]
    fn hold(&mut self, number: &Number, bound: f64) {
        let Number {
            expected, found, flat, ..
        } = *number;
        if number.bound.is_finite() {
            self.widest = self.widest.max(number.bound);
        }
        let outcome = match compare(expected, found, bound) {
            // A type that cannot hold the number holds an infinity in its place.
            Outcome::OtherClass
                if found.is_infinite()
                    && found.signum() == expected.signum()
                    && expected.abs() + bound >= number.largest =>
            {
                Outcome::SameClass
            }
            outcome => outcome,
        };
        let ratio = match outcome {
            Outcome::SameClass => {
                self.classed += 1;
                return;
            }
            Outcome::Within { ratio } | Outcome::Beyond { ratio } => ratio,
            Outcome::OtherClass => f64::INFINITY,
        };
        self.note(
            !outcome.agrees(),
            number.place,
            Worst {
                flat,
                expected,
                found,
                bound,
                ratio,
                is_sum: false,
            },
        );
    }

    /// Adds the comparisons of numbers that come after these. Neither may record.
    pub fn append(&mut self, more: Self) {
        self.numbers += more.numbers;
        self.failed += more.failed;
        self.classed += more.classed;
        self.unbounded += more.unbounded;
        self.untold += more.untold;
        self.widest = self.widest.max(more.widest);
        self.largest_error = self.largest_error.max(more.largest_error);
        let room = MOST_OPEN_KEPT - self.open.len();
        self.open.extend(more.open.into_iter().take(room));
        let bound = |dimmest: Option<(usize, f64, f64)>| dimmest.map_or(f64::NEG_INFINITY, |(_, _, bound)| bound);
        if bound(more.dimmest) > bound(self.dimmest) {
            self.dimmest = more.dimmest;
        }
        let share = |sharpest: Option<(usize, f64, f64)>| {
            sharpest.map_or(f64::INFINITY, |(_, expected, bound)| bound / expected.abs())
        };
        if self.sharpest.is_none() || share(more.sharpest) < share(self.sharpest) {
            self.sharpest = more.sharpest.or(self.sharpest);
        }
        if let Some(worst) = more.worst
            && self.worst.as_ref().is_none_or(|mine| !(worst.ratio <= mine.ratio))
        {
            self.worst = Some(worst);
        }
        let room = MOST_PLACES.saturating_sub(self.places.len());
        self.places.extend(more.places.into_iter().take(room));
    }

    /// Compares the sum of a row with the number to which every such row adds up.
    pub fn compare_sum(&mut self, number: Number) {
        let Number {
            expected,
            found,
            bound,
            flat,
            place,
            ..
        } = number;
        // A row with an infinity or a NaN is already out of bound, or is not one that adds up.
        if !found.is_finite() || !bound.is_finite() {
            return;
        }
        if let Outcome::Beyond { ratio } = compare(expected, found, bound) {
            let is_sum = true;
            let worst = Worst {
                flat,
                expected,
                found,
                bound,
                ratio,
                is_sum,
            };
            self.note(true, place, worst);
        }
    }

    #[inline]
    fn note(&mut self, failed: bool, place: Place, number: Worst) {
        let error = (number.found - number.expected).abs();
        self.largest_error = self
            .largest_error
            .max(if error.is_nan() { f64::INFINITY } else { error });
        if failed {
            self.failed += 1;
            if self.places.len() < MOST_PLACES {
                self.places.push(place);
            }
        }
        if self.worst.as_ref().is_none_or(|worst| !(number.ratio <= worst.ratio)) {
            self.worst = Some(number);
        }
    }

    /// Counts a number whose bound is so wide that a wrong number could pass.
    #[inline]
    fn tell(&mut self, number: &Number, off: f64) {
        let size = number.expected.abs();
        let is_zero = size <= (SMALLEST_PART * number.scale).max(number.tiny);
        let sharper = |(_, expected, bound): (usize, f64, f64)| off * f64::abs(expected) < bound * size;
        if number.in_row && !is_zero && self.sharpest.is_none_or(sharper) {
            self.sharpest = Some((number.flat, number.expected, off));
        }
        if off
            <= (TOLD_OF_ITSELF * size)
                .max(TOLD_OF_SCALE * number.scale)
                .max(number.tiny)
        {
            return;
        }
        self.untold += 1;
        if off.is_finite() && off > MOST_OPEN * size.max(number.scale) {
            self.unbounded += 1; // as good as none
        }
        if self.dimmest.is_none_or(|(_, _, bound)| off > bound) {
            self.dimmest = Some((number.flat, number.expected, off));
        }
    }

    /// Whether the comparison is too weak for a verdict: a number could not be compared, or more than one in eight has
    /// too wide a bound. A few such numbers are ordinary, because the sign of a slope at a kink is arbitrary.
    #[must_use]
    pub const fn is_undecided(&self) -> bool {
        self.unbounded > 0 || 8 * self.untold > self.numbers - self.classed || self.is_blunt()
    }

    /// Whether numbers are parts of rows, and not one of them is told by its own size: if all of them were half as large,
    /// or twice, none would show it.
    #[must_use]
    pub const fn is_blunt(&self) -> bool {
        matches!(self.sharpest, Some((_, expected, bound)) if !(bound <= TOLD_OF_ITSELF * expected.abs()))
    }

    /// A sentence about why a comparison without a failure proves less than it seems to, if there is such a reason.
    #[must_use]
    pub fn weakness(&self, name: &str) -> Option<String> {
        if self.numbers == self.classed {
            return Some(format!(
                "every number of {name} is infinite or undefined: their class was compared, nothing else"
            ));
        }
        let (untold, numbers) = (self.untold, self.numbers);
        (untold > 0).then(|| format!("of {numbers} numbers of {name} {untold} may be far off within their bounds"))
    }

    /// The share of its bound that the worst number uses, or 0 where there is none.
    #[must_use]
    pub fn used(&self) -> f64 {
        self.worst.as_ref().map_or(0.0, |worst| worst.ratio)
    }
}
