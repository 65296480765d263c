//! Probabilistic principal component analysis [Tipping and Bishop 1999]: a linear-Gaussian world whose
//! maximum-likelihood solution is an eigen-decomposition and whose ELBO is tight.

use ndarray::{Array1, Array2, Axis, s};

use super::factor::Spectrum;
use super::quadratic::LN_2_PI;
use super::uncertain::count;
use super::validate::LARGEST;
use super::{Gaussian, Parts};
use crate::vocab::{Error, Nats, UNIT_ROUNDOFF_F64};

/// The fitted model `z ~ N(0, I)`, `x|z ~ N(W z + mean, noise I)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Ppca {
    /// The decoder's weight `W`, `[D, d]`.
    pub weight: Array2<f64>,
    /// The mean of the data, `[D]`.
    pub mean: Array1<f64>,
    /// The variance of the noise, `sigma^2`, which is the average variance of the data in the directions left out.
    pub noise: f64,
    /// The evidence `ln p(x)`, averaged over the data, in closed form.
    pub average_log_evidence: Nats,
}

impl Ppca {
    /// Fits the model to data `[N, D]` with `d < D` components, by maximum likelihood.
    ///
    /// The solution is in terms of the eigenvalues `l_1 >= ... >= l_D` of the data's covariance, and their vectors `U`:
    ///
    /// ```text
    /// sigma^2 = mean_{i > d} l_i      W = U_d (L_d - sigma^2 I)^(1/2)
    /// mean_n ln p(x_n) = -1/2 (D ln 2 pi + sum_{i <= d} ln l_i + (D - d) ln sigma^2 + D)
    /// ```
    ///
    /// # Errors
    /// [`Error::Empty`] without data; [`Error::Shape`] unless `0 < d < D`; [`Error::Number`] for an entry that is not
    /// finite or too large; [`Error::Covariance`] where the directions left out hold no variance.
    pub fn fit(data: &Array2<f64>, d: usize) -> Result<Self, Error> {
        let (images, pixels) = data.dim();
        let Some(mean) = data.mean_axis(Axis(0)) else {
            return Err(Error::Empty { tensor: "data" });
        };
        if d == 0 || d >= pixels {
            return Err(Error::Shape {
                tensor: "decoder_weight",
                found: vec![pixels, d],
                expected: vec![pixels, pixels.saturating_sub(1)],
            });
        }
        if let Some((at, &value)) = data.indexed_iter().find(|(_, value)| !(value.abs() <= LARGEST)) {
            return Err(Error::Number {
                tensor: "data",
                index: vec![at.0, at.1],
                value,
            });
        }
        let centred = data - &mean;
        let spectrum = Spectrum::new(&(centred.t().dot(&centred) / count(images)), 0.0)?;
        let left_out = spectrum.values.slice(s![..pixels - d]); // ascending
        let kept = spectrum.values.slice(s![pixels - d..]);
        let noise = left_out.sum() / count(pixels - d);
        // Directions without variance have eigenvalues that are nothing but rounding, and these are no noise.
        if !(noise > count(pixels) * UNIT_ROUNDOFF_F64 * spectrum.values[pixels - 1]) {
            return Err(Error::Covariance {
                tensor: "data",
                index: vec![],
                what: "singular",
                smallest: spectrum.values[0],
                largest: spectrum.values[pixels - 1],
            });
        }
        let vectors = spectrum.vectors.slice(s![.., pixels - d..]);
        let weight = &vectors * &kept.mapv(|value| (value - noise).max(0.0).sqrt());
        let ln_det =
            kept.iter().map(|value| Nats::of(value.ln())).sum::<Nats>() + count(pixels - d) * Nats::of(noise.ln());
        Ok(Self {
            weight,
            mean,
            noise,
            average_log_evidence: -0.5 * (Nats::of(count(pixels) * (LN_2_PI + 1.0)) + ln_det),
        })
    }

    /// The world of one image, whose encoder is the posterior, so that its bound is tight.
    ///
    /// ```text
    /// V = sigma^2 M^-1        A = M^-1 W^T        c = -A mean        M = W^T W + sigma^2 I
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::Number`] and [`Error::Covariance`], as [`Gaussian::from_rounded`].
    pub fn world(&self, x: &Array1<f64>) -> Result<Gaussian, Error> {
        let (pixels, d) = self.weight.dim();
        let m = self.weight.t().dot(&self.weight) + Array2::<f64>::eye(d) * self.noise;
        let inverse = Spectrum::new(&m, 0.0)?.inverse();
        let encoder_weight = inverse.dot(&self.weight.t());
        Gaussian::new(Parts {
            ln_p_y: Array1::zeros(1),
            prior_mean: Array2::zeros((1, d)),
            prior_covariance: Array2::eye(d).insert_axis(Axis(0)),
            decoder_weight: self.weight.clone(),
            decoder_offset: self.mean.clone().insert_axis(Axis(0)),
            decoder_covariance: Array2::eye(pixels) * self.noise,
            encoder_offset: -encoder_weight.dot(&self.mean),
            encoder_weight,
            encoder_covariance: (&inverse + &inverse.t()) * (0.5 * self.noise),
            ln_q_y_given_x: Array1::zeros(1),
            x: x.clone(),
            y: 0,
            beta: 1.0,
        })
    }
}
