//! The fused terms as candle sees them: functions of tensors with a backward pass.
//!
//! A thin wrapper. Values come back in `f32` (`f64` for `f64` logits), gradients in the logits' own type. candle's backward pass fills a table with
//! zeros and adds to it whatever an operation returns, and an operation cannot hand over a buffer: so a gradient goes to memory three times
//! where [`fused`] writes it once. A training loop that can call [`fused`] should. On the CPU; a tensor elsewhere is refused.

use std::ops::Deref;
use std::sync::Arc;

use candle_core::backend::BackendStorage as _;
use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Layout, Result, Shape, Storage, Tensor, WithDType, bail,
};
use half::{bf16, f16};
use rayon::prelude::*;

use crate::fused::{self, Isa, Numbers, Real as _, Rows, Target};

mod mixing;

pub use mixing::{codebook_mix, gumbel_softmax};

/// [`fused::kl_to_uniform`]: `[.., K]` to `[..]`.
///
/// # Errors
/// candle's, for a tensor of integers or on another device.
pub fn kl_to_uniform(logits: &Tensor) -> Result<Tensor> {
    of_one(Function::KlToUniform, logits)
}

/// [`fused::entropy`]: `[.., K]` to `[..]`.
///
/// # Errors
/// As [`kl_to_uniform`].
pub fn entropy(logits: &Tensor) -> Result<Tensor> {
    of_one(Function::Entropy, logits)
}

/// [`fused::log_mean_exp`]: `[.., N]` to `[..]`.
///
/// # Errors
/// As [`kl_to_uniform`].
pub fn log_mean_exp(log_weights: &Tensor) -> Result<Tensor> {
    of_one(Function::LogMeanExp, log_weights)
}

/// [`fused::token_log_prob`]: `[.., V]` and a target a row to `[..]`. A target's weight counts in the gradient, as there.
///
/// # Errors
/// As [`kl_to_uniform`]; for targets that do not fit.
pub fn token_log_prob(logits: &Tensor, targets: &[Target]) -> Result<Tensor> {
    of_one(Function::TokenLogProb(targets.into()), logits)
}

/// [`fused::kl_divergence`]: two of `[.., K]` to `[..]`.
///
/// # Errors
/// As [`kl_to_uniform`]; for tensors of different shapes or types.
pub fn kl_divergence(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    of_two(Function::KlDivergence, a, b)
}

/// [`fused::cross_entropy`]: two of `[.., K]` to `[..]`.
///
/// # Errors
/// As [`kl_divergence`].
pub fn cross_entropy(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    of_two(Function::CrossEntropy, a, b)
}

/// [`fused::logit_laplace`]: three of `[.., P]` to `[..]`; no gradient goes to the pixels `x`.
///
/// # Errors
/// As [`kl_divergence`].
pub fn logit_laplace(x: &Tensor, mu: &Tensor, ln_b: &Tensor) -> Result<Tensor> {
    let op = Op(Function::LogitLaplace);
    let values = x.contiguous()?.apply_op3(&mu.contiguous()?, &ln_b.contiguous()?, op)?;
    values.to_dtype(computed(x.dtype()))
}

fn of_one(function: Function, x: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op1(Op(function))?.to_dtype(computed(x.dtype()))
}

fn of_two(function: Function, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let values = a.contiguous()?.apply_op2(&b.contiguous()?, Op(function))?;
    values.to_dtype(computed(a.dtype()))
}

const fn computed(stored: DType) -> DType {
    match stored {
        DType::F64 => DType::F64,
        _ => DType::F32,
    }
}

#[derive(Debug, Clone)]
enum Function {
    KlToUniform,
    Entropy,
    LogMeanExp,
    TokenLogProb(Arc<[Target]>),
    KlDivergence,
    CrossEntropy,
    LogitLaplace,
}

impl Function {
    /// Values of all rows, and gradients times `weight`.
    fn run<E: Numbers>(
        &self,
        tables: &[&[E]],
        k: usize,
        weight: f64,
        values: &mut [f64],
        grads: Option<&mut [Vec<E>]>,
    ) -> Result<()> {
        let isa = Isa::best();
        let rows = |t: usize| Rows::new("tensor", tables[t], k).map_err(candle_core::Error::wrap);
        let mut grads = grads.into_iter().flatten().map(Vec::as_mut_slice);
        let (first, second) = (grads.next(), grads.next());
        let both = |first: Option<_>, second: Option<_>| first.zip(second).map(|(a, b)| [a, b]);
        match self {
            Self::KlToUniform => fused::kl_to_uniform(isa, rows(0)?, weight, values, first),
            Self::Entropy => fused::entropy(isa, rows(0)?, weight, values, first),
            Self::LogMeanExp => fused::log_mean_exp(isa, rows(0)?, weight, values, first),
            Self::TokenLogProb(targets) => {
                let done = fused::token_log_prob(isa, rows(0)?, targets, weight, values, first);
                done.map_err(candle_core::Error::wrap)?;
            }
            Self::KlDivergence => fused::kl_divergence(isa, [rows(0)?, rows(1)?], weight, values, both(first, second)),
            Self::CrossEntropy => fused::cross_entropy(isa, [rows(0)?, rows(1)?], weight, values, both(first, second)),
            Self::LogitLaplace => {
                let tables = [rows(0)?, rows(1)?, rows(2)?];
                fused::logit_laplace(isa, tables, weight, values, both(first, second));
            }
        }
        Ok(())
    }

    const fn gradients(&self) -> usize {
        match self {
            Self::KlDivergence | Self::CrossEntropy | Self::LogitLaplace => 2,
            _ => 1,
        }
    }
}

