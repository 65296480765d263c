//! Max-pooling and upsampling by a factor of 2, as operations of candle.

use candle_core::backend::BackendStorage as _;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType, bail};
use rayon::prelude::*;

use super::cpu::{held, nothing_less, numbers, runs_on_our_kernels, with_real};

/// Max-pooling: the largest of every two by two pixels, and NaN where one of them is.
///
/// Equal pixels share the gradient: evenly on the CPU, and pair by pair where the layer is composed. The gradient of
/// candle's own `max_pool2d` is a quarter of the right one. On a device, and in half types, the layer is composed of
/// candle's operations.
/// Shapes: from `[B, C, H, W]`, with `H` and `W` even, to `[B, C, H/2, W/2]`.
///
/// # Errors
/// candle's, and for an odd height or width.
pub fn max_pool(x: &Tensor) -> Result<Tensor> {
    nothing_less(x)?;
    let (batch, channels, height, width) = x.dims4()?;
    if height % 2 != 0 || width % 2 != 0 {
        bail!("a map of {height} x {width} cannot be halved");
    }
    if runs_on_our_kernels(x) {
        return x.contiguous()?.apply_op1(Resize::Halve);
    }
    let larger = |pairs: &Tensor, axis: usize| -> Result<Tensor> {
        let [first, second] = [pairs.narrow(axis, 0, 1)?, pairs.narrow(axis, 1, 1)?];
        // candle's maximum drops a NaN on one side. Which side that is depends on the type.
        let larger = first.maximum(&second)?;
        let larger = second.ne(&second)?.where_cond(&second, &larger)?;
        first.ne(&first)?.where_cond(&first, &larger)?.squeeze(axis)
    };
    let rows = larger(&x.reshape((batch, channels, height / 2, 2, width))?, 3)?;
    larger(&rows.reshape((batch, channels, height / 2, width / 2, 2))?, 4)
}

/// Nearest-neighbour upsampling: every pixel becomes a square of two by two.
///
/// The backward pass of candle's own function is a convolution for every channel. On a device, and in half types, the
/// layer is composed of candle's operations. Shapes: from `[B, C, H, W]` to `[B, C, 2H, 2W]`.
///
/// # Errors
/// candle's.
pub fn upsample(x: &Tensor) -> Result<Tensor> {
    nothing_less(x)?;
    let (batch, channels, height, width) = x.dims4()?;
    if runs_on_our_kernels(x) {
        return x.contiguous()?.apply_op1(Resize::Double);
    }
    let pixels = x.reshape((batch, channels, height, 1, width, 1))?;
    let repeated = pixels.broadcast_as((batch, channels, height, 2, width, 2))?;
    repeated.contiguous()?.reshape((batch, channels, 2 * height, 2 * width))
}

#[derive(Clone, Copy)]
enum Resize {
    Halve,
    Double,
}

/// The four places of a plane of that width which belong to one place of the plane of half its size.
const fn square(place: usize, width: usize) -> [usize; 4] {
    let small = width / 2;
    let at = place / small * 2 * width + place % small * 2;
    [at, at + 1, at + width, at + width + 1]
}

impl Resize {
    fn forward<E: WithDType>(self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, channels, height, width) = layout.shape().dims4()?;
        let x = numbers::<E>(x, layout)?;
        let (height, width, each) = match self {
            Self::Halve => (height / 2, width / 2, height * width / 4),
            Self::Double => (2 * height, 2 * width, 4 * height * width),
        };
        let mut y = vec![E::zero(); batch * channels * height * width];
        let planes = x.par_chunks_exact(x.len() / (batch * channels));
        planes.zip(y.par_chunks_exact_mut(each)).for_each(|(x, y)| match self {
            Self::Halve => {
                for (place, y) in y.iter_mut().enumerate() {
                    *y = largest(square(place, 2 * width).map(|at| x[at]));
                }
            }
            Self::Double => {
                for (place, x) in x.iter().enumerate() {
                    for at in square(place, width) {
                        y[at] = *x;
                    }
                }
            }
        });
        Ok((E::to_cpu_storage_owned(y), (batch, channels, height, width).into()))
    }

    fn backward<E: WithDType>(self, x: &Tensor, pull: &Tensor) -> Result<Tensor> {
        let (batch, channels, _, width) = x.dims4()?;
        let pull = pull.contiguous()?;
        let storages = [x, &pull].map(Tensor::storage_and_layout);
        let [numbers, pulls] = &storages;
        let (numbers, pulls) = (held::<E>(numbers)?, held::<E>(pulls)?);
        let planes = batch * channels;
        let mut slopes = vec![E::zero(); numbers.len()];
        let each = (numbers.par_chunks_exact(numbers.len() / planes)).zip(pulls.par_chunks_exact(pulls.len() / planes));
        each.zip(slopes.par_chunks_exact_mut(numbers.len() / planes))
            .for_each(|((x, pull), slopes)| match self {
                Self::Halve => {
                    for (place, pull) in pull.iter().enumerate() {
                        let places = square(place, width);
                        let most = largest(places.map(|at| x[at]));
                        // NaN is not equal to itself. Where there is one, it is the largest.
                        let is_most = |at: usize| x[at] == most || x[at].partial_cmp(&x[at]).is_none();
                        let equal = places.into_iter().filter(|&at| is_most(at));
                        let share = E::from_f64(1.0 / f64::from(equal.clone().fold(0_u8, |n, _| n + 1)));
                        equal.for_each(|at| slopes[at] = *pull * share);
                    }
                }
                Self::Double => {
                    for (place, slope) in slopes.iter_mut().enumerate() {
                        let [a, b, c, d] = square(place, 2 * width).map(|at| pull[at]);
                        *slope = (a + b) + (c + d);
                    }
                }
            });
        Tensor::from_vec(slopes, x.shape(), x.device())
    }
}

/// The largest of four numbers, and NaN where one of them is.
fn largest<E: WithDType>([a, b, c, d]: [E; 4]) -> E {
    let larger = |a: E, b: E| if a > b || a.partial_cmp(&a).is_none() { a } else { b };
    larger(larger(a, b), larger(c, d))
}

impl CustomOp1 for Resize {
    fn name(&self) -> &'static str {
        "elbo-resize"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        with_real!(x.dtype(), Self::forward(*self, x, layout))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, pull: &Tensor) -> Result<Option<Tensor>> {
        with_real!(x.dtype(), Self::backward(*self, x, pull)).map(Some)
    }
}
