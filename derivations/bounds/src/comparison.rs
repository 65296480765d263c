//! Many numbers held against what was computed: how many are out of bound, the worst of them, how many their bounds do not tell from others.

use crate::{Float, Outcome, TOLD_OF_ITSELF, TOLD_OF_SCALE, compare};

/// The number that uses most of its bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Worst {
    /// Its index in the claim's tensor, flat.
    pub flat: usize,
    /// What was computed here.
    pub expected: f64,
    /// What is claimed.
    pub found: f64,
    /// How far a correct subject may be off.
    pub bound: f64,
    /// `|found - expected| / bound`; infinite where the two are of different classes.
    pub ratio: f64,
    /// Whether it is the sum of the row that begins at its index.
    pub is_sum: bool,
}

/// Where a number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The item of the batch.
    pub item: usize,
    /// The item's row: a position or a token.
    pub row: usize,
    /// The row's entry: a code, a pixel, a coordinate.
    pub entry: usize,
}

/// A number, its place, and all that it is held against.
#[derive(Debug, Clone, Copy)]
pub struct Number {
    /// What was computed here.
    pub expected: f64,
    /// What is claimed.
    pub found: f64,
    /// How far a correct subject may be off.
    pub bound: f64,
    /// What it can be at all.
    pub ends: [f64; 2],
    /// How large what it is added up from is, or the row that it is a part of.
    pub scale: f64,
    /// What its type cannot tell from 0.
    pub tiny: f64,
    /// Nothing above this can be claimed but infinity.
    pub largest: f64,
    /// Its index in the claim's tensor, flat.
    pub flat: usize,
    /// Where it stands.
    pub place: Place,
}

impl Number {
    /// How far it may be off below and above what was computed: by its bound, and no further than to what it can be at all.
    fn sides(&self) -> [f64; 2] {
        let bound = if self.bound.is_nan() { f64::INFINITY } else { self.bound };
        let [low, high] = self.ends;
        [self.expected - low, high - self.expected].map(|end| bound.min(end.max(0.0)))
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

/// The most places of numbers out of bound that are remembered.
const MOST_PLACES: usize = 1 << 16;

/// A comparison of many numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// How many were compared.
    pub numbers: usize,
    /// How many of them are out of bound.
    pub failed: usize,
    /// How many are infinite on both sides.
    pub classed: usize,
    /// The worst.
    pub worst: Option<Worst>,
    /// The computed numbers by their index and how far they may be off, where they are asked for.
    pub recorded: Option<Vec<[f64; 2]>>,
    /// How many have no bound: their analysis broke down.
    pub unbounded: usize,
    /// How many are not told by their bounds from what they are not, those without a bound among them.
    pub untold: usize,
    /// The one of them that is told least: its index, what was computed, its bound.
    pub dimmest: Option<(usize, f64, f64)>,
    /// The widest bound of any.
    pub widest: f64,
    /// Where those out of bound lie.
    pub places: Vec<Place>,
}

impl Comparison {
    /// Compares one number.
    pub fn compare(&mut self, number: Number) {
        let Number {
            expected, found, flat, ..
        } = number;
        let ([below, above], [low, high]) = (number.sides(), number.ends);
        let bound = if found < expected { below } else { above };
        self.numbers += 1;
        if let Some(recorded) = &mut self.recorded {
            recorded.resize(recorded.len().max(flat + 1), [f64::NAN; 2]);
            recorded[flat] = [expected, bound];
        }
        if expected.is_finite() {
            self.tell(&number, below.max(above));
        }
        // Where nothing bounds it on one side, neither side is compared, and an infinity there is none; what it cannot be at all is out of bound.
        if expected.is_finite() && !below.max(above).is_finite() && low <= found && found <= high {
            self.unbounded += 1;
            return;
        }
        if number.bound.is_finite() {
            self.widest = self.widest.max(number.bound);
        }
        let outcome = match compare(expected, found, bound) {
            // A type that cannot hold the number holds infinity.
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
            Outcome::Within { ratio } => ratio,
            Outcome::SameClass => {
                self.classed += 1;
                return;
            }
            Outcome::Beyond { ratio } => ratio,
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

    /// Holds the sum of a row against what every such row adds up to.
    pub fn compare_sum(&mut self, number: Number) {
        let Number {
            expected,
            found,
            bound,
            flat,
            place,
            ..
        } = number;
        // A row with an infinity or none in it is out of bound already, or is none that adds up.
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

    fn note(&mut self, failed: bool, place: Place, number: Worst) {
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

    /// Counts a number that may be off by more than tells it from what it is not.
    fn tell(&mut self, number: &Number, off: f64) {
        let size = number.expected.abs();
        if off
            <= (TOLD_OF_ITSELF * size)
                .max(TOLD_OF_SCALE * number.scale)
                .max(number.tiny)
        {
            return;
        }
        self.untold += 1;
        if self.dimmest.is_none_or(|(_, _, bound)| off > bound) {
            self.dimmest = Some((number.flat, number.expected, off));
        }
    }

    /// Whether too little of it is told for a verdict: a number was not compared, or more than one in eight is not told. A few are ordinary: the
    /// sign of a slope at a kink is anybody's.
    #[must_use]
    pub const fn is_undecided(&self) -> bool {
        self.unbounded > 0 || 8 * self.untold > self.numbers - self.classed
    }

    /// What makes a comparison without a failure say less than it seems to.
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

    /// The share of its bound that the worst number uses.
    #[must_use]
    pub fn used(&self) -> f64 {
        self.worst.as_ref().map_or(0.0, |worst| worst.ratio)
    }
}
