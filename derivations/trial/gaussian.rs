//! Continuous codes with a diagonal covariance: divergence, entropies, sample, and their gradients, by a recipe.
//!
//! ```text
//! D = 1/2 (e^(L - L_p) + (m - m_p)^2 e^(-L_p) - 1 - (L - L_p)),   L = ln s^2       a coordinate
//! ```

use std::f64::consts::PI;

use reference::vocab::Error;

use super::recipe::{Divergence, Noise, Recipe, Slope, Spread};
use super::terms::{Inputs, Row, SILENT, objective};
use crate::dump::{Claim, Gaussian, Input, Parameter, Quantity};
use crate::precision::subject::{Addends, Range};

/// A coordinate of code and prior.
#[derive(Clone, Copy)]
struct Coordinate {
    /// `m`, `m_p`
    means: [f64; 2],
    /// `L`, `L_p`
    logs: [f64; 2],
}

impl Coordinate {
    /// `e^(L - L_p)` and `(m - m_p)^2 e^(-L_p)`.
    fn parts(self) -> [f64; 2] {
        let [[m, m_p], [l, l_p]] = [self.means, self.logs];
        [(l - l_p).exp(), (m - m_p).powi(2) * (-l_p).exp()]
    }

    fn swapped(self) -> Self {
        let [[m, m_p], [l, l_p]] = [self.means, self.logs];
        Self {
            means: [m_p, m],
            logs: [l_p, l],
        }
    }

    fn log_size(self) -> f64 {
        self.logs[0].abs() + self.logs[1].abs()
    }
}

/// `ln s^2` from what is given.
fn log_variance(value: f64, parameter: Parameter) -> f64 {
    match parameter {
        Parameter::LnVariance => value,
        Parameter::LnStd => 2.0 * value,
        Parameter::Variance => value.ln(),
        Parameter::Std => 2.0 * value.ln(),
    }
}

fn log_spread(inputs: &Inputs<'_>, [value, mean]: [f64; 2], spread: Spread, in_sample: bool) -> Result<f64, Error> {
    let value = if spread == Spread::Mean { mean } else { value };
    let log = log_variance(value, inputs.statement.parameter.ok_or(SILENT)?);
    Ok(match (spread, in_sample) {
        (Spread::Doubled, _) | (Spread::DoubledInSample, true) | (Spread::DoubledInDivergence, false) => 2.0 * log,
        (Spread::Halved, _) | (Spread::HalvedInSample, true) | (Spread::HalvedInDivergence, false) => 0.5 * log,
        (Spread::LogSquared, _) => 2.0 * log.abs().ln(),
        _ => log,
    })
}

/// By how much `L` moves by the recipe where the stated one moves by 1.
fn moved(spread: Spread, log: f64, in_sample: bool) -> f64 {
    match (spread, in_sample) {
        (Spread::Doubled, _) | (Spread::DoubledInSample, true) | (Spread::DoubledInDivergence, false) => 2.0,
        (Spread::Halved, _) | (Spread::HalvedInSample, true) | (Spread::HalvedInDivergence, false) => 0.5,
        (Spread::LogSquared, _) => 2.0 / log,
        _ => 1.0,
    }
}

fn coordinates(inputs: &Inputs<'_>, item: &Gaussian, recipe: &Recipe) -> Result<Vec<Coordinate>, Error> {
    let means = item.mean.as_ref().ok_or(SILENT)?;
    let one = |k: usize| {
        let (mean, log) = match &item.prior {
            Some([mean, spread]) => (mean[k], log_spread(inputs, [spread[k], mean[k]], recipe.spread, false)?),
            None => (0.0, 0.0),
        };
        let (mean, log) = match recipe.divergence {
            Divergence::FromStandard => (0.0, 0.0),
            _ => (mean, log),
        };
        Ok(Coordinate {
            means: [means[k], mean],
            logs: [
                log_spread(inputs, [item.spread[k], means[k]], recipe.spread, false)?,
                log,
            ],
        })
    };
    (0..means.len()).map(one).collect()
}

/// Divergence, entropy or cross-entropy, coordinate by coordinate.
pub(super) fn divergence(inputs: &Inputs<'_>, item: &Gaussian, quantity: Quantity, recipe: &Recipe) -> Row {
    let w = inputs.workings;
    let kind = match quantity {
        Quantity::Entropy => Divergence::PriorMissing,
        Quantity::CrossEntropy => Divergence::EntropyMissing,
        _ => recipe.divergence,
    };
    #[expect(clippy::cast_precision_loss, reason = "a number of coordinates")]
    let n = inputs.sizes.coordinates as f64;
    let one = |c: Coordinate| {
        let c = if kind == Divergence::Reverse { c.swapped() } else { c };
        let ([ratio, square], [l, l_p]) = (c.parts(), c.logs);
        if recipe.overflows && ratio.max(square) > w.each.largest() && quantity == Quantity::Kl {
            return Ok(Addends::one(f64::INFINITY, 0.0, 0.0));
        }
        let entropy = 0.5 * ((2.0 * PI).ln() + 1.0 + l);
        let cross = 0.5 * ((2.0 * PI).ln() + l_p + ratio + square);
        let exact = 0.5 * (log_excess(l - l_p) + square);
        let value = match kind {
            Divergence::Forward | Divergence::Reverse | Divergence::FromStandard => exact,
            Divergence::OneMissing => exact + 0.5,
            Divergence::LogAdded => exact + (l - l_p),
            Divergence::NotHalved => 2.0 * exact,
            Divergence::OneOnce => exact + 0.5 - 0.5 / n,
            Divergence::MeanMissing => exact - 0.5 * square,
            Divergence::LogMissing => exact + 0.5 * (l - l_p),
            Divergence::PriorMissing if quantity == Quantity::Entropy => entropy,
            Divergence::PriorMissing => -entropy,
            Divergence::EntropyMissing => cross,
            Divergence::EntropyHalved => cross - 0.5 * entropy,
            Divergence::PriorAdded => -entropy - cross,
            _ => return Err(SILENT),
        };
        let size = 2.0 + ratio + square + c.log_size();
        let off = w.roughness(c.log_size()) + 6.0 * w.u();
        let range = match quantity {
            Quantity::Kl => Range::divergence(size * off, size),
            _ => Range::ANY,
        };
        Ok(Addends::one(value, size * off, size).within(range))
    };
    coordinates(inputs, item, recipe)?.into_iter().map(one).collect()
}

