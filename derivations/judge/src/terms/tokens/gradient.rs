//! Computes the gradients of the terms of discrete codes with respect to the logits of encoder and prior.

use bounds::{Addend, Arithmetic, InRow, LogSoftmaxRow, Range, Spread};
use reference::relaxation::Relaxed;
use reference::vocab::{Error, Nats};

use super::rows::{item, line, noise, relaxed_row, scores, table, temperature, weighed};
use super::{encoder_row, prior_row};
use crate::dump::{Claim, Expectation, Input, Quantity, Tokens};
use crate::hypothesis::{
    Arrangement, Averaged, CodeLogits, Divergence, Hypothesis, Inside, Masked, PriorOf, Slope, Softmax,
};
use crate::inputs::{Absence, Addends, Inputs, objective};

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
) -> Addends {
    if !has_gradient(hypothesis) {
        return Err(Absence::NotAffected);
    }
    let (tokens, w) = (item(inputs, at)?, inputs.of_rows());
    let inner = match hypothesis.logits {
        CodeLogits::Plain | CodeLogits::Softmaxed => 1.0,
        CodeLogits::Relaxed | CodeLogits::Tempered | CodeLogits::BothTempered => 1.0 / temperature(inputs, hypothesis)?,
    };
    let q = encoder_row(inputs, hypothesis, at, row)?;
    // What is wrong with the encoder's logits is not wrong with the prior's.
    let p = prior_row(inputs, &Hypothesis::AS_STATED, at, row)?;
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
    if b != 0.0 && (0..q.ln.len()).any(|k| p.ln[k] == f64::NEG_INFINITY && q.ln[k] > f64::NEG_INFINITY) {
        return Err(Absence::NoValue(Error::Indeterminate {
            line: "the gradient of an infinite divergence",
        }));
    }
    let mut slopes: Vec<Addend> = if input == Input::PriorLogits {
        let sign = if a.is_nan() { f64::NAN } else { b };
        difference(&p, &q, sign * weight, w)
    } else if a.is_nan() {
        // The derivative of D(p || q) is q - p.
        difference(&q, &p, weight, w)
    } else {
        let known = known(averaged, hypothesis.divergence, &q, &p)?;
        expected_slopes(&q, &p, [a, b], (known.as_deref(), weight), w)
    };
    if input == Input::EncoderLogits && matches!(of.quantity, Quantity::Elbo | Quantity::Loss) {
        through_the_sample(inputs, tokens, of, hypothesis, row, &mut slopes)?;
    }
    let undefined = Addend::new(f64::NAN, 0.0, 0.0);
    if matches!(hypothesis.masked, Masked::Entry | Masked::Row) {
        let (x, _) = scores(inputs, tokens, hypothesis, row)?;
        let is_masked = |x: &f64| *x == f64::NEG_INFINITY;
        if hypothesis.masked == Masked::Row && x.iter().any(is_masked) {
            slopes.fill(undefined);
        }
        let masked = slopes.iter_mut().zip(&x).filter(|(_, x)| is_masked(x));
        masked.for_each(|(slope, _)| *slope = undefined);
    }
    if q.q.iter().any(|q| q.is_nan()) {
        slopes.fill(undefined); // It overflowed.
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
fn difference(of: &LogSoftmaxRow, less: &LogSoftmaxRow, weight: f64, w: Arithmetic) -> Vec<Addend> {
    let [of_row, less_row] = [of, less].map(|row| (row, InRow::of(row, w)));
    let slope = |k: usize| {
        let less = weighed(less_row, k, less.q[k], 1.0, w).times(-1.0, 0.0);
        weighed(of_row, k, of.q[k], 1.0, w).plus(less, w).times(weight, w.u())
    };
    (0..of.q.len()).map(slope).collect()
}

/// The gradient with respect to the logits of the encoder that the reference computes, where it has such a function.
fn known(
    quantity: Expectation,
    divergence: Divergence,
    q: &LogSoftmaxRow,
    prior: &LogSoftmaxRow,
) -> Result<Option<Vec<Nats>>, Absence> {
    let Some(softmax) = &q.softmax else { return Ok(None) };
    Ok(match (quantity, divergence, &prior.softmax) {
        (Expectation::Entropy, ..) => Some(softmax.entropy_gradient()),
        (Expectation::CrossEntropy, _, Some(prior)) => Some(softmax.cross_entropy_gradient(prior)?),
        (Expectation::CrossEntropy, ..) => None,
        (Expectation::Kl, Divergence::Forward, None) => Some(softmax.kl_to_uniform_gradient()),
        (Expectation::Kl, Divergence::Forward, Some(prior)) => Some(softmax.kl_divergence_gradient(prior)?),
        _ => None,
    })
}

/// `q_k (f_k - E_q[f])`, with the value of the reference where it has one, times a weight.
fn expected_slopes(
    q: &LogSoftmaxRow,
    p: &LogSoftmaxRow,
    factors: [f64; 2],
    (known, weight): (Option<&[Nats]>, f64),
    w: Arithmetic,
) -> Vec<Addend> {
    let likely = Slopes::new(q, p, factors, w);
    let in_row = InRow::of(q, w);
    let slope = |k: usize| {
        if q.ln[k] == f64::NEG_INFINITY {
            return Addend::ZERO;
        }
        let apart = likely.f(k) - likely.mean_f;
        let value = known.map_or_else(|| q.q[k] * apart, |known| known[k].value());
        let size = likely.separate_size(k) + likely.mean_separate_size;
        let off = likely.off(k) + likely.mean_off;
        let error = (1.0 + q.rel_error[k]) * ((q.rel_error[k] + 5.0 * w.u()) * size + off);
        let mass = q.q[k] * size;
        // Near 0, two products and their difference are rounded to subnormal numbers, too.
        let lost = q.lost[k] * (size + 3.0);
        Addend::new(value, q.q[k] * error + lost, mass)
            .within(Range::ANY.part(in_row, mass))
            .spread(likely.spread(k, apart.abs(), lost))
            .times(weight, w.u())
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
    /// The mean of `f`.
    mean_f: f64,
    /// The mean of [`Self::separate_size`], and how far the computed mean of `f` may be off.
    mean_separate_size: f64,
    mean_off: f64,
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
            mean_f: 0.0,
            mean_separate_size: 0.0,
            mean_off: 0.0,
            mean_size: 0.0,
            mean: [0.0; 2],
            rounding: w.u().powi(2) / 3.0,
        };
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let n = q.ln.len() as f64;
        let codes = || (0..q.ln.len()).filter(|k| q.ln[*k] > f64::NEG_INFINITY);
        slopes.mean_f = codes().map(|k| Nats::of(q.q[k] * slopes.f(k))).sum::<Nats>().value();
        let (row, mut variance, roundings) = (&q.likely, 0.0, 2.0 * w.u() + w.adding(n));
        for k in codes() {
            let (separate, addend) = (slopes.separate_size(k), q.q[k] * slopes.size(k));
            slopes.mean_separate_size += q.q[k] * separate;
            slopes.mean_off +=
                q.q[k] * ((q.rel_error[k] + roundings) * separate + slopes.off(k)) + q.lost[k] * (separate + 1.0);
            slopes.mean_size += addend;
            variance += addend * addend * (row.relative_variance(k) + slopes.rounding) * row.repeats;
        }
        let walk = (w.usual.unit_roundoff() * slopes.mean_size).powi(2) / 3.0 * row.repeats.clamp(1.0, n);
        let added = [2.0 + n.log2() + n / 48.0, n / 3.0].map(|steps| walk * steps);
        slopes.mean = std::array::from_fn(|way| {
            let shared = slopes.mean_size * row.shared[way] + factors[1].abs() * p.likely.shared[way];
            (shared * shared + variance + added[way]).sqrt()
        });
        slopes
    }

    /// `b ln p_k`, which a `b` of 0 leaves out.
    fn theirs(&self, k: usize) -> f64 {
        let b = self.factors[1];
        if b == 0.0 { 0.0 } else { b * self.p.ln[k] }
    }

    /// `f_k`.
    fn f(&self, k: usize) -> f64 {
        self.factors[0] * self.q.ln[k] - self.theirs(k)
    }

    /// How far the computed `f_k` may be off.
    fn off(&self, k: usize) -> f64 {
        let [a, b] = self.factors;
        a.abs() * self.q.abs_error[k] + b.abs() * self.p.abs_error[k]
    }

    /// The size of `f_k + 1` where each of its parts counts.
    fn separate_size(&self, k: usize) -> f64 {
        1.0 + (self.factors[0] * self.q.ln[k]).abs() + self.theirs(k).abs()
    }

    /// The size of the numbers that a program has for `f_k`.
    fn size(&self, k: usize) -> f64 {
        let a = self.factors[0];
        let (mine, theirs) = (a * self.q.ln[k], self.theirs(k));
        let apart = if self.constant { 0.0 } else { theirs.abs() };
        a.abs() + (mine - theirs).abs().max(mine.abs() + apart)
    }

    /// The spread of a slope, where `f_k` and its mean are `apart`.
    fn spread(&self, k: usize, apart: f64, lost: f64) -> Spread {
        let (q, [a, b]) = (self.q.q[k], self.factors);
        let (row, prior) = (&self.q.likely, &self.p.likely);
        let size = 1.0 + self.size(k) + self.mean_size;
        let own = row.relative_variance(k) * apart * apart
            + a * a * row.own[k]
            + b * b * prior.own[k]
            + 4.0 * self.rounding * size * size;
        let shared = |way: usize| q * (apart * row.shared[way] + self.mean[way]);
        let bias = |way: usize| q * ((apart + self.mean_size) * row.bias[way] + b.abs() * prior.bias[way]) + lost;
        Spread::weighted([bias(0), bias(1)], [shared(0), shared(1)], q, own)
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
    slopes: &mut [Addend],
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
    let relaxed = Relaxed::new(&x, &noise(inputs, tokens, hypothesis, row)?, tau)?;
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
    let in_row = InRow::of(&y, w);
    for (k, slope) in slopes.iter_mut().enumerate() {
        let size = v[k].mass() + mean;
        let error = (1.0 + y.rel_error[k]) * ((y.rel_error[k] + 5.0 * w.u()) * size + mean_error);
        let floor = y.lost[k] * (size + 3.0);
        let [error, mass] = [y.q[k] * error + floor, y.q[k] * size].map(|part| part / tau);
        let range = Range::ANY.part(in_row, mass);
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
        let through = Addend::new(values[k].value(), error, mass).within(range).spread(spread);
        *slope = slope.plus(through, w);
    }
    Ok(())
}
