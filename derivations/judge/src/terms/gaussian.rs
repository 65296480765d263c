//! Computes the terms of continuous codes with a diagonal covariance by a hypothesis: the divergence, the entropies,
//! the sample, and their gradients.

use std::f64::consts::PI;

use bounds::{Addend, Range};
use reference::diagonal::{self, Normal};
use reference::vocab::{Error, Nats};

use crate::dump::{Claim, Expectation, Gaussian, Input, Item, Parameter, Quantity};
use crate::hypothesis::{AddedToSpread, Divergence, EntropyConstant, Hypothesis, Noise, Slope, Spread};
use crate::inputs::{Absence, Addends, Inputs, objective, prior_item};

/// The normal distributions of one coordinate: `q` of the code and `p` of its prior.
#[derive(Clone, Copy)]
struct Coordinate {
    q: Normal,
    p: Normal,
}

impl Coordinate {
    const fn swapped(self) -> Self {
        Self { q: self.p, p: self.q }
    }

    fn log_size(self) -> f64 {
        self.q.ln_variance().abs() + self.p.ln_variance().abs()
    }
}

/// A number that is not defined.
const UNDEFINED: Addend = Addend::new(f64::NAN, 0.0, 0.0);

/// A number of two normal distributions, in nats. It is NaN where it has no value, for example for two point masses.
fn value(nats: Result<Nats, Error>) -> f64 {
    nats.map_or(f64::NAN, Nats::value)
}

/// `ln s^2` from a spread in its parameterisation.
fn log_variance(value: f64, parameter: Parameter) -> f64 {
    match parameter {
        Parameter::LnVariance => value,
        Parameter::LnStd => 2.0 * value,
        Parameter::Variance => value.ln(),
        Parameter::Std => 2.0 * value.ln(),
    }
}

/// The hypothesis' `L = ln s^2` for a stated spread.
fn log_spread(
    inputs: &Inputs<'_>,
    [value, mean]: [f64; 2],
    hypothesis: &Hypothesis,
    in_sample: bool,
) -> Result<f64, Absence> {
    let spread = hypothesis.spread;
    let value = if spread == Spread::Mean { mean } else { value };
    let log = log_variance(value, inputs.statement.parameter.ok_or(Absence::NotAffected)?);
    let log = match (spread, in_sample) {
        (Spread::Doubled, _) | (Spread::DoubledInSample, true) | (Spread::DoubledInDivergence, false) => 2.0 * log,
        (Spread::Halved, _) | (Spread::HalvedInSample, true) | (Spread::HalvedInDivergence, false) => 0.5 * log,
        (Spread::LogSquared, _) => 2.0 * log.abs().ln(),
        _ => log,
    };
    let log = match hypothesis.added_to_spread {
        AddedToSpread::Nothing => log,
        AddedToSpread::ToDeviation(constant) => 2.0 * ((0.5 * log).exp() + constant).ln(),
        AddedToSpread::ToVariance(constant) => (log.exp() + constant).ln(),
    };
    let [least, most] = hypothesis.log_variance_limits;
    Ok(log.max(least).min(most))
}

/// The derivative of the hypothesis' `L = ln s^2` with respect to the stated one.
fn moved(hypothesis: &Hypothesis, log: f64, in_sample: bool) -> f64 {
    let [least, most] = hypothesis.log_variance_limits;
    if !(least..=most).contains(&log) {
        return 0.0;
    }
    let spread = match (hypothesis.spread, in_sample) {
        (Spread::Doubled, _) | (Spread::DoubledInSample, true) | (Spread::DoubledInDivergence, false) => 2.0,
        (Spread::Halved, _) | (Spread::HalvedInSample, true) | (Spread::HalvedInDivergence, false) => 0.5,
        (Spread::LogSquared, _) => 2.0 / log,
        _ => 1.0,
    };
    spread
        * match hypothesis.added_to_spread {
            AddedToSpread::Nothing => 1.0,
            AddedToSpread::ToDeviation(constant) => 1.0 / (1.0 + constant * (-0.5 * log).exp()),
            AddedToSpread::ToVariance(constant) => 1.0 / (1.0 + constant * (-log).exp()),
        }
}

