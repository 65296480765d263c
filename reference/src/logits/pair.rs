//! Divergence and cross-entropy of the softmaxes of two rows of logits, with their gradients.

use super::softmax::Softmax;
use crate::special::excess;
use crate::vocab::{Error, Nats};

/// Kullback-Leibler divergence of `q = softmax(a)` from `p = softmax(b)`.
///
/// ```text
/// D(q || p) = sum_k p_k [(1 + r_k) ln(1 + r_k) - r_k],   r_k = q_k / p_k - 1       (Eq. 13)
///           = sum_k q_k (ln q_k - ln p_k)
/// ```
///
/// Shapes: both rows are `[K]`. Unit: nats. Limits: `+inf` where `q_k > 0 = p_k`.
/// Range: `[0, +inf]`; 0 exactly for equal distributions. Mass: the value, since no term of the first form is negative.
/// Source: the note, Eq. 13. Twin: `gpu::fused::kl_divergence`.
///
/// ```
/// use reference::logits::kl_divergence;
///
/// // The second code is masked in q, a point mass, and p is a fair coin.
/// let divergence = kl_divergence(&[7.0, f64::NEG_INFINITY], &[3.0, 3.0])?;
/// assert!((divergence.value() - 2.0_f64.ln()).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// As [`Softmax::new`]; [`Error::Shape`] when the rows differ in length.
pub fn kl_divergence(a: &[f64], b: &[f64]) -> Result<Nats, Error> {
    let (q, p) = both(a, b)?;
    Ok(q.kl_divergence(&p))
}

/// Gradients of [`kl_divergence`] with respect to `a` and to `b`.
///
/// ```text
/// dD/da_k = q_k (ln q_k - ln p_k - D)                    dD/db_k = p_k - q_k
/// ```
///
/// Shapes: both rows and both gradients are `[K]`. Limits: 0 for a masked code.
///
/// ```
/// use reference::logits::kl_divergence_gradients;
///
/// // q = (3/4, 1/4), p = (1/2, 1/2): p - q = (-1/4, 1/4), and D = 3/4 ln 3/2 + 1/4 ln 1/2.
/// let [by_a, by_b] = kl_divergence_gradients(&[3.0_f64.ln(), 0.0], &[0.0, 0.0])?;
/// let (ln_ratio, d) = (1.5_f64.ln(), 0.75 * 1.5_f64.ln() + 0.25 * 0.5_f64.ln());
/// assert!((by_a[0].value() - 0.75 * (ln_ratio - d)).abs() < 1e-15);
/// assert!((by_b[0].value() + 0.25).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// As [`kl_divergence`]; [`Error::Indeterminate`] where the divergence is infinite.
pub fn kl_divergence_gradients(a: &[f64], b: &[f64]) -> Result<[Vec<Nats>; 2], Error> {
    let (q, p) = both(a, b)?;
    Ok([q.kl_divergence_gradient(&p)?, difference(&q, &p)])
}

/// Cross-entropy of `p = softmax(b)` under `q = softmax(a)`.
///
/// ```text
/// H(q, p) = -sum_k q_k ln p_k = ln s_p + E_q[-y_p]
/// ```
///
/// Shapes: both rows are `[K]`. Unit: nats. Limits: `+inf` where `q_k > 0 = p_k`.
/// Range: `[H(q), +inf]`; `H(q)` exactly for equal distributions. Twin: `gpu::fused::cross_entropy`.
///
/// ```
/// use reference::logits::cross_entropy;
///
/// // Under a fair coin every distribution of two codes needs ln 2.
/// let nats = cross_entropy(&[3.0_f64.ln(), 0.0], &[5.0, 5.0])?;
/// assert!((nats.value() - 2.0_f64.ln()).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// As [`Softmax::new`]; [`Error::Shape`] when the rows differ in length.
pub fn cross_entropy(a: &[f64], b: &[f64]) -> Result<Nats, Error> {
    let (q, p) = both(a, b)?;
    Ok(q.cross_entropy(&p))
}

/// Gradients of [`cross_entropy`] with respect to `a` and to `b`.
///
/// ```text
/// dH/da_k = -q_k (ln p_k + H) = -q_k (b_k - E_q[b])      dH/db_k = p_k - q_k
/// ```
///
/// Shapes: both rows and both gradients are `[K]`. Limits: 0 for a masked code.
///
/// ```
/// use reference::logits::cross_entropy_gradients;
///
/// // q = (3/4, 1/4), and p is a fair coin: no q is cheaper than another, and p - q = (-1/4, 1/4).
/// let [by_a, by_b] = cross_entropy_gradients(&[3.0_f64.ln(), 0.0], &[0.0, 0.0])?;
/// assert_eq!(by_a[0].value(), 0.0);
/// assert!((by_b[0].value() + 0.25).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// As [`cross_entropy`]; [`Error::Indeterminate`] where the cross-entropy is infinite.
pub fn cross_entropy_gradients(a: &[f64], b: &[f64]) -> Result<[Vec<Nats>; 2], Error> {
    let (q, p) = both(a, b)?;
    Ok([q.cross_entropy_gradient(&p)?, difference(&q, &p)])
}

/// The functions of two rows that are normalised already. `self` is `q`, and `p` has as many codes.
impl Softmax {
    /// [`kl_divergence`] of two rows that are normalised already.
    #[must_use]
    pub fn kl_divergence(&self, p: &Self) -> Nats {
        if self.support().any(|k| p.y[k] == f64::NEG_INFINITY) {
            return Nats::INFINITY;
        }
        let log_ratio = log_ratio(self, p);
        // Where the two are far apart, e^d overflows, while p_k e^d = q_k does not.
        let term = |k: usize| match log_ratio(k) {
            d if d.abs() > 1.0 => (self.q[k] * Nats::of(d)).value() - (self.q[k] - p.q[k]),
            d => p.q[k] * excess(d),
        };
        p.support().map(|k| Nats::of(term(k))).sum()
    }

