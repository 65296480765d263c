//! Computes the terms of finite worlds by a hypothesis: the evidence, the divergence from `p(y,z)` and the expected
//! log-likelihood, at the observed caption.

use bounds::{Addend, Arithmetic, BoundedSum, LikelyRow, LogSoftmaxRow, Range};
use ndarray::{Array2, ArrayView1};
use reference::equations::bound::{eq03_log_evidence, eq09_log_product};
use reference::model::Model as _;
use reference::vocab::Reading;
use reference::world::World;

use super::tokens::{Formula, LogWeights, expectation, inside};
use crate::dump::Expectation;
use crate::hypothesis::{CodePrior, Divergence, Evidence, Hypothesis};
use crate::inputs::{Absence, Addends, Inputs};

/// The largest number of draws of several codes over which an importance-weighted bound is added up.
const MOST_DRAWS: f64 = 1e6;

/// The importance-weighted bound `E[ln (w_1 + ... + w_n) / n]` of `n` samples, `w = p(x,y,z) / q(z|x)`.
///
/// It is added up over how often each code is drawn, and not over the draws.
pub(super) fn importance_weighted(inputs: &Inputs<'_>, world: &World, n: usize) -> Result<BoundedSum, Absence> {
    let (w, y) = (inputs.arithmetic, world.y());
    let (ln_q, ln_p) = (row(world.encoder().ln().view()), row(world.prior().ln().row(y)));
    let ln_x = row(world.likelihood().row(y));
    let codes: Vec<[f64; 2]> = (0..ln_q.len())
        .filter(|z| ln_q[*z] > f64::NEG_INFINITY)
        .map(|z| [ln_q[z].exp(), ln_x[z] + ln_p[z] - ln_q[z]])
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "counts")]
    let [samples, kinds] = [n as f64, codes.len() as f64];
    // n draws of K kinds, in any order: (K + n - 1) over n.
    let draws = (0..n)
        .zip(1_u32..)
        .fold(1.0, |draws, (_, k)| draws * (kinds + f64::from(k) - 1.0) / f64::from(k));
    if draws > MOST_DRAWS || inputs.statement.reading() != Reading::Observed {
        return Err(Absence::NotAffected);
    }
    // The codes drawn so far: how many draws are left, the logarithm of their probability, the sum of their weights.
    let largest = codes.iter().map(|[_, ln]| *ln).fold(f64::NEG_INFINITY, f64::max);
    let mut open = vec![(n, 0.0, 0.0)];
    let mut sum = BoundedSum::default();
    for (at, [q, ln_w]) in codes.iter().enumerate() {
        let (last, weight) = (at + 1 == codes.len(), (ln_w - largest).exp());
        let mut next = Vec::new();
        for (left, ln_probability, weights) in open {
            let (mut ln_times, least) = (0.0, if last { left } else { 0 });
            for drawn in 0..=left {
                #[expect(clippy::cast_precision_loss, reason = "counts")]
                let (times, rest) = (drawn as f64, (left - drawn) as f64);
                if drawn > 0 {
                    ln_times += q.ln() + (rest + 1.0).ln() - times.ln();
                }
                if drawn >= least {
                    next.push((left - drawn, ln_probability + ln_times, weights + times * weight));
                }
            }
        }
        open = next;
    }
    for (_, ln_probability, weights) in open {
        let value = ln_probability.exp() * (largest + (weights / samples).ln());
        let off = 16.0 * w.u() * (1.0 + samples);
        sum += Addend::new(value, off * (1.0 + value.abs()), value.abs());
    }
    Ok(sum)
}

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
        softmax: None,
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
        return Ok(Addend::new(f64::NEG_INFINITY, 0.0, 0.0).into());
    }
    let normalised = LogSoftmaxRow::new("ln p(x,y,z)", terms, w, roundings)?;
    let largest = (0..terms.len()).fold(0, |best, k| if terms[k] > terms[best] { k } else { best });
    let value = terms[largest] - normalised.ln[largest];
    let off = normalised.abs_error.iter().copied().fold(0.0, f64::max);
    let size = value.abs();
    Ok(Addend::new(value, off + roundings * w.u() * size, 1.0 + size).into())
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
            let mut sum = BoundedSum::default();
            for addend in reconstruction(inputs, world, hypothesis)? {
                sum += addend;
            }
            sum += divergence(inputs, world, Expectation::Kl, &Hypothesis::AS_STATED)?.times(-1.0, 0.0);
            sum.known(eq09_log_product(world)?.value())
        }
    };
    Ok(sum.moved(moved))
}

