//! Computes the gradients of the terms of discrete codes with respect to the logits of encoder and prior.

use bounds::{Arithmetic, BoundedSum, LogSoftmaxRow, Range};
use reference::logits;
use reference::relaxation::Relaxed;
use reference::vocab::{Error, Nats};

use super::rows::{item, line, noise, normalised, relaxed_row, scores, table, temperature, weighed};
use crate::dump::{Claim, Expectation, Input, Quantity, Tokens};
use crate::hypothesis::{Arrangement, CodeLogits, Divergence, Hypothesis, Masked, Slope, Softmax};
use crate::inputs::{Absence, Inputs, Row, objective};

/// The gradient of a claim with respect to the logits of a position.
///
/// ```text
/// d/dx_k E_q[f] = q_k (f_k - E_q[f]),  f = a ln q - b ln p       d/db_k E_q[-ln p] = p_k - q_k
/// ```
///
/// The gradient through the sample is added, from `sample_gradient`. An ordinary implementation computes
/// `q_k (f_k + 1)` and subtracts `q_k sum_j q_j (f_j + 1)`, so that each is rounded at its own size.
pub(crate) fn gradient(
    inputs: &Inputs<'_>,
    input: Input,
    of: &Claim,
    hypothesis: &Hypothesis,
    at: usize,
    row: usize,
) -> Row {
    if hypothesis.softmax != Softmax::Codes || hypothesis.arrangement != Arrangement::AsStated {
        return Err(Absence::NotAffected);
    }
    let (tokens, w) = (item(inputs, at)?, inputs.of_rows());
    let (x, rounded) = scores(inputs, tokens, hypothesis, row)?;
    let x = x.as_slice();
    let inner = match hypothesis.logits {
        CodeLogits::Plain => 1.0,
        CodeLogits::Relaxed | CodeLogits::Tempered => 1.0 / temperature(inputs, hypothesis)?,
    };
    let prior = tokens.prior.as_ref().map(|prior| line(prior, row)).transpose()?;
    let q = normalised("encoder_logits", x, w, rounded, hypothesis)?;
    let p = match prior {
        Some(b) => LogSoftmaxRow::new("prior_logits", b, w, 0.0)?,
        None => LogSoftmaxRow::uniform(x.len(), w),
    };
    let averaged = of.quantity.expectation().ok_or(Absence::NotAffected)?;
    let mut weight = objective(of.quantity, hypothesis, inputs.statement.beta())[1];
    weight *= hypothesis.divergence_lengths.factor(inputs.sizes);
    if matches!(hypothesis.slope, Slope::DivergenceDetached | Slope::Detached) {
        weight = 0.0;
    }
    if input == Input::EncoderLogits {
        weight *= inner;
    }
    let [a, b] = parts(averaged, hypothesis.divergence)?;
    if b != 0.0 && (0..x.len()).any(|k| p.ln[k] == f64::NEG_INFINITY && q.ln[k] > f64::NEG_INFINITY) {
        return Err(Absence::NoValue(Error::Indeterminate {
            line: "the gradient of an infinite divergence",
        }));
    }
    let mut slopes: Vec<BoundedSum> = if input == Input::PriorLogits {
        let sign = if a.is_nan() { f64::NAN } else { b };
        difference(&p, &q, sign * weight, w)
    } else if a.is_nan() {
        // The derivative of D(p || q) is q - p.
        difference(&q, &p, weight, w)
    } else {
        let known = known(averaged, hypothesis.divergence, x, prior)?;
        expected_slopes(&q, &p, [a, b], known.as_deref(), w)
            .into_iter()
            .map(|slope| slope.times(weight, w.u()))
            .collect()
    };
    if input == Input::EncoderLogits && matches!(of.quantity, Quantity::Elbo | Quantity::Loss) {
        through_the_sample(inputs, tokens, of, hypothesis, row, &mut slopes)?;
    }
    for (k, slope) in slopes.iter_mut().enumerate() {
        if hypothesis.masked == Masked::Entry && x[k] == f64::NEG_INFINITY {
            *slope = BoundedSum::one(f64::NAN, 0.0, 0.0);
        }
    }
    let overflown = q.q.iter().any(|q| q.is_nan());
    if overflown || hypothesis.masked == Masked::Row && x.contains(&f64::NEG_INFINITY) {
        slopes.fill(BoundedSum::one(f64::NAN, 0.0, 0.0));
    }
    Ok(slopes)
}

