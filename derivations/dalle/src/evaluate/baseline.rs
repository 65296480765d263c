//! The baseline that a model has to beat: a density of pixels without a latent code.

use reference::likelihood::logit_laplace;

use crate::ModelError;
use crate::data::{Data, Split, VALUES};
use crate::noise::{evaluated, ln_unit};

/// An independent logit-Laplace distribution for each value of an image, fitted to the training part by maximum
/// likelihood.
///
/// ```text
/// mu = median logit x            b = mean |logit x - mu|
/// ```
#[derive(Debug, Clone)]
pub struct PerPixel {
    mu: Vec<f64>,
    ln_b: Vec<f64>,
}

impl PerPixel {
    /// Fits the distributions to the training part of the data.
    #[must_use]
    pub fn fit(data: &Data, seed: u64) -> Self {
        let images = data.of(Split::Train);
        let mut columns: Vec<Vec<f64>> = vec![Vec::new(); VALUES];
        for image in images {
            let pixels = evaluated(data.image(image), seed, image);
            for (column, x) in columns.iter_mut().zip(pixels) {
                let x = f64::from(x);
                column.push(x.ln() - (-x).ln_1p());
            }
        }
        let fitted = columns.into_iter().map(|mut column| {
            column.sort_by(f64::total_cmp);
            let mu = column[column.len() / 2];
            let distances: Vec<f64> = column.iter().map(|x| (x - mu).abs()).collect();
            (mu, super::mean(&distances).ln())
        });
        let (mu, ln_b) = fitted.unzip();
        Self { mu, ln_b }
    }

    /// `ln p(x)` of an image's bytes, in nats.
    ///
    /// # Errors
    /// [`ModelError::Reference`]. There is none for pixels that were mapped by `phi`.
    pub fn log_prob(&self, data: &Data, image: usize, seed: u64) -> Result<f64, ModelError> {
        let pixels = evaluated(data.image(image), seed, image);
        let mut sum = 0.0;
        for (x, (mu, ln_b)) in pixels.into_iter().zip(self.mu.iter().zip(&self.ln_b)) {
            sum += logit_laplace(f64::from(x), *mu, *ln_b)?.value() + ln_unit();
        }
        Ok(sum)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use reference::likelihood::logit_laplace;

    use super::PerPixel;
    use crate::data::{Data, Split, VALUES};
    use crate::noise::evaluated;

    #[test]
    fn no_other_location_or_scale_is_likelier() {
        let data = Data::embedded().unwrap();
        let (fitted, train) = (PerPixel::fit(&data, 3), data.of(Split::Train));
        let seen: Vec<Vec<f32>> = train
            .iter()
            .map(|&image| evaluated(data.image(image), 3, image))
            .collect();
        for value in [0, 1_700, VALUES - 1] {
            let ln_p = |mu: f64, ln_b: f64| -> f64 {
                let pixels = seen.iter().map(|image| f64::from(image[value]));
                pixels.map(|x| logit_laplace(x, mu, ln_b).unwrap().value()).sum()
            };
            let (mu, ln_b) = (fitted.mu[value], fitted.ln_b[value]);
            let best = ln_p(mu, ln_b);
            for step in [-0.1, 0.1] {
                assert!(
                    best > ln_p(mu + step, ln_b) && best > ln_p(mu, ln_b + step),
                    "{value}: {mu}, {ln_b}, {step}"
                );
            }
        }
    }
}
