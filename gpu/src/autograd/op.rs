//! A fused function as an operation of candle: which function it is, along which axis its distributions lie, and on
//! which device it runs.

use std::sync::Arc;

use candle_core::backend::BackendStorage as _;
use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, CustomOp2, CustomOp3, Device, Layout, Result, Shape, Tensor, bail,
};

use super::cpu::{self, with_type};
#[cfg(feature = "cuda")]
use super::cuda;
use crate::fused::Target;

/// The fused functions that are operations of candle.
#[derive(Debug, Clone)]
pub(super) enum Function {
    KlToUniform,
    Entropy,
    LogMeanExp,
    TokenLogProb(Arc<[Target]>),
    KlDivergence,
    CrossEntropy,
    LogitLaplace,
}

impl Function {
    /// The number of arguments that get a gradient.
    pub(super) const fn gradients(&self) -> usize {
        match self {
            Self::KlDivergence | Self::CrossEntropy | Self::LogitLaplace => 2,
            _ => 1,
        }
    }
}

/// The axis of a tensor along which its distributions lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClassAxis {
    /// The last axis, `[.., K]`.
    InRows,
    /// The second axis, `[B, K, ..]`.
    InPlanes,
}

/// The sizes that the shape of a tensor stands for.
pub(super) struct Sizes {
    /// The number of states of a distribution.
    pub(super) k: usize,
    /// The number of positions of a plane; 1 for rows.
    pub(super) positions: usize,
    /// The shape of the values, of which there is one for each distribution.
    pub(super) values: Shape,
}

/// The gradient of the values, as a kernel takes it: one weight, and the share of it that each value has unless they
/// are all the same.
pub(super) struct Weights {
    pub(super) one: f64,
    pub(super) shares: Option<Vec<f64>>,
}

impl Weights {
    fn of(upstream: &Tensor) -> Result<Self> {
        Ok(Self::of_all(upstream.flatten_all()?.to_vec1()?))
    }

    fn of_all(all: Vec<f64>) -> Self {
        let first = all.first().copied().unwrap_or(0.0);
        // A loss that adds or averages hands back one number.
        #[expect(clippy::float_cmp, reason = "the same number, whatever its zero's sign")]
        if all.iter().all(|weight| *weight == first) {
            return Self {
                one: first,
                shares: None,
            };
        }
        // If the weights differ, a large one goes into the kernel, and rows take their share of it afterwards, so that
        // half types underflow last. Where that would make something of a zero, or a large weight would overflow what
        // others only pass through, every row takes its whole weight.
        let largest = all.iter().fold(0.0, |most: f64, weight| weight.abs().max(most));
        let one = if largest > 0.0 && all.iter().all(|weight| weight.is_finite()) {
            largest.min(1.0)
        } else {
            1.0
        };
        let shares = Some(all.into_iter().map(|weight| weight / one).collect());
        Self { one, shares }
    }
}

/// A fused function, and the axis along which the distributions of its arguments lie.
#[derive(Debug)]
pub(super) struct Op(pub(super) Function, pub(super) ClassAxis);

impl Op {
    /// The sizes that the common shape of all tensors stands for.
    pub(super) fn sizes<'a>(&self, shapes: impl IntoIterator<Item = &'a Shape>) -> Result<Sizes> {
        let shapes: Vec<&Shape> = shapes.into_iter().collect();
        let dims = shapes[0].dims();
        if shapes.iter().any(|shape| shape.dims() != dims) {
            bail!("a fused term reads tensors of one shape, these are {shapes:?}");
        }
        match (self.1, dims) {
            (ClassAxis::InRows, [rows @ .., k]) => Ok(Sizes {
                k: *k,
                positions: 1,
                values: Shape::from(rows),
            }),
            (ClassAxis::InPlanes, [images, k, plane @ ..]) => Ok(Sizes {
                k: *k,
                positions: plane.iter().product(),
                values: Shape::from([&[*images], plane].concat()),
            }),
            (ClassAxis::InRows, _) => bail!("a fused term reads rows, this is a single number"),
            (ClassAxis::InPlanes, _) => bail!("a fused term reads [B, K, ..], the shape is {dims:?}"),
        }
    }

    /// The gradients of the sum of all values, each weighted by its own gradient `upstream`.
    fn backward(&self, args: &[&Tensor], upstream: &Tensor) -> Result<Vec<Tensor>> {
        let (weights, dtype) = (Weights::of(upstream)?, args[0].dtype());
        match args[0].device() {
            Device::Cpu => with_type!(dtype, cpu::backward(self, args, &weights)),
            #[cfg(feature = "cuda")]
            Device::Cuda(device) => cuda::backward(self, device, args, &weights),
            _ => bail!("a fused term's backward pass does not run there"),
        }
    }
}

