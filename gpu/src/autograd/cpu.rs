//! The operations of candle as they run on the CPU: from tensors to slices, through the fused kernels, and back.

use std::cell::Cell;
use std::ops::Deref;

use candle_core::{CpuStorage, Layout, Result, Shape, Storage, Tensor, WithDType, bail};
use rayon::prelude::*;

use super::op::{ClassAxis, Function, Op, Sizes, Weights};
use crate::fused::planes::{self, Planes};
use crate::fused::{self, Isa, Numbers, Real as _, Rows};

/// Runs a function with the type that a tensor is stored in.
macro_rules! with_type {
    ($dtype:expr, $($run:ident)::+($($arg:expr),*)) => {
        match $dtype {
            candle_core::DType::F32 => $($run)::+::<f32>($($arg),*),
            candle_core::DType::F64 => $($run)::+::<f64>($($arg),*),
            candle_core::DType::BF16 => $($run)::+::<half::bf16>($($arg),*),
            candle_core::DType::F16 => $($run)::+::<half::f16>($($arg),*),
            other => candle_core::bail!("the fused terms read f32, f64, bf16 and f16, not {other:?}"),
        }
    };
}
pub(super) use with_type;

/// Runs a function with the type that a tensor is stored in, where that is one in which layers are computed.
macro_rules! with_real {
    ($dtype:expr, $($run:ident)::+($($arg:expr),*)) => {
        match $dtype {
            candle_core::DType::F32 => $($run)::+::<f32>($($arg),*),
            candle_core::DType::F64 => $($run)::+::<f64>($($arg),*),
            other => candle_core::bail!("layers are computed in f32 and f64, not in {other:?}"),
        }
    };
}
pub(super) use with_real;

thread_local! {
    static COMPOSED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a function in which every layer is composed of candle's operations, as on a device. Tests and benches compare
/// our own layers with these. Other threads are not affected.
pub fn composed<R>(run: impl FnOnce() -> R) -> R {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            COMPOSED.set(self.0);
        }
    }
    let _before = Before(COMPOSED.replace(true));
    run()
}

/// Whether layers on this thread are composed of candle's operations, because [`composed`] is running.
#[must_use]
pub fn is_composed() -> bool {
    COMPOSED.get()
}

/// Whether a layer of this tensor runs on our own kernels: on the CPU, in `f32` or `f64`.
pub(super) fn runs_on_our_kernels(x: &Tensor) -> bool {
    let real = matches!(x.dtype(), candle_core::DType::F32 | candle_core::DType::F64);
    real && x.device().is_cpu() && !is_composed()
}

/// Refuses a tensor without numbers, which no layer reads.
pub(super) fn nothing_less(x: &Tensor) -> Result<()> {
    if x.elem_count() == 0 {
        bail!("a layer of a tensor without numbers, {:?}", x.shape());
    }
    Ok(())
}

/// The numbers of a contiguous tensor, from its storage in the CPU's memory.
pub(super) fn numbers<'a, E: WithDType>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [E]> {
    let Some((from, to)) = layout.contiguous_offsets() else {
        bail!("a fused term reads contiguous tensors");
    };
    Ok(&E::cpu_storage_as_slice(storage)?[from..to])
}

/// The numbers of a contiguous tensor in the CPU's memory, as long as its storage is borrowed.
pub(super) fn held<'a, E: WithDType>(
    (storage, layout): &'a (impl Deref<Target = Storage>, &Layout),
) -> Result<&'a [E]> {
    match &**storage {
        Storage::Cpu(storage) => numbers(storage, layout),
        _ => bail!("a fused term's tensors lie on one device"),
    }
}

pub(super) fn forward<E: Numbers>(op: &Op, args: &[(&CpuStorage, &Layout)]) -> Result<(CpuStorage, Shape)> {
    let sizes = op.sizes(args.iter().map(|(_, layout)| layout.shape()))?;
    let tables = args.iter().map(|(storage, layout)| numbers::<E>(storage, layout));
    let tables: Vec<&[E]> = tables.collect::<Result<_>>()?;
    let mut values = vec![0.0; sizes.values.elem_count()];
    op.run(&tables, &sizes, 1.0, &mut values, &mut [])?;
    Ok((CpuStorage::F64(values), sizes.values))
}

