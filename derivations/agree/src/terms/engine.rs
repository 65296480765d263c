//! The interface of the implementations of the fused terms, and the implementation by the kernels of the CPU.

use gpu::fused::planes::{self, Planes};
use gpu::fused::{self, Isa, Numbers, Rows, Sample};

use super::call::{Call, ElboCall, ElboFound, EngineError, Function};
use super::mixing::call::{MixCall, Mixed};

/// An implementation of all fused functions: the kernels of the CPU, CUDA kernels, or candle's graph.
pub trait Engine {
    /// The name of what it runs on, for reports.
    fn name(&self) -> String;

    /// Computes the values of all rows. The gradients, multiplied by `weight`, go into `grads`.
    ///
    /// # Errors
    /// When the call cannot be run.
    fn run<E: Numbers>(
        &self,
        function: Function,
        call: &Call<E>,
        weight: f64,
        values: &mut [f64],
        grads: &mut [Vec<E>],
    ) -> Result<(), EngineError>;

    /// Computes the whole objective. The gradients are multiplied by `weight`.
    ///
    /// # Errors
    /// When the call cannot be run.
    fn elbo<E: Numbers>(&self, call: &ElboCall<E>, weight: f64, found: &mut ElboFound<E>) -> Result<(), EngineError>;

    /// Computes samples of codes, the codebook rows that they mix, and all gradients.
    ///
    /// # Errors
    /// When the call cannot be run.
    fn mix<E: Numbers>(&self, call: &MixCall<E>, sample: Sample, out: &mut Mixed<E>) -> Result<(), EngineError>;
}

/// The kernels of the CPU, with these instructions.
impl Engine for Isa {
    fn name(&self) -> String {
        Self::name(*self).to_owned()
    }

    fn run<E: Numbers>(
        &self,
        function: Function,
        call: &Call<E>,
        weight: f64,
        values: &mut [f64],
        grads: &mut [Vec<E>],
    ) -> Result<(), EngineError> {
        let isa = *self;
        let rows = |t: usize| Rows::new("logits", &call.tables[t], call.k);
        if function.is_by_planes() {
            return by_planes(isa, function, call, weight, values, grads);
        }
        let mut grads = grads.iter_mut().map(Vec::as_mut_slice);
        let (first, second) = (grads.next(), grads.next());
        let both = |first: Option<_>, second: Option<_>| first.zip(second).map(|(a, b)| [a, b]);
        match function {
            Function::Entropy => fused::entropy(isa, rows(0)?, weight, values, first),
            Function::KlDivergence => {
                fused::kl_divergence(isa, [rows(0)?, rows(1)?], weight, values, both(first, second));
            }
            Function::CrossEntropy => {
                fused::cross_entropy(isa, [rows(0)?, rows(1)?], weight, values, both(first, second));
            }
            Function::LogMeanExp => fused::log_mean_exp(isa, rows(0)?, weight, values, first),
            Function::TokenLogProb => fused::token_log_prob(isa, rows(0)?, &call.targets, weight, values, first)?,
            Function::LogitLaplace => {
                fused::logit_laplace(isa, [rows(0)?, rows(1)?, rows(2)?], weight, values, both(first, second));
            }
            _ => fused::kl_to_uniform(isa, rows(0)?, weight, values, first),
        }
        Ok(())
    }

    fn elbo<E: Numbers>(&self, call: &ElboCall<E>, weight: f64, found: &mut ElboFound<E>) -> Result<(), EngineError> {
        call.run(*self, weight, found)
    }

    fn mix<E: Numbers>(&self, call: &MixCall<E>, sample: Sample, out: &mut Mixed<E>) -> Result<(), EngineError> {
        call.run(*self, sample, out)
    }
}

fn by_planes<E: Numbers>(
    isa: Isa,
    function: Function,
    call: &Call<E>,
    weight: f64,
    values: &mut [f64],
    grads: &mut [Vec<E>],
) -> Result<(), EngineError> {
    let positions = call.positions(values.len());
    let laid: Vec<Vec<E>> = (0..call.tables.len()).map(|t| call.in_planes(positions, t)).collect();
    let planes = |t: usize| Planes::new("logits", &laid[t], call.k, positions);
    let mut slopes = laid.clone();
    let mut to = slopes.iter_mut().map(Vec::as_mut_slice);
    let (first, second) = (to.next(), to.next());
    match function {
        Function::KlToUniformByPlanes => planes::kl_to_uniform(isa, planes(0)?, weight, values, first),
        Function::EntropyByPlanes => planes::entropy(isa, planes(0)?, weight, values, first),
        _ => {
            let both = first.zip(second).map(|(a, b)| [a, b]);
            let run = if function == Function::KlDivergenceByPlanes {
                planes::kl_divergence
            } else {
                planes::cross_entropy
            };
            run(isa, [planes(0)?, planes(1)?], weight, values, both);
        }
    }
    for (slopes, grad) in slopes.iter().zip(grads) {
        call.from_planes(positions, slopes, grad);
    }
    Ok(())
}
