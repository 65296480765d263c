//! The decoder's likelihood of an image, value by value: the logit-Laplace density of DALL-E with the map that brings pixels into its range, and
//! the two that most other models use, the normal density and the Bernoulli probability.

use std::f64::consts::{LN_2, PI};

use crate::special::scaled_by_exponential;
use crate::vocab::{Error, Nats};

/// How far `phi` keeps pixels from 0 and 1.
pub const EPSILON: f64 = 0.1;

/// A pixel in `[0, 1]` into the density's range.
///
/// ```text
/// phi(v) = (1 - 2 epsilon) v + epsilon,   epsilon = 0.1
/// ```
///
/// A density over `phi(v)` is stated over `v` by adding `ln(1 - 2 epsilon)` nats a value.
/// Source: Ramesh et al. 2021, appendix A.3.
#[must_use]
pub fn phi(pixel: f64) -> f64 {
    (1.0 - 2.0 * EPSILON) * pixel + EPSILON
}

/// Logarithm of the logit-Laplace density.
///
/// ```text
/// ln f(x | mu, b) = -ln 2 - ln b - ln x - ln(1 - x) - |logit x - mu| / b
/// ```
///
/// Unit: nats, of a density over `x`: positive values are legal. Limits: defined on `0 < x < 1`; no value exceeds
/// `-ln 2 - ln b - ln x(1 - x)`, which is the one at `mu = logit x`, whatever `b` is; `-inf` where the quotient exceeds the largest number.
/// Mass: `1 + |ln b| + |ln x| + |ln(1 - x)|` and what the distance was made of,
/// `(|ln x| + |ln(1 - x)| + |mu|) / b + |logit x - mu| (1 + |ln b|) / b`.
/// Source: Ramesh et al. 2021, appendix A.3. Twin: `gpu::fused::logit_laplace`.
///
/// # Errors
/// [`Error::Pixel`] for an `x` outside `(0, 1)`, or a `mu` or `ln b` that is not finite.
pub fn logit_laplace(x: f64, mu: f64, ln_b: f64) -> Result<Nats, Error> {
    if !(x > 0.0 && x < 1.0 && mu.is_finite() && ln_b.is_finite()) {
        return Err(Error::Pixel { x, mu, ln_b });
    }
    let (ln_x, ln_rest) = (x.ln(), (-x).ln_1p());
    let distance = (ln_x - ln_rest - mu).abs();
    let value = -LN_2 - ln_b - ln_x - ln_rest - over_b(distance, ln_b);
    let parts = ln_x.abs() + ln_rest.abs();
    let spread = over_b(parts + mu.abs() + distance * (1.0 + ln_b.abs()), ln_b);
    Ok(Nats::with_mass(value, 1.0 + ln_b.abs() + parts + spread))
}

/// `a / b` from `ln b`.
fn over_b(a: f64, ln_b: f64) -> f64 {
    scaled_by_exponential(a, -ln_b)
}

/// Derivatives of [`logit_laplace`] with respect to `mu` and to `ln b`.
///
/// ```text
/// d/dmu = sign(logit x - mu) / b            d/d(ln b) = |logit x - mu| / b - 1
/// ```
///
/// Limits: at the kink `logit x = mu` the first is 0; nearer to it than rounding can tell, its sign is not known and `1/b` is its error.
///
/// # Errors
/// As [`logit_laplace`].
pub fn logit_laplace_gradients(x: f64, mu: f64, ln_b: f64) -> Result<[Nats; 2], Error> {
    let value = logit_laplace(x, mu, ln_b)?;
    let offset = x.ln() - (-x).ln_1p() - mu;
    let sign = if offset == 0.0 { 0.0 } else { offset.signum() };
    Ok([
        Nats::with_mass(over_b(sign, ln_b), over_b(1.0 + ln_b.abs(), ln_b)),
        Nats::with_mass(over_b(offset.abs(), ln_b) - 1.0, value.mass()),
    ])
}

