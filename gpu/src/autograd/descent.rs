//! A step of the optimiser `AdamW`, in place.

use candle_core::{CpuStorage, DType, InplaceOp2, InplaceOp3, Layout, Result, Tensor, bail};
use rayon::prelude::*;

use super::cpu::{held, numbers};

/// The hyperparameters of one step of `AdamW`, and of the average of the iterates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWStep {
    /// The decay `b1` of the first moment.
    pub beta_1: f64,
    /// The decay `b2` of the second moment.
    pub beta_2: f64,
    /// The correction of the first moment's bias, `1 - b1^t` at step `t`.
    pub first_left: f64,
    /// The correction of the second moment's bias, `1 - b2^t` at step `t`.
    pub second_left: f64,
    /// The number added to a denominator, which keeps the quotient finite.
    pub epsilon: f64,
    /// The factor `c` of the gradient, at most 1 where the gradient is clipped.
    pub clip: f64,
    /// The size of the step, `s`.
    pub size: f64,
    /// The decoupled decay of the weights, `w`.
    pub decay: f64,
    /// The decay `d` of the average.
    pub average: f64,
}

/// The optimiser's state for one variable. Each tensor has the shape of the variable.
#[derive(Debug, Clone)]
pub struct AdamWState {
    /// The first moment of the gradient, `m`.
    pub first: Tensor,
    /// The second moment of the gradient, `v`.
    pub second: Tensor,
    /// The average of the iterates, `a`.
    pub average: Tensor,
}

/// Makes one step for one variable, in place.
///
/// ```text
/// m <- b1 m + (1 - b1) c g            v <- b2 v + (1 - b2) (c g)^2
/// x <- x (1 - s w) - s (m / left_1) / (sqrt(v / left_2) + epsilon)            a <- d a + (1 - d) x
/// ```
///
/// `1 - s w` is rounded to the type, as that of candle-nn is. In `f32`, weights no longer decay once `s w` is below
/// `2^-25`.
///
/// On the CPU in `f32` each line is one pass, and nothing is allocated. Elsewhere the step is composed of candle's
/// operations.
///
/// # Errors
/// candle's, and for tensors of different shapes.
pub fn descend(variable: &candle_core::Var, gradient: &Tensor, of: &mut AdamWState, step: AdamWStep) -> Result<()> {
    let x = variable.as_tensor();
    if x.device().is_cpu() && x.dtype() == DType::F32 && gradient.dtype() == DType::F32 {
        let gradient = gradient.contiguous()?;
        of.first.inplace_op2(
            &gradient,
            &Mix {
                keep: step.beta_1,
                clip: step.clip,
                square: false,
            },
        )?;
        of.second.inplace_op2(
            &gradient,
            &Mix {
                keep: step.beta_2,
                clip: step.clip,
                square: true,
            },
        )?;
        x.inplace_op3(&of.first, &of.second, &step)?;
        return of.average.inplace_op2(
            x,
            &Mix {
                keep: step.average,
                clip: 1.0,
                square: false,
            },
        );
    }
    // Everything is detached, since the state would otherwise hold the graph of every step before it.
    let (x, gradient, average) = (x.detach(), (gradient.detach() * step.clip)?, of.average.detach());
    of.first = ((&of.first * step.beta_1)? + (&gradient * (1.0 - step.beta_1))?)?;
    of.second = ((&of.second * step.beta_2)? + (gradient.sqr()? * (1.0 - step.beta_2))?)?;
    let deviation = ((&of.second / step.second_left)?.sqrt()? + step.epsilon)?;
    let direction = ((&of.first / step.first_left)? / deviation)?;
    let next = ((x * (1.0 - step.size * step.decay))? - (direction * step.size)?)?;
    of.average = ((average * step.average)? + (&next * (1.0 - step.average))?)?;
    variable.set(&next)
}

/// The sum of the squares of a gradient. On the CPU it is added up in `f64`.
///
/// # Errors
/// candle's.
pub fn squares(gradient: &Tensor) -> Result<f64> {
    if gradient.device().is_cpu() && gradient.dtype() == DType::F32 {
        let gradient = gradient.contiguous()?;
        let storage = gradient.storage_and_layout();
        let numbers = held::<f32>(&storage)?;
        let part = |part: &[f32]| part.iter().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>();
        let parts: Vec<f64> = numbers.par_chunks(CHUNK).map(part).collect();
        return Ok(parts.into_iter().sum());
    }
    gradient.sqr()?.sum_all()?.to_dtype(DType::F64)?.to_scalar()
}

/// The operation `a <- keep a + (1 - keep) clip b`, or with `(clip b)^2` for `clip b`.
struct Mix {
    keep: f64,
    clip: f64,
    square: bool,
}

/// How many numbers one thread takes at a time.
const CHUNK: usize = 16384;

/// The numbers of a contiguous tensor of `f32` that is changed in place.
fn changed<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(numbers), Some((from, to))) => Ok(&mut numbers[from..to]),
        _ => bail!("what is changed in place is contiguous, in f32"),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the type computed in")]
const fn narrow(x: f64) -> f32 {
    x as f32
}

impl InplaceOp2 for Mix {
    fn name(&self) -> &'static str {
        "elbo-mix"
    }

    fn cpu_fwd(&self, a: &mut CpuStorage, la: &Layout, b: &CpuStorage, lb: &Layout) -> Result<()> {
        let (a, b) = (changed(a, la)?, numbers::<f32>(b, lb)?);
        if a.len() != b.len() {
            bail!("{} numbers and {}", a.len(), b.len());
        }
        let (keep, take, clip) = (narrow(self.keep), narrow(1.0 - self.keep), narrow(self.clip));
        a.par_chunks_mut(CHUNK).zip(b.par_chunks(CHUNK)).for_each(|(a, b)| {
            for (a, b) in a.iter_mut().zip(b) {
                let b = b * clip;
                *a = keep * *a + take * if self.square { b * b } else { b };
            }
        });
        Ok(())
    }
}

impl InplaceOp3 for AdamWStep {
    fn name(&self) -> &'static str {
        "elbo-descent"
    }

    fn cpu_fwd(
        &self,
        x: &mut CpuStorage,
        lx: &Layout,
        first: &CpuStorage,
        lf: &Layout,
        second: &CpuStorage,
        ls: &Layout,
    ) -> Result<()> {
        let (x, first, second) = (changed(x, lx)?, numbers::<f32>(first, lf)?, numbers::<f32>(second, ls)?);
        if x.len() != first.len() || x.len() != second.len() {
            bail!("{} numbers and {}", x.len(), first.len());
        }
        let (kept, size, epsilon) = (
            narrow(1.0 - self.size * self.decay),
            narrow(self.size),
            narrow(self.epsilon),
        );
        let (one, two) = (narrow(self.first_left), narrow(self.second_left));
        let moments = first.par_chunks(CHUNK).zip(second.par_chunks(CHUNK));
        x.par_chunks_mut(CHUNK).zip(moments).for_each(|(x, (first, second))| {
            for ((x, m), v) in x.iter_mut().zip(first).zip(second) {
                *x = *x * kept - size * ((m / one) / ((v / two).sqrt() + epsilon));
            }
        });
        Ok(())
    }
}
