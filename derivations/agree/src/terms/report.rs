//! The result of comparing the fused terms.

use bounds::Agreement;
use serde::{Serialize, Serializer};

/// The result of comparing the fused terms on one engine, in one type.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The stored type.
    pub dtype: &'static str,
    /// The engine on which the terms ran.
    pub engine: String,
    /// The seed of the arguments.
    pub seed: u64,
    /// Whether at least one number was compared, and all agree.
    pub agrees: bool,
    /// One row for each function and part.
    pub rows: Vec<TermRow>,
}

/// The comparison of the value or of a gradient of one function.
#[derive(Debug, Clone, Serialize)]
pub struct TermRow {
    /// The function's name on both sides.
    pub name: &'static str,
    /// The part that is compared: `value`, or the name of a gradient.
    pub part: &'static str,
    /// The numbers of the reference and of the twin.
    #[serde(flatten, serialize_with = "as_text")]
    pub agreement: Agreement<TermPlace>,
    /// The derivation of the bound in a sentence.
    pub reason: &'static str,
}

/// The place of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermPlace {
    /// The kind of logits, and their shape.
    pub at: String,
    /// Its index in its table, row by row.
    pub index: usize,
}

impl TermRow {
    /// A row of which nothing has been compared yet.
    pub(super) const fn new(name: &'static str, part: &'static str, reason: &'static str) -> Self {
        Self {
            name,
            part,
            agreement: Agreement::new(),
            reason,
        }
    }

    pub(super) fn note(&mut self, at: &impl Fn() -> String, index: usize, reference: f64, twin: f64, bound: f64) {
        self.agreement
            .note(|| TermPlace { at: at(), index }, reference, twin, bound);
    }
}

/// Writes the numbers as text, because JSON has no infinities.
fn as_text<S: Serializer>(agreement: &Agreement<TermPlace>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Worst<'a> {
        at: &'a str,
        index: usize,
        reference: String,
        twin: String,
        bound: String,
        ratio: f64,
    }
    #[derive(Serialize)]
    struct Counts<'a> {
        compared: usize,
        classed: usize,
        failed: usize,
        worst: Option<Worst<'a>>,
    }
    let counts = Counts {
        compared: agreement.compared,
        classed: agreement.classed,
        failed: agreement.failed,
        worst: agreement.worst.as_ref().map(|worst| Worst {
            at: &worst.place.at,
            index: worst.place.index,
            reference: format!("{:e}", worst.expected),
            twin: format!("{:e}", worst.found),
            bound: format!("{:.2e}", worst.bound),
            ratio: worst.ratio.min(f64::MAX),
        }),
    };
    counts.serialize(serializer)
}
