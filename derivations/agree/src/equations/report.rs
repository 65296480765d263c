//! The result of comparing the equations.

use bounds::Agreement;
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
    pub rows: Vec<PairRow>,
}

/// The comparison of one function under one reading.
#[derive(Debug, Clone, Serialize)]
pub struct PairRow {
    /// The function's name on both sides.
    pub name: &'static str,
    /// The reading, where the function depends on it.
    pub reading: Option<&'static str>,
    /// The values of the reference and of the twin. An undefined one is NaN.
    #[serde(flatten, serialize_with = "as_numbers")]
    pub agreement: Agreement<ValuePlace>,
    /// Whether the two sides have to be equal.
    pub exact: bool,
    /// The derivation of the bound in a sentence.
    pub reason: &'static str,
}

/// The place of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValuePlace {
    /// The place of the world in the list that was given.
    pub world: usize,
    /// The index of the value among those of the world, row by row.
    pub index: usize,
}

impl Report {
    /// The row that uses the largest share of its bound.
    #[must_use]
    pub fn worst(&self) -> Option<&PairRow> {
        let ratio = |row: &&PairRow| row.agreement.used().unwrap_or(0.0);
        self.rows.iter().max_by(|a, b| ratio(a).total_cmp(&ratio(b)))
    }
}

fn as_numbers<S: Serializer>(agreement: &Agreement<ValuePlace>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Worst {
        world: usize,
        index: usize,
        #[serde(serialize_with = "number")]
        reference: f64,
        #[serde(serialize_with = "number")]
        twin: f64,
        #[serde(serialize_with = "number")]
        bound: f64,
        #[serde(serialize_with = "number")]
        ratio: f64,
    }
    #[derive(Serialize)]
    struct Counts {
        compared: usize,
        classed: usize,
        failed: usize,
        worst: Option<Worst>,
    }
    let counts = Counts {
        compared: agreement.compared,
        classed: agreement.classed,
        failed: agreement.failed,
        worst: agreement.worst.as_ref().map(|worst| Worst {
            world: worst.place.world,
            index: worst.place.index,
            reference: worst.expected,
            twin: worst.found,
            bound: worst.bound,
            ratio: worst.ratio,
        }),
    };
    counts.serialize(serializer)
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
