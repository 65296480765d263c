//! Batches of linear-Gaussian worlds of equal shape.

use candle_core::{D, Tensor};
use vocab::{Beta, Float};

use super::matrices::{ln_diagonal, whiten};
use crate::Error;
use crate::device::Device;
use crate::transfer::upload;
use crate::world::observed;

/// The parameters of a batch of `B` worlds with `Y` captions, `D` pixels and `d` coordinates of the code. Each array
/// has one world after the other, row-major.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// The number of captions, `Y`.
    pub captions: usize,
    /// The number of coordinates of a code, `d`.
    pub coordinates: usize,
    /// The number of pixels of an image, `D`.
    pub pixels: usize,
    /// The prior of the captions, `ln p(y)`, `[B, Y]`.
    pub ln_p_y: Vec<f64>,
    /// The mean of `p(z|y)`, `m_y`, `[B, Y, d]`.
    pub prior_mean: Vec<f64>,
    /// The lower factor of the covariance of `p(z|y)`, `S_y`, `[B, Y, d, d]`.
    pub prior_factor: Vec<f64>,
    /// The decoder's weight, `W`, `[B, D, d]`.
    pub decoder_weight: Vec<f64>,
    /// The decoder's offset at each caption, `b_y`, `[B, Y, D]`.
    pub decoder_offset: Vec<f64>,
    /// The lower factor of the covariance of `p(x|y,z)`, `R`, `[B, D, D]`.
    pub decoder_factor: Vec<f64>,
    /// The mean of `q(z|x)`, `mu`, `[B, d]`.
    pub encoder_mean: Vec<f64>,
    /// The lower factor `L` of the covariance of `q(z|x)`, `V`, `[B, d, d]`.
    pub encoder_factor: Vec<f64>,
    /// The caption model, `ln q(y|x)`, `[B, Y]`.
    pub ln_q_y: Vec<f64>,
    /// The observed images, `[B, D]`.
    pub x: Vec<f64>,
    /// The indices of the observed captions, `[B]`.
    pub y: Vec<usize>,
    /// The weights on the divergence, `[B]`.
    pub beta: Vec<Beta>,
}

/// A batch of `B` worlds on a device. Each density is whitened, in the coordinates `t` in which `q(z|x)` is standard
/// normal:
///
/// ```text
/// prior     u = F_S^-1 (mu - m_y)              U = F_S^-1 L
/// decoder   u = F_R^-1 (W mu - (x - b_y))      U = F_R^-1 W L
/// ```
///
/// `F_S` and `F_R` are the factors of the covariances. The log-density is `-1/2 |u + U t|^2` and a constant.
#[derive(Debug, Clone)]
pub struct Batch {
    ln_p_y: Tensor,
    ln_q_y: Tensor,
    prior: (Tensor, Tensor),
    decoder: (Tensor, Tensor),
    ln_det_prior: Tensor,
    ln_det_decoder: Tensor,
    ln_det_encoder: Tensor,
    y: Tensor,
    beta: Tensor,
}