/// What `q(y,z|x)` stands for by a hypothesis.
fn read(inputs: &Inputs<'_>, hypothesis: &Hypothesis) -> Reading {
    hypothesis.reading.unwrap_or_else(|| inputs.statement.reading())
}

/// The prior of the code that a hypothesis takes, under the readings that hold the observed caption fixed.
fn prior_of_code(world: &World, prior: CodePrior, w: Arithmetic) -> Result<Vec<f64>, Absence> {
    let joint = world.prior().ln();
    let observed = row(joint.row(world.y()));
    Ok(match prior {
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
                .map(|sum| sum.map(|sum| sum.value()))
                .collect::<Result<_, _>>()?
        }
    })
}

/// The rows of `q` and of `p` of which a reading makes the divergence, see
/// [`divergence`](reference::equations::objective::divergence).
fn pair(world: &World, reading: Reading, prior: CodePrior, w: Arithmetic) -> Result<[LogSoftmaxRow; 2], Absence> {
    let q = stored(world, &row(world.encoder().ln().view()), w);
    if prior != CodePrior::Joint && reading != Reading::Observed {
        return Err(Absence::NotAffected);
    }
    let all = |table: &Array2<f64>| stored(world, &table.iter().copied().collect::<Vec<_>>(), w);
    Ok(match reading {
        Reading::Observed => [q, stored(world, &prior_of_code(world, prior, w)?, w)],
        Reading::Pointwise => {
            let joint = stored(world, &row(world.joint_encoder().ln().row(world.y())), w);
            let mut own = joint.likely;
            own.exponential = q.likely.exponential;
            let q = LogSoftmaxRow {
                ln: joint.ln,
                abs_error: joint.abs_error,
                likely: own,
                ..q
            };
            [q, stored(world, &prior_of_code(world, prior, w)?, w)]
        }
        Reading::Joint | Reading::Expected => [all(world.joint_encoder().ln()), all(world.prior().ln())],
        Reading::Footnote => [q, stored(world, &prior_of_code(world, CodePrior::Marginal, w)?, w)],
    })
}

/// `E_q[ln q - ln p]` as the stated reading has it, its entropy or its cross-entropy.
pub(super) fn divergence(
    inputs: &Inputs<'_>,
    world: &World,
    quantity: Expectation,
    hypothesis: &Hypothesis,
) -> Result<BoundedSum, Absence> {
    let (w, reading) = (inputs.arithmetic, read(inputs, hypothesis));
    let [mut q, mut p] = pair(world, reading, hypothesis.code_prior, w)?;
    let kind = match quantity {
        Expectation::Entropy => Divergence::PriorMissing,
        Expectation::CrossEntropy => Divergence::EntropyMissing,
        Expectation::Kl => hypothesis.divergence,
    };
    inside(&mut q, hypothesis.in_log_q, w);
    inside(&mut p, hypothesis.in_log_prior, w);
    let formula = Formula::new(kind, quantity, &q, &p)?;
    // p(y,z) at one caption sums to at most 1, so a divergence from it is not negative either.
    let range = |sum: &BoundedSum| match quantity {
        Expectation::Entropy | Expectation::CrossEntropy => Range::positive(2.0 * world.correction(), w),
        Expectation::Kl if reading.has_a_divergence() => Range::divergence(sum.error, sum.mass),
        Expectation::Kl => Range::ANY,
    };
    let sum = BoundedSum::of_row(formula.addends(w), w);
    Ok(sum.within(range(&sum)))
}

/// `E_q[ln p(x|y,z)]`, code by code, and caption by caption where the stated reading averages captions.
pub(super) fn reconstruction(inputs: &Inputs<'_>, world: &World, hypothesis: &Hypothesis) -> Addends {
    let w = inputs.arithmetic;
    let all = |table: &Array2<f64>| stored(world, &table.iter().copied().collect::<Vec<_>>(), w);
    let [q, likelihood] = if read(inputs, hypothesis).averages_captions() {
        [all(world.joint_encoder().ln()), all(world.likelihood())]
    } else {
        let likelihood = stored(world, &row(world.likelihood().row(world.y())), w);
        [stored(world, &row(world.encoder().ln().view()), w), likelihood]
    };
    Ok(expectation(&q, LogWeights::new(0.0, -1.0), &likelihood, w).collect())
}
