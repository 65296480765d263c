//! The result of comparing the fused terms.

use bounds::{Outcome, compare};
use serde::Serialize;

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
    pub rows: Vec<Row>,
}

/// The comparison of the value or of a gradient of one function.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The function's name on both sides.
    pub name: &'static str,
    /// The part that is compared: `value`, or the name of a gradient.
    pub part: &'static str,
    /// The number of numbers that were compared.
    pub compared: usize,
    /// The number of those that are infinite or undefined in the reference, and so are compared by class.
    pub classed: usize,
    /// The number of those that disagree.
    pub failed: usize,
    /// The derivation of the bound in a sentence.
    pub reason: &'static str,
    /// The number that uses the largest share of its bound.
    pub worst: Option<Worst>,
}

/// The worst number of a row.
#[derive(Debug, Clone, Serialize)]
pub struct Worst {
    /// The kind of logits, and their shape.
    pub at: String,
    /// The index of the number in its table, row by row.
    pub index: usize,
    /// The number of the reference, as text, because JSON has no infinities.
    pub reference: String,
    /// The number of the twin, as text.
    pub twin: String,
    /// The bound on their distance, as text.
    pub bound: String,
    /// The share of the bound that is used.
    pub ratio: f64,
}

impl Row {
    /// A row of which nothing has been compared yet.
    pub(super) const fn new(name: &'static str, part: &'static str, reason: &'static str) -> Self {
        Self {
            name,
            part,
            compared: 0,
            classed: 0,
            failed: 0,
            reason,
            worst: None,
        }
    }

    /// Adds the comparisons of another row, which came later.
    pub(super) fn add(&mut self, more: Self) {
        self.compared += more.compared;
        self.classed += more.classed;
        self.failed += more.failed;
        let ratio = |worst: &Option<Worst>| worst.as_ref().map_or(f64::NEG_INFINITY, |worst| worst.ratio);
        if ratio(&more.worst) > ratio(&self.worst) {
            self.worst = more.worst;
        }
    }

    pub(super) fn note(&mut self, at: &impl Fn() -> String, index: usize, reference: f64, twin: f64, bound: f64) {
        self.compared += 1;
        self.classed += usize::from(!reference.is_finite());
        let outcome = compare(reference, twin, bound);
        self.failed += usize::from(!outcome.agrees());
        let ratio = match outcome {
            Outcome::SameClass => return,
            Outcome::Within { ratio } | Outcome::Beyond { ratio } => ratio,
            Outcome::OtherClass => f64::MAX,
        };
        if self.worst.as_ref().is_none_or(|worst| ratio > worst.ratio) {
            self.worst = Some(Worst {
                at: at(),
                index,
                reference: format!("{reference:e}"),
                twin: format!("{twin:e}"),
                bound: format!("{bound:.2e}"),
                ratio,
            });
        }
    }
}
