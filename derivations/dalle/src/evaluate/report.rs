//! The evaluation of a model: per part of the data, and the importance-weighted bound.

use serde::Serialize;

use super::bound::{Bound, bounds};
use super::{CHUNK, Drawn, PerPixel, Usage, mean};
use crate::ModelError;
use crate::config::Load;
use crate::data::{Data, Split, VALUES};
use crate::network::{Model, shapes};
use crate::parameters::{Beginning, Variables};

/// What to evaluate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Samples of an image's codes.
    pub samples: usize,
    /// Images of each part at most, spread over it.
    pub images: usize,
    /// Images of the test part for the importance-weighted bound.
    pub bound_images: usize,
    /// Samples of each of those: the largest `k`, a power of two; of another number the largest below it.
    pub bound_samples: usize,
    /// Of all noise.
    pub seed: u64,
}

/// A mean over images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Its standard error; none for a single number, which tells none.
    pub standard_error: Option<f64>,
}

impl Estimate {
    /// Of numbers.
    #[must_use]
    pub fn of(numbers: &[f64]) -> Self {
        let centre = mean(numbers);
        #[expect(clippy::cast_precision_loss, reason = "a number of images")]
        let n = numbers.len() as f64;
        let squares: f64 = numbers.iter().map(|x| (x - centre) * (x - centre)).sum();
        Self {
            mean: centre,
            standard_error: (numbers.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt()),
        }
    }
}

/// A part of the data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplitReport {
    /// Its name.
    pub split: &'static str,
    /// Images evaluated.
    pub images: usize,
    /// `E_q ln p(x|z)`, nats.
    pub reconstruction: Estimate,
    /// `D(q(z|x) || 1/K)`, nats.
    pub divergence_from_uniform: Estimate,
    /// `H(q(z|x))`, nats.
    pub entropy: Estimate,
    /// `ln p(y)`, nats.
    pub ln_p_y: Estimate,
    /// `E_q ln p(z|y)`, nats.
    pub ln_p_z_given_y: Estimate,
    /// `E_q ln q(z|x) / p(y,z)`: the note's divergence of `q` from the joint, nats.
    pub divergence_from_prior: Estimate,
    /// `ln q(y|x)` of the caption model, nats.
    pub ln_q_y: Estimate,
    /// The bound, nats.
    pub elbo: Estimate,
    /// The bound in bits a value of the image, caption included.
    pub bits_per_dim: Estimate,
    /// `E ln p(x|relaxed z) - E ln p(x|z)` at the last temperature, nats.
    pub relaxation_gap: Estimate,
    /// Codes that are the most probable ones somewhere.
    pub codes_used: usize,
    /// [`Usage::perplexity`].
    pub codebook_perplexity: f64,
    /// Root of the mean squared error of the most probable codes' image, values in `[0, 1]`.
    pub pixel_error: Estimate,
    /// `ELBO` less that of a prior without parameters, codes `1/K` and captions by the caption model, nats.
    pub over_uniform_codes: Estimate,
    /// `ELBO` less that of the same model with an untrained prior, nats: padding that it has learned counts too.
    pub over_untrained_prior: Estimate,
    /// `ELBO` less `ln p(x) + ln q(y)` of a logit-Laplace a pixel without a code, nats.
    pub over_no_latent: Estimate,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The parts.
    pub splits: Vec<SplitReport>,
    /// The importance-weighted bound; none where it was left out.
    pub bound: Option<Bound>,
    /// Codes, `K`.
    pub codes: usize,
}

impl Report {
    /// Whether the samples are those of `q`: their entropy is the exact one, within what chance leaves them.
    #[must_use]
    pub fn stands(&self) -> bool {
        let within = |bound: &Bound| bound.entropy_residue.mean.abs() <= bound.residue_bound;
        self.bound.as_ref().is_none_or(within)
    }
}

/// Evaluates a model; `told` hears of every image.
///
/// # Errors
/// [`ModelError`].
pub fn evaluate(model: &Model, data: &Data, options: &Options, told: &dyn Fn()) -> Result<Report, ModelError> {
    let most = options.samples.max(options.bound_samples);
    let at_once = Load::Forward {
        at_once: most.min(CHUNK),
    };
    model.config.expect_memory(at_once, &model.device)?;
    let per_pixel = PerPixel::fit(data, options.seed);
    let fresh = untrained(model)?;
    let mut splits = Vec::new();
    for split in Split::ALL {
        let images = spread(&data.of(split), options.images);
        splits.push(of_split(
            model, &fresh, &per_pixel, data, split, &images, options, told,
        )?);
    }
    let images = spread(&data.of(Split::Test), options.bound_images);
    let bound = bounds(model, data, &images, options, told)?;
    Ok(Report {
        splits,
        bound,
        codes: model.config.dvae.vocabulary,
    })
}

