//! Evaluates every term of the bound on images, with the error of each.
//!
//! ```text
//! ELBO = E_q ln p(x|z) + E_q ln p(y,z) + H(q)          q = q(z|x), z drawn from it, the entropy exact
//! L_k  = E ln 1/k sum_i w_i,   ln w_i = ln p(x|z_i) + ln p(y,z_i) - ln q(z_i|x)        L_1 = ELBO <= L_k <= ln p(x,y)
//! ```
//!
//! Pixels are dequantised (see `noise`). So every bound on their density gives a bound on the probability of the bytes,
//! and is reported as that.

mod baseline;
mod bound;
mod report;
mod usage;

use gpu::autograd::gumbel_softmax;
use gpu::fused::Sample;
use gpu::{DType, Tensor};
use reference::logits::{Softmax, kl_to_uniform, log_mean_exp};

pub use baseline::PerPixel;
pub use bound::Bound;
pub use report::{Estimate, Options, Report, SplitReport, evaluate};
pub use usage::{Usage, of_first_stage, pixel_error};

use crate::chance::{Exponentials, Tails};
use crate::data::Data;
use crate::finite::expect_finite_logits;
use crate::network::Model;
use crate::noise::{Purpose, evaluated, gumbel, stream};
use crate::{ModelError, possible};

/// Samples of the codes of one image, and the log-probabilities that encoder and decoder give for each.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The exact entropy of `q(z|x)` in nats: the mean of `-ln q(z|x)`.
    pub entropy: f64,
    /// `D(q(z|x) || 1/K)` in nats. It is computed by itself, because the difference of `S ln K` and the entropy loses
    /// all digits near 0.
    pub divergence: f64,
    /// The exact variance of `-ln q(z|x)`.
    pub variance: f64,
    /// The tails of `-ln q(z|x)`, which bound how far a mean of samples may lie from the entropy.
    pub tails: Tails,
    /// The codes, one sample after the other.
    pub codes: Vec<u32>,
    /// `ln q(z_i|x)` of each sample, in nats.
    pub ln_q: Vec<f64>,
    /// `ln p(x|z_i)` of the bytes for each sample, in nats.
    pub ln_p_x: Vec<f64>,
    /// `ln p(x|.)` at relaxed samples of the same noise, at the last temperature, in nats. There may be fewer of them
    /// than samples.
    pub relaxed: Vec<f64>,
}

/// The log-probabilities that the prior gives for a caption and for samples.
#[derive(Debug, Clone)]
pub struct Prior {
    /// `ln p(y)` in nats, which is the same for every sample.
    pub ln_p_y: f64,
    /// `ln p(z_i|y)` of each sample, in nats.
    pub ln_p_z: Vec<f64>,
}

/// The number of samples that are decoded at a time.
pub(crate) const CHUNK: usize = 64;

impl Drawn {
    /// Draws `samples` samples of the codes of an image. The first `relaxed` of them are relaxed, too.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn new(
        model: &Model,
        data: &Data,
        image: usize,
        samples: usize,
        relaxed: usize,
        seed: u64,
    ) -> Result<Self, ModelError> {
        let of_image = |error: ModelError| error.at(format!("image {image}"));
        let (positions, k) = (model.codes(), model.config.dvae.vocabulary);
        let pixels = model.pixels(&evaluated(data.image(image), seed, image))?;
        let logits = model.encoder_logits(&pixels)?;
        let table: Vec<f64> = logits.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?;
        let ln_q_table = normalised(&table, k).map_err(of_image)?;
        let Surprise {
            entropy,
            variance,
            tails,
        } = surprise(&ln_q_table, k);
        possible::entropy(entropy, positions, k).map_err(of_image)?;
        let mut rng = stream(seed, Purpose::EvaluatedCodes, image as u64);
        let divergence = divergence(&table, k)?;
        let mut drawn = Self {
            entropy,
            divergence,
            variance,
            tails,
            codes: Vec::new(),
            ln_q: Vec::new(),
            ln_p_x: Vec::new(),
            relaxed: Vec::new(),
        };
        let temperature = model.config.dvae.temperature.to;
        for first in (0..samples).step_by(CHUNK) {
            let count = CHUNK.min(samples - first);
            let noise = gumbel(&mut rng, count * positions * k);
            let mut codes = Vec::with_capacity(count * positions);
            for sample in noise.chunks_exact(positions * k) {
                let mut ln_q = 0.0;
                // The noise is added to normalised logits. A large offset that all logits of a row share would leave
                // the noise no digit.
                for (ln_row, noise) in ln_q_table.chunks(k).zip(sample.chunks(k)) {
                    let code = largest(ln_row.iter().zip(noise).map(|(ln_q, g)| ln_q + f64::from(*g)));
                    ln_q += ln_row[code];
                    codes.push(u32::try_from(code).unwrap_or(u32::MAX));
                }
                drawn.ln_q.push(ln_q);
            }
            drawn.codes.extend(&codes);
            let codes = model.tokens(&codes, count)?;
            drawn
                .ln_p_x
                .extend(model.log_likelihood(&pixels, &codes).map_err(of_image)?);
            let wanted = relaxed.saturating_sub(first).min(count);
            if wanted > 0 {
                let noise = &noise[..wanted * positions * k];
                let noise = Tensor::from_slice(noise, (wanted, positions, k), logits.device())?;
                let rows = logits.broadcast_as((wanted, positions, k))?.contiguous()?;
                let soft = gumbel_softmax(&rows, &noise, temperature, Sample::Relaxed)?;
                let side = model.config.side();
                let planes = soft.transpose(1, 2)?.contiguous()?.reshape((wanted, k, side, side))?;
                let relaxed = model.log_likelihood_of_mixed(&pixels, &planes).map_err(of_image)?;
                drawn.relaxed.extend(relaxed);
            }
        }
        Ok(drawn)
    }

    /// The log-probabilities that a model's prior gives for the caption and for the first `count` samples.
    ///
    /// # Errors
    /// [`ModelError::Caption`], and [`ModelError::Lacks`] for a model without a prior.
    pub fn prior(&self, model: &Model, data: &Data, image: usize, count: usize) -> Result<Prior, ModelError> {
        let text = model.text(data.caption(image))?;
        let mut prior = Prior {
            ln_p_y: 0.0,
            ln_p_z: Vec::new(),
        };
        for codes in self.codes[..count * model.codes()].chunks(CHUNK * model.codes()) {
            let count = codes.len() / model.codes();
            let text = model.tokens(&text.repeat(count), count)?;
            let of_image = |error: ModelError| error.at(format!("image {image}"));
            let [of_text, of_codes] = model.log_prior(&text, &model.tokens(codes, count)?).map_err(of_image)?;
            prior.ln_p_y = of_text[0];
            prior.ln_p_z.extend(of_codes);
        }
        Ok(prior)
    }

    /// `ln w_i - ln p(y)` of each sample, in nats. `ln p(y)`, which all of them share, is left out, because a large one
    /// would cost the digits in which they differ.
    #[must_use]
    pub fn log_weights(&self, prior: &Prior) -> Vec<f64> {
        let parts = self.ln_p_x.iter().zip(&prior.ln_p_z).zip(&self.ln_q);
        parts.map(|((x, z), q)| x + z - q).collect()
    }

    /// The ELBO in nats: the mean of `ln p(x|z)` plus that of `ln p(y,z)` over the samples, plus the exact entropy.
    #[must_use]
    pub fn elbo(&self, prior: &Prior) -> f64 {
        mean(&self.ln_p_x) + mean(&prior.ln_p_z) + prior.ln_p_y + self.entropy
    }
}