impl Batch {
    /// Checks shapes and captions, rounds the parameters to the type, moves them to the device and whitens the
    /// densities.
    ///
    /// The numbers are taken as they are, since the reference's `Gaussian` has validated them.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::Shape`] or [`Error::Caption`] for parts that do not fit; [`Error::Device`] when the
    /// device refuses.
    pub fn new(parts: &Parts, device: &Device, float: Float) -> Result<Self, Error> {
        let (b, y, d, pixels) = (parts.y.len(), parts.captions, parts.coordinates, parts.pixels);
        if b * y * d * pixels == 0 {
            return Err(Error::Empty {
                worlds: b,
                captions: y,
                codes: d,
            });
        }
        let table = |name, entries: &[f64], shape: &[usize]| upload(name, entries, shape, device, float);
        let prior_factor = table("prior_factor", &parts.prior_factor, &[b * y, d, d])?;
        let decoder_factor = table("decoder_factor", &parts.decoder_factor, &[b, pixels, pixels])?;
        let encoder_factor = table("encoder_factor", &parts.encoder_factor, &[b, d, d])?;
        let weight = table("decoder_weight", &parts.decoder_weight, &[b, pixels, d])?;
        let mean = table("encoder_mean", &parts.encoder_mean, &[b, d, 1])?;
        let prior_mean = table("prior_mean", &parts.prior_mean, &[b, y, d])?;
        let offset = table("decoder_offset", &parts.decoder_offset, &[b, y, pixels])?;
        let x = table("x", &parts.x, &[b, 1, pixels])?;

        let missed = weight.matmul(&mean)?.t()?.broadcast_sub(&x.broadcast_sub(&offset)?)?;
        let missed = missed.t()?.contiguous()?;
        let decoder = (
            whiten(&decoder_factor, &missed)?.t()?.contiguous()?,
            whiten(&decoder_factor, &weight.matmul(&encoder_factor)?)?,
        );
        let deviation = mean.t()?.broadcast_sub(&prior_mean)?.reshape((b * y, d, 1))?;
        let spread = encoder_factor.unsqueeze(1)?.broadcast_as((b, y, d, d))?;
        let spread = spread.contiguous()?.reshape((b * y, d, d))?;
        let prior = (
            whiten(&prior_factor, &deviation)?.reshape((b, y, d))?,
            whiten(&prior_factor, &spread)?.reshape((b, y, d, d))?,
        );
        let ln_det = |factor: &Tensor| -> Result<Tensor, Error> { Ok(ln_diagonal(factor)?.sum(D::Minus1)?) };
        let beta: Vec<f64> = parts.beta.iter().copied().map(Beta::get).collect();
        Ok(Self {
            ln_p_y: table("ln_p_y", &parts.ln_p_y, &[b, y])?,
            ln_q_y: table("ln_q_y", &parts.ln_q_y, &[b, y])?,
            prior,
            decoder,
            ln_det_prior: ln_det(&prior_factor)?.reshape((b, y))?,
            ln_det_decoder: ln_det(&decoder_factor)?,
            ln_det_encoder: ln_det(&encoder_factor)?,
            y: Tensor::from_vec(observed(&parts.y, y)?, b, device.candle())?,
            beta: table("beta", &beta, &[b])?,
        })
    }

    /// Picks each world's observed caption out of a number for every caption: `[B, Y]` to `[B]`.
    pub(super) fn at_observed(&self, by_caption: &Tensor) -> Result<Tensor, Error> {
        Ok(by_caption.contiguous()?.gather(&self.y.unsqueeze(1)?, 1)?.squeeze(1)?)
    }

    /// The whitened prior `p(z|y)`: `u`, `[B, Y, d]`, and `U`, `[B, Y, d, d]`.
    pub(super) const fn prior(&self) -> (&Tensor, &Tensor) {
        (&self.prior.0, &self.prior.1)
    }

    /// The whitened decoder `p(x|y,z)`: `u`, `[B, Y, D]`, and `U`, `[B, D, d]`.
    pub(super) const fn decoder(&self) -> (&Tensor, &Tensor) {
        (&self.decoder.0, &self.decoder.1)
    }

    /// `ln det F_S`, half the log-determinant of the prior's covariance, `[B, Y]`.
    pub(super) const fn ln_det_prior(&self) -> &Tensor {
        &self.ln_det_prior
    }

    /// `ln det F_R`, half the log-determinant of the decoder's covariance, `[B]`.
    pub(super) const fn ln_det_decoder(&self) -> &Tensor {
        &self.ln_det_decoder
    }

    /// `ln det L`, half the log-determinant of the encoder's covariance, `[B]`.
    pub(super) const fn ln_det_encoder(&self) -> &Tensor {
        &self.ln_det_encoder
    }

    /// The prior of the captions, `ln p(y)`, `[B, Y]`.
    #[must_use]
    pub const fn ln_p_y(&self) -> &Tensor {
        &self.ln_p_y
    }

    /// The caption model, `ln q(y|x)`, `[B, Y]`.
    #[must_use]
    pub const fn ln_q_y(&self) -> &Tensor {
        &self.ln_q_y
    }

    /// The weights on the divergence, `[B]`.
    #[must_use]
    pub const fn beta(&self) -> &Tensor {
        &self.beta
    }

    #[expect(clippy::cast_precision_loss, reason = "a dimension")]
    pub(super) fn coordinates(&self) -> f64 {
        self.decoder.1.dims()[2] as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "a dimension")]
    pub(super) fn pixels(&self) -> f64 {
        self.decoder.1.dims()[1] as f64
    }
}
