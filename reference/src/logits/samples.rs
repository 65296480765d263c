//! The importance-weighted bound, from the log-weights of samples.

use super::softmax::Softmax;
use crate::vocab::{Error, Nats};

/// The logarithm of the mean of weights given by their logarithms.
///
/// ```text
/// ln (1/N) sum_i e^(x_i) = max x + ln s - ln N
/// ```
///
/// With `x_i = ln p(x,y,z_i) - ln q(z_i|x)` and `z_i ~ q(z|x)` its expectation is the importance-weighted bound. That
/// bound lies between the bound of Eq. 6, which is `N = 1`, and `ln p(x,y)`, which is its limit. Inside the logarithm
/// stands the expectation of Eq. 5, as a mean of samples.
///
/// Shapes: `x` is `[N]`. Unit: nats. Limits: an entry of `-inf` is a sample of weight 0; the result is `-inf` where all
/// are.
/// Range: from the mean of `x` to its largest entry. Mass: `|max x| + ln s + ln N + 1` and the mean exponent.
/// Source: Burda et al. 2015. Twin: `gpu::fused::log_mean_exp`.
///
/// ```
/// use reference::logits::log_mean_exp;
///
/// // Weights 1 and 3 have the mean 2.
/// assert!((log_mean_exp(&[0.0, 3.0_f64.ln()])?.value() - 2.0_f64.ln()).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// [`Error::Empty`], [`Error::Entry`] (NaN or `+inf`).
pub fn log_mean_exp(x: &[f64]) -> Result<Nats, Error> {
    let q = match Softmax::new("log_weights", x) {
        Err(Error::Sum { .. }) => return Ok(Nats::NEG_INFINITY),
        q => q?,
    };
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    #[expect(clippy::cast_precision_loss, reason = "a count of samples")]
    let ln_n = (x.len() as f64).ln();
    let mass = max.abs() + q.ln_s + ln_n + 1.0 + q.depth();
    Ok(Nats::with_mass(max + (q.ln_s - ln_n), mass))
}

/// Gradient of [`log_mean_exp`]: the normalised weights.
///
/// ```text
/// d/dx_i = e^(x_i) / sum_j e^(x_j)
/// ```
///
/// Shapes: `x` and the gradient are `[N]`. Range: `[0, 1]`, and the sum is 1.
///
/// ```
/// use reference::logits::log_mean_exp_gradient;
///
/// // Of weights 1 and 3 the first has a quarter.
/// assert!((log_mean_exp_gradient(&[0.0, 3.0_f64.ln()])?[0].value() - 0.25).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// As [`Softmax::new`]: where every weight is 0 there is no gradient.
pub fn log_mean_exp_gradient(x: &[f64]) -> Result<Vec<Nats>, Error> {
    let q = Softmax::new("log_weights", x)?;
    Ok(q.weighted(|_| 1.0, q.depth(), 0.0))
}

#[cfg(test)]
mod tests {
    use super::{log_mean_exp, log_mean_exp_gradient};
    use approx::assert_relative_eq;

    #[test]
    fn by_hand() {
        // Weights 1/2, 1/4, 0, 1/4: mean 1/4, shares 1/2, 1/4, 0, 1/4; shifted by 700 they would overflow.
        let x = [0.5_f64.ln(), 0.25_f64.ln(), f64::NEG_INFINITY, 0.25_f64.ln()];
        assert_relative_eq!(
            log_mean_exp(&x).expect("a mean").value(),
            0.25_f64.ln(),
            max_relative = 1e-15
        );
        let shifted = x.map(|x| x + 800.0);
        assert_relative_eq!(
            log_mean_exp(&shifted).expect("a mean").value(),
            800.0 + 0.25_f64.ln(),
            max_relative = 1e-15
        );
        for (slope, share) in log_mean_exp_gradient(&x)
            .expect("shares")
            .iter()
            .zip([0.5, 0.25, 0.0, 0.25])
        {
            assert_relative_eq!(slope.value(), share, max_relative = 1e-15);
        }
        let nothing = [f64::NEG_INFINITY; 3];
        assert!(log_mean_exp(&nothing).expect("a value").value() <= f64::NEG_INFINITY);
        assert!(
            log_mean_exp_gradient(&nothing).is_err()
                && log_mean_exp(&[]).is_err()
                && log_mean_exp(&[f64::NAN]).is_err()
        );
    }
}
