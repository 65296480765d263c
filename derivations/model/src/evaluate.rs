//! Every term of the bound on images, with what each is off by.
//!
//! ```text
//! ELBO = E_q ln p(x|z) + E_q ln p(y,z) + H(q)          q = q(z|x), z drawn from it, the entropy exact
//! L_k  = E ln 1/k sum_i w_i,   ln w_i = ln p(x|z_i) + ln p(y,z_i) - ln q(z_i|x)        L_1 = ELBO <= L_k <= ln p(x,y)
//! ```
//!
//! Pixels are dequantised (`noise`), so every bound on the density is one on the bytes' probability, and is stated in their unit.

mod baseline;
mod bound;
mod report;
mod usage;

use gpu::autograd::gumbel_softmax;
use gpu::fused::Sample;
use gpu::{DType, Tensor};
use reference::logits::log_mean_exp;

pub use baseline::PerPixel;
pub use bound::Bound;
pub use report::{Estimate, Options, Report, SplitReport, evaluate};
pub use usage::{Usage, of_first_stage, pixel_error};

use crate::data::Data;
use crate::network::Model;
use crate::noise::{Purpose, evaluated, gumbel, stream};
use crate::{ModelError, possible};

/// Samples of codes of one image, and what the networks say of each.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The entropy of `q(z|x)`, the mean of `-ln q(z|x)`.
    pub entropy: f64,
    /// The variance of `-ln q(z|x)`.
    pub variance: f64,
    /// The codes, a sample after the other.
    pub codes: Vec<u32>,
    /// `ln q(z_i|x)`.
    pub ln_q: Vec<f64>,
    /// `ln p(x|z_i)` of the bytes.
    pub ln_p_x: Vec<f64>,
    /// `ln p(x|.)` at the relaxed samples of the same noise, at the last temperature.
    pub relaxed: Vec<f64>,
}

/// What a prior says of samples.
#[derive(Debug, Clone)]
pub struct Prior {
    /// `ln p(y)`, the same for every sample.
    pub ln_p_y: f64,
    /// `ln p(z_i|y)`.
    pub ln_p_z: Vec<f64>,
}

/// Codes decoded at a time.
pub(crate) const CHUNK: usize = 64;

impl Drawn {
    /// Draws so many; relaxes the first few.
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
        let (entropy, variance) = surprise(&ln_q_table, k);
        possible::entropy(entropy, positions, k).map_err(of_image)?;
        let mut rng = stream(seed, Purpose::EvaluatedCodes, image as u64);
        let mut drawn = Self {
            entropy,
            variance,
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
                for ((row, ln_row), noise) in table.chunks(k).zip(ln_q_table.chunks(k)).zip(sample.chunks(k)) {
                    let code = largest(row.iter().zip(noise).map(|(x, g)| x + f64::from(*g)));
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

    /// What a model's prior says of the caption and of the first samples.
    ///
    /// # Errors
    /// [`ModelError::Caption`]; [`ModelError::Lacks`] for a model without prior.
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

    /// `ln w_i`.
    #[must_use]
    pub fn log_weights(&self, prior: &Prior) -> Vec<f64> {
        let parts = self.ln_p_x.iter().zip(&prior.ln_p_z).zip(&self.ln_q);
        parts.map(|((x, z), q)| x + z + prior.ln_p_y - q).collect()
    }

    /// The mean of `ln p(x|z)`, of `ln p(y,z)`, and the entropy.
    #[must_use]
    pub fn elbo(&self, prior: &Prior) -> f64 {
        mean(&self.ln_p_x) + mean(&prior.ln_p_z) + prior.ln_p_y + self.entropy
    }
}

/// `L_k` from log-weights: the mean over groups of `k` of them, none of them twice.
///
/// # Errors
/// [`ModelError::Reference`] for weights that are no numbers.
pub fn importance_weighted(log_weights: &[f64], k: usize) -> Result<f64, ModelError> {
    let groups = log_weights.chunks_exact(k);
    let values: Vec<f64> = groups
        .map(|group| Ok(log_mean_exp(group)?.value()))
        .collect::<Result<_, ModelError>>()?;
    Ok(mean(&values))
}

/// Mean and variance of `-ln q` of codes drawn from rows, one from each.
fn surprise(ln_q: &[f64], k: usize) -> (f64, f64) {
    let of_row = |row: &[f64]| {
        let expect = |f: &dyn Fn(f64) -> f64| {
            let parts = row.iter().filter(|ln_q| ln_q.exp() > 0.0);
            parts.map(|ln_q| ln_q.exp() * f(-ln_q)).sum::<f64>()
        };
        let entropy = expect(&|surprise| surprise);
        (entropy, expect(&|surprise| (surprise - entropy).powi(2)))
    };
    let rows = ln_q.chunks_exact(k).map(of_row);
    rows.fold((0.0, 0.0), |sum, row| (sum.0 + row.0, sum.1 + row.1))
}

/// Refuses numbers of the networks one of which is not finite; `what` names the one at a place.
///
/// Finite parameters bring none about unless they overflow on the way, and then nothing that is computed from it is a result.
pub(crate) fn expect_finite<T: Copy + Into<f64>>(
    numbers: &[T],
    what: impl Fn(usize) -> String,
) -> Result<(), ModelError> {
    let mut numbers = numbers.iter().map(|number| (*number).into()).enumerate();
    match numbers.find(|(_, number): &(usize, f64)| !number.is_finite()) {
        None => Ok(()),
        Some((place, value)) => Err(ModelError::Overflow {
            what: what(place),
            value,
        }),
    }
}

/// [`expect_finite`] of a network's logits, rows of `k` codes.
pub(crate) fn expect_finite_logits<T: Copy + Into<f64>>(
    logits: &[T],
    k: usize,
    network: &str,
) -> Result<(), ModelError> {
    expect_finite(logits, |place| {
        format!("the {network}'s logit of code {} at position {}", place % k, place / k)
    })
}

/// Rows of logits as logarithms of probabilities.
///
/// # Errors
/// [`ModelError::Overflow`] for a logit that is not finite.
pub(crate) fn normalised(table: &[f64], k: usize) -> Result<Vec<f64>, ModelError> {
    expect_finite_logits(table, k, "encoder")?;
    let of_row = |row: &[f64]| {
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total = row.iter().map(|x| (x - most).exp()).sum::<f64>().ln() + most;
        row.iter().map(|x| x - total).collect::<Vec<_>>()
    };
    Ok(table.chunks_exact(k).flat_map(of_row).collect())
}

/// The place of the largest.
pub(crate) fn largest(numbers: impl Iterator<Item = f64>) -> usize {
    let best = numbers.enumerate().fold(
        (0, f64::NEG_INFINITY),
        |best, (place, x)| if x > best.1 { (place, x) } else { best },
    );
    best.0
}

pub(crate) fn mean(numbers: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a number of samples")]
    let count = numbers.len() as f64;
    numbers.iter().sum::<f64>() / count
}
