//! The transformer's layers as candle sees them.

use candle_core::backend::BackendStorage as _;
use candle_core::{CpuStorage, CustomOp3, DType, Layout, Result, Shape, Tensor, WithDType, bail};

use super::cpu::{held, numbers};
use super::op::Three;
use crate::fused::{self, Attention, Multiplied};

/// Whether the tensors are ours to compute: on the CPU, in `f32` or `f64`.
pub(crate) fn ours(x: &Tensor) -> bool {
    x.device().is_cpu() && matches!(x.dtype(), DType::F32 | DType::F64)
}

/// A tensor of no numbers has no layer.
pub(super) fn nothing_less(x: &Tensor) -> Result<()> {
    if x.elem_count() == 0 {
        bail!("a layer of a tensor without numbers, {:?}", x.shape());
    }
    Ok(())
}

/// [`fused::Attention`]: queries, keys, values `[B, S, d]`, a mask `[S, S]` of bytes, on the CPU in `f32` or `f64`.
///
/// # Errors
/// candle's; for shapes that do not fit.
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
    let mask = mask.to_dtype(DType::U8)?.flatten_all()?.to_vec1()?;
    q.contiguous()?
        .apply_op3(&k.contiguous()?, &v.contiguous()?, Op(Heads { heads, mask }))
}

/// [`fused::layer_norm`]: rows `[.., d]`, gain and bias `[d]`, on the CPU in `f32` or `f64`.
///
/// # Errors
/// candle's; for shapes that do not fit.
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
    x.contiguous()?
        .apply_op3(&gain.contiguous()?, &bias.contiguous()?, Op(Norm))
}

/// [`fused::linear`]: rows `[.., I]`, weights `[O, I]`, biases `[O]`, to `[.., O]`, on the CPU in `f32` or `f64`.
///
/// # Errors
/// candle's; for shapes that do not fit.
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
    x.contiguous()?
        .apply_op3(&weight.contiguous()?, &bias.contiguous()?, Op(Map))
}

struct Heads {
    heads: usize,
    mask: Vec<u8>,
}

struct Norm;

struct Map;

/// An operation on three tensors of one type.
trait OfThree {
    const NAME: &'static str;
    fn forward<E: WithDType + Multiplied>(&self, args: [&[E]; 3], shapes: [&Shape; 3]) -> Result<(Vec<E>, Shape)>;
    fn backward<E: WithDType + Multiplied>(
        &self,
        args: [&[E]; 3],
        pull: &[E],
        shapes: [&Shape; 3],
    ) -> Result<[Vec<E>; 3]>;
}

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
    ) -> Result<[Vec<E>; 3]> {
        Ok(self.sizes(q)?.backward(args, pull))
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
    ) -> Result<[Vec<E>; 3]> {
        Ok(fused::layer_norm_gradients(x, gain, pull))
    }
}

impl OfThree for Map {
    const NAME: &'static str = "elbo-linear";

    fn forward<E: WithDType + Multiplied>(
        &self,
        [x, weight, bias]: [&[E]; 3],
        [rows, _, outputs]: [&Shape; 3],
    ) -> Result<(Vec<E>, Shape)> {
        let mut shape = rows.dims().to_vec();
        if let Some(last) = shape.last_mut() {
            *last = outputs.elem_count();
        }
        Ok((fused::linear(x, weight, bias), shape.into()))
    }

    fn backward<E: WithDType + Multiplied>(
        &self,
        [x, weight, bias]: [&[E]; 3],
        pull: &[E],
        _: [&Shape; 3],
    ) -> Result<[Vec<E>; 3]> {
        Ok(fused::linear_gradients(x, weight, bias.len(), pull))
    }
}

/// candle's trait for what is written once above: a blanket implementation would not be allowed.
struct Op<O>(O);

fn forward<E: WithDType + Multiplied>(
    op: &impl OfThree,
    args: [(&CpuStorage, &Layout); 3],
) -> Result<(CpuStorage, Shape)> {
    let [a, b, c] = args;
    let of = [
        numbers::<E>(a.0, a.1)?,
        numbers::<E>(b.0, b.1)?,
        numbers::<E>(c.0, c.1)?,
    ];
    let (y, shape) = op.forward(of, args.map(|(_, layout)| layout.shape()))?;
    Ok((E::to_cpu_storage_owned(y), shape))
}

fn backward<E: WithDType + Multiplied>(op: &impl OfThree, args: [&Tensor; 3], pull: &Tensor) -> Result<Three> {
    let pull = pull.contiguous()?;
    let storages = [args[0], args[1], args[2], &pull].map(Tensor::storage_and_layout);
    let [a, b, c, pulls] = &storages;
    let of = [held::<E>(a)?, held::<E>(b)?, held::<E>(c)?];
    let slopes = op.backward(of, held::<E>(pulls)?, args.map(Tensor::shape))?;
    let mut tensors = slopes
        .into_iter()
        .zip(args)
        .map(|(slopes, like)| Tensor::from_vec(slopes, like.shape(), like.device()));
    let mut next = || tensors.next().transpose();
    Ok((next()?, next()?, next()?))
}

impl<O: OfThree + Send + Sync> CustomOp3 for Op<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        la: &Layout,
        b: &CpuStorage,
        lb: &Layout,
        c: &CpuStorage,
        lc: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let args = [(a, la), (b, lb), (c, lc)];
        match a.dtype() {
            DType::F64 => forward::<f64>(&self.0, args),
            _ => forward::<f32>(&self.0, args),
        }
    }

    fn bwd(&self, a: &Tensor, b: &Tensor, c: &Tensor, _y: &Tensor, pull: &Tensor) -> Result<Three> {
        match a.dtype() {
            DType::F64 => backward::<f64>(&self.0, [a, b, c], pull),
            _ => backward::<f32>(&self.0, [a, b, c], pull),
        }
    }
}
