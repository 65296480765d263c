//! The layers of the networks, by the names of their parameters. Half types are widened before a layer and narrowed
//! after it.

use candle_core::{DType, Tensor};

use super::Parameters;
use crate::{Error, autograd};

/// A convolution of stride 1 with an odd kernel and zeros around the image.
///
/// ```text
/// y[o,i,j] = b[o] + sum_{c,u,v} w[o,c,u,v] x[c, i + u - r, j + v - r],   r = (k - 1) / 2
/// ```
///
/// The weight `w` and the bias `b` are the parameters `name.w` and `name.b`.
/// Shapes: from `[B, C, H, W]` to `[B, O, H, W]`. Reference: `reference::network::Conv2d`.
///
/// # Errors
/// [`Error::Parameter`] for a parameter that is not there; [`Error::Device`] when the device refuses.
pub fn conv2d(parameters: &Parameters, name: &str, x: &Tensor) -> Result<Tensor, Error> {
    let weight = parameters.get(&format!("{name}.w"))?;
    let bias = parameters.get(&format!("{name}.b"))?;
    Ok(autograd::conv2d(x, weight, bias)?)
}

/// Max-pooling: the largest of every two by two pixels.
///
/// ```text
/// y[c,i,j] = max(x[c,2i,2j], x[c,2i,2j+1], x[c,2i+1,2j], x[c,2i+1,2j+1])
/// ```
///
/// Shapes: from `[B, C, H, W]`, with `H` and `W` even, to `[B, C, H/2, W/2]`. Equal pixels share the gradient. The
/// gradient of candle's own `max_pool2d` is a quarter of the right one. Reference: `reference::network::max_pool`.
///
/// # Errors
/// [`Error::Device`] when the shape does not fit or the device refuses.
pub fn max_pool(x: &Tensor) -> Result<Tensor, Error> {
    Ok(autograd::max_pool(x)?)
}

/// Nearest-neighbour upsampling: every pixel becomes a square of two by two.
///
/// Shapes: from `[B, C, H, W]` to `[B, C, 2H, 2W]`. Reference: `reference::network::upsample`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn upsample(x: &Tensor) -> Result<Tensor, Error> {
    Ok(autograd::upsample(x)?)
}

/// An affine map, which is the same at every position of a sequence.
///
/// ```text
/// y[s,o] = b[o] + sum_i w[o,i] x[s,i]
/// ```
///
/// The weight `w` and the bias `b` are the parameters `name.weight` and `name.bias`.
/// Shapes: from `[B, S, I]` to `[B, S, O]`. Reference: `reference::network::Linear`.
///
/// # Errors
/// [`Error::Parameter`] for a parameter that is not there; [`Error::Device`] when the device refuses.
pub fn linear(parameters: &Parameters, name: &str, x: &Tensor) -> Result<Tensor, Error> {
    let weight = wide(parameters.get(&format!("{name}.weight"))?)?;
    let bias = wide(parameters.get(&format!("{name}.bias"))?)?;
    Ok(autograd::linear(&wide(x)?, &weight, &bias)?.to_dtype(x.dtype())?)
}

/// Layer normalisation: each position is brought to mean 0 and variance 1, and then has a gain and a bias.
///
/// ```text
/// y[s,i] = g[i] (x[s,i] - m[s]) / sqrt(v[s] + epsilon) + b[i],   epsilon = 1e-5
/// ```
///
/// The gain `g` and the bias `b` are the parameters `name.weight` and `name.bias`. The variance is computed from
/// centred numbers. candle's own layer subtracts two squares, and loses a row that is far from 0.
/// Shapes: from `[B, S, d]` to `[B, S, d]`. Reference: `reference::network::LayerNorm`.
///
/// # Errors
/// [`Error::Parameter`] for a parameter that is not there; [`Error::Device`] when the device refuses.
pub fn layer_norm(parameters: &Parameters, name: &str, x: &Tensor) -> Result<Tensor, Error> {
    let gain = wide(parameters.get(&format!("{name}.weight"))?)?;
    let bias = wide(parameters.get(&format!("{name}.bias"))?)?;
    Ok(autograd::layer_norm(&wide(x)?, &gain, &bias)?.to_dtype(x.dtype())?)
}

/// Scaled dot-product attention in several heads.
///
/// ```text
/// softmax(q k^T / sqrt(d_h)) v   over the positions that the mask reads
/// ```
///
/// Shapes: `q`, `k` and `v` are `[B, S, d]`, and `mask` is `[S, S]`, 1 where the row's position reads the column's;
/// returns `[B, S, d]`. Reference: `reference::network::Attention`.
///
/// # Errors
/// [`Error::Device`] when the shapes differ or the device refuses.
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor, mask: &Tensor, heads: usize) -> Result<Tensor, Error> {
    let mixed = autograd::attention([&wide(q)?, &wide(k)?, &wide(v)?], mask, heads)?;
    Ok(mixed.to_dtype(q.dtype())?)
}

/// The Gaussian error linear unit, `x Phi(x)`, where `Phi` is the normal distribution function. It is computed by
/// `erf`, and not by an approximation of that. Reference: `reference::network::gelu`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn gelu(x: &Tensor) -> Result<Tensor, Error> {
    Ok(autograd::gelu(&wide(x)?)?.to_dtype(x.dtype())?)
}

/// A tensor of a half type as `f32`, and any other as it is. A layer computes in `f32` and rounds once, as the tensor
/// cores of a device do.
pub(super) fn wide(x: &Tensor) -> Result<Tensor, Error> {
    match x.dtype() {
        DType::BF16 | DType::F16 => Ok(x.to_dtype(DType::F32)?),
        _ => Ok(x.clone()),
    }
}
