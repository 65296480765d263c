//! The fused terms as operations of candle: functions of tensors with a backward pass.
//!
//! The module is a thin wrapper around [`fused`](crate::fused). Every argument that is a tensor gets its gradient,
//! whether it is a variable or has a graph of its own. A function that detaches an argument says so. Values are
//! returned in `f32` (in `f64` for `f64` logits), and gradients in the type of the logits.
//!
//! candle's backward pass fills a table with zeros and adds to it whatever an operation returns. An operation cannot
//! hand over a buffer, so that a gradient goes to memory three times where [`fused`](crate::fused) writes it once. A
//! training loop that can call that module should.
//!
//! With the feature `cuda`, a tensor on a CUDA device goes through the kernels of `gpu/kernels` where it lies, in `f32`
//! or `bf16`. A backward pass waits for the device once, to see whether every value weighs the same. Tensors on other
//! devices, or of other types, are refused.

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
pub use descent::{AdamWState, AdamWStep, descend, squares};
pub use mixing::{codebook_mix, gumbel_softmax};
use op::{ClassAxis, Function, Op};
pub use resize::{max_pool, upsample};
pub use sequence::{attention, layer_norm, linear};

/// The divergence of each row's softmax from the uniform distribution, as
/// [`fused::kl_to_uniform`](crate::fused::kl_to_uniform).
///
/// Shapes: from logits `[.., K]` to `[..]`. Unit: nats.
///
/// # Errors
/// candle's, for a tensor of integers or on a device without kernels.
pub fn kl_to_uniform(logits: &Tensor) -> Result<Tensor> {
    of_one(Function::KlToUniform, ClassAxis::InRows, logits)
}

/// The entropy of each row's softmax, as [`fused::entropy`](crate::fused::entropy).
///
/// Shapes: from logits `[.., K]` to `[..]`. Unit: nats.
///
/// # Errors
/// As [`kl_to_uniform`].
pub fn entropy(logits: &Tensor) -> Result<Tensor> {
    of_one(Function::Entropy, ClassAxis::InRows, logits)
}

/// The logarithm of the mean of each row's weights, as [`fused::log_mean_exp`](crate::fused::log_mean_exp).
///
/// Shapes: from log-weights `[.., N]` to `[..]`. Unit: nats.
///
/// # Errors
/// As [`kl_to_uniform`].
pub fn log_mean_exp(log_weights: &Tensor) -> Result<Tensor> {
    of_one(Function::LogMeanExp, ClassAxis::InRows, log_weights)
}

/// The log-probability of each row's target, as [`fused::token_log_prob`](crate::fused::token_log_prob).
///
/// The weight of a target counts in the gradient, and not in the value.
/// Shapes: from logits `[.., V]`, with a target for each row, to `[..]`. Unit: nats.
///
/// # Errors
/// As [`kl_to_uniform`], and for targets that do not fit the rows.
pub fn token_log_prob(logits: &Tensor, targets: &[Target]) -> Result<Tensor> {
    of_one(Function::TokenLogProb(targets.into()), ClassAxis::InRows, logits)
}

/// The divergence of the softmax of each row of `a` from that of `b`, as
/// [`fused::kl_divergence`](crate::fused::kl_divergence).
///
/// Shapes: from two tables of logits, `[.., K]` each, to `[..]`. Unit: nats.
///
/// # Errors
/// As [`kl_to_uniform`], and for tensors of different shapes or types.
pub fn kl_divergence(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    of_two(Function::KlDivergence, ClassAxis::InRows, a, b)
}

/// The cross-entropy of the softmax of each row of `b` under that of `a`, as
/// [`fused::cross_entropy`](crate::fused::cross_entropy).
///
/// Shapes: from two tables of logits, `[.., K]` each, to `[..]`. Unit: nats.
///
/// # Errors
/// As [`kl_divergence`].
pub fn cross_entropy(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    of_two(Function::CrossEntropy, ClassAxis::InRows, a, b)
}

/// The logit-Laplace log-likelihood of each image, as [`fused::logit_laplace`](crate::fused::logit_laplace).
///
/// The pixels `x` are data and are detached: no gradient goes to them, nor to what they were computed from.
/// Shapes: from three tables, `[.., P]` each, to `[..]`. Unit: nats.
///
/// # Errors
/// As [`kl_divergence`].
pub fn logit_laplace(x: &Tensor, mu: &Tensor, ln_b: &Tensor) -> Result<Tensor> {
    let op = Op(Function::LogitLaplace, ClassAxis::InRows);
    // The pixels are detached, because candle's backward pass asks every node above a variable for a gradient.
    let values = x
        .detach()
        .contiguous()?
        .apply_op3(&mu.contiguous()?, &ln_b.contiguous()?, op)?;
    values.to_dtype(computed(x.dtype()))
}

fn of_one(function: Function, lie: ClassAxis, x: &Tensor) -> Result<Tensor> {
    x.contiguous()?
        .apply_op1(Op(function, lie))?
        .to_dtype(computed(x.dtype()))
}

fn of_two(function: Function, lie: ClassAxis, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let values = a.contiguous()?.apply_op2(&b.contiguous()?, Op(function, lie))?;
    values.to_dtype(computed(a.dtype()))
}

/// The type in which values are returned, for a type in which logits are stored.
const fn computed(stored: DType) -> DType {
    match stored {
        DType::F64 => DType::F64,
        _ => DType::F32,
    }
}
