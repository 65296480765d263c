//! How claimed numbers compare with computed ones.

use crate::compare::{Outcome, compare};
use crate::precision::subject::Float;

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
pub struct Fit {
    /// How many were compared.
    pub numbers: usize,
    /// How many of them are out of bound.
    pub failed: usize,
    /// How many are infinite on both sides.
    pub classed: usize,
    /// The worst.
    pub worst: Option<Worst>,
    /// The computed numbers by their index, where they are asked for.
    pub recorded: Option<Vec<f64>>,
    /// How many have no bound: their analysis broke down.
    pub unbounded: usize,
    /// How many have a bound that is smaller than they are.
    pub told: usize,
    /// The widest bound of any.
    pub widest: f64,
    /// Where those out of bound lie: item, row, entry of the row.
    pub places: Vec<[usize; 3]>,
}

impl Fit {
    /// Compares one number; nothing above `largest` can be claimed but infinity.
    pub(super) fn compare(
        &mut self,
        expected: f64,
        found: f64,
        bound: f64,
        largest: f64,
        flat: usize,
        place: [usize; 3],
    ) {
        self.numbers += 1;
        if let Some(recorded) = &mut self.recorded {
            recorded.resize(recorded.len().max(flat + 1), f64::NAN);
            recorded[flat] = expected;
        }
        if expected.is_finite() && found.is_finite() && !bound.is_finite() {
            self.unbounded += 1;
            return;
        }
        self.told += usize::from(expected.is_finite() && (bound < expected.abs() || bound == 0.0));
        if bound.is_finite() {
            self.widest = self.widest.max(bound);
        }
        let outcome = match compare(expected, found, bound) {
            // A type that cannot hold the number holds infinity.
            Outcome::OtherClass
                if found.is_infinite() && found.signum() == expected.signum() && expected.abs() + bound >= largest =>
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
        if !outcome.agrees() {
            self.failed += 1;
            if self.places.len() < MOST_PLACES {
                self.places.push(place);
            }
        }
        let worse = |worst: &Worst| !(ratio <= worst.ratio);
        if self.worst.as_ref().is_none_or(worse) {
            self.worst = Some(Worst {
                flat,
                expected,
                found,
                bound,
                ratio,
            });
        }
    }

    /// What makes a comparison without a failure say little.
    #[must_use]
    pub fn weakness(&self, name: &str) -> Option<String> {
        let finite = self.numbers.saturating_sub(self.classed + self.unbounded);
        if finite == 0 {
            return Some(format!(
                "every number of {name} is infinite or undefined: their class was compared, nothing else"
            ));
        }
        if self.told == 0 {
            return Some(format!(
                "the bounds of {name} are wider than its numbers: at this precision it proves nothing"
            ));
        }
        // One number in eight: a few that are 0, or nearly, are ordinary.
        let blind = finite.saturating_sub(self.told);
        (8 * blind > finite).then(|| {
            format!("the bounds of {name} are wider than {blind} of its {finite} numbers, or there are none: of those it proves little")
        })
    }

    /// The share of its bound that the worst number uses.
    #[must_use]
    pub fn used(&self) -> f64 {
        self.worst.as_ref().map_or(0.0, |worst| worst.ratio)
    }
}
