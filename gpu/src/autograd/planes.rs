//! The terms of logits by planes, `[B, K, H, W]`, as an encoder leaves them. Values are `[B, H, W]`, and nothing is
//! transposed.

use candle_core::{Result, Tensor};

use super::op::{ClassAxis, Function};
use super::{of_one, of_two};

/// The divergence of each position's softmax from the uniform distribution, as
/// [`fused::planes::kl_to_uniform`](crate::fused::planes::kl_to_uniform).
///
/// Shapes: from logits `[B, K, ..]` to `[B, ..]`. Unit: nats.
///
/// # Errors
/// As [`kl_to_uniform`](super::kl_to_uniform), and for a tensor of fewer than two dimensions.
pub fn kl_to_uniform(logits: &Tensor) -> Result<Tensor> {
    of_one(Function::KlToUniform, ClassAxis::InPlanes, logits)
}

/// The entropy of each position's softmax, as [`fused::planes::entropy`](crate::fused::planes::entropy).
///
/// Shapes: from logits `[B, K, ..]` to `[B, ..]`. Unit: nats.
///
/// # Errors
/// As [`kl_to_uniform`].
pub fn entropy(logits: &Tensor) -> Result<Tensor> {
    of_one(Function::Entropy, ClassAxis::InPlanes, logits)
}

/// The divergence of the softmax of each position of `a` from that of `b`, as
/// [`fused::planes::kl_divergence`](crate::fused::planes::kl_divergence).
///
/// Shapes: from two tables of logits, `[B, K, ..]` each, to `[B, ..]`. Unit: nats.
///
/// # Errors
/// As [`kl_to_uniform`], and for tensors of different shapes or types.
pub fn kl_divergence(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    of_two(Function::KlDivergence, ClassAxis::InPlanes, a, b)
}

/// The cross-entropy of the softmax of each position of `b` under that of `a`, as
/// [`fused::planes::cross_entropy`](crate::fused::planes::cross_entropy).
///
/// Shapes: from two tables of logits, `[B, K, ..]` each, to `[B, ..]`. Unit: nats.
///
/// # Errors
/// As [`kl_divergence`].
pub fn cross_entropy(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    of_two(Function::CrossEntropy, ClassAxis::InPlanes, a, b)
}
