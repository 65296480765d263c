//! What a comparison came to.

use bounds::{Outcome, compare};
use serde::{Serialize, Serializer};

/// What was compared, and how it came out.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `cpu`, or `cuda:` and the ordinal.
    pub device: String,
    /// `f32` or `f64`.
    pub float: &'static str,
    /// Whether their codes are integrated over.
    pub continuous: bool,
    /// How many worlds were compared.
    pub worlds: usize,
    /// How many were not, because at their condition the type's digits say nothing.
    pub left_out: usize,
    /// Whether something was compared and everything agrees.
    pub agrees: bool,
    /// One row a function and reading.
    pub rows: Vec<Row>,
}

/// One function under one reading.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The function's name on both sides.
    pub name: &'static str,
    /// The reading, where it makes a difference.
    pub reading: Option<&'static str>,
    /// How many values were compared.
    pub compared: usize,
    /// How many of them are infinite or undefined in the reference, and so compared by class.
    pub classed: usize,
    /// How many differ.
    pub failed: usize,
    /// Whether nothing but equality is accepted.
    pub exact: bool,
    /// Why the bound is what it is.
    pub reason: &'static str,
    /// The worst value: the one that uses most of its bound, or the first of the wrong class.
    pub worst: Option<Worst>,
}

/// The worst value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Worst {
    /// Which world, in the order given.
    pub world: usize,
    /// Which of the world's values, row-major.
    pub index: usize,
    /// The reference's value; NaN where it is undefined.
    #[serde(serialize_with = "number")]
    pub reference: f64,
    /// The twin's.
    #[serde(serialize_with = "number")]
    pub twin: f64,
    /// How far apart they may lie.
    #[serde(serialize_with = "number")]
    pub bound: f64,
    /// How much of the bound is used; infinite for a value of the wrong class.
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
    /// The row that uses most of its bound.
    #[must_use]
    pub fn worst(&self) -> Option<&Row> {
        let ratio = |row: &&Row| row.worst.map_or(0.0, |worst| worst.ratio);
        self.rows.iter().max_by(|a, b| ratio(a).total_cmp(&ratio(b)))
    }
}

/// JSON has no infinities and no NaN: they are written as words.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        serializer.serialize_f64(*value)
    } else {
        serializer.serialize_str(&value.to_string())
    }
}
