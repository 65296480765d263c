//! Measures which codes a model uses, and how well it reconstructs images.

use super::{Drawn, Estimate, mean};
use crate::ModelError;
use crate::data::Data;
use crate::network::Model;
use crate::sample::reconstruction;

/// Counts of the most probable codes, and reconstruction errors, over the images that were added.
#[derive(Debug, Clone)]
pub struct Usage {
    /// The number of positions at which each code is the most probable one.
    counts: Vec<usize>,
    errors: Vec<f64>,
}

impl Usage {
    /// Empty counts for this many codes.
    #[must_use]
    pub fn new(codes: usize) -> Self {
        Self {
            counts: vec![0; codes],
            errors: Vec::new(),
        }
    }

    /// Adds an image.
    ///
    /// # Errors
    /// [`ModelError::Twin`].
    pub fn add(&mut self, model: &Model, data: &Data, image: usize) -> Result<(), ModelError> {
        let bytes = data.image(image);
        let (codes, pixels) = reconstruction(model, bytes).map_err(|error| error.at(format!("image {image}")))?;
        for code in codes {
            self.counts[code as usize] += 1;
        }
        self.errors.push(pixel_error(bytes, &pixels));
        Ok(())
    }

    /// The number of codes that are the most probable ones at some position.
    #[must_use]
    pub fn used(&self) -> usize {
        self.counts.iter().filter(|count| **count > 0).count()
    }

    /// `e^H` of how often each code is the most probable one. It is at most [`Usage::used`], and equal to it where all
    /// of these codes are used equally often. It is not the perplexity of the average of `q(z|x)`, which is largest
    /// where the codes say nothing.
    #[must_use]
    pub fn perplexity(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "numbers of codes")]
        let counts: Vec<f64> = self.counts.iter().map(|count| *count as f64).collect();
        let total: f64 = counts.iter().sum();
        let shares = counts.iter().map(|count| count / total);
        let entropy: f64 = shares.map(|p| if p > 0.0 { -p * p.ln() } else { 0.0 }).sum();
        entropy.exp()
    }

    /// The mean of [`pixel_error`] over the images.
    #[must_use]
    pub fn pixel_error(&self) -> Estimate {
        Estimate::of(&self.errors)
    }
}

/// The root of the mean squared error of the values of an image, which lie in `[0, 1]`. A byte stands for its middle,
/// `(byte + 1/2) / 256`.
#[must_use]
pub fn pixel_error(bytes: &[u8], pixels: &[f32]) -> f64 {
    let squares = bytes.iter().zip(pixels).map(|(byte, pixel)| {
        let error = (f64::from(*byte) + 0.5) / 256.0 - f64::from(*pixel);
        error * error
    });
    mean(&squares.collect::<Vec<_>>()).sqrt()
}

/// Evaluates the first stage alone on some images: the codes that it uses, and `E_q ln p(x|z)` and `D(q(z|x) || 1/K)`
/// in nats per image.
///
/// # Errors
/// [`ModelError::Twin`].
pub fn of_first_stage(
    model: &Model,
    data: &Data,
    images: &[usize],
    samples: usize,
    seed: u64,
) -> Result<(Usage, [Estimate; 2]), ModelError> {
    let mut usage = Usage::new(model.config.dvae.vocabulary);
    let mut columns: [Vec<f64>; 2] = Default::default();
    for &image in images {
        let drawn = Drawn::new(model, data, image, samples, 0, seed)?;
        usage.add(model, data, image)?;
        columns[0].push(mean(&drawn.ln_p_x));
        columns[1].push(drawn.divergence);
    }
    Ok((usage, columns.each_ref().map(|column| Estimate::of(column))))
}
