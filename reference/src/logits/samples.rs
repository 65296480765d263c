//! Log-weights of samples: the importance-weighted bound.

use super::softmax::Softmax;
use crate::vocab::{Error, Nats};

/// The logarithm of the mean of weights given by their logarithms.
///
/// ```text
/// ln (1/N) sum_i e^(x_i) = max x + ln s - ln N
/// ```
///
/// With `x_i = ln p(x,y,z_i) - ln q(z_i|x)` and `z_i ~ q(z|x)` its expectation is the importance-weighted bound, between the bound of Eq. 6
/// (`N = 1`) and `ln p(x,y)`, its limit; inside the logarithm stands Eq. 5, sampled.
///
/// Shape: `[N]`. Unit: nats. Range: from the mean of `x` to its largest entry. Limits: `-inf` is a sample of weight 0; `-inf` where all are.
/// Mass: `|max x| + ln s + ln N + 1` and the mean exponent. Source: Burda et al. 2015. Twin: `gpu::fused::log_mean_exp`.
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
/// # Errors
/// As [`Softmax::new`]: where every weight is 0 there is none.
pub fn log_mean_exp_gradient(x: &[f64]) -> Result<Vec<Nats>, Error> {
    Ok(Softmax::new("log_weights", x)?.weighted(|_| 1.0, 0.0))
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
