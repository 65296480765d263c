//! What comparing the fused terms came to.

use bounds::{Outcome, compare};
use serde::Serialize;

/// How the fused terms came out.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The stored type.
    pub dtype: &'static str,
    /// What the terms ran on.
    pub engine: String,
    /// The seed.
    pub seed: u64,
    /// Whether something was compared and everything agrees.
    pub agrees: bool,
    /// One row a function and part.
    pub rows: Vec<Row>,
}

/// A value or a gradient of one function.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The function's name on both sides.
    pub name: &'static str,
    /// `value`, or which gradient.
    pub part: &'static str,
    /// How many numbers were compared.
    pub compared: usize,
    /// How many of them are infinite or undefined in the reference, and so compared by class.
    pub classed: usize,
    /// How many differ.
    pub failed: usize,
    /// Why the bound is what it is.
    pub reason: &'static str,
    /// The number that uses most of its bound.
    pub worst: Option<Worst>,
}

/// The worst number of a row.
#[derive(Debug, Clone, Serialize)]
pub struct Worst {
    /// Which kind of logits, and their shape.
    pub at: String,
    /// Which number of the table, row-major.
    pub index: usize,
    /// The reference's, as text: JSON has no infinities.
    pub reference: String,
    /// The twin's.
    pub twin: String,
    /// How far apart they may lie.
    pub bound: String,
    /// How much of the bound is used.
    pub ratio: f64,
}

impl Row {
    /// Nothing compared yet.
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

    /// Adds what was compared afterwards.
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