/// The factors `a` and `b` of `f = a ln q - b ln p`. They are NaN for the divergence `D(p || q)`, which has no such
/// form.
const fn parts(quantity: Expectation, divergence: Divergence) -> Result<[f64; 2], Absence> {
    Ok(match (quantity, divergence) {
        (Expectation::Entropy, _) => [-1.0, 0.0],
        (Expectation::CrossEntropy, _) | (Expectation::Kl, Divergence::EntropyMissing) => [0.0, 1.0],
        (Expectation::Kl, Divergence::Forward) => [1.0, 1.0],
        (Expectation::Kl, Divergence::EntropyHalved) => [0.5, 1.0],
        (Expectation::Kl, Divergence::PriorMissing | Divergence::PriorNotLogged) => [1.0, 0.0],
        (Expectation::Kl, Divergence::PriorAdded) => [1.0, -1.0],
        (Expectation::Kl, Divergence::Reverse) => [f64::NAN, f64::NAN],
        _ => return Err(Absence::NotAffected),
    })
}

/// The difference of two distributions, times a weight.
fn difference(of: &LogSoftmaxRow, less: &LogSoftmaxRow, weight: f64, w: Arithmetic) -> Vec<BoundedSum> {
    let slope = |k: usize| {
        let mut slope = weighed(of, k, of.q[k], 1.0, w);
        slope += weighed(less, k, less.q[k], 1.0, w).times(-1.0, 0.0);
        slope.times(weight, w.u())
    };
    (0..of.q.len()).map(slope).collect()
}

/// The gradient with respect to the logits of the encoder that the reference computes, where it has such a function.
fn known(
    quantity: Expectation,
    divergence: Divergence,
    x: &[f64],
    prior: Option<&[f64]>,
) -> Result<Option<Vec<Nats>>, Absence> {
    Ok(match (quantity, divergence, prior) {
        (Expectation::Entropy, ..) => Some(logits::entropy_gradient(x)?),
        (Expectation::CrossEntropy, _, Some(b)) => {
            let [by_q, _] = logits::cross_entropy_gradients(x, b)?;
            Some(by_q)
        }
        (Expectation::CrossEntropy, ..) => None,
        (Expectation::Kl, Divergence::Forward, None) => Some(logits::kl_to_uniform_gradient(x)?),
        (Expectation::Kl, Divergence::Forward, Some(b)) => {
            let [by_q, _] = logits::kl_divergence_gradients(x, b)?;
            Some(by_q)
        }
        _ => None,
    })
}

