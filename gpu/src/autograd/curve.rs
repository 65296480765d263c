//! Functions of every number by itself, as operations of candle.

use std::f64::consts::FRAC_1_SQRT_2;

use candle_core::backend::BackendStorage as _;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType};
use rayon::prelude::*;

use super::cpu::{held, numbers, runs_on_our_kernels, with_real};
use crate::fused::Curved;

/// The Gaussian error linear unit, `x Phi(x)`, where `Phi` is the normal distribution function.
///
/// ```text
/// y = x (1 + erf(x / sqrt 2)) / 2            dy/dx = Phi(x) + x e^(-x^2/2) / sqrt(2 pi)
/// ```
///
/// On the CPU it runs in `f32` or `f64`. On a device it is composed of candle's operations. The gradient of candle's
/// own function has `1 / sqrt(2 pi)` to six digits only.
///
/// # Errors
/// candle's.
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    if runs_on_our_kernels(x) {
        return x.contiguous()?.apply_op1(Curve::Gelu);
    }
    (x * ((x * FRAC_1_SQRT_2)?.erf()? + 1.0)?)? * 0.5
}

/// The rectified linear unit, `max(x, 0)`, whose derivative at 0 is 0. NaN stays NaN.
///
/// On a device, and in half types, it is composed of candle's operations. candle's own function makes 0 of NaN, and its
/// derivative at 0 is 1.
///
/// # Errors
/// candle's.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    if runs_on_our_kernels(x) {
        return x.contiguous()?.apply_op1(Curve::Relu);
    }
    let zero = x.zeros_like()?;
    x.le(&zero)?.where_cond(&zero, x)
}

#[derive(Clone, Copy)]
enum Curve {
    Gelu,
    Relu,
}

/// How many numbers one thread takes at a time.
const CHUNK: usize = 4096;

/// Applies `f` to chunks of two slices side by side. Its third argument is the chunk of the result that it fills.
fn map<E: WithDType>(x: &[E], pull: &[E], f: impl Fn(&[E], &[E], &mut [E]) + Sync) -> Vec<E> {
    let mut y = vec![E::zero(); x.len()];
    let chunks = x.par_chunks(CHUNK).zip(pull.par_chunks(CHUNK));
    chunks
        .zip(y.par_chunks_mut(CHUNK))
        .for_each(|((x, pull), y)| f(x, pull, y));
    y
}

/// Writes 0 where the number is not positive, and what is pulled elsewhere, which includes NaN.
fn where_positive<E: WithDType>(x: &[E], pull: &[E], y: &mut [E]) {
    for ((x, pull), y) in x.iter().zip(pull).zip(y) {
        *y = if *x <= E::zero() { E::zero() } else { *pull };
    }
}

impl Curve {
    fn forward<E: WithDType + Curved>(self, x: &CpuStorage, layout: &Layout) -> Result<CpuStorage> {
        let x = numbers::<E>(x, layout)?;
        let y = match self {
            Self::Gelu => map(x, x, |x, _, y| E::gelu(x, y)),
            Self::Relu => map(x, x, where_positive),
        };
        Ok(E::to_cpu_storage_owned(y))
    }

    fn backward<E: WithDType + Curved>(self, x: &Tensor, pull: &Tensor) -> Result<Tensor> {
        let pull = pull.contiguous()?;
        let storages = [x, &pull].map(Tensor::storage_and_layout);
        let [numbers, pulls] = &storages;
        let (numbers, pulls) = (held::<E>(numbers)?, held::<E>(pulls)?);
        let slopes = match self {
            Self::Gelu => map(numbers, pulls, E::gelu_gradient),
            Self::Relu => map(numbers, pulls, where_positive),
        };
        Tensor::from_vec(slopes, x.shape(), x.device())
    }
}

impl CustomOp1 for Curve {
    fn name(&self) -> &'static str {
        "elbo-curve"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let y = with_real!(x.dtype(), Self::forward(*self, x, layout));
        Ok((y?, layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, pull: &Tensor) -> Result<Option<Tensor>> {
        with_real!(x.dtype(), Self::backward(*self, x, pull)).map(Some)
    }
}
