//! The engine that runs the fused terms inside candle's graph: tensors on a device, and one backward pass.

use gpu::autograd::{self, planes};
use gpu::device::Device;
use gpu::fused::{Elbo, Numbers, Real as _, Sample, Target};
use gpu::{Tensor, Var};

use super::call::{Call, ElboCall, ElboFound, EngineError, Function};
use super::engine::Engine;
use super::mixing::{MixCall, Mixed};

/// candle's graph on a device, with the layout in which tables are passed.
#[derive(Debug, Clone)]
pub struct InGraph(pub Device, pub View);

/// The memory layout in which a function gets its tables. The numbers are the same in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The table is contiguous, and begins at the first number of a storage.
    Whole,
    /// The table is contiguous, and other numbers stand before it in the storage.
    Offset,
    /// The columns are contiguous, and not the rows.
    Transposed,
}

impl View {
    /// All layouts.
    pub const ALL: [Self; 3] = [Self::Whole, Self::Offset, Self::Transposed];

    /// The word used on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Offset => "offset",
            Self::Transposed => "transposed",
        }
    }

    /// The table in this layout. Gradients lead back to the table itself.
    fn of(self, table: &Var) -> std::result::Result<Tensor, gpu::TensorError> {
        let table = table.as_tensor();
        match self {
            Self::Whole => Ok(table.clone()),
            Self::Offset => {
                let before = table.narrow(0, 0, 1)?.affine(-1.0, 3.0)?.detach();
                Tensor::cat(&[&before, table], 0)?.narrow(0, 1, table.dim(0)?)
            }
            Self::Transposed => {
                let last = table.rank() - 1;
                table.transpose(last - 1, last)?.contiguous()?.transpose(last - 1, last)
            }
        }
    }
}

type Result<T> = std::result::Result<T, EngineError>;

impl Engine for InGraph {
    fn name(&self) -> String {
        match self.1 {
            View::Whole => format!("candle's graph, {}", self.0.name()),
            view => format!("candle's graph, {}, views {}", self.0.name(), view.name()),
        }
    }

    fn run<E: Numbers>(
        &self,
        function: Function,
        call: &Call<E>,
        weight: f64,
        values: &mut [f64],
        grads: &mut [Vec<E>],
    ) -> Result<()> {
        let (count, k) = (values.len(), call.k);
        let positions = call.positions(count);
        let laid = |t: usize| {
            if function.is_by_planes() {
                self.variable(&call.in_planes(positions, t), &[count / positions, k, positions])
            } else {
                self.variable(&call.tables[t], &[count, k])
            }
        };
        let tables = (0..call.tables.len()).map(laid).collect::<Result<Vec<Var>>>()?;
        let seen = tables.iter().map(|table| self.1.of(table));
        let found = apply(
            function,
            &seen.collect::<std::result::Result<Vec<_>, _>>()?,
            &call.targets,
        )?;
        read(&found, values)?;
        // Rows get different weights, which are powers of two and so are taken back without rounding. A type with a
        // small range of exponents would lose digits.
        let uneven = E::DTYPE != gpu::DType::F16;
        let factor = |row: usize| if uneven && row % 3 == 1 { 0.25 } else { 1.0 };
        let weights: Vec<f64> = (0..count).map(|row| weight * factor(row)).collect();
        let weights = Tensor::from_vec(weights, found.shape(), self.0.candle())?.to_dtype(found.dtype())?;
        let back = (&found * weights)?.sum_all()?.backward()?;
        // Pixels are data, and have no gradient.
        let with_gradient = tables.iter().skip(tables.len() - grads.len());
        for (grad, table) in grads.iter_mut().zip(with_gradient) {
            let slopes = numbers(back.get(table.as_tensor()).ok_or("no gradient came back")?)?;
            if function.is_by_planes() {
                call.from_planes(positions, &slopes, grad);
            } else {
                grad.copy_from_slice(&slopes);
            }
            for (row, slopes) in grad.chunks_mut(k).enumerate() {
                let back = |x: &mut E| *x = E::narrow(gpu::fused::Real::of(x.widen().to_f64() / factor(row)));
                slopes.iter_mut().for_each(back);
            }
        }
        Ok(())
    }

