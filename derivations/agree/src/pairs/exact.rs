//! The pairs of the fused sides, which have the same references as the composed ones. The fused sides share their sums,
//! and have rows of their own, so that a failure is attributed to them.

use std::sync::Arc;

use gpu::fused::exact::{Adder, Sides, column};
use reference::vocab::Reading;
use reference::world::World;

use super::pair::{AnyTwin, Pair};
use super::table::PAIRS;

/// The readings of the fused sides: all but the footnote's.
const READINGS: &[Reading] = &[Reading::Observed, Reading::Pointwise, Reading::Joint, Reading::Expected];
const TABLES: &[Reading] = &[Reading::Observed, Reading::Pointwise];

/// A fused side, and the pair of the composed twin that has the same reference and the same bounds.
#[derive(Debug, Clone, Copy)]
pub struct Side {
    /// Its name.
    pub name: &'static str,
    composed: &'static str,
    readings: &'static [Reading],
    /// The value of the side, from the shared sums.
    pub of: fn(&Sides) -> f64,
}

impl Side {
    /// The pair of the composed twin, with this side's name and readings.
    ///
    /// # Panics
    /// When the table has no such pair.
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

/// The pairs of all fused sides. `by` adds up the sums.
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
