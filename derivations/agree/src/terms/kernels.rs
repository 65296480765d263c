//! The engine that runs the CUDA kernels, on a device or through the simulator. It uploads tables, launches kernels and
//! downloads results.

use std::any::TypeId;

use bytemuck::Pod;
use gpu::fused::{Elbo, Numbers, Sample, Target};
use gpu::kernels::{self, Launch, Memory, Planes, Stored, Table, mixing};
use half::bf16;

use super::call::{Call, ElboCall, ElboFound, EngineError, Function};
use super::engine::Engine;
use super::mixing::{MixCall, Mixed};

/// The CUDA kernels on a memory, which also runs them.
#[derive(Debug, Clone)]
pub struct OnDevice<M>(pub M);

/// The tables, gradients, targets and values of a call, in the memory of the kernels.
struct Placed<B> {
    tables: Vec<B>,
    grads: Vec<B>,
    targets: [B; 4],
    scratch: B,
    values: B,
}

impl<M: Memory> Engine for OnDevice<M> {
    fn name(&self) -> String {
        self.0.name()
    }

    fn run<E: Numbers>(
        &self,
        function: Function,
        call: &Call<E>,
        weight: f64,
        values: &mut [f64],
        grads: &mut [Vec<E>],
    ) -> Result<(), EngineError> {
        let stored = stored::<E>().ok_or("the kernels read f32 and bf16")?;
        let mut placed = self.place(function, call, values, grads)?;
        for launch in self.launches(function, stored, call, weight, values.len(), &mut placed)? {
            self.0.launch(&launch)?;
        }
        self.download(&placed.values, values)?;
        for (grad, slopes) in grads.iter_mut().zip(&placed.grads) {
            if function.is_by_planes() {
                let mut planes = grad.clone();
                self.download(slopes, &mut planes)?;
                call.from_planes(call.positions(values.len()), &planes, grad);
            } else {
                self.download(slopes, grad)?;
            }
        }
        Ok(())
    }

    /// The device computes the two terms. The objective of each image is their difference, which is taken here.
    fn elbo<E: Numbers>(&self, call: &ElboCall<E>, weight: f64, found: &mut ElboFound<E>) -> Result<(), EngineError> {
        let [mu, ln_b, slopes] = &mut found.grads;
        let mut of_pixels = [std::mem::take(mu), std::mem::take(ln_b)];
        let mut reconstructions = vec![0.0; call.images];
        self.run(
            Function::LogitLaplace,
            &call.pixels,
            weight,
            &mut reconstructions,
            &mut of_pixels,
        )?;
        [*mu, *ln_b] = of_pixels;
        let mut of_logits = [std::mem::take(slopes)];
        let mut divergences = vec![0.0; call.logits.tables[0].len() / call.logits.k];
        let function = if call.by_planes {
            Function::KlToUniformByPlanes
        } else {
            Function::KlToUniform
        };
        let beta = call.beta.get();
        self.run(function, &call.logits, -beta * weight, &mut divergences, &mut of_logits)?;
        [*slopes] = of_logits;
        if beta <= 0.0 {
            slopes.fill(E::narrow(gpu::fused::Real::of(0.0))); // The divergence is left out.
        }
        let positions = divergences.len() / call.images;
        let parts = divergences.chunks(positions).zip(reconstructions);
        for (value, (parts, reconstruction)) in found.values.iter_mut().zip(parts) {
            *value = Elbo::of(reconstruction, parts.iter().sum(), call.beta);
        }
        Ok(())
    }

    fn mix<E: Numbers>(&self, call: &MixCall<E>, sample: Sample, out: &mut Mixed<E>) -> Result<(), EngineError> {
        let stored = stored::<E>().ok_or("the kernels read f32 and bf16")?;
        let [rows, k, d] = call.shape;
        let inputs = [
            &call.logits,
            &call.noise,
            &call.codebook,
            &call.to_samples,
            &call.to_mixed,
        ];
        let mut inputs = inputs
            .map(|table| self.upload(table))
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        let mut results = Vec::new();
        for table in out.tables() {
            results.push(self.upload(table)?);
        }
        let room = vec![f32::MAX; rows * k];
        let mut scratch = [self.upload(&room)?, self.upload(&room)?];
        let at: Vec<u64> = inputs.iter_mut().map(|buffer| self.0.pointer(buffer)).collect();
        let to: Vec<u64> = results.iter_mut().map(|buffer| self.0.pointer(buffer)).collect();
        let table = |pointer, rows, k| -> Result<Table, EngineError> {
            Ok(Table {
                pointer,
                rows: i32::try_from(rows)?,
                k: i32::try_from(k)?,
            })
        };
        let gumbel = mixing::Gumbel {
            stored,
            logits: table(at[0], rows, k)?,
            noise: at[1],
            temperature: call.temperature,
        };
        let codebook = table(at[2], k, d)?;
        let [samples, slopes] = scratch.each_mut().map(|buffer| self.0.pointer(buffer));
        let pull = mixing::Pull {
            upstream: at[4],
            to_logits: to[3],
            to_codebook: to[4],
        };
        let mut launches = vec![
            mixing::gumbel_softmax(gumbel, sample, stored, to[0]),
            mixing::gumbel_softmax_gradient(gumbel, stored, at[3], to[1]),
        ];
        launches.extend(mixing::codebook_mix(gumbel, sample, codebook, samples, to[2]));
        launches.extend(mixing::codebook_gradients(gumbel, codebook, [samples, slopes], pull));
        for launch in &launches {
            self.0.launch(launch)?;
        }
        for (buffer, table) in results.iter().zip(out.tables()) {
            self.download(buffer, table)?;
        }
        Ok(())
    }
}

