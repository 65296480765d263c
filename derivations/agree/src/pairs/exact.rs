//! The fused sides against the same reference: their values come from sums that are shared, so what fails here fails alone.

use std::sync::Arc;

use gpu::fused::exact::{Adder, Sides, column};
use reference::vocab::Reading;
use reference::world::World;

use super::pair::{AnyTwin, Pair};
use super::table::PAIRS;

/// What the composed twin has under every reading, the fused one has without the footnote's.
const READINGS: &[Reading] = &[Reading::Observed, Reading::Pointwise, Reading::Joint, Reading::Expected];
const TABLES: &[Reading] = &[Reading::Observed, Reading::Pointwise];

/// A fused side, and the composed twin's row that has its reference and its bounds.
#[derive(Debug, Clone, Copy)]
pub struct Side {
    /// Its name.
    pub name: &'static str,
    composed: &'static str,
    readings: &'static [Reading],
    /// The side itself.
    pub of: fn(&Sides) -> f64,
}

impl Side {
    /// The row of the composed twin, under this side's name and readings.
    ///
    /// # Panics
    /// When the table has no such row.
    #[must_use]
    pub fn row(&self) -> Pair {
        let row = PAIRS.iter().find(|pair| pair.name == self.composed);
        Pair {
            name: self.name,
            readings: self.readings,
            ..*row.expect("a row of the table")
        }
    }
}

/// Every fused side.
pub const SIDES: [Side; 8] = [
    Side {
        name: "exact::log_evidence",
        composed: "eq03_log_evidence",
        readings: &[Reading::Pointwise],
        of: |sides| sides.log_evidence,
    },
    Side {
        name: "exact::elbo",
        composed: "eq09_log_product",
        readings: &[Reading::Pointwise],
        of: |sides| sides.elbo,
    },
    Side {
        name: "exact::split",
        composed: "eq10_add_and_subtract",
        readings: TABLES,
        of: |sides| sides.split,
    },
    Side {
        name: "exact::joint_encoder",
        composed: "eq12_joint_encoder",
        readings: TABLES,
        of: |sides| sides.joint_encoder,
    },
    Side {
        name: "exact::kl_named",
        composed: "eq13_kl_named",
        readings: READINGS,
        of: |sides| sides.kl_named,
    },
    Side {
        name: "exact::objective",
        composed: "eq14_objective",
        readings: READINGS,
        of: |sides| sides.objective,
    },
    Side {
        name: "exact::reconstruction",
        composed: "expected_log_likelihood",
        readings: &[Reading::Pointwise, Reading::Expected],
        of: |sides| sides.reconstruction,
    },
    Side {
        name: "exact::divergence",
        composed: "divergence",
        readings: &[Reading::Observed, Reading::Pointwise, Reading::Joint],
        of: |sides| sides.divergence,
    },
];

/// The pairs of all fused sides, from sums that `by` adds up.
#[must_use]
pub fn exact<A: Adder + Send + Sync + 'static>(by: A) -> Vec<Pair<World, AnyTwin>> {
    let by = Arc::new(by);
    let pair = |side: &Side| {
        let (by, of) = (Arc::clone(&by), side.of);
        side.row()
            .with_twin::<AnyTwin>(Box::new(move |batch, reading| column(&*by, batch, reading, of)))
    };
    SIDES.iter().map(pair).collect()
}
