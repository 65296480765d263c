//! The fused sides against the same reference: their values come from sums that are shared, so what fails here fails alone.

use gpu::Tensor;
use gpu::fused::Isa;
use gpu::fused::exact::{Sides, column};
use gpu::world::Batch;
use reference::vocab::Reading;

use super::Pair;
use super::table::PAIRS;

/// What the composed twin has under every reading, the fused one has without the footnote's.
const READINGS: &[Reading] = &[Reading::Observed, Reading::Pointwise, Reading::Joint, Reading::Expected];
const TABLES: &[Reading] = &[Reading::Observed, Reading::Pointwise];

/// As the row of the composed twin, by the fused sides.
fn fused(name: &'static str, composed: &str, readings: &'static [Reading], twin: super::Twin) -> Pair {
    let row = PAIRS
        .iter()
        .find(|pair| pair.name == composed)
        .expect("a row of the table");
    Pair {
        name,
        readings,
        twin,
        ..*row
    }
}

/// Every fused side.
#[must_use]
pub fn exact() -> [Pair; 8] {
    [
        fused("exact::log_evidence", "eq03_log_evidence", &TABLES[1..], |b, r| {
            of(b, r, |s| s.log_evidence)
        }),
        fused("exact::elbo", "eq09_log_product", &TABLES[1..], |b, r| {
            of(b, r, |s| s.elbo)
        }),
        fused("exact::split", "eq10_add_and_subtract", TABLES, |b, r| {
            of(b, r, |s| s.split)
        }),
        fused("exact::joint_encoder", "eq12_joint_encoder", TABLES, |b, r| {
            of(b, r, |s| s.joint_encoder)
        }),
        fused("exact::kl_named", "eq13_kl_named", READINGS, |b, r| {
            of(b, r, |s| s.kl_named)
        }),
        fused("exact::objective", "eq14_objective", READINGS, |b, r| {
            of(b, r, |s| s.objective)
        }),
        fused(
            "exact::reconstruction",
            "expected_log_likelihood",
            &[Reading::Pointwise, Reading::Expected],
            |b, r| of(b, r, |s| s.reconstruction),
        ),
        fused("exact::divergence", "divergence", &READINGS[..3], |b, r| {
            of(b, r, |s| s.divergence)
        }),
    ]
}

fn of(batch: &Batch, reading: Reading, side: fn(&Sides) -> f64) -> Result<Tensor, gpu::Error> {
    column(Isa::best(), batch, reading, side)
}