impl<M: Memory> OnDevice<M> {
    fn upload<P: Pod>(&self, numbers: &[P]) -> Result<M::Buffer, EngineError> {
        self.0.upload(bytemuck::cast_slice(numbers), size_of::<P>())
    }

    /// Downloads a buffer into `numbers`.
    fn download<P: Pod>(&self, buffer: &M::Buffer, numbers: &mut [P]) -> Result<(), EngineError> {
        let bytes = self.0.download(buffer)?;
        bytemuck::cast_slice_mut(numbers).copy_from_slice(&bytes);
        Ok(())
    }

    fn place<E: Numbers>(
        &self,
        function: Function,
        call: &Call<E>,
        values: &[f64],
        grads: &[Vec<E>],
    ) -> Result<Placed<M::Buffer>, EngineError> {
        let upload = |table: &Vec<E>| self.upload(table);
        let counts = |of: fn(&Target) -> usize| -> Result<M::Buffer, EngineError> {
            let counts: Result<Vec<i32>, _> = call.targets.iter().map(|t| i32::try_from(of(t))).collect();
            self.upload(&counts?)
        };
        let weights: Vec<f64> = call.targets.iter().map(|target| target.weight).collect();
        let parts = usize::try_from(kernels::parts(i32::try_from(call.k)?))?;
        let tables: Result<Vec<M::Buffer>, EngineError> = if function.is_by_planes() {
            let positions = call.positions(values.len());
            let laid = (0..call.tables.len()).map(|t| upload(&call.in_planes(positions, t)));
            laid.collect()
        } else {
            call.tables.iter().map(upload).collect()
        };
        Ok(Placed {
            tables: tables?,
            // Gradients start with the numbers that the caller left there, so that an entry that a kernel does not
            // write is wrong.
            grads: grads.iter().map(upload).collect::<Result<_, _>>()?,
            targets: [
                counts(|t| t.token)?,
                counts(|t| t.from)?,
                counts(|t| t.to)?,
                self.upload(&weights)?,
            ],
            scratch: self.upload(&vec![f64::MAX; values.len() * parts])?,
            values: self.upload(values)?,
        })
    }

    fn launches<E: Numbers>(
        &self,
        function: Function,
        stored: Stored,
        call: &Call<E>,
        weight: f64,
        count: usize,
        placed: &mut Placed<M::Buffer>,
    ) -> Result<Vec<Launch>, EngineError> {
        let (rows, k) = (i32::try_from(count)?, i32::try_from(call.k)?);
        let at: Vec<u64> = placed.tables.iter_mut().map(|table| self.0.pointer(table)).collect();
        let grad: Vec<u64> = placed.grads.iter_mut().map(|grad| self.0.pointer(grad)).collect();
        let targets = placed.targets.each_mut().map(|table| self.0.pointer(table));
        let (scratch, to) = (self.0.pointer(&mut placed.scratch), self.0.pointer(&mut placed.values));
        let table = |t: usize| Table {
            pointer: at[t],
            rows,
            k,
        };
        let positions = call.positions(count);
        let planes = Planes {
            pointer: at[0],
            images: i32::try_from(count / positions)?,
            k,
            positions: i32::try_from(positions)?,
        };
        let (first, both) = (Some(grad[0]), grad.get(1).map(|second| [grad[0], *second]));
        Ok(match function {
            Function::KlToUniform => vec![kernels::kl_to_uniform(stored, table(0), to, first, weight)],
            Function::Entropy => vec![kernels::entropy(stored, table(0), to, first, weight)],
            Function::KlToUniformByPlanes => vec![kernels::kl_to_uniform_by_planes(stored, planes, to, first, weight)],
            Function::EntropyByPlanes => vec![kernels::entropy_by_planes(stored, planes, to, first, weight)],
            Function::LogMeanExp => vec![kernels::log_mean_exp(stored, table(0), to, first, weight)],
            Function::KlDivergence => vec![kernels::kl_divergence(stored, [table(0), table(1)], to, both, weight)],
            Function::CrossEntropy => vec![kernels::cross_entropy(stored, [table(0), table(1)], to, both, weight)],
            Function::TokenLogProb => vec![kernels::token_log_prob(stored, table(0), targets, to, first, weight)],
            Function::KlDivergenceByPlanes => {
                vec![kernels::kl_divergence_by_planes(
                    stored, planes, at[1], to, both, weight,
                )]
            }
            Function::CrossEntropyByPlanes => {
                vec![kernels::cross_entropy_by_planes(
                    stored, planes, at[1], to, both, weight,
                )]
            }
            Function::LogitLaplace => {
                let tables = [table(0), table(1), table(2)];
                kernels::logit_laplace(stored, tables, scratch, to, both, weight).into()
            }
        })
    }
}

fn stored<E: Numbers>() -> Option<Stored> {
    let known = [(TypeId::of::<f32>(), Stored::F32), (TypeId::of::<bf16>(), Stored::Bf16)];
    let found = known.into_iter().find(|(id, _)| *id == TypeId::of::<E>());
    found.map(|(_, stored)| stored)
}
