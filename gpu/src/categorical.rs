//! Expectation, entropy, cross-entropy and Kullback-Leibler divergence of the distributions of a batch.

use candle_core::Tensor;

use crate::Error;
use crate::special::{beside, is_infinite, is_ln_zero, select, sum_states};

/// Expectation over the support.
///
/// ```text
/// E_{k ~ q}[f_k] = sum_{k: q_k > 0} w_k f_k,   w_k = exp(ln q_k) / sum_j exp(ln q_j)
/// ```
///
/// Shapes: `ln_q` and `f` are equal, `[B, Z]` or `[B, Y, Z]`; returns `[B]`.
/// Limits: what has `q = 0` does not count, whatever it is; an infinite `f` counts in full even where `w` underflows;
/// NaN where opposite infinities meet. Reference: `vocab::LogProbs::expect`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn expect(ln_q: &Tensor, f: &Tensor) -> Result<Tensor, Error> {
    let q = ln_q.exp()?;
    let w = (&q / beside(&sum_states(&q)?, &q)?)?;
    let terms = is_infinite(f)?.where_cond(f, &(w * f)?)?;
    sum_states(&select(&is_ln_zero(ln_q)?, 0.0, &terms)?)
}

/// Entropy of `q`.
///
/// ```text
/// H(q) = -sum_k q_k ln q_k
/// ```
///
/// Shapes: `[B, ..]` to `[B]`. Unit: nats. Limits: `0 ln 0 = 0`. Reference: `reference::categorical::entropy`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn entropy(ln_q: &Tensor) -> Result<Tensor, Error> {
    expect(ln_q, &ln_q.neg()?)
}

/// Cross-entropy of `p` under `q`.
///
/// ```text
/// H(q, p) = -sum_k q_k ln p_k
/// ```
///
/// Shapes: equal, `[B, ..]` to `[B]`. Unit: nats. Limits: `+inf` where `q_k > 0 = p_k`.
/// Reference: `reference::categorical::cross_entropy`.
///
/// # Errors
/// [`Error::Device`] when the shapes differ or the device refuses.
pub fn cross_entropy(ln_q: &Tensor, ln_p: &Tensor) -> Result<Tensor, Error> {
    expect(ln_q, &ln_p.neg()?)
}

/// Kullback-Leibler divergence of `q` from `p`.
///
/// ```text
/// D(q || p) = sum_k q_k (ln q_k - ln p_k)                                          (Eq. 13)
/// ```
///
/// Shapes: equal, `[B, ..]` to `[B]`. Unit: nats. Limits: `0 ln 0 = 0`; `+inf` where `q_k > 0 = p_k`.
/// Source: the note, Eq. 13. Reference: `reference::categorical::kl_divergence`.
///
/// # Errors
/// [`Error::Device`] when the shapes differ or the device refuses.
pub fn kl_divergence(ln_q: &Tensor, ln_p: &Tensor) -> Result<Tensor, Error> {
    expect(ln_q, &(ln_q - ln_p)?)
}