    fn elbo<E: Numbers>(&self, call: &ElboCall<E>, weight: f64, found: &mut ElboFound<E>) -> Result<()> {
        let (images, pixels, logits) = (call.images, &call.pixels, &call.logits);
        let [x, mu, ln_b] = [0, 1, 2].map(|t| self.variable(&pixels.tables[t], &[images, pixels.k]));
        let (x, mu, ln_b) = (x?, mu?, ln_b?);
        let positions = logits.tables[0].len() / logits.k / images;
        let (q, divergences) = if call.by_planes {
            let q = self.variable(&logits.in_planes(positions, 0), &[images, logits.k, positions])?;
            let divergences = planes::kl_to_uniform(&self.1.of(&q)?)?;
            (q, divergences)
        } else {
            let q = self.variable(&logits.tables[0], &[images, positions, logits.k])?;
            let divergences = autograd::kl_to_uniform(&self.1.of(&q)?)?;
            (q, divergences)
        };
        let reconstruction = autograd::logit_laplace(&self.1.of(&x)?, &self.1.of(&mu)?, &self.1.of(&ln_b)?)?;
        let mut parts = vec![0.0; images];
        read(&reconstruction, &mut parts)?;
        let mut of_codes = vec![0.0; images * positions];
        read(&divergences, &mut of_codes)?;
        for (value, (part, codes)) in found
            .values
            .iter_mut()
            .zip(parts.iter().zip(of_codes.chunks(positions)))
        {
            *value = Elbo::of(*part, codes.iter().sum(), call.beta);
        }
        let loss = reconstruction.sum_all()?;
        let beta = call.beta.get();
        // At beta 0 the divergence is left out, because 0 times an infinite one would be NaN.
        let loss = if beta > 0.0 {
            (loss - (divergences.sum_all()? * beta)?)?
        } else {
            loss
        };
        let back = (loss * weight)?.backward()?;
        let tables = [(&mu, false), (&ln_b, false), (&q, call.by_planes)];
        for (grad, (table, by_planes)) in found.grads.iter_mut().zip(tables) {
            let Some(slopes) = back.get(table.as_tensor()) else {
                grad.fill(E::narrow(gpu::fused::Real::of(0.0)));
                continue;
            };
            let slopes = numbers(slopes)?;
            if by_planes {
                logits.from_planes(positions, &slopes, grad);
            } else {
                grad.copy_from_slice(&slopes);
            }
        }
        Ok(())
    }

    fn mix<E: Numbers>(&self, call: &MixCall<E>, sample: Sample, out: &mut Mixed<E>) -> Result<()> {
        let [rows, k, d] = call.shape;
        let [x, noise] = [&call.logits, &call.noise].map(|table| self.variable(table, &[rows, k]));
        let (x, noise_var, codebook) = (x?, noise?, self.variable(&call.codebook, &[k, d])?);
        let [to_samples, to_mixed] = [(&call.to_samples, k), (&call.to_mixed, d)]
            .map(|(table, width)| Tensor::from_slice(table, (rows, width), self.0.candle()));
        // The noise belongs to a graph, as in a program that computes it from a variable.
        let (noise, codes, logits) = (self.1.of(&noise_var)?, self.1.of(&codebook)?, self.1.of(&x)?);
        let samples = autograd::gumbel_softmax(&logits, &noise, call.temperature, sample)?;
        let mixed = autograd::codebook_mix(&logits, &noise, &codes, call.temperature, sample)?;
        out.samples = numbers(&samples)?;
        out.mixed = numbers(&mixed)?;
        let back = (&samples * to_samples?)?.sum_all()?.backward()?;
        let of = |back: &gpu::GradStore, table: &Var| -> Result<Vec<E>> {
            numbers(back.get(table.as_tensor()).ok_or("no gradient came back")?)
        };
        // A sample is a function of the sum of logits and noise, so both have the same gradient.
        let of_logits = |back: &gpu::GradStore| -> Result<Vec<E>> {
            let (to_logits, to_noise) = (of(back, &x)?, of(back, &noise_var)?);
            let bytes = |slopes: &[E]| bytemuck::cast_slice::<E, u8>(slopes).to_vec();
            if bytes(&to_logits) != bytes(&to_noise) {
                return Err("the noise's gradient is not the logits'".into());
            }
            Ok(to_logits)
        };
        out.through_samples = of_logits(&back)?;
        let back = (&mixed * to_mixed?)?.sum_all()?.backward()?;
        out.to_logits = of_logits(&back)?;
        out.to_codebook = of(&back, &codebook)?;
        Ok(())
    }
}

impl InGraph {
    fn variable<E: Numbers>(&self, table: &[E], shape: &[usize]) -> Result<Var> {
        Ok(Var::from_tensor(&Tensor::from_slice(table, shape, self.0.candle())?)?)
    }
}

/// All numbers of a tensor.
fn numbers<E: Numbers>(tensor: &Tensor) -> Result<Vec<E>> {
    Ok(tensor.flatten_all()?.to_vec1()?)
}

fn read(tensor: &Tensor, values: &mut [f64]) -> Result<()> {
    let found = tensor.flatten_all()?.to_dtype(gpu::DType::F64)?.to_vec1::<f64>()?;
    values.copy_from_slice(&found);
    Ok(())
}

fn apply(function: Function, tables: &[Tensor], targets: &[Target]) -> Result<Tensor> {
    let table = |t: usize| &tables[t];
    Ok(match function {
        Function::KlToUniform => autograd::kl_to_uniform(table(0)),
        Function::KlToUniformByPlanes => planes::kl_to_uniform(table(0)),
        Function::Entropy => autograd::entropy(table(0)),
        Function::EntropyByPlanes => planes::entropy(table(0)),
        Function::KlDivergence => autograd::kl_divergence(table(0), table(1)),
        Function::KlDivergenceByPlanes => planes::kl_divergence(table(0), table(1)),
        Function::CrossEntropy => autograd::cross_entropy(table(0), table(1)),
        Function::CrossEntropyByPlanes => planes::cross_entropy(table(0), table(1)),
        Function::TokenLogProb => autograd::token_log_prob(table(0), targets),
        Function::LogMeanExp => autograd::log_mean_exp(table(0)),
        Function::LogitLaplace => autograd::logit_laplace(table(0), table(1), table(2)),
    }?)
}
