//! Computes the decoder's log-likelihood of an image, value by value, and its gradients, by a hypothesis.

use std::f64::consts::{LN_2, PI};

use bounds::{Addend, BIAS, Range, Spread};
use reference::likelihood::{self, logit_laplace, logit_laplace_gradients};

use crate::dump::{Decoder, Input, Pixels, Quantity};
use crate::hypothesis::{Hypothesis, Inside, Likelihood, Slope};
use crate::inputs::{Absence, Addends, Inputs, objective};

/// The constant that is commonly added to a scale so that it does not become 0.
const SMALLEST_SCALE: f64 = 1e-6;

/// The log-likelihood of every value of an image, in nats.
pub(super) fn log_likelihood(inputs: &Inputs<'_>, pixels: &Pixels, hypothesis: &Hypothesis) -> Addends {
    let one = |i: usize| match pixels.decoder {
        Decoder::LogitLaplace => laplace(inputs, hypothesis, pixels.x[i], pixels.mu[i], pixels.ln_b[i]),
        Decoder::Normal => normal(inputs, hypothesis, pixels.x[i], pixels.mu[i], pixels.ln_b[i]),
        Decoder::Bernoulli => bernoulli(inputs, hypothesis, pixels.x[i], pixels.mu[i]),
    };
    (0..pixels.x.len()).map(one).collect()
}

/// The log-likelihood of a pixel, whose relative error is at most `off`. Its roundings are at least four, of which none is
/// more than half of all.
fn addend(value: f64, off: f64, mass: f64, inputs: &Inputs<'_>) -> Addend {
    let (bias, half) = (BIAS * 4.0 * inputs.arithmetic.u() * mass, off * mass / 2.0);
    Addend::new(value, off * mass, mass).spread(Spread::new([bias; 2], [0.0; 2], half / 3.0_f64.sqrt()))
}

fn laplace(inputs: &Inputs<'_>, hypothesis: &Hypothesis, x: f64, mu: f64, ln_b: f64) -> Result<Addend, Absence> {
    let nats = logit_laplace(x, mu, ln_b)?;
    let (ln_x, ln_rest) = (x.ln(), (-x).ln_1p());
    let distance = (ln_x - ln_rest - mu).abs() / ln_b.exp();
    let value = match hypothesis.likelihood {
        Likelihood::Density => nats.value(),
        Likelihood::JacobianMissing => nats.value() + ln_x + ln_rest,
        Likelihood::JacobianTwice => nats.value() - ln_x - ln_rest,
        Likelihood::NormaliserMissing => nats.value() + LN_2 + ln_b,
        Likelihood::ConstantMissing => nats.value() + LN_2,
        Likelihood::LogScaleMissing => nats.value() + ln_b,
        Likelihood::PixelSpace => nats.value() + distance - (x - mu).abs() / ln_b.exp(),
        Likelihood::LaplaceOfPixels => {
            -LN_2 - (ln_b.abs() + SMALLEST_SCALE).ln() - (x - mu).abs() / (ln_b.abs() + SMALLEST_SCALE)
        }
        Likelihood::ScaleNotExponentiated if ln_b > 0.0 => {
            nats.value() + distance + ln_b - ln_b.ln() - (ln_x - ln_rest - mu).abs() / ln_b
        }
        _ => return Err(Absence::NotAffected),
    };
    Ok(addend(value, inputs.arithmetic.likelihood(), nats.mass(), inputs))
}

fn normal(inputs: &Inputs<'_>, hypothesis: &Hypothesis, x: f64, mu: f64, ln_s: f64) -> Result<Addend, Absence> {
    let square = 0.5 * ((x - mu) * (-ln_s).exp()).powi(2);
    let constant = 0.5 * (2.0 * PI).ln();
    let value = match hypothesis.likelihood {
        Likelihood::Density => likelihood::normal(x, mu, ln_s)?.value(),
        Likelihood::NormaliserMissing => -square,
        Likelihood::ConstantMissing => -square - ln_s,
        Likelihood::LogScaleMissing => -square - constant,
        Likelihood::NotHalved => -2.0 * square - ln_s - constant,
        Likelihood::SquaredError => -(x - mu).powi(2),
        Likelihood::VarianceForScale => -0.5 * ((x - mu) * (-2.0 * ln_s).exp()).powi(2) - 2.0 * ln_s - constant,
        Likelihood::ScaleNotExponentiated if ln_s > 0.0 => -0.5 * ((x - mu) / ln_s).powi(2) - ln_s.ln() - constant,
        _ => return Err(Absence::NotAffected),
    };
    // In the square of a difference, the error of each part counts twice.
    let parts = 0.5 * ((x.abs() + mu.abs()) * (-ln_s).exp()) * ((x - mu).abs() * (-ln_s).exp()) + square;
    let mass = 2.0 * parts + ln_s.abs() + constant;
    let off = inputs.arithmetic.roughness(2.0 * ln_s.abs()) + inputs.arithmetic.likelihood();
    Ok(addend(value, off, mass, inputs))
}

