//! The range of values that a term of the bound can have at all. It is computed without the kernels that compute the
//! term.
//!
//! ```text
//! ln p(x|z) <= sum_i (-ln 2 - ln b_i - ln x_i (1 - x_i))      0 <= H(q(z|x)) <= S ln K      ln p(y), ln p(z|y) <= 0
//! ```
//!
//! A number outside of the range is an error and is never printed. The limits are those of mathematics, and no model
//! need come near them.

use gpu::fused::{LN, SUM};
use gpu::{DType, Tensor};

use crate::ModelError;

/// Refuses a log-likelihood, `[B]`, that is not finite, or larger than any location could make it. The pixels
/// `[B or 1, P]` lie in `(0, 1)`, and the log-scales `ln_b` are `[B, P]`.
///
/// The largest one is reached where every location equals its pixel. Rounding in single precision: each addend has the
/// errors of two logarithms and of one or two additions, and the sum has that of [`SUM`].
///
/// # Errors
/// [`ModelError::Impossible`] and [`ModelError::Twin`].
pub(crate) fn likelihood(values: &[f64], pixels: &Tensor, ln_b: &Tensor) -> Result<(), ModelError> {
    let x = pixels.to_dtype(DType::F64)?;
    let depth = (x.log()? + (1.0 - &x)?.log()?)?.sum(1)?;
    let ln_b = ln_b.to_dtype(DType::F64)?;
    let sums = [ln_b.sum(1)?, ln_b.abs()?.sum(1)?].map(|sum| sum.to_vec1::<f64>());
    let ([sum, size], depth) = (sums, depth.to_vec1::<f64>()?);
    #[expect(clippy::cast_precision_loss, reason = "the values of an image")]
    let count = ln_b.dim(1)? as f64;
    let u = f64::from(f32::EPSILON) / 2.0;
    for (i, ((value, sum), size)) in values.iter().zip(sum?).zip(size?).enumerate() {
        let depth = depth[i % depth.len()];
        let most = -count * std::f64::consts::LN_2 - sum - depth;
        let room = (SUM + 2.0 * LN + 6.0) * u * (count + size - depth);
        if !(*value <= most + room && value.is_finite()) {
            return Err(ModelError::Impossible {
                what: "ln p(x|z), a density of pixels mapped by phi,",
                value: *value,
                expected: format!(
                    "a finite number of at most {most:.6e} nats, the largest that its log-scales ln b allow"
                ),
            });
        }
    }
    Ok(())
}

/// Refuses a number that cannot be the entropy of `positions` codes with `codes` values each.
///
/// # Errors
/// [`ModelError::Impossible`].
pub(crate) fn entropy(value: f64, positions: usize, codes: usize) -> Result<(), ModelError> {
    #[expect(clippy::cast_precision_loss, reason = "counts of positions and codes")]
    let (most, addends) = (positions as f64 * (codes as f64).ln(), (positions * codes) as f64);
    // The addends are added one by one. Each is the product of a rounded exponential and its logarithm.
    let room = (addends + 8.0) * f64::EPSILON * (most + 1.0);
    if value >= -room && value <= most + room {
        return Ok(());
    }
    Err(ModelError::Impossible {
        what: "the entropy H(q(z|x))",
        value,
        expected: format!("a number from 0 to {most:.6} nats, S ln K"),
    })
}

/// Refuses a number that cannot be the logarithm of a probability: one above 0, or NaN.
///
/// # Errors
/// [`ModelError::Impossible`].
pub(crate) fn log_probability(what: &'static str, value: f64) -> Result<(), ModelError> {
    if value <= 0.0 {
        return Ok(());
    }
    Err(ModelError::Impossible {
        what,
        value,
        expected: "at most 0 nats, the logarithm of a probability".to_owned(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{entropy, likelihood, log_probability};
    use gpu::{HOST, Tensor};

    #[test]
    fn no_likelihood_exceeds_the_one_at_its_pixels() {
        // At x = 1/2 and ln b = 0, a value has at most -ln 2 - ln 1/4 = ln 2 nats; ln b = -3 adds 3.
        let x = Tensor::new(&[[0.5_f32, 0.5]], &HOST).unwrap();
        let ln_b = Tensor::new(&[[0.0_f32, 0.0], [-3.0, 0.0]], &HOST).unwrap();
        let most = [2.0 * 2.0_f64.ln(), 2.0 * 2.0_f64.ln() + 3.0];
        likelihood(&most, &x, &ln_b).unwrap();
        likelihood(&[-1e30, 0.0], &x, &ln_b).unwrap();
        for wrong in [1.4, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = likelihood(&[wrong, 0.0], &x, &ln_b).unwrap_err().to_string();
            assert!(
                error.contains("ln p(x|z)") && error.contains("1.386294e0 nats"),
                "{error}"
            );
        }
        assert!(likelihood(&[0.0, most[1] + 1e-3], &x, &ln_b).is_err());
    }

    #[test]
    fn an_entropy_lies_between_0_and_s_ln_k_and_no_probability_exceeds_1() {
        let most = 3.0 * 4.0_f64.ln();
        for value in [0.0, 1.0, most, most + 1e-15] {
            entropy(value, 3, 4).unwrap();
        }
        for value in [-1e-9, most + 1e-9, f64::NAN] {
            assert!(entropy(value, 3, 4).unwrap_err().to_string().contains("S ln K"));
        }
        log_probability("ln p(y)", f64::NEG_INFINITY).unwrap();
        for value in [1e-9, f64::NAN] {
            let error = log_probability("ln p(y)", value).unwrap_err().to_string();
            assert!(error.starts_with("ln p(y) is "), "{error}");
        }
    }
}
