//! Computes the terms of finite worlds by a hypothesis: the evidence, the divergence from `p(y,z)` and the expected
//! log-likelihood, at the observed caption.

use bounds::{Arithmetic, BoundedSum, LikelyRow, LogSoftmaxRow, Range};
use ndarray::ArrayView1;
use reference::equations::bound::{eq03_log_evidence, eq09_log_product};
use reference::model::Model as _;
use reference::world::World;

use super::tokens::{LogWeights, expectation, of_kind};
use crate::dump::Expectation;
use crate::hypothesis::{CodePrior, Divergence, Evidence, Hypothesis};
use crate::inputs::{Absence, Inputs, Row};

/// A row of log-probabilities from a table. The error of each is what renormalising changed, plus one rounding.
fn stored(world: &World, row: &[f64], w: Arithmetic) -> LogSoftmaxRow {
    let off = |ln: &f64| {
        if ln.is_finite() {
            2.0 * world.correction() + w.u() * ln.abs()
        } else {
            0.0
        }
    };
    let third = w.u() * w.u() / 3.0;
    LogSoftmaxRow {
        ln: row.to_vec(),
        abs_error: row.iter().map(off).collect(),
        q: row.iter().map(|ln| ln.exp()).collect(),
        rel_error: row.iter().map(|ln| (off(ln) + w.exp() * w.u()).exp_m1()).collect(),
        lost: vec![w.each.lost(); row.len()],
        common: 0.0,
        likely: LikelyRow {
            own: row
                .iter()
                .map(|ln| if ln.is_finite() { third * ln * ln } else { 0.0 })
                .collect(),
            exponential: 5.0 * third,
            shared: [0.0; 2],
            bias: [2.0 * world.correction(); 2],
            #[expect(clippy::cast_precision_loss, reason = "a row's length")]
            repeats: row.len() as f64,
        },
    }
}

fn row(row: ArrayView1<'_, f64>) -> Vec<f64> {
    row.to_vec()
}

/// `ln sum e^a`, with the error of a normalised entry.
fn log_sum_exp(terms: &[f64], w: Arithmetic, roundings: f64) -> Result<BoundedSum, Absence> {
    if terms.iter().all(|term| *term == f64::NEG_INFINITY) {
        return Ok(BoundedSum::one(f64::NEG_INFINITY, 0.0, 0.0));
    }
    let normalised = LogSoftmaxRow::new("ln p(x,y,z)", terms, w, roundings)?;
    let largest = (0..terms.len()).fold(0, |best, k| if terms[k] > terms[best] { k } else { best });
    let value = terms[largest] - normalised.ln[largest];
    let off = normalised.abs_error.iter().copied().fold(0.0, f64::max);
    Ok(BoundedSum::one(
        value,
        off + roundings * w.u() * value.abs(),
        1.0 + value.abs(),
    ))
}

/// `ln p(x,y)`.
pub(super) fn log_evidence(inputs: &Inputs<'_>, world: &World, hypothesis: &Hypothesis) -> Result<BoundedSum, Absence> {
    let (w, y) = (inputs.arithmetic, world.y());
    let moved = 2.0 * world.correction();
    let joint = |y: usize| -> Vec<f64> {
        let (likelihood, prior) = (row(world.likelihood().row(y)), row(world.prior().ln().row(y)));
        likelihood
            .iter()
            .zip(&prior)
            .map(|(a, b)| if a.is_infinite() { *a } else { a + b })
            .collect()
    };
    let sum = match hypothesis.evidence {
        Evidence::AsStated => {
            let sum = log_sum_exp(&joint(y), w, 4.0)?;
            sum.known(eq03_log_evidence(world)?.value())
        }
        Evidence::OverCaptions => {
            let all: Vec<f64> = (0..world.captions()).flat_map(joint).collect();
            log_sum_exp(&all, w, 4.0)?
        }
        Evidence::PriorMissing => log_sum_exp(&row(world.likelihood().row(y)), w, 2.0)?,
        Evidence::MeanOfLogs => {
            let mut sum: BoundedSum = reconstruction(inputs, world)?.into_iter().sum();
            for addend in divergence(inputs, world, Expectation::Kl, &Hypothesis::AS_STATED)? {
                sum += addend.times(-1.0, 0.0);
            }
            sum.known(eq09_log_product(world)?.value())
        }
    };
    Ok(sum.moved(moved))
}

/// `E_q[ln q(z|x) - ln p(y,z)]` at the observed caption, its entropy or its cross-entropy, code by code.
pub(super) fn divergence(inputs: &Inputs<'_>, world: &World, quantity: Expectation, hypothesis: &Hypothesis) -> Row {
    let (w, y) = (inputs.arithmetic, world.y());
    let joint = world.prior().ln();
    let observed = row(joint.row(y));
    let ln_p: Vec<f64> = match hypothesis.code_prior {
        CodePrior::Joint => observed,
        CodePrior::GivenCaption => {
            let ln_p_y = log_sum_exp(&observed, w, 0.0)?.value();
            observed.iter().map(|ln| ln - ln_p_y).collect()
        }
        CodePrior::Marginal => {
            let columns = joint
                .columns()
                .into_iter()
                .map(|column| log_sum_exp(&column.to_vec(), w, 0.0));
            columns
                .map(|sum| sum.map(BoundedSum::value))
                .collect::<Result<_, _>>()?
        }
    };
    let kind = match quantity {
        Expectation::Entropy => Divergence::PriorMissing,
        Expectation::CrossEntropy => Divergence::EntropyMissing,
        Expectation::Kl => hypothesis.divergence,
    };
    let q = stored(world, &row(world.encoder().ln().view()), w);
    let addends = of_kind(kind, quantity, &q, stored(world, &ln_p, w), w)?;
    // p(y,z) at one caption sums to at most 1, so a divergence from it is not negative either.
    let range = |addend: &BoundedSum| match quantity {
        Expectation::Entropy | Expectation::CrossEntropy => Range::positive(2.0 * world.correction(), w),
        Expectation::Kl => Range::divergence(addend.error, addend.mass),
    };
    let sum = BoundedSum::of_row(&addends, w);
    Ok(vec![sum.within(range(&sum))])
}

/// `E_q[ln p(x|y,z)]`, code by code.
pub(super) fn reconstruction(inputs: &Inputs<'_>, world: &World) -> Row {
    let w = inputs.arithmetic;
    let q = stored(world, &row(world.encoder().ln().view()), w);
    let likelihood = stored(world, &row(world.likelihood().row(world.y())), w);
    Ok(expectation(&q, LogWeights::new(0.0, -1.0), &likelihood, w))
}
