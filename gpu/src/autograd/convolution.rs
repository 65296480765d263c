//! The convolution as an operation of candle.

use candle_core::{DType, Result, Shape, Tensor, WithDType, bail};

use super::cpu::{nothing_less, runs_on_our_kernels};
use super::three::{OfThree, Op, Slopes};
use crate::fused::{Convolution, Multiplied};

/// A convolution of stride 1, with an odd kernel and zeros around the image.
///
/// On the CPU it is [`fused::Convolution`](crate::fused::Convolution), in `f32` or `f64`, whose bits do not depend on
/// the number of threads. On a device it is candle's own. A half type is multiplied in `f32` and rounded once.
/// Shapes: images are `[B, C, H, W]`, weights `[O, C, k, k]` and biases `[O]`; returns `[B, O, H, W]`.
///
/// # Errors
/// candle's, and for shapes that do not fit.
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
        // The result is rounded once, after the bias. candle's own convolution would round before it, too.
        let [wide, weights, biases] = [images, weights, biases].map(|tensor| tensor.to_dtype(DType::F32));
        return conv2d(&wide?, &weights?, &biases?)?.to_dtype(images.dtype());
    }
    if !runs_on_our_kernels(images) {
        let y = images.conv2d(weights, (kernel - 1) / 2, 1, 1, 1)?;
        return y.broadcast_add(&biases.reshape((1, (), 1, 1))?);
    }
    let (weights, biases) = (weights.contiguous()?, biases.contiguous()?);
    images.contiguous()?.apply_op3(&weights, &biases, Op(Convolved))
}

struct Convolved;

impl Convolved {
    fn sizes([images, weights, _]: [&Shape; 3]) -> Result<Convolution> {
        let (_, inputs, height, width) = images.dims4()?;
        let (outputs, _, kernel, _) = weights.dims4()?;
        Ok(Convolution {
            inputs,
            outputs,
            kernel,
            height,
            width,
        })
    }
}

impl OfThree for Convolved {
    const NAME: &'static str = "elbo-conv2d";

    fn forward<E: WithDType + Multiplied>(
        &self,
        [images, weights, biases]: [&[E]; 3],
        shapes: [&Shape; 3],
    ) -> Result<(Vec<E>, Shape)> {
        let conv = Self::sizes(shapes)?;
        let shape = (shapes[0].dims()[0], conv.outputs, conv.height, conv.width);
        Ok((conv.forward(images, weights, biases), shape.into()))
    }

    fn backward<E: WithDType + Multiplied>(
        &self,
        [images, weights, _]: [&[E]; 3],
        pull: &[E],
        shapes: [&Shape; 3],
        wanted: bool,
    ) -> Result<Slopes<E>> {
        let slopes = Self::sizes(shapes)?.backward(images, weights, pull, wanted);
        Ok([
            wanted.then_some(slopes.images),
            Some(slopes.weights),
            Some(slopes.biases),
        ])
    }
}
