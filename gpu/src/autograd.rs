//! The fused terms as candle sees them: functions of tensors with a backward pass.
//!
//! A thin wrapper. Every argument that is a tensor gets its gradient, whether it is a variable or has a graph of its own; what is detached instead
//! says so. Values come back in `f32` (`f64` for `f64` logits), gradients in the logits' own type. candle's backward pass fills a table with
//! zeros and adds to it whatever an operation returns, and an operation cannot hand over a buffer: so a gradient goes to memory three times
//! where [`fused`](crate::fused) writes it once. A training loop that can call that should.
//!
//! A tensor on a CUDA device (feature `cuda`) goes through `gpu/kernels` where it lies, in `f32` or `bf16`; a backward pass waits for the device once,
//! to see whether every value weighs the same. What lies elsewhere, or is of another type, is refused.

use candle_core::{DType, Result, Tensor};

use crate::fused::Target;

mod convolution;
mod cpu;
#[cfg(feature = "cuda")]
mod cuda;
mod curve;
mod descent;
mod mixing;
mod op;
pub mod planes;
mod resize;
mod sequence;
mod three;

pub use convolution::conv2d;
pub use cpu::{composed, is_composed};
pub use curve::{gelu, relu};
pub use descent::{Descent, Remembered, descend, squares};
pub use mixing::{codebook_mix, gumbel_softmax};
use op::{Function, Lie, Op};
pub use resize::{max_pool, upsample};
pub use sequence::{attention, layer_norm, linear};

/// [`fused::kl_to_uniform`](crate::fused::kl_to_uniform): `[.., K]` to `[..]`.
///
/// # Errors
/// candle's, for a tensor of integers or on another device.
pub fn kl_to_uniform(logits: &Tensor) -> Result<Tensor> {
    of_one(Function::KlToUniform, Lie::InRows, logits)
}

/// [`fused::entropy`](crate::fused::entropy): `[.., K]` to `[..]`.
///
/// # Errors
/// As [`kl_to_uniform`].
pub fn entropy(logits: &Tensor) -> Result<Tensor> {
    of_one(Function::Entropy, Lie::InRows, logits)
}

/// [`fused::log_mean_exp`](crate::fused::log_mean_exp): `[.., N]` to `[..]`.
///
/// # Errors
/// As [`kl_to_uniform`].
pub fn log_mean_exp(log_weights: &Tensor) -> Result<Tensor> {
    of_one(Function::LogMeanExp, Lie::InRows, log_weights)
}

/// [`fused::token_log_prob`](crate::fused::token_log_prob): `[.., V]` and a target a row to `[..]`. A target's weight counts in the gradient, as there.
///
/// # Errors
/// As [`kl_to_uniform`]; for targets that do not fit.
pub fn token_log_prob(logits: &Tensor, targets: &[Target]) -> Result<Tensor> {
    of_one(Function::TokenLogProb(targets.into()), Lie::InRows, logits)
}

/// [`fused::kl_divergence`](crate::fused::kl_divergence): two of `[.., K]` to `[..]`.
///
/// # Errors
/// As [`kl_to_uniform`]; for tensors of different shapes or types.
pub fn kl_divergence(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    of_two(Function::KlDivergence, Lie::InRows, a, b)
}

/// [`fused::cross_entropy`](crate::fused::cross_entropy): two of `[.., K]` to `[..]`.
///
/// # Errors
/// As [`kl_divergence`].
pub fn cross_entropy(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    of_two(Function::CrossEntropy, Lie::InRows, a, b)
}

/// [`fused::logit_laplace`](crate::fused::logit_laplace): three of `[.., P]` to `[..]`. The pixels `x` are data and are detached: no gradient goes
/// to them, nor to what they were computed from.
///
/// # Errors
/// As [`kl_divergence`].
pub fn logit_laplace(x: &Tensor, mu: &Tensor, ln_b: &Tensor) -> Result<Tensor> {
    let op = Op(Function::LogitLaplace, Lie::InRows);
    // Detached: candle's backward pass asks every node above a variable for a gradient.
    let values = x
        .detach()
        .contiguous()?
        .apply_op3(&mu.contiguous()?, &ln_b.contiguous()?, op)?;
    values.to_dtype(computed(x.dtype()))
}

fn of_one(function: Function, lie: Lie, x: &Tensor) -> Result<Tensor> {
    x.contiguous()?
        .apply_op1(Op(function, lie))?
        .to_dtype(computed(x.dtype()))
}

fn of_two(function: Function, lie: Lie, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let values = a.contiguous()?.apply_op2(&b.contiguous()?, Op(function, lie))?;
    values.to_dtype(computed(a.dtype()))
}

const fn computed(stored: DType) -> DType {
    match stored {
        DType::F64 => DType::F64,
        _ => DType::F32,
    }
}
