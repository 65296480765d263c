//! The convolution as candle sees it.

use candle_core::backend::BackendStorage as _;
use candle_core::{CpuStorage, CustomOp3, DType, Layout, Result, Shape, Tensor, WithDType, bail};

use super::cpu::{held, numbers};
use super::op::Three;
use super::sequence::nothing_less;
use crate::fused::{Convolution, Multiplied};

/// A convolution of stride 1, zeros around the image, `k` odd: `[B, C, H, W]`, weights `[O, C, k, k]`, biases `[O]` to `[B, O, H, W]`.
///
/// On the CPU [`fused::Convolution`](crate::fused::Convolution), in `f32` or `f64`; on a device candle's own. A half type is
/// multiplied in `f32` and rounded once. The bits do not depend on the number of threads.
///
/// # Errors
/// candle's; for shapes that do not fit.
pub fn conv2d(images: &Tensor, weights: &Tensor, biases: &Tensor) -> Result<Tensor> {
    nothing_less(images)?;
    let (_, inputs, ..) = images.dims4()?;
    let (outputs, channels, kernel, other) = weights.dims4()?;
    if channels != inputs || kernel != other || kernel % 2 == 0 || biases.dims() != [outputs] {
        bail!(
            "images {:?}, weights {:?} and biases {:?} make no convolution",
            images.shape(),
            weights.shape(),
            biases.shape()
        );
    }
    if !matches!(images.dtype(), DType::F32 | DType::F64) {
        // Rounded once, after the bias: candle's own rounds before it too.
        let [wide, weights, biases] = [images, weights, biases].map(|tensor| tensor.to_dtype(DType::F32));
        return conv2d(&wide?, &weights?, &biases?)?.to_dtype(images.dtype());
    }
    if !images.device().is_cpu() {
        let y = images.conv2d(weights, (kernel - 1) / 2, 1, 1, 1)?;
        return y.broadcast_add(&biases.reshape((1, (), 1, 1))?);
    }
    let (weights, biases) = (weights.contiguous()?, biases.contiguous()?);
    images.contiguous()?.apply_op3(&weights, &biases, Op)
}

struct Op;

impl Op {
    fn sizes(images: &Shape, weights: &Shape) -> Result<(Convolution, usize)> {
        let (batch, inputs, height, width) = images.dims4()?;
        let (outputs, _, kernel, _) = weights.dims4()?;
        Ok((
            Convolution {
                inputs,
                outputs,
                kernel,
                height,
                width,
            },
            batch,
        ))
    }

    fn forward<E: WithDType + Multiplied>([x, w, b]: [(&CpuStorage, &Layout); 3]) -> Result<(CpuStorage, Shape)> {
        let (conv, batch) = Self::sizes(x.1.shape(), w.1.shape())?;
        let results = conv.forward(
            numbers::<E>(x.0, x.1)?,
            numbers::<E>(w.0, w.1)?,
            numbers::<E>(b.0, b.1)?,
        );
        let shape = Shape::from((batch, conv.outputs, conv.height, conv.width));
        Ok((E::to_cpu_storage_owned(results), shape))
    }

    fn backward<E: WithDType + Multiplied>(args: [&Tensor; 3], pull: &Tensor) -> Result<Three> {
        let [images, weights, biases] = args;
        let (conv, _) = Self::sizes(images.shape(), weights.shape())?;
        let pull = pull.contiguous()?;
        let storages = [images, weights, &pull].map(Tensor::storage_and_layout);
        let [x, w, pulls] = &storages;
        let wanted = images.track_op();
        let slopes = conv.backward(held::<E>(x)?, held::<E>(w)?, held::<E>(pulls)?, wanted);
        let of = |slopes, like: &Tensor| Tensor::from_vec(slopes, like.shape(), like.device());
        let of_images = wanted.then(|| of(slopes.images, images)).transpose()?;
        Ok((
            of_images,
            Some(of(slopes.weights, weights)?),
            Some(of(slopes.biases, biases)?),
        ))
    }
}

impl CustomOp3 for Op {
    fn name(&self) -> &'static str {
        "elbo-conv2d"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        w: &CpuStorage,
        lw: &Layout,
        b: &CpuStorage,
        lb: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let args = [(x, lx), (w, lw), (b, lb)];
        match x.dtype() {
            DType::F64 => Self::forward::<f64>(args),
            _ => Self::forward::<f32>(args),
        }
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, b: &Tensor, _y: &Tensor, pull: &Tensor) -> Result<Three> {
        match x.dtype() {
            DType::F64 => Self::backward::<f64>([x, w, b], pull),
            _ => Self::backward::<f32>([x, w, b], pull),
        }
    }
}