/// `e^d - 1 - d`, which keeps its digits near 0.
fn log_excess(d: f64) -> f64 {
    if d.abs() > 0.5 {
        return d.exp_m1() - d;
    }
    let (mut power, mut sum) = (d, 0.0);
    for n in 2..24 {
        power *= d / f64::from(n);
        sum += power;
    }
    sum
}

fn noise(recipe: &Recipe, g: f64) -> Result<f64, Error> {
    Ok(match recipe.noise {
        Noise::Given => g,
        Noise::Absent => 0.0,
        Noise::Negated => -g,
        Noise::Doubled => 2.0 * g,
        Noise::Halved => 0.5 * g,
        Noise::Truncated | Noise::AfterTemperature => return Err(SILENT),
    })
}

/// `m + s g`.
pub(super) fn sample(inputs: &Inputs<'_>, item: &Gaussian, recipe: &Recipe) -> Row {
    let (w, means) = (inputs.workings, item.mean.as_ref().ok_or(SILENT)?);
    let given = item.noise.as_ref().ok_or(SILENT)?;
    let one = |k: usize| {
        let log = log_spread(inputs, [item.spread[k], means[k]], recipe.spread, true)?;
        let moved = (0.5 * log).exp() * noise(recipe, given[k])?;
        let error = moved.abs() * (w.roughness(log.abs()) + 3.0 * w.u()) + w.u() * means[k].abs();
        Ok(Addends::one(means[k] + moved, error, means[k].abs() + moved.abs()))
    };
    (0..means.len()).map(one).collect()
}

/// The gradient of a claim by mean or spread.
pub(super) fn gradient(inputs: &Inputs<'_>, item: &Gaussian, input: Input, of: &Claim, recipe: &Recipe) -> Row {
    let w = inputs.workings;
    let parameter = inputs.statement.parameter.ok_or(SILENT)?;
    if recipe.spread == Spread::Mean {
        return Err(SILENT);
    }
    let mut weight = objective(of.quantity, recipe, inputs.statement.beta())[1];
    weight *= recipe.divergence_lengths.factor(inputs.sizes);
    if matches!(recipe.slope, Slope::DivergenceDetached | Slope::Detached) {
        weight = 0.0;
    }
    let whole = matches!(of.quantity, Quantity::Elbo | Quantity::Loss)
        && !matches!(recipe.slope, Slope::SampleDetached | Slope::Detached);
    let scale = of.divisor(inputs.sizes) / of.factor();
    let all = coordinates(inputs, item, recipe)?;
    let one = |(k, c): (usize, Coordinate)| {
        let ([ratio, _], [m, m_p]) = (c.parts(), c.means);
        let rough = w.roughness(c.log_size()) + 6.0 * w.u();
        // By m and by L, of a (-H) + b CE.
        let [a, b, times] = match (of.quantity, recipe.divergence) {
            (Quantity::Entropy, _) => [-1.0, 0.0, 1.0],
            (Quantity::CrossEntropy, _) | (_, Divergence::EntropyMissing) => [0.0, 1.0, 1.0],
            (_, Divergence::Forward | Divergence::OneOnce | Divergence::OneMissing | Divergence::FromStandard) => {
                [1.0, 1.0, 1.0]
            }
            (_, Divergence::NotHalved) => [1.0, 1.0, 2.0],
            (_, Divergence::EntropyHalved) => [0.5, 1.0, 1.0],
            (_, Divergence::PriorMissing) => [1.0, 0.0, 1.0],
            (_, Divergence::LogMissing) => [0.0, 1.0, 1.0],
            // Its square is a constant without the mean: 0 by `m`, and by `L` what it was.
            (_, Divergence::MeanMissing) => [1.0, 1.0, 1.0],
            (_, Divergence::LogAdded) => [-1.0, 1.0, 1.0],
            _ => return Err(SILENT),
        };
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
            let has_mean = f64::from(u8::from(recipe.divergence != Divergence::MeanMissing));
            let inverse = has_mean * (-c.logs[1]).exp();
            (b * (m - m_p) * inverse, (m.abs() + m_p.abs()) * inverse)
        } else {
            let times = moved(recipe.spread, stated, false);
            (0.5 * times * (b * ratio - a), 0.5 * times.abs() * (ratio + 1.0))
        };
        let mut sum = Addends::one(slope, size * rough, size).times(times * weight * inner, w.u());
        if whole {
            let v = item.sample_gradient.as_ref().ok_or(SILENT)?[k] * scale;
            let log = log_spread(inputs, [item.spread[k], m], recipe.spread, true)?;
            let by = if input == Input::QMean {
                1.0
            } else {
                let scaled = (0.5 * log).exp() * noise(recipe, item.noise.as_ref().ok_or(SILENT)?[k])?;
                0.5 * inner * moved(recipe.spread, stated, true) * scaled
            };
            let back = v * by;
            sum += Addends::one(back, back.abs() * (w.roughness(log.abs()) + 6.0 * w.u()), back.abs());
        }
        Ok(sum)
    };
    all.into_iter().enumerate().map(one).collect()
}
