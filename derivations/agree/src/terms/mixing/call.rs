//! The arguments and results of sampling codes and mixing a codebook.

use gpu::fused::{self, Gumbel, Isa, Numbers, Pull, Rows, Sample};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Gumbel as Noise, StandardNormal};

use crate::terms::call::EngineError;
use crate::terms::cases::CASES;
use crate::terms::draw::{room, stored};

/// The temperatures: those from the beginning to the end of training, and some beyond.
const TEMPERATURES: [f64; 4] = [1.0, 0.9, 1.0 / 16.0, 3.0];

/// The arguments of sampling and mixing.
#[derive(Debug, Clone)]
pub struct MixCall<E> {
    /// The name of the kind of logits.
    pub name: &'static str,
    /// The numbers of rows, of codes `K`, and of entries of a codebook's row `D`.
    pub shape: [usize; 3],
    /// The temperature of the relaxation.
    pub temperature: f64,
    /// The logits, `[rows, K]`.
    pub logits: Vec<E>,
    /// The Gumbel noise, `[rows, K]`.
    pub noise: Vec<E>,
    /// The codebook, `[K, D]`.
    pub codebook: Vec<E>,
    /// The derivative of a loss with respect to the samples, `[rows, K]`, where the samples are not mixed.
    pub to_samples: Vec<E>,
    /// The derivative of a loss with respect to the mixed rows, `[rows, D]`.
    pub to_mixed: Vec<E>,
}

/// The results for one kind of sample.
#[derive(Debug, Clone)]
pub struct Mixed<E> {
    /// The samples, `[rows, K]`.
    pub samples: Vec<E>,
    /// The derivative with respect to the logits that follows from [`MixCall::to_samples`], `[rows, K]`.
    pub through_samples: Vec<E>,
    /// The mixed rows of the codebook, `[rows, D]`.
    pub mixed: Vec<E>,
    /// The derivative with respect to the logits that follows from [`MixCall::to_mixed`], `[rows, K]`.
    pub to_logits: Vec<E>,
    /// The derivative with respect to the codebook, `[K, D]`.
    pub to_codebook: Vec<E>,
}

impl<E: Numbers> MixCall<E> {
    /// Runs the kernels of the CPU.
    pub(crate) fn run(&self, isa: Isa, sample: Sample, out: &mut Mixed<E>) -> Result<(), EngineError> {
        let [_, k, d] = self.shape;
        let rows = |name, table, k| Rows::new(name, table, k);
        let gumbel = Gumbel::new(
            rows("logits", &self.logits, k)?,
            rows("noise", &self.noise, k)?,
            self.temperature,
        )?;
        fused::gumbel_softmax(isa, gumbel, sample, &mut out.samples);
        let upstream = rows("upstream", &self.to_samples, k)?;
        fused::gumbel_softmax_gradient(isa, gumbel, upstream, &mut out.through_samples);
        let pull = Pull {
            upstream: rows("upstream", &self.to_mixed, d)?,
            to_logits: &mut out.to_logits,
            to_codebook: &mut out.to_codebook,
        };
        let codebook = rows("codebook", &self.codebook, d)?;
        fused::codebook_mix(isa, gumbel, sample, codebook, &mut out.mixed, Some(pull))?;
        Ok(())
    }

    pub(super) fn draw(case: usize, shape: [usize; 3], seed: u64) -> Self {
        let [rows, k, d] = shape;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(case as u64);
        let noise = Noise::new(0.0, 1.0).expect("the standard Gumbel distribution");
        let mut normal = |n: usize, scale: f64| -> Vec<f64> {
            let number = |i| {
                let z: f64 = StandardNormal.sample(&mut rng);
                // There are a few outliers. Without them a wrong sum of small numbers would pass.
                scale * z * if i % 97 == 0 { 40.0 } else { 1.0 }
            };
            (0..n).map(number).collect()
        };
        let (codebook, to_samples, to_mixed) = (normal(k * d, 0.5), normal(rows * k, 1.0), normal(rows * d, 2.0));
        Self {
            name: CASES[case].name,
            shape,
            temperature: TEMPERATURES[(case + rows) % TEMPERATURES.len()],
            logits: stored(CASES[case].tables(seed, (rows, k), 1).remove(0)),
            noise: stored((0..rows * k).map(|_| noise.sample(&mut rng)).collect()),
            codebook: stored(codebook),
            to_samples: stored(to_samples),
            to_mixed: stored(to_mixed),
        }
    }
}

impl<E: Numbers> Mixed<E> {
    /// All results, in the order of the fields.
    pub(crate) fn tables(&mut self) -> [&mut [E]; 5] {
        [
            &mut self.samples,
            &mut self.through_samples,
            &mut self.mixed,
            &mut self.to_logits,
            &mut self.to_codebook,
        ]
    }

    /// Buffers for the results, filled with a number that no result has.
    pub(super) fn of_shape([rows, k, d]: [usize; 3]) -> Self {
        Self {
            samples: room(rows * k),
            through_samples: room(rows * k),
            mixed: room(rows * d),
            to_logits: room(rows * k),
            to_codebook: room(k * d),
        }
    }
}