/// Logarithm of the normal density.
///
/// ```text
/// ln N(x | mu, s) = -(x - mu)^2 / (2 s^2) - ln s - 1/2 ln(2 pi)
/// ```
///
/// Unit: nats, of a density over `x`: positive values are legal. Range: at most `-ln s - 1/2 ln(2 pi)`, the value at `x = mu`.
/// Mass: the sizes of the three.
///
/// ```
/// use reference::likelihood::normal;
///
/// // Two standard deviations away: 2 nats below the top.
/// let (top, here) = (normal(1.0, 1.0, 0.0)?, normal(3.0, 1.0, 0.0)?);
/// assert_eq!((top - here).value(), 2.0);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// [`Error::Normal`] for an argument that is not finite.
pub fn normal(x: f64, mu: f64, ln_s: f64) -> Result<Nats, Error> {
    let square = standardised(x, mu, ln_s)?.powi(2);
    Ok(Nats::of(-0.5 * square) - Nats::of(ln_s) - Nats::of(0.5 * (2.0 * PI).ln()))
}

/// Derivatives of [`normal`] with respect to `mu` and to `ln s`.
///
/// ```text
/// d/dmu = (x - mu) / s^2            d/d(ln s) = (x - mu)^2 / s^2 - 1
/// ```
///
/// # Errors
/// As [`normal`].
pub fn normal_gradients(x: f64, mu: f64, ln_s: f64) -> Result<[Nats; 2], Error> {
    let square = standardised(x, mu, ln_s)?.powi(2);
    let by_mu = scaled_by_exponential(x - mu, -2.0 * ln_s);
    Ok([Nats::of(by_mu), Nats::of(square) - Nats::of(1.0)])
}

/// `(x - mu) / s`.
fn standardised(x: f64, mu: f64, ln_s: f64) -> Result<f64, Error> {
    if !(x.is_finite() && mu.is_finite() && ln_s.is_finite()) {
        return Err(Error::Normal { x, mu, ln_s });
    }
    Ok(scaled_by_exponential(x - mu, -ln_s))
}

/// Logarithm of the Bernoulli probability, from its logit.
///
/// ```text
/// x ln p + (1 - x) ln(1 - p) = -x ln(1 + e^(-l)) - (1 - x) ln(1 + e^l),   p = 1 / (1 + e^(-l))
/// ```
///
/// A value between 0 and 1 is taken for a share, as binary cross-entropy takes it: then no probability of anything, but a bound of one.
/// Unit: nats. Range: at most 0, since no term is positive.
///
/// ```
/// use reference::likelihood::bernoulli;
///
/// // A logit of 0 is a fair coin.
/// assert_eq!(bernoulli(1.0, 0.0)?.value(), -std::f64::consts::LN_2);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// [`Error::Bernoulli`] for an `x` outside `[0, 1]`, or a logit that is not finite.
pub fn bernoulli(x: f64, logit: f64) -> Result<Nats, Error> {
    if !((0.0..=1.0).contains(&x) && logit.is_finite()) {
        return Err(Error::Bernoulli { x, logit });
    }
    Ok(Nats::of(-(x * softplus(-logit) + (1.0 - x) * softplus(logit))))
}

/// Derivative of [`bernoulli`] with respect to the logit.
///
/// ```text
/// d/dl = x - p
/// ```
///
/// # Errors
/// As [`bernoulli`].
pub fn bernoulli_gradient(x: f64, logit: f64) -> Result<Nats, Error> {
    bernoulli(x, logit)?;
    // The exponential is of a number that is not positive: it is finite on either side.
    let small = (-logit.abs()).exp();
    let p = if logit < 0.0 { small } else { 1.0 } / (1.0 + small);
    Ok(Nats::of(x) - Nats::of(p))
}

/// `ln(1 + e^l)`.
fn softplus(l: f64) -> f64 {
    l.max(0.0) + (-l.abs()).exp().ln_1p()
}

/// [`logit_laplace`] summed over the values of an image.
///
/// # Errors
/// As [`logit_laplace`]; [`Error::Shape`] when the tables differ in length.
pub fn log_likelihood(x: &[f64], mu: &[f64], ln_b: &[f64]) -> Result<Nats, Error> {
    for (tensor, table) in [("mu", mu), ("ln_b", ln_b)] {
        if table.len() != x.len() {
            return Err(Error::Shape {
                tensor,
                found: vec![table.len()],
                expected: vec![x.len()],
            });
        }
    }
    (0..x.len()).map(|i| logit_laplace(x[i], mu[i], ln_b[i])).sum()
}

#[cfg(test)]
mod tests;