/// `L_k` in nats from log-weights: the mean over disjoint groups of `k` of them.
///
/// # Errors
/// [`ModelError::Reference`] for log-weights that are NaN.
pub fn importance_weighted(log_weights: &[f64], k: usize) -> Result<f64, ModelError> {
    let groups = log_weights.chunks_exact(k);
    let values: Vec<f64> = groups
        .map(|group| Ok(log_mean_exp(group)?.value()))
        .collect::<Result<_, ModelError>>()?;
    Ok(mean(&values))
}

/// The moments and tails of `-ln q` for codes that are drawn from rows, one from each.
struct Surprise {
    entropy: f64,
    variance: f64,
    tails: Tails,
}

/// The spread of `-ln q` of a code, for which the row of `l` is laid out: a few dozen nats for thousands of codes.
/// Codes with a larger `-ln q` are included all the same.
const SPREAD: f64 = 32.0;

fn surprise(ln_q: &[f64], k: usize) -> Surprise {
    let (mut entropy, mut variance) = (0.0, 0.0);
    let of_row = |row: &[f64]| {
        let possible = || row.iter().map(|ln_q| (ln_q.exp(), -ln_q)).filter(|(q, _)| *q > 0.0);
        let mean: f64 = possible().map(|(q, surprise)| q * surprise).sum();
        entropy += mean;
        variance += possible()
            .map(|(q, surprise)| q * (surprise - mean).powi(2))
            .sum::<f64>();
        let mut exponentials = Exponentials::new(SPREAD);
        possible().for_each(|(q, surprise)| exponentials.add(q, surprise - mean));
        exponentials.tails(0.0)
    };
    let tails = Tails::sum(ln_q.chunks_exact(k).map(of_row)).unwrap_or_else(|| Exponentials::new(SPREAD).tails(0.0));
    Surprise {
        entropy,
        variance,
        tails,
    }
}

/// Normalises rows of logits to logarithms of probabilities. The result does not depend on an offset that the logits of
/// a row share.
///
/// ```text
/// ln q_k = (x_k - max x) - ln sum_j e^(x_j - max x)
/// ```
///
/// # Errors
/// [`ModelError::Overflow`] for a logit that is not finite.
pub(crate) fn normalised(table: &[f64], k: usize) -> Result<Vec<f64>, ModelError> {
    expect_finite_logits(table, k, "encoder")?;
    let mut ln_q = Vec::with_capacity(table.len());
    for row in table.chunks_exact(k) {
        let of_row = Softmax::new("logits", row)?;
        ln_q.extend(of_row.y.iter().map(|y| y - of_row.ln_s));
    }
    Ok(ln_q)
}

/// The sum over rows of finite logits of `D(q || 1/K)`, in nats.
fn divergence(table: &[f64], k: usize) -> Result<f64, ModelError> {
    table
        .chunks_exact(k)
        .try_fold(0.0, |sum, row| Ok(sum + kl_to_uniform(row)?.value()))
}

pub(crate) fn mean(numbers: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    let count = numbers.len() as f64;
    numbers.iter().sum::<f64>() / count
}

/// The index of the largest number. Of several equal ones it is the first.
pub(crate) fn largest(numbers: impl Iterator<Item = f64>) -> usize {
    let best = numbers.enumerate().fold(
        (0, f64::NEG_INFINITY),
        |best, (place, x)| if x > best.1 { (place, x) } else { best },
    );
    best.0
}