pub(super) fn backward<E: Numbers>(op: &Op, args: &[&Tensor], weights: &Weights) -> Result<Vec<Tensor>> {
    let sizes = op.sizes(args.iter().map(|tensor| tensor.shape()))?;
    let storages: Vec<_> = args.iter().map(|tensor| tensor.storage_and_layout()).collect();
    let tables: Vec<&[E]> = storages.iter().map(held).collect::<Result<_>>()?;
    let zero = E::narrow(E::Real::of(0.0));
    // Each buffer is allocated by itself: copies of one would be read, page by page, before they are written.
    let fresh = |_| vec![zero; tables[0].len()];
    let mut grads: Vec<Vec<E>> = (0..op.0.gradients()).map(fresh).collect();
    let mut values = vec![0.0; sizes.values.elem_count()];
    op.run(&tables, &sizes, weights.one, &mut values, &mut grads)?;
    if let Some(shares) = &weights.shares {
        for grad in &mut grads {
            share(grad, &sizes, shares);
        }
    }
    let tensor = |grad| Tensor::from_vec(grad, args[0].shape(), args[0].device());
    grads.into_iter().map(tensor).collect()
}

/// Multiplies every distribution's part of a gradient by its share.
fn share<E: Numbers>(grad: &mut [E], sizes: &Sizes, shares: &[f64]) {
    let times = |slope: &mut E, share: f64| *slope = E::narrow(E::Real::of(slope.widen().to_f64() * share));
    let (k, positions) = (sizes.k, sizes.positions);
    let images = grad.par_chunks_mut(k * positions).zip(shares.par_chunks(positions));
    images.for_each(|(image, shares)| match shares {
        [share] => image.iter_mut().for_each(|slope| times(slope, *share)),
        _ => {
            for plane in image.chunks_mut(positions) {
                plane
                    .iter_mut()
                    .zip(shares)
                    .for_each(|(slope, share)| times(slope, *share));
            }
        }
    });
}

impl Op {
    /// Computes the values of all distributions, and the gradients times `weight` where there are buffers for them.
    fn run<E: Numbers>(
        &self,
        tables: &[&[E]],
        sizes: &Sizes,
        weight: f64,
        values: &mut [f64],
        grads: &mut [Vec<E>],
    ) -> Result<()> {
        let isa = Isa::best();
        let mut grads = grads.iter_mut().map(Vec::as_mut_slice);
        let (first, second) = (grads.next(), grads.next());
        let both = |first: Option<_>, second: Option<_>| first.zip(second).map(|(a, b)| [a, b]);
        let rows = |t: usize| Rows::new("tensor", tables[t], sizes.k).map_err(candle_core::Error::wrap);
        let all =
            |t: usize| Planes::new("tensor", tables[t], sizes.k, sizes.positions).map_err(candle_core::Error::wrap);
        match (&self.0, self.1) {
            (Function::KlToUniform, ClassAxis::InRows) => fused::kl_to_uniform(isa, rows(0)?, weight, values, first),
            (Function::KlToUniform, ClassAxis::InPlanes) => planes::kl_to_uniform(isa, all(0)?, weight, values, first),
            (Function::Entropy, ClassAxis::InRows) => fused::entropy(isa, rows(0)?, weight, values, first),
            (Function::Entropy, ClassAxis::InPlanes) => planes::entropy(isa, all(0)?, weight, values, first),
            (Function::KlDivergence, ClassAxis::InRows) => {
                fused::kl_divergence(isa, [rows(0)?, rows(1)?], weight, values, both(first, second));
            }
            (Function::KlDivergence, ClassAxis::InPlanes) => {
                planes::kl_divergence(isa, [all(0)?, all(1)?], weight, values, both(first, second));
            }
            (Function::CrossEntropy, ClassAxis::InRows) => {
                fused::cross_entropy(isa, [rows(0)?, rows(1)?], weight, values, both(first, second));
            }
            (Function::CrossEntropy, ClassAxis::InPlanes) => {
                planes::cross_entropy(isa, [all(0)?, all(1)?], weight, values, both(first, second));
            }
            (Function::LogMeanExp, _) => fused::log_mean_exp(isa, rows(0)?, weight, values, first),
            (Function::TokenLogProb(targets), _) => {
                let done = fused::token_log_prob(isa, rows(0)?, targets, weight, values, first);
                done.map_err(candle_core::Error::wrap)?;
            }
            (Function::LogitLaplace, _) => {
                let tables = [rows(0)?, rows(1)?, rows(2)?];
                fused::logit_laplace(isa, tables, weight, values, both(first, second));
            }
        }
        Ok(())
    }
}
