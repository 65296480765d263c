//! Computes the gradients of the terms of discrete codes with respect to the logits of encoder and prior.

use bounds::{Arithmetic, BoundedSum, LogSoftmaxRow, Range, Spread};
use reference::logits;
use reference::relaxation::Relaxed;
use reference::vocab::{Error, Nats};

use super::rows::{item, line, noise, normalised, relaxed_row, scores, table, temperature, weighed};
use crate::dump::{Claim, Expectation, Input, Quantity, Tokens};
use crate::hypothesis::{
    Arrangement, Averaged, CodeLogits, Divergence, Hypothesis, Inside, Masked, PriorOf, Slope, Softmax,
};
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
    if !has_gradient(hypothesis) {
        return Err(Absence::NotAffected);
    }
    let (tokens, w) = (item(inputs, at)?, inputs.of_rows());
    let (x, rounded) = scores(inputs, tokens, hypothesis, row)?;
    let x = x.as_slice();
    let inner = match hypothesis.logits {
        CodeLogits::Plain | CodeLogits::Softmaxed => 1.0,
        CodeLogits::Relaxed | CodeLogits::Tempered | CodeLogits::BothTempered => 1.0 / temperature(inputs, hypothesis)?,
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

/// Whether the gradient by a hypothesis is computed here.
fn has_gradient(hypothesis: &Hypothesis) -> bool {
    let logs = [hypothesis.in_log_q, hypothesis.in_log_prior, hypothesis.in_log_ratio];
    let reads_rows = hypothesis.arrangement == Arrangement::AsStated && hypothesis.averaged == Averaged::Nothing;
    let reads_logits = !matches!(hypothesis.logits, CodeLogits::Softmaxed | CodeLogits::BothTempered);
    let is_own = hypothesis.softmax == Softmax::Codes && hypothesis.prior_of == PriorOf::Item;
    reads_rows && reads_logits && is_own && logs == [Inside::Nothing; 3]
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
    let likely = Slopes::new(q, p, [a, b], w);
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
        let lost = q.lost[k] * (size + 3.0);
        BoundedSum::one(value, q.q[k] * error + lost, mass)
            .within(range)
            .spread(likely.spread(k, (f(k) - mean).abs(), lost))
    };
    (0..q.ln.len()).map(slope).collect()
}

/// The likely errors of the slopes `g_k = q_k (f_k - E_q[f])`.
///
/// ```text
/// d g_k = (f_k - E[f]) d q_k + q_k (d f_k - d E[f])
/// ```
///
/// The error that all `ln q` share cancels in `f_k - E[f]`, and moves `E[f]` by its size times `E[f]` and `a`.
struct Slopes<'a> {
    q: &'a LogSoftmaxRow,
    p: &'a LogSoftmaxRow,
    factors: [f64; 2],
    /// Whether the prior is a constant, which moves no gradient: a program adds it to `ln q`, or leaves it out.
    constant: bool,
    /// The mean of [`Self::size`].
    mean_size: f64,
    /// The standard deviation of the mean of `f`, where sums are added in blocks, and in turn.
    mean: [f64; 2],
    /// The variance of a rounding, relative to what is rounded.
    rounding: f64,
}

impl<'a> Slopes<'a> {
    fn new(q: &'a LogSoftmaxRow, p: &'a LogSoftmaxRow, factors: [f64; 2], w: Arithmetic) -> Self {
        let mut slopes = Self {
            q,
            p,
            factors,
            constant: p.likely.is_constant(),
            mean_size: 0.0,
            mean: [0.0; 2],
            rounding: w.u().powi(2) / 3.0,
        };
        let (row, mut variance) = (&q.likely, 0.0);
        for k in (0..q.ln.len()).filter(|k| q.ln[*k] > f64::NEG_INFINITY) {
            let addend = q.q[k] * slopes.size(k);
            slopes.mean_size += addend;
            variance += addend * addend * (row.relative(k).powi(2) + slopes.rounding) * row.repeats;
        }
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let n = q.ln.len() as f64;
        let walk = (w.usual.unit_roundoff() * slopes.mean_size).powi(2) / 3.0 * row.repeats.clamp(1.0, n);
        let added = [2.0 + n.log2() + n / 48.0, n / 3.0].map(|steps| walk * steps);
        slopes.mean = std::array::from_fn(|way| {
            let shared = slopes.mean_size * row.shared[way] + factors[1].abs() * p.likely.shared[way];
            (shared * shared + variance + added[way]).sqrt()
        });
        slopes
    }

    /// The size of the numbers that a program has for `f_k`.
    fn size(&self, k: usize) -> f64 {
        let [a, b] = self.factors;
        let mine = a * self.q.ln[k];
        let theirs = if b == 0.0 { 0.0 } else { b * self.p.ln[k] };
        let apart = if self.constant { 0.0 } else { theirs.abs() };
        a.abs() + (mine - theirs).abs().max(mine.abs() + apart)
    }

    /// The spread of a slope, where `f_k` and its mean are `apart`.
    fn spread(&self, k: usize, apart: f64, lost: f64) -> Spread {
        let (q, [a, b]) = (self.q.q[k], self.factors);
        let (row, prior) = (&self.q.likely, &self.p.likely);
        let size = 1.0 + self.size(k) + self.mean_size;
        let own = (row.relative(k) * apart).powi(2)
            + a * a * row.own[k]
            + b * b * prior.own[k]
            + 4.0 * self.rounding * size * size;
        let shared = std::array::from_fn(|way| q * (apart * row.shared[way] + self.mean[way]));
        let bias = std::array::from_fn(|way| {
            q * ((apart + self.mean_size) * row.bias[way] + b.abs() * prior.bias[way]) + lost
        });
        Spread::new(bias, shared, q * own.sqrt())
    }
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
    // What adding up E_y[v] rounds, relative to its size: in blocks, and in turn.
    #[expect(clippy::cast_precision_loss, reason = "a row's length")]
    let n = x.len() as f64;
    let by_sum = [2.0 + n.log2(), n / 3.0].map(|steps| {
        let repeats = y.likely.repeats.clamp(1.0, n);
        w.usual.unit_roundoff() * (steps * repeats / 3.0).sqrt()
    });
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
        // As `expected_slopes`, with `v` for `f`.
        let likely = &y.likely;
        let own = size * likely.relative(k).hypot(3.0 * w.u());
        let moved = y.q[k] / tau;
        let shared = std::array::from_fn(|way| moved * size * (2.0 * likely.shared[way] + by_sum[way]));
        let spread = Spread::new(
            likely.bias.map(|bias| moved * size * 2.0 * bias + floor / tau),
            shared,
            moved * own,
        );
        *slope += BoundedSum::one(values[k].value(), error, mass)
            .within(range)
            .spread(spread);
    }
    Ok(())
}