/// The model with the prior's parameters as they began.
fn untrained(model: &Model) -> Result<Model, ModelError> {
    let fresh = Variables::fresh(
        &shapes(&model.config, "prior")?,
        Beginning::Transformer,
        model.config.seed,
        &model.device,
    )?;
    Ok(Model {
        parameters: model.parameters.joined(&fresh.detached()),
        ..model.clone()
    })
}

/// So many at most, evenly apart.
fn spread(images: &[usize], most: usize) -> Vec<usize> {
    let count = most.min(images.len());
    (0..count).map(|place| images[place * images.len() / count]).collect()
}

#[expect(clippy::too_many_arguments, reason = "what a part's numbers are made of")]
fn of_split(
    model: &Model,
    fresh: &Model,
    per_pixel: &PerPixel,
    data: &Data,
    split: Split,
    images: &[usize],
    options: &Options,
    told: &dyn Fn(),
) -> Result<SplitReport, ModelError> {
    let (positions, k) = (model.codes(), model.config.dvae.vocabulary);
    let mut columns: [Vec<f64>; 13] = Default::default();
    let mut usage = Usage::new(k);
    #[expect(clippy::cast_precision_loss, reason = "sizes of an image")]
    let (dims, most) = (VALUES as f64, positions as f64 * (k as f64).ln());
    for &image in images {
        let drawn = Drawn::new(model, data, image, options.samples, options.samples, options.seed)?;
        let prior = drawn.prior(model, data, image, options.samples)?;
        let other = drawn.prior(fresh, data, image, options.samples)?;
        let ln_q_y = model
            .vocabulary
            .log_prob(&model.vocabulary.encode(data.caption(image))?)?;
        let reconstruction = mean(&drawn.ln_p_x);
        let (ln_p_z, elbo) = (mean(&prior.ln_p_z), drawn.elbo(&prior));
        usage.add(model, data, image)?;
        let numbers = [
            reconstruction,
            drawn.divergence,
            drawn.entropy,
            prior.ln_p_y,
            ln_p_z,
            -drawn.entropy - prior.ln_p_y - ln_p_z,
            ln_q_y,
            elbo,
            -elbo / (dims * std::f64::consts::LN_2),
            mean(&drawn.relaxed) - reconstruction,
            // What both sides share cancels before it is added: of a reconstruction of -1e23 nats no digit of the rest would be left.
            (prior.ln_p_y - other.ln_p_y) + (ln_p_z - mean(&other.ln_p_z)),
            elbo - per_pixel.log_prob(data, image, options.seed)? - ln_q_y,
            (prior.ln_p_y - ln_q_y) + (ln_p_z + most),
        ];
        for (column, number) in columns.iter_mut().zip(numbers) {
            column.push(number);
        }
        told();
    }
    let of = |place: usize| Estimate::of(&columns[place]);
    Ok(SplitReport {
        split: split.name(),
        images: images.len(),
        reconstruction: of(0),
        divergence_from_uniform: of(1),
        entropy: of(2),
        ln_p_y: of(3),
        ln_p_z_given_y: of(4),
        divergence_from_prior: of(5),
        ln_q_y: of(6),
        elbo: of(7),
        bits_per_dim: of(8),
        relaxation_gap: of(9),
        codes_used: usage.used(),
        codebook_perplexity: usage.perplexity(),
        pixel_error: usage.pixel_error(),
        over_uniform_codes: of(12),
        over_untrained_prior: of(10),
        over_no_latent: of(11),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::largest;
    use super::{Estimate, spread};

    #[test]
    fn a_mean_and_its_error() {
        let found = Estimate::of(&[1.0, 2.0, 6.0]);
        // Squares 4 + 1 + 9 = 14, variance 7, error sqrt(7/3).
        let error = found.standard_error.unwrap();
        assert!((found.mean - 3.0).abs() < 1e-15 && (error - (7.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!(Estimate::of(&[1.0]).standard_error.is_none());
        assert_eq!(spread(&[1, 2, 3, 4, 5, 6], 3), [1, 3, 5]);
        assert_eq!(spread(&[1, 2], 9), [1, 2]);
        assert_eq!(largest([1.0, 3.0, 3.0].into_iter()), 1);
    }
}