/// `q_k (f_k - E_q[f])`, with the value of the reference where it has one.
fn expected_slopes(
    q: &LogSoftmaxRow,
    p: &LogSoftmaxRow,
    [a, b]: [f64; 2],
    known: Option<&[Nats]>,
    w: Arithmetic,
) -> Vec<BoundedSum> {
    let there = |k: usize| q.ln[k] > f64::NEG_INFINITY;
    let f = |k: usize| a * q.ln[k] - if b == 0.0 { 0.0 } else { b * p.ln[k] };
    let size = |k: usize| 1.0 + (a * q.ln[k]).abs() + if b == 0.0 { 0.0 } else { (b * p.ln[k]).abs() };
    let off = |k: usize| a.abs() * q.abs_error[k] + b.abs() * p.abs_error[k];
    let codes = || (0..q.ln.len()).filter(|k| there(*k));
    #[expect(clippy::cast_precision_loss, reason = "a row's length")]
    let adding = w.adding(q.ln.len() as f64);
    let mean: f64 = codes()
        .map(|k| BoundedSum::one(q.q[k] * f(k), 0.0, 0.0))
        .sum::<BoundedSum>()
        .value();
    let mean_size: f64 = codes().map(|k| q.q[k] * size(k)).sum();
    let mean_error: f64 = codes()
        .map(|k| q.q[k] * ((q.rel_error[k] + 2.0 * w.u() + adding) * size(k) + off(k)) + q.lost[k] * (size(k) + 1.0))
        .sum();
    let slope = |k: usize| {
        if !there(k) {
            return BoundedSum::default();
        }
        let value = known.map_or_else(|| q.q[k] * (f(k) - mean), |known| known[k].value());
        let size = size(k) + mean_size;
        let error = (1.0 + q.rel_error[k]) * ((q.rel_error[k] + 5.0 * w.u()) * size + off(k) + mean_error);
        let mass = q.q[k] * size;
        let range = Range::ANY.part(q, mass, w);
        // Near 0, two products and their difference are rounded to subnormal numbers, too.
        BoundedSum::one(value, q.q[k] * error + q.lost[k] * (size + 3.0), mass).within(range)
    };
    (0..q.ln.len()).map(slope).collect()
}

/// Adds the gradient through the sample, `(y_k / tau) (v_k - E_y[v])`. `v` is the gradient that the subject's own
/// decoder returned.
fn through_the_sample(
    inputs: &Inputs<'_>,
    tokens: &Tokens,
    of: &Claim,
    hypothesis: &Hypothesis,
    row: usize,
    slopes: &mut [BoundedSum],
) -> Result<(), Absence> {
    if matches!(hypothesis.slope, Slope::SampleDetached | Slope::Detached) {
        return Ok(());
    }
    let w = inputs.of_rows();
    let x = line(table(tokens.logits.as_ref())?, row)?;
    // `v` is the derivative of the claimed number. The other gradients are scaled to that number later.
    let stated = objective(of.quantity, &Hypothesis::AS_STATED, inputs.statement.beta())[0];
    let weight = objective(of.quantity, hypothesis, inputs.statement.beta())[0];
    let lengths = hypothesis.reconstruction_lengths.factor(inputs.sizes);
    let scale = of.divisor(inputs.sizes) / of.factor() * lengths * weight / stated;
    let v = line(table(tokens.sample_gradient.as_ref())?, row)?;
    let v: Vec<Nats> = v.iter().map(|v| Nats::of(v * scale)).collect();
    let mut tau = temperature(inputs, hypothesis)?;
    let relaxed = Relaxed::new(x, &noise(inputs, tokens, hypothesis, row)?, tau)?;
    let y = relaxed_row(inputs, tokens, hypothesis, row)?;
    let mut values = relaxed.gradient(&v);
    if hypothesis.slope == Slope::TemperatureMissing {
        values = values.into_iter().map(|slope| tau * slope).collect();
        tau = 1.0;
    }
    if hypothesis.slope == Slope::Hard {
        values = v.clone();
    }
    #[expect(clippy::cast_precision_loss, reason = "a row's length")]
    let adding = w.adding(x.len() as f64);
    let codes = || 0..x.len();
    let mean: f64 = codes().map(|k| y.q[k] * v[k].mass()).sum();
    let mean_error: f64 = codes()
        .map(|k| (y.q[k] * (y.rel_error[k] + 2.0 * w.u() + adding) + y.lost[k]) * v[k].mass() + y.lost[k])
        .sum();
    for (k, slope) in slopes.iter_mut().enumerate() {
        let size = v[k].mass() + mean;
        let error = (1.0 + y.rel_error[k]) * ((y.rel_error[k] + 5.0 * w.u()) * size + mean_error);
        let floor = y.lost[k] * (size + 3.0);
        let [error, mass] = [y.q[k] * error + floor, y.q[k] * size].map(|part| part / tau);
        let range = Range::ANY.part(&y, mass, w);
        *slope += BoundedSum::one(values[k].value(), error, mass).within(range);
    }
    Ok(())
}
