//! The decoder's likelihood of an image, value by value.
//!
//! DALL-E has the logit-Laplace density, with a map that brings pixels into its range. Most other models have the
//! normal density or the Bernoulli probability.

use std::f64::consts::{LN_2, PI};

use crate::special::scaled_by_exponential;
use crate::vocab::{Error, Nats};

/// The distance that [`phi`] keeps pixels from 0 and from 1, where the logit-Laplace density has no value.
pub const EPSILON: f64 = 0.1;

/// Maps a pixel in `[0, 1]` into the range of the logit-Laplace density.
///
/// ```text
/// phi(v) = (1 - 2 epsilon) v + epsilon,   epsilon = 0.1
/// ```
///
/// A density over `phi(v)` becomes one over `v` by adding `ln(1 - 2 epsilon)` nats for each value.
/// Range: `[0.1, 0.9]`. Source: Ramesh et al. 2021, appendix A.3.
///
/// ```
/// use reference::likelihood::phi;
///
/// // Black moves to 1/10, and the middle stays where it is.
/// assert_eq!(phi(0.0), 0.1);
/// assert_eq!(phi(0.5), 0.5);
/// ```
#[must_use]
pub fn phi(pixel: f64) -> f64 {
    (1.0 - 2.0 * EPSILON) * pixel + EPSILON
}

/// The logarithm of the logit-Laplace density: that of a number in `(0, 1)` whose logit has a Laplace distribution.
///
/// ```text
/// ln f(x | mu, b) = -ln 2 - ln b - ln x - ln(1 - x) - |logit x - mu| / b
/// ```
///
/// Unit: nats, of a density over `x`: positive values are legal. Limits: it is defined on `0 < x < 1`, and `-inf` where
/// the quotient exceeds the largest number. Range: at most `-ln 2 - ln b - ln x(1 - x)`, the value at `mu = logit x`.
/// Mass: `1 + |ln b| + |ln x| + |ln(1 - x)|` and what the distance was made of,
/// `(|ln x| + |ln(1 - x)| + |mu|) / b + |logit x - mu| (1 + |ln b|) / b`.
/// Source: Ramesh et al. 2021, appendix A.3. Twin: `gpu::fused::logit_laplace`.
///
/// ```
/// use reference::likelihood::logit_laplace;
///
/// // In the middle, at b = 1: 1 / (2 1/2 1/2) = 2.
/// assert!((logit_laplace(0.5, 0.0, 0.0)?.value() - 2.0_f64.ln()).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
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

/// The quotient `a / b`, from `ln b`.
fn over_b(a: f64, ln_b: f64) -> f64 {
    scaled_by_exponential(a, -ln_b)
}

/// Derivatives of [`logit_laplace`] with respect to `mu` and to `ln b`.
///
/// ```text
/// d/dmu = sign(logit x - mu) / b            d/d(ln b) = |logit x - mu| / b - 1
/// ```
///
/// Limits: at the kink `logit x = mu` the first is 0. Nearer to the kink than rounding can tell, its sign is not known,
/// and its error may be as large as `1/b`.
///
/// ```
/// use reference::likelihood::logit_laplace_gradients;
///
/// // The logit 0 lies 2 above mu, at b = 1: the slopes are 1 and 2 - 1.
/// let [by_mu, by_ln_b] = logit_laplace_gradients(0.5, -2.0, 0.0)?;
/// assert!((by_mu.value() - 1.0).abs() < 1e-15 && (by_ln_b.value() - 1.0).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
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

/// The logarithm of the normal density of a mean `mu` and a standard deviation `s`.
///
/// ```text
/// ln N(x | mu, s) = -(x - mu)^2 / (2 s^2) - ln s - 1/2 ln(2 pi)
/// ```
///
/// Unit: nats, of a density over `x`: positive values are legal. Range: at most `-ln s - 1/2 ln(2 pi)`, the value at
/// `x = mu`.
/// Mass: the sizes of the three terms.
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
/// ```
/// use reference::likelihood::normal_gradients;
///
/// // Two standard deviations of size 1 away: 2 and 4 - 1.
/// let [by_mu, by_ln_s] = normal_gradients(3.0, 1.0, 0.0)?;
/// assert_eq!((by_mu.value(), by_ln_s.value()), (2.0, 3.0));
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// As [`normal`].
pub fn normal_gradients(x: f64, mu: f64, ln_s: f64) -> Result<[Nats; 2], Error> {
    let square = standardised(x, mu, ln_s)?.powi(2);
    let by_mu = scaled_by_exponential(x - mu, -2.0 * ln_s);
    Ok([Nats::of(by_mu), Nats::of(square) - Nats::of(1.0)])
}

/// The standardised distance `(x - mu) / s`.
fn standardised(x: f64, mu: f64, ln_s: f64) -> Result<f64, Error> {
    if !(x.is_finite() && mu.is_finite() && ln_s.is_finite()) {
        return Err(Error::Normal { x, mu, ln_s });
    }
    Ok(scaled_by_exponential(x - mu, -ln_s))
}

/// The logarithm of the Bernoulli probability of `x`, from the logit of the probability of 1.
///
/// ```text
/// x ln p + (1 - x) ln(1 - p) = -x ln(1 + e^(-l)) - (1 - x) ln(1 + e^l),   p = 1 / (1 + e^(-l))
/// ```
///
/// An `x` between 0 and 1 is taken for a share, as binary cross-entropy takes it. The result is then no
/// log-probability.
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
/// ```
/// use reference::likelihood::bernoulli_gradient;
///
/// // Under a fair coin p is 1/2.
/// assert_eq!(bernoulli_gradient(1.0, 0.0)?.value(), 0.5);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// As [`bernoulli`].
pub fn bernoulli_gradient(x: f64, logit: f64) -> Result<Nats, Error> {
    bernoulli(x, logit)?;
    // The exponential is that of a number that is not positive, so that it is finite for either sign of the logit.
    let small = (-logit.abs()).exp();
    let p = if logit < 0.0 { small } else { 1.0 } / (1.0 + small);
    Ok(Nats::of(x) - Nats::of(p))
}

/// The softplus function, `ln(1 + e^l)`.
fn softplus(l: f64) -> f64 {
    l.max(0.0) + (-l.abs()).exp().ln_1p()
}

/// The log-likelihood of an image: [`logit_laplace`] summed over its values.
///
/// ```text
/// sum_i ln f(x_i | mu_i, b_i)
/// ```
///
/// Shapes: `x`, `mu` and `ln_b` are `[N]`, one entry for each value. Unit: nats, of a density over all values.
///
/// ```
/// use reference::likelihood::log_likelihood;
///
/// // Two values of density 2 each.
/// let ln_p = log_likelihood(&[0.5; 2], &[0.0; 2], &[0.0; 2])?;
/// assert!((ln_p.value() - 4.0_f64.ln()).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
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
