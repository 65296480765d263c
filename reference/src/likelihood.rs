//! The decoder's likelihood of an image: the logit-Laplace density, and the map that brings pixels into its range.

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
    let value = -std::f64::consts::LN_2 - ln_b - ln_x - ln_rest - over_b(distance, ln_b);
    let parts = ln_x.abs() + ln_rest.abs();
    let spread = over_b(parts + mu.abs() + distance * (1.0 + ln_b.abs()), ln_b);
    Ok(Nats::with_mass(value, 1.0 + ln_b.abs() + parts + spread))
}

/// `a / b` from `ln b`: 0 for `a = 0`, and finite where the quotient is, though `b` or `1 / b` is not. In four steps: `b^(1/4)` never is.
fn over_b(a: f64, ln_b: f64) -> f64 {
    // Beyond, every quotient but 0 is infinite, or 0.
    let root = (-ln_b.clamp(-2_000.0, 2_000.0) / 4.0).exp();
    a * root * root * root * root
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
mod tests {
    use super::{log_likelihood, logit_laplace, logit_laplace_gradients, phi};
    use approx::assert_relative_eq;

    #[test]
    fn the_density_integrates_to_one() {
        // Over u = logit x, dx = x (1 - x) du: the integral of a Laplace density. Simpson's rule on both sides of the kink.
        for (mu, ln_b) in [(0.0, 0.0), (1.5, 0.2_f64.ln()), (-2.0, 0.7)] {
            let f = |u: f64| {
                let x = 1.0 / (1.0 + (-u).exp());
                logit_laplace(x, mu, ln_b).expect("inside").value().exp() * x * (1.0 - x)
            };
            let simpson = |from: f64, to: f64| {
                let (n, h) = (20_000, (to - from) / 20_000.0);
                let inner: f64 = (1..n)
                    .map(|i| f(from + h * f64::from(i)) * if i % 2 == 1 { 4.0 } else { 2.0 })
                    .sum();
                (f(from) + inner + f(to)) * h / 3.0
            };
            assert_relative_eq!(
                simpson(mu - 30.0, mu) + simpson(mu, mu + 30.0),
                1.0,
                max_relative = 1e-6
            );
        }
    }

    #[test]
    fn gradients_are_central_differences() {
        let h = 1e-6;
        for (x, mu, ln_b) in [(0.3, 0.5, -0.4), (phi(0.9), -1.0, 0.3), (0.11, 0.0, 0.0)] {
            let f = |mu, ln_b| logit_laplace(x, mu, ln_b).expect("inside").value();
            let [by_mu, by_ln_b] = logit_laplace_gradients(x, mu, ln_b).expect("inside");
            assert_relative_eq!(
                by_mu.value(),
                (f(mu + h, ln_b) - f(mu - h, ln_b)) / (2.0 * h),
                max_relative = 1e-7
            );
            assert_relative_eq!(
                by_ln_b.value(),
                (f(mu, ln_b + h) - f(mu, ln_b - h)) / (2.0 * h),
                max_relative = 1e-7
            );
        }
    }

    #[test]
    fn a_density_may_exceed_one_and_ends_at_zero_and_one() {
        assert!(logit_laplace(0.81, 1.5, 0.2_f64.ln()).expect("inside").value() > 0.0);
        for x in [0.0, 1.0, -0.1, f64::NAN] {
            assert!(logit_laplace(x, 0.0, 0.0).is_err());
        }
        assert!(log_likelihood(&[0.5], &[0.0, 1.0], &[0.0]).is_err());
    }
}
