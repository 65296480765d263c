//! The same terms of logits by planes, `[B, K, H, W]` as an encoder leaves them: `[B, H, W]`, and nothing is transposed.

use candle_core::{Result, Tensor};

use super::op::{Function, Lie};
use super::{of_one, of_two};

/// [`fused::planes::kl_to_uniform`](crate::fused::planes::kl_to_uniform): `[B, K, ..]` to `[B, ..]`.
///
/// # Errors
/// As [`kl_to_uniform`](super::kl_to_uniform); for a tensor of fewer than two dimensions.
pub fn kl_to_uniform(logits: &Tensor) -> Result<Tensor> {
    of_one(Function::KlToUniform, Lie::InPlanes, logits)
}

/// [`fused::planes::entropy`](crate::fused::planes::entropy): `[B, K, ..]` to `[B, ..]`.
///
/// # Errors
/// As [`kl_to_uniform`].
pub fn entropy(logits: &Tensor) -> Result<Tensor> {
    of_one(Function::Entropy, Lie::InPlanes, logits)
}

/// [`fused::planes::kl_divergence`](crate::fused::planes::kl_divergence): two of `[B, K, ..]` to `[B, ..]`.
///
/// # Errors
/// As [`kl_to_uniform`]; for tensors of different shapes or types.
pub fn kl_divergence(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    of_two(Function::KlDivergence, Lie::InPlanes, a, b)
}

/// [`fused::planes::cross_entropy`](crate::fused::planes::cross_entropy): two of `[B, K, ..]` to `[B, ..]`.
///
/// # Errors
/// As [`kl_divergence`].
pub fn cross_entropy(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    of_two(Function::CrossEntropy, Lie::InPlanes, a, b)
}