/// The coordinates of code and prior. A coordinate is absent where the number that the hypothesis takes for a spread
/// has no logarithm.
fn coordinates(
    inputs: &Inputs<'_>,
    item: &Gaussian,
    hypothesis: &Hypothesis,
) -> Result<Vec<Option<Coordinate>>, Absence> {
    let means = item.mean.as_ref().ok_or(Absence::NotAffected)?;
    let normal = |[spread, mean]: [f64; 2], hypothesis: &Hypothesis| -> Result<Option<Normal>, Absence> {
        let log = log_spread(inputs, [spread, mean], hypothesis, false)?;
        Ok(Normal::new(mean, log).ok())
    };
    // A constant that keeps a spread from 0 belongs to the encoder.
    let plain = Hypothesis {
        spread: hypothesis.spread,
        ..Hypothesis::AS_STATED
    };
    let prior = match prior_item(inputs, hypothesis) {
        Some(Item::Gaussian(first)) => &first.prior,
        _ => &item.prior,
    };
    let one = |k: usize| {
        let p = match prior {
            Some([mean, spread]) if hypothesis.divergence == Divergence::PriorMeanMissing => {
                normal([spread[k], mean[k]], &plain)?.and_then(|p| Normal::new(0.0, p.ln_variance()).ok())
            }
            Some([mean, spread]) if hypothesis.divergence != Divergence::FromStandard => {
                normal([spread[k], mean[k]], &plain)?
            }
            _ => Some(Normal::STANDARD),
        };
        let q = normal([item.spread[k], means[k]], hypothesis)?;
        Ok(q.zip(p).map(|(q, p)| Coordinate { q, p }))
    };
    (0..means.len()).map(one).collect()
}

/// The divergence, entropy or cross-entropy of each coordinate.
pub(super) fn divergence(
    inputs: &Inputs<'_>,
    item: &Gaussian,
    quantity: Expectation,
    hypothesis: &Hypothesis,
) -> Addends {
    let w = inputs.arithmetic;
    let kind = match quantity {
        Expectation::Entropy => Divergence::PriorMissing,
        Expectation::CrossEntropy => Divergence::EntropyMissing,
        Expectation::Kl => hypothesis.divergence,
    };
    #[expect(clippy::cast_precision_loss, reason = "a number of coordinates")]
    let n = inputs.sizes.coordinates as f64;
    let one = |c: Option<Coordinate>| {
        let Some(c) = c else { return Ok(UNDEFINED) };
        let c = if kind == Divergence::Reverse { c.swapped() } else { c };
        let (ratio, square) = (c.q.variance_ratio(c.p), c.q.squared_distance(c.p));
        let log_ratio = c.q.ln_variance() - c.p.ln_variance();
        if hypothesis.overflows && ratio.max(square) > w.each.largest() && quantity == Expectation::Kl {
            return Ok(Addend::new(f64::INFINITY, 0.0, 0.0));
        }
        let entropy = || diagonal::entropy(c.q).value();
        let cross = || value(diagonal::cross_entropy(c.q, c.p));
        let exact = || value(diagonal::kl_divergence(c.q, c.p));
        let value = match kind {
            Divergence::Forward | Divergence::Reverse | Divergence::FromStandard => exact(),
            Divergence::PriorMeanMissing => exact(),
            Divergence::OneMissing => exact() + 0.5,
            Divergence::LogAdded => exact() + log_ratio,
            Divergence::NotHalved => 2.0 * exact(),
            Divergence::OneOnce => exact() + 0.5 - 0.5 / n,
            Divergence::MeanMissing => exact() - 0.5 * square,
            Divergence::LogMissing => exact() + 0.5 * log_ratio,
            Divergence::PriorMissing if quantity == Expectation::Entropy => entropy(),
            Divergence::PriorMissing => -entropy(),
            Divergence::EntropyMissing => cross(),
            Divergence::EntropyHalved => cross() - 0.5 * entropy(),
            Divergence::PriorAdded => -entropy() - cross(),
            _ => return Err(Absence::NotAffected),
        };
        let constant = match (hypothesis.entropy_constant, quantity) {
            (EntropyConstant::Missing, Expectation::Entropy) => 0.5 * (2.0 * PI).ln() + 0.5,
            (EntropyConstant::Missing, Expectation::CrossEntropy) => 0.5 * (2.0 * PI).ln(),
            _ => 0.0,
        };
        let value = value - constant;
        let size = 2.0 + ratio + square + c.log_size();
        let off = w.roughness(c.log_size()) + 6.0 * w.u();
        let range = match quantity {
            Expectation::Kl => Range::divergence(size * off, size),
            Expectation::Entropy | Expectation::CrossEntropy => Range::ANY,
        };
        Ok(Addend::new(value, size * off, size).within(range))
    };
    coordinates(inputs, item, hypothesis)?.into_iter().map(one).collect()
}

