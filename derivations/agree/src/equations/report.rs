//! The result of comparing the equations.

use bounds::{Outcome, compare};
use serde::{Serialize, Serializer};

/// The result of a comparison over all pairs, readings and worlds.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The device of the twin: `cpu`, or `cuda:` and the ordinal.
    pub device: String,
    /// The type of the twin: `f32` or `f64`.
    pub float: &'static str,
    /// Whether the worlds are linear-Gaussian, so that codes are integrated over.
    pub continuous: bool,
    /// The number of worlds that were compared.
    pub worlds: usize,
    /// The number of worlds that were left out, because they are so ill-conditioned that the type's digits say nothing.
    pub left_out: usize,
    /// Whether at least one value was compared, and all agree.
    pub agrees: bool,
    /// One row for each function and reading.
    pub rows: Vec<Row>,
}

/// The comparison of one function under one reading.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The function's name on both sides.
    pub name: &'static str,
    /// The reading, where the function depends on it.
    pub reading: Option<&'static str>,
    /// The number of values that were compared.
    pub compared: usize,
    /// The number of those that are infinite or undefined in the reference, and so are compared by class.
    pub classed: usize,
    /// The number of values that disagree.
    pub failed: usize,
    /// Whether the two sides have to be equal.
    pub exact: bool,
    /// The derivation of the bound in a sentence.
    pub reason: &'static str,
    /// The value that uses the largest share of its bound, or the first of the wrong class.
    pub worst: Option<Worst>,
}

/// The worst value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Worst {
    /// The place of the world in the list that was given.
    pub world: usize,
    /// The index of the value among those of the world, row by row.
    pub index: usize,
    /// The value of the reference. It is NaN where the value is undefined.
    #[serde(serialize_with = "number")]
    pub reference: f64,
    /// The value of the twin.
    #[serde(serialize_with = "number")]
    pub twin: f64,
    /// The bound on the distance of the two.
    #[serde(serialize_with = "number")]
    pub bound: f64,
    /// The share of the bound that is used. It is infinite for a value of the wrong class.
    #[serde(serialize_with = "number")]
    pub ratio: f64,
}

impl Row {
    pub(super) fn note(&mut self, world: usize, index: usize, reference: f64, twin: f64, bound: f64) {
        self.compared += 1;
        self.classed += usize::from(!reference.is_finite());
        let outcome = compare(reference, twin, bound);
        self.failed += usize::from(!outcome.agrees());
        let ratio = match outcome {
            Outcome::SameClass => return,
            Outcome::Within { ratio } | Outcome::Beyond { ratio } => ratio,
            Outcome::OtherClass => f64::INFINITY,
        };
        if self.worst.is_none_or(|worst| ratio > worst.ratio) {
            self.worst = Some(Worst {
                world,
                index,
                reference,
                twin,
                bound,
                ratio,
            });
        }
    }
}

impl Report {
    /// The row that uses the largest share of its bound.
    #[must_use]
    pub fn worst(&self) -> Option<&Row> {
        let ratio = |row: &&Row| row.worst.map_or(0.0, |worst| worst.ratio);
        self.rows.iter().max_by(|a, b| ratio(a).total_cmp(&ratio(b)))
    }
}

/// Writes a number as JSON. Infinities and NaN, which JSON does not have, become words.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        serializer.serialize_f64(*value)
    } else {
        serializer.serialize_str(&value.to_string())
    }
}
