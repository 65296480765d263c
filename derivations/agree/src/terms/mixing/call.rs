//! What is sampled and mixed, and what comes of it.

use gpu::fused::{self, Gumbel, Isa, Numbers, Pull, Rows, Sample};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Gumbel as Noise, StandardNormal};

use crate::terms::call::EngineError;
use crate::terms::cases::CASES;
use crate::terms::draw::{room, stored};

/// From where training starts to where it ends, and beyond both.
const TEMPERATURES: [f64; 4] = [1.0, 0.9, 1.0 / 16.0, 3.0];

/// What is sampled and mixed.
#[derive(Debug, Clone)]
pub struct MixCall<E> {
    /// What kind of logits these are.
    pub name: &'static str,
    /// Rows, codes, numbers of a codebook's row.
    pub shape: [usize; 3],
    /// The temperature.
    pub temperature: f64,
    /// `[rows, K]`.
    pub logits: Vec<E>,
    /// `[rows, K]`.
    pub noise: Vec<E>,
    /// `[K, D]`.
    pub codebook: Vec<E>,
    /// `[rows, K]`: the derivative with respect to the samples, for the samples alone.
    pub to_samples: Vec<E>,
    /// `[rows, D]`: the derivative with respect to the mixed rows.
    pub to_mixed: Vec<E>,
}

/// What comes of it, for one of the samples.
#[derive(Debug, Clone)]
pub struct Mixed<E> {
    /// `[rows, K]`.
    pub samples: Vec<E>,
    /// `[rows, K]`, from [`MixCall::to_samples`].
    pub through_samples: Vec<E>,
    /// `[rows, D]`.
    pub mixed: Vec<E>,
    /// `[rows, K]`, from [`MixCall::to_mixed`].
    pub to_logits: Vec<E>,
    /// `[K, D]`.
    pub to_codebook: Vec<E>,
}

impl<E: Numbers> MixCall<E> {
    /// Runs the CPU's kernels.
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
                // An outlier now and then, or a wrong sum of small numbers passes.
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
    /// All of it, in the order of the fields.
    pub(crate) fn tables(&mut self) -> [&mut [E]; 5] {
        [
            &mut self.samples,
            &mut self.through_samples,
            &mut self.mixed,
            &mut self.to_logits,
            &mut self.to_codebook,
        ]
    }

    /// Room, with what no result leaves.
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
