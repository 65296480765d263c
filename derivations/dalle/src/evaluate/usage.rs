//! Which codes a model uses, and how well it gives images back.

use super::{Drawn, Estimate, mean};
use crate::ModelError;
use crate::data::Data;
use crate::network::Model;
use crate::sample::reconstruction;

/// What was seen of a model's codes.
#[derive(Debug, Clone)]
pub struct Usage {
    /// How often each code is the most probable one.
    counts: Vec<usize>,
    errors: Vec<f64>,
}

impl Usage {
    /// Nothing seen of so many codes.
    #[must_use]
    pub fn new(codes: usize) -> Self {
        Self {
            counts: vec![0; codes],
            errors: Vec::new(),
        }
    }

    /// Sees an image.
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

    /// Codes that are the most probable ones at some position.
    #[must_use]
    pub fn used(&self) -> usize {
        self.counts.iter().filter(|count| **count > 0).count()
    }

    /// `e^H` of how often each code is the most probable one: no more than [`Usage::used`], which it is where all are used as often. Not of
    /// the average of `q(z|x)`: that one is largest where the codes say nothing.
    #[must_use]
    pub fn perplexity(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "numbers of codes")]
        let counts: Vec<f64> = self.counts.iter().map(|count| *count as f64).collect();
        let total: f64 = counts.iter().sum();
        let shares = counts.iter().map(|count| count / total);
        let entropy: f64 = shares.map(|p| if p > 0.0 { -p * p.ln() } else { 0.0 }).sum();
        entropy.exp()
    }

    /// [`pixel_error`], its mean over images.
    #[must_use]
    pub fn pixel_error(&self) -> Estimate {
        Estimate::of(&self.errors)
    }
}

/// Root of the mean squared error of an image's values in `[0, 1]`, a byte's at its middle, `(byte + 1/2) / 256`.
#[must_use]
pub fn pixel_error(bytes: &[u8], pixels: &[f32]) -> f64 {
    let squares = bytes.iter().zip(pixels).map(|(byte, pixel)| {
        let error = (f64::from(*byte) + 0.5) / 256.0 - f64::from(*pixel);
        error * error
    });
    mean(&squares.collect::<Vec<_>>()).sqrt()
}

/// The first stage alone on some images: the codes it uses, `E_q ln p(x|z)` and `D(q(z|x) || 1/K)` in nats an image.
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
