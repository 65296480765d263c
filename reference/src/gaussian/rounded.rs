//! Worlds with rounded parameters, as a twin in a narrower type is given them. Covariances are rounded by their
//! factors.

use std::sync::Arc;

use ndarray::{Array2, Array3, ArrayView2, Axis};

use super::factor::{Covariance, LAPACK};
use super::uncertain::{Rounding, Uncertain, column};
use super::{Gaussian, Parts, Shared};
use crate::vocab::Error;

/// The lower triangular Cholesky factors of the covariances, which are all that the sides know of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Factors {
    /// The factor of each `S_y`, `[Y, d, d]`.
    pub prior: Array3<f64>,
    /// The factor of `R`, `[D, D]`.
    pub decoder: Array2<f64>,
    /// The factor of `V`, `[d, d]`.
    pub encoder: Array2<f64>,
}

impl Gaussian {
    /// The unit roundoff that the masses of the sides are meant for. It is that of `f64`, except for the worlds that
    /// [`Gaussian::rounded`] returns.
    #[must_use]
    pub fn unit_roundoff(&self) -> f64 {
        self.core.shared.rounding.of_mass
    }

    /// The Cholesky factors of the covariances, rounded to `f64`.
    #[must_use]
    pub fn factors(&self) -> Factors {
        let shared = &self.core.shared;
        let priors = shared
            .captions
            .iter()
            .map(|caption| caption.prior.factor.lower.nearest());
        Factors {
            prior: stacked(priors).unwrap_or_else(|_| Array3::zeros((0, 0, 0))), // of equal sizes
            decoder: shared.decoder.factor.lower.nearest(),
            encoder: shared.encoder.factor.lower.nearest(),
        }
    }

    /// Copies of worlds with every parameter rounded.
    ///
    /// The tables are not renormalised. Each covariance is the product of its rounded factor. The encoder's mean at the
    /// observed image is rounded, and no longer looks at the image. Neighbouring worlds of one model share what is
    /// factorised.
    ///
    /// The masses of the sides are those of a computation of this unit roundoff. The running error analysis counts
    /// units, whatever their size, and squares them where the first order says nothing.
    ///
    /// An entry is [`Error::Covariance`] where rounding leaves a matrix that may be singular.
    #[must_use]
    pub fn rounded(worlds: &[&Self], round: impl Fn(f64) -> f64, unit_roundoff: f64) -> Vec<Result<Self, Error>> {
        type Made = Result<Arc<Shared>, Error>;
        let mut made: Option<(&Arc<Shared>, Made)> = None;
        let mut rounded = Vec::with_capacity(worlds.len());
        for world in worlds {
            let given = &world.core.shared;
            let shared = match made.take() {
                Some((of, shared)) if Arc::ptr_eq(of, given) => shared,
                _ => world.rounded_model(&round, unit_roundoff).map(Arc::new),
            };
            made = Some((given, shared.clone()));
            rounded.push(shared.and_then(|shared| world.rounded_pair(&round, shared)));
        }
        rounded
    }

    fn rounded_model(&self, round: &impl Fn(f64) -> f64, unit_roundoff: f64) -> Result<Shared, Error> {
        let (factors, rounding) = (self.factors(), Rounding::in_type(unit_roundoff));
        let believed = |tensor, lower: ArrayView2<f64>| Covariance::of_factor(tensor, &lower.mapv(round), rounding);
        let encoder = believed("encoder_covariance", factors.encoder.view())?;
        let decoder = believed("decoder_covariance", factors.decoder.view())?;
        let priors = factors.prior.outer_iter();
        let priors: Vec<_> = priors
            .map(|prior| believed("prior_covariance", prior))
            .collect::<Result<_, _>>()?;
        let ln_p_y = self.core.shared.ln_p_y.rounded(round);
        let parts = Parts {
            decoder_weight: self.core.parts.decoder_weight.mapv(round),
            ..self.core.parts.clone()
        };
        Shared::of(&parts, ln_p_y, encoder, decoder, priors, rounding)
    }

    fn rounded_pair(&self, round: &impl Fn(f64) -> f64, shared: Arc<Shared>) -> Result<Self, Error> {
        let given = self.parts();
        let parts = Parts {
            ln_p_y: shared.ln_p_y.ln().clone(),
            prior_mean: given.prior_mean.mapv(round),
            prior_covariance: stacked(shared.captions.iter().map(|caption| caption.prior.matrix.nearest()))?,
            decoder_weight: given.decoder_weight.mapv(round),
            decoder_offset: given.decoder_offset.mapv(round),
            decoder_covariance: shared.decoder.matrix.nearest(),
            encoder_weight: Array2::zeros(given.encoder_weight.dim()),
            encoder_offset: self.encoder_mean().mapv(round),
            encoder_covariance: shared.encoder.matrix.nearest(),
            x: given.x.mapv(round),
            ..given
        };
        let mean = Uncertain::given(&column(&parts.encoder_offset));
        Ok(Self::at(shared, parts, mean, self.ln_q_y.rounded(round), self.beta))
    }
}

fn stacked(matrices: impl Iterator<Item = Array2<f64>>) -> Result<Array3<f64>, Error> {
    let matrices: Vec<Array2<f64>> = matrices.collect();
    let views: Vec<_> = matrices.iter().map(|matrix| matrix.view()).collect();
    ndarray::stack(Axis(0), &views).map_err(|_| LAPACK)
}
