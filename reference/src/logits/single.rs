//! Quantities of one row of logits: the divergence from the uniform distribution, the entropy and the log-probability
//! of a token, with their gradients.

use super::softmax::Softmax;
use crate::special::excess;
use crate::vocab::{Error, Nats};

/// Divergence of `q = softmax(x)` from the uniform distribution over the `K` codes: DALL-E's KL term in its first
/// stage.
///
/// ```text
/// D(q || u) = (1/K) sum_k [(1 + u_k) ln(1 + u_k) - u_k],   u_k = K q_k - 1         (Eq. 13 with p = 1/K)
///           = sum_k q_k ln q_k + ln K
/// ```
///
/// Shapes: `x` is `[K]`. Unit: nats. Range: `[0, ln K]`; 0 exactly for equal logits, `ln K` for a certain code.
/// Mass: the value, since no term of the first form is negative.
/// Source: Ramesh et al. 2021, section 2.1. Twin: `gpu::fused::kl_to_uniform`.
///
/// ```
/// use reference::logits::kl_to_uniform;
///
/// // A certain code among two, and two equal codes.
/// assert!((kl_to_uniform(&[7.0, f64::NEG_INFINITY])?.value() - 2.0_f64.ln()).abs() < 1e-15);
/// assert_eq!(kl_to_uniform(&[7.0, 7.0])?.value(), 0.0);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// As [`Softmax::new`].
pub fn kl_to_uniform(x: &[f64]) -> Result<Nats, Error> {
    Ok(Softmax::new("logits", x)?.kl_to_uniform())
}

/// Gradient of [`kl_to_uniform`].
///
/// ```text
/// dD/dx_k = q_k (x_k - E_q[x])
/// ```
///
/// Shapes: `x` and the gradient are `[K]`. Limits: 0 for a masked code.
///
/// ```
/// use reference::logits::kl_to_uniform_gradient;
///
/// // q = (3/4, 1/4) with logits ln 3 and 0: 3/4 (ln 3 - 3/4 ln 3).
/// let slope = kl_to_uniform_gradient(&[3.0_f64.ln(), 0.0])?[0];
/// assert!((slope.value() - 0.1875 * 3.0_f64.ln()).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// As [`Softmax::new`].
pub fn kl_to_uniform_gradient(x: &[f64]) -> Result<Vec<Nats>, Error> {
    Ok(Softmax::new("logits", x)?.kl_to_uniform_gradient())
}

/// Entropy of `q = softmax(x)`.
///
/// ```text
/// H(q) = -sum_k q_k ln q_k = ln s - E_q[y]
/// ```
///
/// Shapes: `x` is `[K]`. Unit: nats. Range: `[0, ln K]`; 0 for a certain code, `ln K` exactly for equal logits.
/// Mass: `ln s + 1`, the two terms of the mean, and what rounded exponents add. Twin: `gpu::fused::entropy`.
///
/// ```
/// use reference::logits::entropy;
///
/// // A fair coin.
/// assert!((entropy(&[7.0, 7.0])?.value() - 2.0_f64.ln()).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// As [`Softmax::new`].
pub fn entropy(x: &[f64]) -> Result<Nats, Error> {
    Ok(Softmax::new("logits", x)?.entropy())
}

/// Gradient of [`entropy`].
///
/// ```text
/// dH/dx_k = -q_k (x_k - E_q[x])
/// ```
///
/// Shapes: `x` and the gradient are `[K]`. Limits: 0 for a masked code. It is the opposite of
/// [`kl_to_uniform_gradient`], because the divergence is `ln K` less the entropy.
///
/// ```
/// use reference::logits::entropy_gradient;
///
/// // q = (3/4, 1/4) with logits ln 3 and 0: -3/4 (ln 3 - 3/4 ln 3).
/// let slope = entropy_gradient(&[3.0_f64.ln(), 0.0])?[0];
/// assert!((slope.value() + 0.1875 * 3.0_f64.ln()).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// As [`Softmax::new`].
pub fn entropy_gradient(x: &[f64]) -> Result<Vec<Nats>, Error> {
    Ok(Softmax::new("logits", x)?.entropy_gradient())
}

/// The log-probability of a token under `softmax(x)`.
///
/// ```text
/// ln q_t = x_t - ln sum_k e^(x_k)
/// ```
///
/// Shapes: `x` is `[V]`, a logit for each token of the vocabulary. Unit: nats. Limits: `-inf` for a masked token.
/// Range: `[-inf, 0]`. Mass: `|y_t| + ln s + 1` and the mean exponent.
/// Source: the note, `p(y,z)` of Eq. 2, factorised token by token. Twin: `gpu::fused::token_log_prob`.
///
/// ```
/// use reference::logits::token_log_prob;
///
/// // One of four equal tokens.
/// assert!((token_log_prob(&[7.0; 4], 2)?.value() - 0.25_f64.ln()).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// As [`Softmax::new`]; [`Error::Token`] for a token that is not in the vocabulary.
pub fn token_log_prob(x: &[f64], token: usize) -> Result<Nats, Error> {
    let q = Softmax::new("logits", x)?;
    known(token, x.len())?;
    let y = q.y[token];
    let mass = if y.is_finite() { y.abs() } else { 0.0 };
    Ok(Nats::with_mass(q.ln_q(token), mass + q.ln_s + 1.0 + q.depth()))
}