fn noise(hypothesis: &Hypothesis, g: f64) -> Result<f64, Absence> {
    Ok(match hypothesis.noise {
        Noise::Given => g,
        Noise::Absent => 0.0,
        Noise::Negated => -g,
        Noise::Doubled => 2.0 * g,
        Noise::Halved => 0.5 * g,
        Noise::Truncated | Noise::AfterTemperature => return Err(Absence::NotAffected),
    })
}

/// The sample `m + s g` of each coordinate.
pub(super) fn sample(inputs: &Inputs<'_>, item: &Gaussian, hypothesis: &Hypothesis) -> Addends {
    let (w, means) = (inputs.arithmetic, item.mean.as_ref().ok_or(Absence::NotAffected)?);
    let given = item.noise.as_ref().ok_or(Absence::NotAffected)?;
    let one = |k: usize| {
        let log = log_spread(inputs, [item.spread[k], means[k]], hypothesis, true)?;
        let Ok(q) = Normal::new(means[k], log) else {
            return Ok(UNDEFINED);
        };
        let noise = noise(hypothesis, given[k])?;
        let moved = 2.0 * q.sample_slope(noise).abs();
        let error = moved * (w.roughness(log.abs()) + 3.0 * w.u()) + w.u() * means[k].abs();
        Ok(Addend::new(q.sample(noise), error, means[k].abs() + moved))
    };
    (0..means.len()).map(one).collect()
}

/// The factors `a`, `b` and `c` of `c (a (-H) + b CE)`, the quantity whose derivatives are taken.
const fn parts(quantity: Expectation, divergence: Divergence) -> Result<[f64; 3], Absence> {
    Ok(match (quantity, divergence) {
        (Expectation::Entropy, _) => [-1.0, 0.0, 1.0],
        (Expectation::CrossEntropy, _) | (Expectation::Kl, Divergence::EntropyMissing) => [0.0, 1.0, 1.0],
        (
            Expectation::Kl,
            Divergence::Forward
            | Divergence::OneOnce
            | Divergence::OneMissing
            | Divergence::FromStandard
            | Divergence::PriorMeanMissing,
        ) => [1.0, 1.0, 1.0],
        (Expectation::Kl, Divergence::NotHalved) => [1.0, 1.0, 2.0],
        (Expectation::Kl, Divergence::EntropyHalved) => [0.5, 1.0, 1.0],
        (Expectation::Kl, Divergence::PriorMissing) => [1.0, 0.0, 1.0],
        (Expectation::Kl, Divergence::LogMissing) => [0.0, 1.0, 1.0],
        // Without the mean, the derivative with respect to `m` is 0, and the one with respect to `L` stays the same.
        (Expectation::Kl, Divergence::MeanMissing) => [1.0, 1.0, 1.0],
        (Expectation::Kl, Divergence::LogAdded) => [-1.0, 1.0, 1.0],
        _ => return Err(Absence::NotAffected),
    })
}