#[cfg(not(feature = "cuda"))]
mod cuda {
    //! The stand-in without the feature: no tensor lies on a CUDA device.
    use candle_core::{CudaStorage, Layout, Result, Shape, bail};

    pub(super) fn forward(_op: &super::Op, _args: &[(&CudaStorage, &Layout)]) -> Result<(CudaStorage, Shape)> {
        bail!("this build has no CUDA support (feature `cuda`)")
    }
}

impl CustomOp1 for Op {
    fn name(&self) -> &'static str {
        "elbo-of-one"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        with_type!(storage.dtype(), cpu::forward(self, &[(storage, layout)]))
    }

    fn cuda_fwd(&self, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::forward(self, &[(storage, layout)])
    }

    fn bwd(&self, x: &Tensor, _values: &Tensor, upstream: &Tensor) -> Result<Option<Tensor>> {
        Ok(self.backward(&[x], upstream)?.pop())
    }
}

impl CustomOp2 for Op {
    fn name(&self) -> &'static str {
        "elbo-of-two"
    }

    fn cpu_fwd(&self, a: &CpuStorage, la: &Layout, b: &CpuStorage, lb: &Layout) -> Result<(CpuStorage, Shape)> {
        with_type!(a.dtype(), cpu::forward(self, &[(a, la), (b, lb)]))
    }

    fn cuda_fwd(&self, a: &CudaStorage, la: &Layout, b: &CudaStorage, lb: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::forward(self, &[(a, la), (b, lb)])
    }

    fn bwd(&self, a: &Tensor, b: &Tensor, _v: &Tensor, upstream: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let mut grads = self.backward(&[a, b], upstream)?;
        let second = grads.pop();
        Ok((grads.pop(), second))
    }
}

/// The gradients that an operation on three tensors returns.
pub(super) type Three = (Option<Tensor>, Option<Tensor>, Option<Tensor>);

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
        with_type!(x.dtype(), cpu::forward(self, &[(x, lx), (mu, lmu), (ln_b, lb)]))
    }

    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        lx: &Layout,
        mu: &CudaStorage,
        lmu: &Layout,
        ln_b: &CudaStorage,
        lb: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        cuda::forward(self, &[(x, lx), (mu, lmu), (ln_b, lb)])
    }

    fn bwd(&self, x: &Tensor, mu: &Tensor, ln_b: &Tensor, _values: &Tensor, upstream: &Tensor) -> Result<Three> {
        let mut grads = self.backward(&[x, mu, ln_b], upstream)?;
        let second = grads.pop();
        Ok((None, grads.pop(), second))
    }
}

#[cfg(test)]
mod tests {
    use super::Weights;

    #[test]
    fn weights_are_one_number_or_shares_that_give_each_back() {
        let same = Weights::of_all(vec![0.0, -0.0, 0.0]);
        assert!(same.shares.is_none() && same.one.abs() <= 0.0, "zeros of both signs");
        for all in [
            vec![0.5, -0.25, 0.0],
            vec![1e5, 1.0],
            vec![0.0, f64::NAN],
            vec![f64::INFINITY, 1.0],
        ] {
            let found = Weights::of_all(all.clone());
            assert!(found.one > 0.0 && found.one <= 1.0, "{all:?}: {}", found.one);
            let back = found.shares.expect("they differ");
            for (share, weight) in back.iter().zip(&all) {
                let back = share * found.one;
                assert!(
                    back.total_cmp(weight).is_eq() || back.is_nan() && weight.is_nan(),
                    "{all:?}: {back}"
                );
            }
        }
    }
}
