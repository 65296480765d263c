//! Entropy, cross-entropy and Kullback-Leibler divergence of finite distributions, given as tables of
//! log-probabilities.
//!
//! The same three from a network's unnormalised logits are in [`logits`](crate::logits).

use ndarray::Dimension;

use crate::vocab::{Error, LogProbs, Nats};

/// Entropy of `q`.
///
/// ```text
/// H(q) = -sum_k q_k ln q_k
/// ```
///
/// Shapes: a table of any shape with `n` entries, which together sum to 1. Unit: nats. Limits: `0 ln 0 = 0`.
/// Range: `[0, ln n]`; zero exactly for a point mass. Twin: `gpu::categorical::entropy`.
///
/// ```
/// use ndarray::array;
/// use reference::categorical::entropy;
/// use reference::vocab::{LogProbs, UNIT_ROUNDOFF_F64};
///
/// // A fair coin has ln 2 nats.
/// let coin = LogProbs::new("coin", array![0.5_f64, 0.5].mapv(f64::ln), UNIT_ROUNDOFF_F64)?;
/// assert!((entropy(&coin).value() - 2.0_f64.ln()).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
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
/// Shapes: the two tables have the same one. Unit: nats. Limits: `+inf` where `q_k > 0 = p_k`.
/// Range: `[H(q), +inf]`; equal to `H(q)` exactly when the two are equal. Twin: `gpu::categorical::cross_entropy`.
///
/// ```
/// use ndarray::array;
/// use reference::categorical::cross_entropy;
/// use reference::vocab::{LogProbs, UNIT_ROUNDOFF_F64};
///
/// let table = |p: [f64; 2]| LogProbs::new("p", array![p[0].ln(), p[1].ln()], UNIT_ROUNDOFF_F64);
/// // The first state is certain under q and has probability 1/4 under p.
/// let (q, p) = (table([1.0, 0.0])?, table([0.25, 0.75])?);
/// assert!((cross_entropy(&q, &p)?.value() - 4.0_f64.ln()).abs() < 1e-15);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
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
/// Shapes: the two tables have the same one. Unit: nats. Limits: `0 ln 0 = 0`; `+inf` where `q_k > 0 = p_k`.
/// Range: `[0, +inf]`; zero exactly when the two are equal.
/// Source: the note, Eq. 13. Twin: `gpu::categorical::kl_divergence`.
///
/// ```
/// use ndarray::array;
/// use reference::categorical::kl_divergence;
/// use reference::vocab::{LogProbs, UNIT_ROUNDOFF_F64};
///
/// let table = |p: [f64; 2]| LogProbs::new("p", array![p[0].ln(), p[1].ln()], UNIT_ROUNDOFF_F64);
/// // A point mass lies ln 2 from a fair coin, and the coin infinitely far from the point mass.
/// let (point, coin) = (table([1.0, 0.0])?, table([0.5, 0.5])?);
/// assert!((kl_divergence(&point, &coin)?.value() - 2.0_f64.ln()).abs() < 1e-15);
/// assert_eq!(kl_divergence(&coin, &point)?.value(), f64::INFINITY);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
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