/// Gradient of [`token_log_prob`].
///
/// ```text
/// d ln q_t / dx_k = [k = t] - q_k
/// ```
///
/// Shapes: `x` and the gradient are `[V]`. Mass: `[k = t] + q_k (1 + |y_k| + E_q[-y])`.
///
/// ```
/// use reference::logits::token_log_prob_gradient;
///
/// // Two equal tokens, the first of which is scored.
/// let slope = token_log_prob_gradient(&[7.0, 7.0], 0)?;
/// assert!((slope[0].value() - 0.5).abs() < 1e-15 && (slope[1].value() + 0.5).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// As [`token_log_prob`].
pub fn token_log_prob_gradient(x: &[f64], token: usize) -> Result<Vec<Nats>, Error> {
    let q = Softmax::new("logits", x)?;
    known(token, x.len())?;
    let mut slope: Vec<Nats> = q.weighted(|_| -1.0, q.depth(), 0.0);
    slope[token] = slope[token] + Nats::of(1.0);
    Ok(slope)
}

impl Softmax {
    /// [`kl_to_uniform`] of a row that is normalised already.
    #[must_use]
    pub fn kl_to_uniform(&self) -> Nats {
        let k = count(self.y.len());
        let ln_mean = self.ln_s - k.ln();
        // With d = ln K q, the addend is (e^d (d - 1) + 1) / K, and e^d / K is q.
        let term = |(y, q): (&f64, &f64)| match y - ln_mean {
            f64::NEG_INFINITY => 1.0 / k,
            d if d.abs() > 1.0 => q * (d - 1.0) + 1.0 / k,
            d => excess(d) / k,
        };
        self.y.iter().zip(&self.q).map(|each| Nats::of(term(each))).sum()
    }

    /// [`kl_to_uniform_gradient`] of a row that is normalised already.
    #[must_use]
    pub fn kl_to_uniform_gradient(&self) -> Vec<Nats> {
        let depth = self.depth();
        self.weighted(|k| self.y[k] + depth, depth, self.mean_mass(depth))
    }

    /// [`entropy`] of a row that is normalised already.
    #[must_use]
    pub fn entropy(&self) -> Nats {
        let depth = self.depth();
        Nats::with_mass(self.ln_s + depth, self.ln_s + 1.0 + depth + self.mean_mass(depth))
    }

    /// [`entropy_gradient`] of a row that is normalised already.
    #[must_use]
    pub fn entropy_gradient(&self) -> Vec<Nats> {
        self.kl_to_uniform_gradient().into_iter().map(|slope| -slope).collect()
    }

    /// The mass of the mean `E_q[y]`: `A (1 + A) + E_q[y^2]`, with `A = E_q[-y]`, the depth. Each weight is off by `|y|`
    /// roundings, and their sum by `A`.
    fn mean_mass(&self, depth: f64) -> f64 {
        depth * (1.0 + depth) + self.expect(|k| self.y[k] * self.y[k])
    }
}

/// Refuses a token that is not in the vocabulary.
const fn known(token: usize, vocabulary: usize) -> Result<(), Error> {
    if token < vocabulary {
        return Ok(());
    }
    Err(Error::Token { token, vocabulary })
}

#[expect(clippy::cast_precision_loss, reason = "a row's length")]
const fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::{entropy, kl_to_uniform, token_log_prob};
    use approx::assert_relative_eq;

    #[test]
    fn by_hand() {
        // q = (1/2, 1/4, 1/4): H = 3/2 ln 2, D = ln 3 - 3/2 ln 2.
        let x = [7.0 + 2.0_f64.ln(), 7.0, 7.0];
        let h = 1.5 * 2.0_f64.ln();
        assert_relative_eq!(entropy(&x).expect("a row").value(), h, max_relative = 1e-14);
        assert_relative_eq!(
            kl_to_uniform(&x).expect("a row").value(),
            3.0_f64.ln() - h,
            max_relative = 1e-13
        );
        assert_relative_eq!(
            token_log_prob(&x, 1).expect("a token").value(),
            -(4.0_f64.ln()),
            max_relative = 1e-14
        );
        assert!(token_log_prob(&x, 3).is_err());
    }

    #[test]
    fn near_the_uniform_distribution_no_digit_is_lost() {
        // x_k = +-s alternating: D = s tanh s - ln cosh s = s^2/2 - s^4/4 + ...
        for s in [1e-2, 1e-4, 1e-6, 1e-8_f64] {
            let x: Vec<f64> = (0..64).map(|k| if k % 2 == 0 { s } else { -s }).collect();
            let exact = s * s * (0.5 - s * s * 0.25);
            assert_relative_eq!(kl_to_uniform(&x).expect("a row").value(), exact, max_relative = 1e-8);
        }
        assert_relative_eq!(kl_to_uniform(&[-3.5; 7]).expect("a row").value(), 0.0);
    }
}
