//! The layers of the transformer as operations of candle.

use candle_core::{D, DType, Result, Shape, Tensor, WithDType, bail};

use super::cpu::{nothing_less, runs_on_our_kernels};
use super::three::{OfThree, Op, Slopes};
use crate::fused::{self, Attention, EPSILON, Multiplied};

/// Scaled dot-product attention in several heads, as [`fused::Attention`].
///
/// On the CPU it runs on our own kernels, in `f32` or `f64`. Elsewhere it is composed of candle's operations.
/// Shapes: queries, keys and values are `[B, S, d]`, and the mask is `[S, S]`, not 0 where the row reads the column;
/// returns `[B, S, d]`.
///
/// # Errors
/// candle's, and for shapes that do not fit.
pub fn attention([q, k, v]: [&Tensor; 3], mask: &Tensor, heads: usize) -> Result<Tensor> {
    nothing_less(q)?;
    let (_, length, width) = q.dims3()?;
    if k.dims() != q.dims()
        || v.dims() != q.dims()
        || mask.dims() != [length, length]
        || heads == 0
        || width % heads != 0
    {
        bail!(
            "queries {:?}, keys {:?}, values {:?} and a mask {:?} do not fit {heads} heads",
            q.shape(),
            k.shape(),
            v.shape(),
            mask.shape()
        );
    }
    if !runs_on_our_kernels(q) {
        return composed_attention([q, k, v], mask, heads);
    }
    let mask = mask.to_dtype(DType::U8)?.flatten_all()?.to_vec1()?;
    q.contiguous()?
        .apply_op3(&k.contiguous()?, &v.contiguous()?, Op(Heads { heads, mask }))
}

fn composed_attention([q, k, v]: [&Tensor; 3], mask: &Tensor, heads: usize) -> Result<Tensor> {
    let (batch, length, width) = q.dims3()?;
    let part = width / heads;
    let split = |x: &Tensor| x.reshape((batch, length, heads, part))?.transpose(1, 2)?.contiguous();
    let (q, k, v) = (split(q)?, split(k)?, split(v)?);
    #[expect(clippy::cast_precision_loss, reason = "a head's width")]
    let scale = (part as f64).sqrt();
    let scores = (q.matmul(&k.t()?.contiguous()?)? / scale)?;
    let hidden = Tensor::new(f64::NEG_INFINITY, q.device())?
        .to_dtype(q.dtype())?
        .broadcast_as(scores.shape())?;
    let scores = mask.broadcast_as(scores.shape())?.where_cond(&scores, &hidden)?;
    let weights = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?)?.exp()?;
    let weights = weights.broadcast_div(&weights.sum_keepdim(D::Minus1)?)?;
    weights.matmul(&v)?.transpose(1, 2)?.reshape((batch, length, width))
}

/// Layer normalisation of each row, as [`fused::layer_norm`].
///
/// On the CPU it runs on our own kernels, in `f32` or `f64`. Elsewhere it is composed of candle's operations.
/// Shapes: rows are `[.., d]`, gain and bias `[d]`; returns `[.., d]`.
///
/// # Errors
/// candle's, and for shapes that do not fit.
pub fn layer_norm(x: &Tensor, gain: &Tensor, bias: &Tensor) -> Result<Tensor> {
    nothing_less(x)?;
    if x.dims().last() != gain.dims().first() || gain.dims().len() != 1 || gain.dims() != bias.dims() {
        bail!(
            "rows {:?}, a gain {:?} and a bias {:?}",
            x.shape(),
            gain.shape(),
            bias.shape()
        );
    }
    if !runs_on_our_kernels(x) {
        let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
        let scaled = centred.broadcast_div(&(variance + EPSILON)?.sqrt()?)?;
        return scaled.broadcast_mul(gain)?.broadcast_add(bias);
    }
    x.contiguous()?
        .apply_op3(&gain.contiguous()?, &bias.contiguous()?, Op(Norm))
}

/// An affine map of each row, as [`fused::linear`].
///
/// On the CPU it runs on our own kernels, in `f32` or `f64`. Elsewhere it is composed of candle's operations.
/// Shapes: rows are `[.., I]`, weights `[O, I]` and biases `[O]`; returns `[.., O]`.
///
/// # Errors
/// candle's, and for shapes that do not fit.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    nothing_less(x)?;
    let (outputs, inputs) = weight.dims2()?;
    if x.dims().last() != Some(&inputs) || bias.dims() != [outputs] {
        bail!(
            "rows {:?}, weights {:?} and biases {:?}",
            x.shape(),
            weight.shape(),
            bias.shape()
        );
    }
    if !runs_on_our_kernels(x) {
        let rows = x.flatten_to(D::Minus2)?.matmul(&weight.t()?)?.broadcast_add(bias)?;
        return rows.reshape(mapped(x.shape(), outputs));
    }
    x.contiguous()?
        .apply_op3(&weight.contiguous()?, &bias.contiguous()?, Op(Map))
}

/// The shape that rows have after a map to so many outputs.
fn mapped(rows: &Shape, outputs: usize) -> Shape {
    let dims = rows.dims().iter().take(rows.rank() - 1);
    dims.copied().chain([outputs]).collect::<Vec<_>>().into()
}

struct Heads {
    heads: usize,
    mask: Vec<u8>,
}

struct Norm;

struct Map;

impl Heads {
    fn sizes(&self, shape: &Shape) -> Result<Attention<'_>> {
        let (_, length, width) = shape.dims3()?;
        Ok(Attention {
            length,
            width,
            heads: self.heads,
            mask: &self.mask,
        })
    }
}

impl OfThree for Heads {
    const NAME: &'static str = "elbo-attention";

    fn forward<E: WithDType + Multiplied>(&self, args: [&[E]; 3], [q, ..]: [&Shape; 3]) -> Result<(Vec<E>, Shape)> {
        Ok((self.sizes(q)?.forward(args), q.clone()))
    }

    fn backward<E: WithDType + Multiplied>(
        &self,
        args: [&[E]; 3],
        pull: &[E],
        [q, ..]: [&Shape; 3],
        _: bool,
    ) -> Result<Slopes<E>> {
        Ok(self.sizes(q)?.backward(args, pull).map(Some))
    }
}

impl OfThree for Norm {
    const NAME: &'static str = "elbo-layer-norm";

    fn forward<E: WithDType + Multiplied>(
        &self,
        [x, gain, bias]: [&[E]; 3],
        [shape, ..]: [&Shape; 3],
    ) -> Result<(Vec<E>, Shape)> {
        Ok((fused::layer_norm(x, gain, bias), shape.clone()))
    }

    fn backward<E: WithDType + Multiplied>(
        &self,
        [x, gain, _]: [&[E]; 3],
        pull: &[E],
        _: [&Shape; 3],
        _: bool,
    ) -> Result<Slopes<E>> {
        Ok(fused::layer_norm_gradients(x, gain, pull).map(Some))
    }
}

impl OfThree for Map {
    const NAME: &'static str = "elbo-linear";

    fn forward<E: WithDType + Multiplied>(
        &self,
        [x, weight, bias]: [&[E]; 3],
        [rows, _, outputs]: [&Shape; 3],
    ) -> Result<(Vec<E>, Shape)> {
        Ok((fused::linear(x, weight, bias), mapped(rows, outputs.elem_count())))
    }

    fn backward<E: WithDType + Multiplied>(
        &self,
        [x, weight, bias]: [&[E]; 3],
        pull: &[E],
        _: [&Shape; 3],
        _: bool,
    ) -> Result<Slopes<E>> {
        Ok(fused::linear_gradients(x, weight, bias.len(), pull).map(Some))
    }
}