/// The gradient of a claim with respect to the mean or the spread.
pub(super) fn gradient(
    inputs: &Inputs<'_>,
    item: &Gaussian,
    input: Input,
    of: &Claim,
    hypothesis: &Hypothesis,
) -> Addends {
    let w = inputs.arithmetic;
    let parameter = inputs.statement.parameter.ok_or(Absence::NotAffected)?;
    if hypothesis.spread == Spread::Mean {
        return Err(Absence::NotAffected);
    }
    let averaged = of.quantity.expectation().ok_or(Absence::NotAffected)?;
    let mut weight = objective(of.quantity, hypothesis, inputs.statement.beta())[1];
    weight *= hypothesis.divergence_lengths.factor(inputs.sizes);
    if matches!(hypothesis.slope, Slope::DivergenceDetached | Slope::Detached) {
        weight = 0.0;
    }
    let whole = matches!(of.quantity, Quantity::Elbo | Quantity::Loss)
        && !matches!(hypothesis.slope, Slope::SampleDetached | Slope::Detached);
    let scale = of.divisor(inputs.sizes) / of.factor();
    let all = coordinates(inputs, item, hypothesis)?;
    let one = |(k, c): (usize, Option<Coordinate>)| {
        let Some(c) = c else { return Ok(UNDEFINED) };
        let rough = w.roughness(c.log_size()) + 6.0 * w.u();
        let [a, b, times] = parts(averaged, hypothesis.divergence)?;
        // dL / d(what is given)
        let inner = match parameter {
            _ if input == Input::QMean => 1.0,
            Parameter::LnVariance => 1.0,
            Parameter::LnStd => 2.0,
            Parameter::Variance => 1.0 / item.spread[k],
            Parameter::Std => 2.0 / item.spread[k],
        };
        let stated = log_variance(item.spread[k], parameter);
        let (slope, size) = if input == Input::QMean {
            let has_mean = f64::from(u8::from(hypothesis.divergence != Divergence::MeanMissing));
            let inverse = has_mean * (-c.p.ln_variance()).exp();
            let slope = has_mean * diagonal::cross_entropy_slopes(c.q, c.p).by_mean.value();
            (b * slope, (c.q.mean().abs() + c.p.mean().abs()) * inverse)
        } else {
            let times = moved(hypothesis, stated, false);
            // The two are computed together, which loses no digits where they nearly cancel.
            let slope = if a.to_bits() == b.to_bits() {
                b * diagonal::kl_divergence_slopes(c.q, c.p).by_ln_variance.value()
            } else {
                let cross = diagonal::cross_entropy_slopes(c.q, c.p).by_ln_variance.value();
                b * cross - a * diagonal::entropy_slopes().by_ln_variance.value()
            };
            (times * slope, 0.5 * times.abs() * (c.q.variance_ratio(c.p) + 1.0))
        };
        let mut sum = Addend::new(slope, size * rough, size).times(times * weight * inner, w.u());
        if whole {
            let v = item.sample_gradient.as_ref().ok_or(Absence::NotAffected)?[k] * scale;
            let log = log_spread(inputs, [item.spread[k], c.q.mean()], hypothesis, true)?;
            let by = if input == Input::QMean {
                1.0
            } else {
                let noise = noise(hypothesis, item.noise.as_ref().ok_or(Absence::NotAffected)?[k])?;
                inner * moved(hypothesis, stated, true) * Normal::new(c.q.mean(), log)?.sample_slope(noise)
            };
            let back = v * by;
            let error = back.abs() * (w.roughness(log.abs()) + 6.0 * w.u());
            sum = sum.plus(Addend::new(back, error, back.abs()), w);
        }
        Ok(sum)
    };
    all.into_iter().enumerate().map(one).collect()
}
