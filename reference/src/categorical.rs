//! Entropy, cross-entropy and Kullback-Leibler divergence of finite distributions.

use ndarray::Dimension;

use crate::vocab::{Error, LogProbs, Nats};

/// Entropy of `q`.
///
/// ```text
/// H(q) = -sum_k q_k ln q_k
/// ```
///
/// Unit: nats. Range: `[0, ln n]`; zero exactly for a point mass. Limits: `0 ln 0 = 0`.
/// Twin: `gpu::categorical::entropy`.
#[must_use]
pub fn entropy<D: Dimension>(q: &LogProbs<D>) -> Nats
where
    D::Pattern: ndarray::NdIndex<D> + Clone,
{
    q.expect(|k| -Nats::of(q.ln()[k]))
}

/// Cross-entropy of `p` under `q`.
///
/// ```text
/// H(q, p) = -sum_k q_k ln p_k
/// ```
///
/// Shapes: equal. Unit: nats. Range: `[H(q), +inf]`. Limits: `+inf` where `q_k > 0 = p_k`.
/// Twin: `gpu::categorical::cross_entropy`.
///
/// # Errors
/// [`Error::Shape`] when the two shapes differ.
pub fn cross_entropy<D: Dimension>(q: &LogProbs<D>, p: &LogProbs<D>) -> Result<Nats, Error>
where
    D::Pattern: ndarray::NdIndex<D> + Clone,
{
    same_shape(q, p)?;
    Ok(q.expect(|k| -Nats::of(p.ln()[k])))
}

/// Kullback-Leibler divergence of `q` from `p`.
///
/// ```text
/// D(q || p) = sum_k q_k (ln q_k - ln p_k)                                          (Eq. 13)
/// ```
///
/// Shapes: equal. Unit: nats. Range: `[0, +inf]`; zero exactly when the two are equal.
/// Limits: `0 ln 0 = 0`; `+inf` where `q_k > 0 = p_k`.
/// Source: the note, Eq. 13. Twin: `gpu::categorical::kl_divergence`.
///
/// # Errors
/// [`Error::Shape`] when the two shapes differ.
pub fn kl_divergence<D: Dimension>(q: &LogProbs<D>, p: &LogProbs<D>) -> Result<Nats, Error>
where
    D::Pattern: ndarray::NdIndex<D> + Clone,
{
    same_shape(q, p)?;
    Ok(q.expect(|k| Nats::of(q.ln()[k.clone()]) - Nats::of(p.ln()[k])))
}

fn same_shape<D: Dimension>(q: &LogProbs<D>, p: &LogProbs<D>) -> Result<(), Error> {
    if q.ln().shape() == p.ln().shape() {
        return Ok(());
    }
    Err(Error::Shape {
        tensor: "ln_p",
        found: p.ln().shape().to_vec(),
        expected: q.ln().shape().to_vec(),
    })
}
