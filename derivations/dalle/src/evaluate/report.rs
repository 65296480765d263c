//! The evaluation of a model on each part of the data, and the importance-weighted bound.

use serde::Serialize;

use super::bound::{Bound, bounds};
use super::{CHUNK, Drawn, PerPixel, Usage, mean};
use crate::ModelError;
use crate::config::Load;
use crate::data::{Data, Split, VALUES};
use crate::network::{Model, shapes};
use crate::parameters::{Beginning, Variables};

/// The extent of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The number of samples of each image's codes.
    pub samples: usize,
    /// The largest number of images of each part. They are spread evenly over it.
    pub images: usize,
    /// The number of images of the test part for the importance-weighted bound.
    pub bound_images: usize,
    /// The number of samples of each of those images, which is the largest `k`. It is rounded down to a power of two.
    pub bound_samples: usize,
    /// The seed of all noise.
    pub seed: u64,
}

/// A mean over images, with its standard error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Its standard error. It is `None` for a single number, which does not show one.
    pub standard_error: Option<f64>,
}

impl Estimate {
    /// The mean of some numbers, and its standard error.
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

/// The evaluation on one part of the data. All means are over images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplitReport {
    /// The name of the part.
    pub split: &'static str,
    /// The number of images that were evaluated.
    pub images: usize,
    /// `E_q ln p(x|z)`, in nats.
    pub reconstruction: Estimate,
    /// `D(q(z|x) || 1/K)`, in nats.
    pub divergence_from_uniform: Estimate,
    /// `H(q(z|x))`, in nats.
    pub entropy: Estimate,
    /// `ln p(y)`, in nats.
    pub ln_p_y: Estimate,
    /// `E_q ln p(z|y)`, in nats.
    pub ln_p_z_given_y: Estimate,
    /// `E_q ln q(z|x) / p(y,z)`, the note's divergence of `q` from the joint, in nats.
    pub divergence_from_prior: Estimate,
    /// `ln q(y|x)` of the caption model, in nats.
    pub ln_q_y: Estimate,
    /// The ELBO, in nats.
    pub elbo: Estimate,
    /// The negative ELBO in bits per value of the image, with the caption included.
    pub bits_per_dim: Estimate,
    /// `E ln p(x|relaxed z) - E ln p(x|z)` at the last temperature, in nats.
    pub relaxation_gap: Estimate,
    /// The number of codes that are the most probable ones at some position of some image.
    pub codes_used: usize,
    /// The perplexity of the most probable codes, as [`Usage::perplexity`] computes it.
    pub codebook_perplexity: f64,
    /// The root of the mean squared error of the image that the most probable codes decode to. Its values lie in
    /// `[0, 1]`.
    pub pixel_error: Estimate,
    /// The ELBO minus that of a prior without parameters, in nats. That prior has uniform codes, `1/K`, and the
    /// captions of the caption model.
    pub over_uniform_codes: Estimate,
    /// The ELBO minus that of the same model with an untrained prior, in nats. The padding that a trained prior has
    /// learned counts, too.
    pub over_untrained_prior: Estimate,
    /// The ELBO minus `ln p(x) + ln q(y)` in nats, where `p(x)` is the baseline without a code.
    pub over_no_latent: Estimate,
}

/// The whole evaluation of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The evaluation on each part of the data.
    pub splits: Vec<SplitReport>,
    /// The importance-weighted bound. It is `None` where it was left out.
    pub bound: Option<Bound>,
    /// The number of codes, `K`.
    pub codes: usize,
}

impl Report {
    /// Whether the samples can be those of `q`: their mean of `-ln q` is the exact entropy, within the margin of
    /// chance.
    #[must_use]
    pub fn stands(&self) -> bool {
        let within = |bound: &Bound| bound.entropy_residue.mean.abs() <= bound.residue_bound;
        self.bound.as_ref().is_none_or(within)
    }
}

/// Evaluates a model. `told` is called after every image.
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

/// The same model with the prior's parameters as they were before training.
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

/// At most `most` of the images, evenly spread.
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
            // The terms that both sides share cancel before anything is added. Beside a reconstruction of -1e23 nats,
            // the rest would have no digit left.
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
        // The squares are 4 + 1 + 9 = 14, the variance is 7, and the error sqrt(7/3).
        let error = found.standard_error.unwrap();
        assert!((found.mean - 3.0).abs() < 1e-15 && (error - (7.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!(Estimate::of(&[1.0]).standard_error.is_none());
        assert_eq!(spread(&[1, 2, 3, 4, 5, 6], 3), [1, 3, 5]);
        assert_eq!(spread(&[1, 2], 9), [1, 2]);
        assert_eq!(largest([1.0, 3.0, 3.0].into_iter()), 1);
    }
}
