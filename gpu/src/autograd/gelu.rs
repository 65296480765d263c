//! The Gaussian error linear unit as candle sees it.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use candle_core::backend::BackendStorage as _;
use candle_core::{CpuStorage, CustomOp1, DType, Layout, Result, Shape, Tensor, WithDType};
use rayon::prelude::*;

use super::cpu::{held, numbers};

/// `x Phi(x)`, `Phi` the normal distribution function.
///
/// ```text
/// y = x (1 + erf(x / sqrt 2)) / 2            dy/dx = Phi(x) + x e^(-x^2/2) / sqrt(2 pi)
/// ```
///
/// In `f32` or `f64`. candle's own has `1 / sqrt(2 pi)` to six digits in its gradient. On a device composed of candle's operations.
///
/// # Errors
/// candle's.
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    match x.dtype() {
        DType::F32 | DType::F64 if x.device().is_cpu() => x.contiguous()?.apply_op1(Op),
        _ => (x * ((x * FRAC_1_SQRT_2)?.erf()? + 1.0)?)? * 0.5,
    }
}

struct Op;

/// Numbers that one thread takes at a time.
const CHUNK: usize = 4096;

/// `f` of every number, with its neighbour of the second slice.
fn map<E: WithDType>(x: &[E], pull: &[E], f: impl Fn(f64, f64) -> f64 + Sync) -> Vec<E> {
    let mut y = vec![E::zero(); x.len()];
    let chunks = x.par_chunks(CHUNK).zip(pull.par_chunks(CHUNK));
    chunks.zip(y.par_chunks_mut(CHUNK)).for_each(|((x, pull), y)| {
        for ((x, pull), y) in x.iter().zip(pull).zip(y) {
            *y = E::from_f64(f(x.to_f64(), pull.to_f64()));
        }
    });
    y
}

fn phi(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

fn forward<E: WithDType>(x: &CpuStorage, layout: &Layout) -> Result<CpuStorage> {
    let x = numbers::<E>(x, layout)?;
    Ok(E::to_cpu_storage_owned(map(x, x, |x, _| x * phi(x))))
}

fn backward<E: WithDType>(x: &Tensor, pull: &Tensor) -> Result<Tensor> {
    let pull = pull.contiguous()?;
    let storages = [x, &pull].map(Tensor::storage_and_layout);
    let density = |x: f64| (-0.5 * x * x).exp() / (2.0 * PI).sqrt();
    let [numbers, pulls] = &storages;
    let slopes = map(held::<E>(numbers)?, held::<E>(pulls)?, |x, pull| {
        pull * (phi(x) + x * density(x))
    });
    Tensor::from_vec(slopes, x.shape(), x.device())
}

impl CustomOp1 for Op {
    fn name(&self) -> &'static str {
        "elbo-gelu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let y = match x.dtype() {
            DType::F64 => forward::<f64>(x, layout),
            _ => forward::<f32>(x, layout),
        };
        Ok((y?, layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, pull: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(match x.dtype() {
            DType::F64 => backward::<f64>(x, pull)?,
            _ => backward::<f32>(x, pull)?,
        }))
    }
}