/// The Bernoulli log-likelihood `x l - ln(1 + e^l)`, where `l` is the logit.
fn bernoulli(inputs: &Inputs<'_>, hypothesis: &Hypothesis, x: f64, logit: f64) -> Result<Addend, Absence> {
    let softplus = logit.max(0.0) + (-logit.abs()).exp().ln_1p();
    let mass = logit.abs() + softplus + 1.0; // The 1 is that of ln(1 + e^-|l|), where log1p is not used.
    let value = match hypothesis.likelihood {
        Likelihood::Density if hypothesis.in_log_likelihood != Inside::Nothing => {
            let ln = |ln: f64| hypothesis.in_log_likelihood.apply(ln);
            x * ln(logit - softplus) + (1.0 - x) * ln(-softplus)
        }
        Likelihood::Density => likelihood::bernoulli(x, logit)?.value(),
        Likelihood::PixelsInverted => likelihood::bernoulli(1.0 - x, logit)?.value(),
        Likelihood::PositivePartOnly => x * (logit - softplus),
        _ => return Err(Absence::NotAffected),
    };
    // A pixel in [0, 1] is a mixture of 0 and 1, whose likelihoods are probabilities, so the logarithm is at most 0.
    let range = match hypothesis.in_log_likelihood {
        Inside::Added(_) => Range::ANY,
        Inside::Nothing | Inside::Floor(_) | Inside::Clamp(_) => Range::negative(inputs.arithmetic),
    };
    Ok(addend(value, inputs.arithmetic.likelihood(), mass, inputs).within(range))
}

/// The gradient of a claim with respect to the decoder's location or scale.
pub(super) fn gradient(
    inputs: &Inputs<'_>,
    pixels: &Pixels,
    input: Input,
    of: Quantity,
    hypothesis: &Hypothesis,
) -> Addends {
    let (w, u) = (inputs.arithmetic, inputs.arithmetic.u());
    let mut weight = objective(of, hypothesis, inputs.statement.beta())[0];
    weight *= hypothesis.reconstruction_lengths.factor(inputs.sizes);
    if hypothesis.slope == Slope::Detached {
        weight = 0.0;
    }
    let one = |i: usize| {
        let (x, mu) = (pixels.x[i], pixels.mu[i]);
        let slope = match pixels.decoder {
            Decoder::LogitLaplace => {
                let ln_b = pixels.ln_b[i];
                let [by_mu, by_ln_b] = logit_laplace_gradients(x, mu, ln_b)?;
                let parts = x.ln().abs() + (-x).ln_1p().abs() + mu.abs();
                let distance = (x.ln() - (-x).ln_1p() - mu).abs();
                if input == Input::LnB {
                    Addend::new(by_ln_b.value(), w.likelihood() * by_ln_b.mass(), by_ln_b.mass())
                } else if distance <= w.likelihood() * parts {
                    // So close to the kink, rounding decides the sign, and either one is right.
                    let scale = (-ln_b).exp();
                    Addend::new(0.0, scale * (1.0 + w.likelihood() * (1.0 + ln_b.abs())), scale)
                } else {
                    Addend::new(by_mu.value(), w.likelihood() * by_mu.mass(), by_mu.mass())
                }
            }
            Decoder::Normal => {
                let [by_mu, by_ln_b] = likelihood::normal_gradients(x, mu, pixels.ln_b[i])?;
                let inverse = (-pixels.ln_b[i]).exp();
                let off = w.roughness(2.0 * pixels.ln_b[i].abs()) + w.likelihood();
                let (difference, size) = ((x - mu) * inverse, (x.abs() + mu.abs()) * inverse);
                if input == Input::LnB {
                    let mass = size * difference.abs() + difference.powi(2) + 1.0;
                    Addend::new(by_ln_b.value(), off * mass, mass)
                } else {
                    Addend::new(by_mu.value(), off * size * inverse, size * inverse)
                }
            }
            Decoder::Bernoulli => {
                let p = 1.0 / (1.0 + (-mu).exp());
                let mass = x + p * (1.0 + mu.abs());
                let slope = likelihood::bernoulli_gradient(x, mu)?;
                Addend::new(slope.value(), w.likelihood() * mass, mass)
            }
        };
        Ok(slope.times(weight, u))
    };
    match (hypothesis.likelihood, hypothesis.in_log_likelihood) {
        (Likelihood::Density, Inside::Nothing) => (0..pixels.x.len()).map(one).collect(),
        // Constants do not move a gradient.
        _ => Err(Absence::NotAffected),
    }
}