    /// The gradient of [`kl_divergence`] with respect to the logits of `q`, of two rows that are normalised already.
    ///
    /// # Errors
    /// [`Error::Indeterminate`] where the divergence is infinite.
    pub fn kl_divergence_gradient(&self, p: &Self) -> Result<Vec<Nats>, Error> {
        let divergence = self.kl_divergence(p).value();
        if divergence.is_infinite() {
            return Err(Error::Indeterminate {
                line: "the gradient of an infinite divergence",
            });
        }
        let (depth, log_ratio) = (self.depth(), log_ratio(self, p));
        // The mean is E_q[y_q - y_p]. Each of its addends is at most as large as the two exponents together.
        let size = |k: usize| self.y[k].abs() + p.y[k].abs();
        let mean_mass = mean_mass(self, size, self.expect(|k| self.y[k] - p.y[k]), depth);
        Ok(self.weighted(|k| log_ratio(k) - divergence, depth, mean_mass))
    }

    /// [`cross_entropy`] of two rows that are normalised already.
    #[must_use]
    pub fn cross_entropy(&self, p: &Self) -> Nats {
        let mean = self.expect(|k| -p.y[k]);
        if mean.is_infinite() {
            return Nats::INFINITY;
        }
        let mass = p.ln_s + 1.0 + p.depth() + mean_mass(self, |k| p.y[k].abs(), mean, self.depth());
        Nats::with_mass(p.ln_s + mean, mass)
    }

    /// The gradient of [`cross_entropy`] with respect to the logits of `q`, of two rows that are normalised already.
    ///
    /// # Errors
    /// [`Error::Indeterminate`] where the cross-entropy is infinite.
    pub fn cross_entropy_gradient(&self, p: &Self) -> Result<Vec<Nats>, Error> {
        let (depth, mean) = (self.depth(), self.expect(|k| -p.y[k]));
        if mean.is_infinite() {
            return Err(Error::Indeterminate {
                line: "the gradient of an infinite cross-entropy",
            });
        }
        let mean_mass = mean_mass(self, |k| p.y[k].abs(), mean, depth);
        Ok(self.weighted(|k| -p.y[k] - mean, depth, mean_mass))
    }
}

/// The log-ratio `ln q_k - ln p_k`. Where the logits are close, their difference is exact.
fn log_ratio<'a>(q: &'a Softmax, p: &'a Softmax) -> impl Fn(usize) -> f64 + 'a {
    |k| (q.y[k] - p.y[k]) - (q.ln_s - p.ln_s)
}

/// The mass of a mean over `q`, whose addends have the given sizes. Each addend counts `1 + |y_q|` times, for its
/// weight, and the mean counts `1 + E_q[-y]` times, the depth, for the sum of the weights.
fn mean_mass(q: &Softmax, size: impl Fn(usize) -> f64, mean: f64, depth: f64) -> f64 {
    q.expect(|k| size(k) * (1.0 - q.y[k])) + mean.abs() * (1.0 + depth)
}

/// The gradient `p_k - q_k`, code by code.
fn difference(q: &Softmax, p: &Softmax) -> Vec<Nats> {
    let (q, p) = [q, p].map(|row| row.weighted(|_| 1.0, row.depth(), 0.0)).into();
    p.into_iter().zip(q).map(|(p, q)| p - q).collect()
}

/// The two softmaxes, of rows of one length.
fn both(a: &[f64], b: &[f64]) -> Result<(Softmax, Softmax), Error> {
    if a.len() != b.len() {
        return Err(Error::Shape {
            tensor: "logits of p",
            found: vec![b.len()],
            expected: vec![a.len()],
        });
    }
    Ok((Softmax::new("logits of q", a)?, Softmax::new("logits of p", b)?))
}

#[cfg(test)]
mod tests {
    use super::{cross_entropy, kl_divergence};
    use crate::logits::entropy;
    use approx::assert_relative_eq;

    #[test]
    fn by_hand() {
        // q = (1/2, 1/4, 1/4), p = (1/4, 1/2, 1/4): D = 1/4 ln 2, H(q, p) = 7/4 ln 2.
        let (a, b) = (
            [4.0_f64.ln(), 2.0_f64.ln(), 2.0_f64.ln()],
            [2.0_f64.ln(), 4.0_f64.ln(), 2.0_f64.ln()],
        );
        let ln2 = 2.0_f64.ln();
        assert_relative_eq!(
            kl_divergence(&a, &b).expect("rows").value(),
            0.25 * ln2,
            max_relative = 1e-14
        );
        assert_relative_eq!(
            cross_entropy(&a, &b).expect("rows").value(),
            1.75 * ln2,
            max_relative = 1e-14
        );
        assert_relative_eq!(
            cross_entropy(&a, &a).expect("rows").value(),
            entropy(&a).expect("a row").value(),
            max_relative = 1e-14
        );
    }

    #[test]
    fn what_p_excludes_is_infinitely_far_unless_q_excludes_it_too() {
        let masked = [0.0, f64::NEG_INFINITY, 1.0];
        assert!(
            kl_divergence(&[0.0, -900.0, 0.0], &masked)
                .expect("rows")
                .value()
                .is_infinite()
        );
        assert!(kl_divergence(&masked, &masked).expect("rows").value().abs() <= 0.0);
        assert!(kl_divergence(&masked, &[0.0; 3]).expect("rows").is_finite());
    }
}
