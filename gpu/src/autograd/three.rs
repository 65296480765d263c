//! Operations of candle on three tensors of one type, as a layer is of its input and its parameters.

use candle_core::backend::BackendStorage as _;
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, WithDType};

use super::cpu::{held, numbers, with_real};
use super::op::Three;
use crate::fused::Multiplied;

/// The gradients with respect to the three arguments. There is none for an argument of which nobody asked for it.
pub(super) type Slopes<E> = [Option<Vec<E>>; 3];

/// A function of three tensors with its gradients, on the CPU, in `f32` or `f64`.
pub(super) trait OfThree {
    /// The name that candle knows the operation by.
    const NAME: &'static str;

    /// Computes the values and their shape.
    fn forward<E: WithDType + Multiplied>(&self, args: [&[E]; 3], shapes: [&Shape; 3]) -> Result<(Vec<E>, Shape)>;

    /// Computes the gradients of `sum pull y`. `wanted` says whether the first argument's is asked for.
    fn backward<E: WithDType + Multiplied>(
        &self,
        args: [&[E]; 3],
        pull: &[E],
        shapes: [&Shape; 3],
        wanted: bool,
    ) -> Result<Slopes<E>>;
}

/// The wrapper that makes an operation of candle of a function of three tensors.
pub(super) struct Op<O>(pub(super) O);

impl<O: OfThree> Op<O> {
    fn forward<E: WithDType + Multiplied>(&self, args: [(&CpuStorage, &Layout); 3]) -> Result<(CpuStorage, Shape)> {
        let [a, b, c] = args.map(|(storage, layout)| numbers::<E>(storage, layout));
        let (y, shape) = self.0.forward([a?, b?, c?], args.map(|(_, layout)| layout.shape()))?;
        Ok((E::to_cpu_storage_owned(y), shape))
    }

    fn backward<E: WithDType + Multiplied>(&self, args: [&Tensor; 3], pull: &Tensor) -> Result<Three> {
        let pull = pull.contiguous()?;
        let storages = [args[0], args[1], args[2], &pull].map(Tensor::storage_and_layout);
        let [a, b, c, pulls] = &storages;
        let of = [held::<E>(a)?, held::<E>(b)?, held::<E>(c)?];
        let shapes = args.map(Tensor::shape);
        let slopes = self.0.backward(of, held::<E>(pulls)?, shapes, args[0].track_op())?;
        let [a, b, c] = slopes;
        let of = |slopes: Option<Vec<E>>, like: &Tensor| {
            let tensor = slopes.map(|slopes| Tensor::from_vec(slopes, like.shape(), like.device()));
            tensor.transpose()
        };
        Ok((of(a, args[0])?, of(b, args[1])?, of(c, args[2])?))
    }
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
        with_real!(a.dtype(), Self::forward(self, [(a, la), (b, lb), (c, lc)]))
    }

    fn bwd(&self, a: &Tensor, b: &Tensor, c: &Tensor, _y: &Tensor, pull: &Tensor) -> Result<Three> {
        with_real!(a.dtype(), Self::backward(self, [a, b, c], pull))
    }
}