/// Runs a body with the type that a tensor is stored in.
macro_rules! with_type {
    ($dtype:expr, $run:ident($($arg:expr),*)) => {
        match $dtype {
            DType::F32 => $run::<f32>($($arg),*),
            DType::F64 => $run::<f64>($($arg),*),
            DType::BF16 => $run::<bf16>($($arg),*),
            DType::F16 => $run::<f16>($($arg),*),
            other => bail!("the fused terms read f32, f64, bf16 and f16, not {other:?}"),
        }
    };
}
use with_type;

/// The numbers of a contiguous tensor.
fn numbers<'a, E: WithDType>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [E]> {
    let Some((from, to)) = layout.contiguous_offsets() else {
        bail!("a fused term reads contiguous tensors");
    };
    Ok(&E::cpu_storage_as_slice(storage)?[from..to])
}

/// The numbers of a contiguous tensor in the CPU's memory, while its storage is held.
fn held<'a, E: WithDType>((storage, layout): &'a (impl Deref<Target = Storage>, &Layout)) -> Result<&'a [E]> {
    match &**storage {
        Storage::Cpu(storage) => numbers(storage, layout),
        _ => bail!("a fused term's backward pass runs on the CPU"),
    }
}

fn forward<E: Numbers + WithDType>(
    function: &Function,
    args: &[(&CpuStorage, &Layout)],
) -> Result<(CpuStorage, Shape)> {
    let tables = args.iter().map(|(storage, layout)| numbers::<E>(storage, layout));
    let tables: Vec<&[E]> = tables.collect::<Result<_>>()?;
    let shape = args[0].1.shape();
    if args.iter().any(|(_, layout)| layout.shape() != shape) {
        bail!(
            "a fused term reads tensors of one shape, these are {:?}",
            args.iter().map(|a| a.1.shape()).collect::<Vec<_>>()
        );
    }
    let Some((&k, rows)) = shape.dims().split_last() else {
        bail!("a fused term reads rows, this is a single number");
    };
    let mut values = vec![0.0; rows.iter().product()];
    function.run(&tables, k, 1.0, &mut values, None)?;
    Ok((CpuStorage::F64(values), Shape::from(rows)))
}

/// Gradients of the sum of all values, each weighted by what comes back to it.
fn backward<E: Numbers + WithDType>(function: &Function, args: &[&Tensor], upstream: &Tensor) -> Result<Vec<Tensor>> {
    let storages: Vec<_> = args.iter().map(|tensor| tensor.storage_and_layout()).collect();
    let tables: Vec<&[E]> = storages.iter().map(held).collect::<Result<_>>()?;
    let upstream: Vec<f64> = upstream.flatten_all()?.to_vec1()?;
    let k = args[0].dims().last().copied().unwrap_or(1);
    let zero = E::narrow(E::Real::of(0.0));
    let mut grads = vec![vec![zero; tables[0].len()]; function.gradients()];
    // A loss that adds or averages hands back one number: it goes into the kernel.
    let first = upstream.first().copied().unwrap_or(0.0);
    let same = upstream.iter().all(|weight| weight.to_bits() == first.to_bits());
    // Else the largest does, and rows take their share of it afterwards: half types underflow last.
    let largest = upstream.iter().fold(0.0, |most: f64, weight| weight.abs().max(most));
    let weight = if same { first } else { largest };
    let mut values = vec![0.0; upstream.len()];
    function.run(&tables, k, weight, &mut values, Some(&mut grads))?;
    if !same {
        for grad in &mut grads {
            grad.par_chunks_mut(k).zip(&upstream).for_each(|(row, &weight)| {
                for slope in row {
                    *slope = E::narrow(E::Real::of(slope.widen().to_f64() * (weight / largest)));
                }
            });
        }
    }
    let tensor = |grad| Tensor::from_vec(grad, args[0].shape(), args[0].device());
    grads.into_iter().map(tensor).collect()
}

/// One fused function as an operation of candle.
struct Op(Function);

impl CustomOp1 for Op {
    fn name(&self) -> &'static str {
        "elbo-of-one"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        with_type!(storage.dtype(), forward(&self.0, &[(storage, layout)]))
    }

    fn bwd(&self, x: &Tensor, _values: &Tensor, upstream: &Tensor) -> Result<Option<Tensor>> {
        Ok(with_type!(x.dtype(), backward(&self.0, &[x], upstream))?.pop())
    }
}

impl CustomOp2 for Op {
    fn name(&self) -> &'static str {
        "elbo-of-two"
    }

    fn cpu_fwd(&self, a: &CpuStorage, la: &Layout, b: &CpuStorage, lb: &Layout) -> Result<(CpuStorage, Shape)> {
        with_type!(a.dtype(), forward(&self.0, &[(a, la), (b, lb)]))
    }

    fn bwd(&self, a: &Tensor, b: &Tensor, _v: &Tensor, upstream: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let mut grads = with_type!(a.dtype(), backward(&self.0, &[a, b], upstream))?;
        let second = grads.pop();
        Ok((grads.pop(), second))
    }
}

type Three = (Option<Tensor>, Option<Tensor>, Option<Tensor>);

impl CustomOp3 for Op {
    fn name(&self) -> &'static str {
        "elbo-of-three"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        mu: &CpuStorage,
        lmu: &Layout,
        ln_b: &CpuStorage,
        lb: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        with_type!(x.dtype(), forward(&self.0, &[(x, lx), (mu, lmu), (ln_b, lb)]))
    }

    fn bwd(&self, x: &Tensor, mu: &Tensor, ln_b: &Tensor, _values: &Tensor, upstream: &Tensor) -> Result<Three> {
        let mut grads = with_type!(x.dtype(), backward(&self.0, &[x, mu, ln_b], upstream))?;
        let second = grads.pop();
        Ok((None, grads.pop(), second))
    }
}
