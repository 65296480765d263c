//! Linear-Gaussian worlds: the codes are continuous, and the integral of Eq. 3 is an integral and no sum.
//!
//! ```text
//! p(y) a table      p(z|y) = N(m_y, S_y)        p(x|y,z) = N(W z + b_y, R)
//! q(y|x) a table    q(z|x) = N(A x + c, V)
//! ```
//!
//! Every side of Eqs. 3 to 14 has a closed form in every reading but the footnote's, whose `p(z)` is a mixture.
//!
//! The lines are those of [`equations`](crate::equations). A [`Quadratic`] is a logarithm as a function of `z`, in the
//! coordinates in which `q(z|x)` is standard normal. The integrals of [`Model`](crate::model::Model) are linear algebra
//! on it: Cholesky factors, triangular solves and least squares. The slacks are computed without these, from inverses
//! and determinants by elimination.
//!
//! The same lines are computed twice more by [`Quadrature`] and [`Sample`], which see nothing of a density but its
//! values at points.
//!
//! # Rounding
//!
//! Matrices are computed in twice the precision of `f64`. They carry the error of each entry, in units of roundoff,
//! through every factorisation, product and solve. The masses of the results hold these errors, so that the closure
//! bound of finite worlds serves here, too. For every condition number that is accepted (up to 1e13), such an error is
//! less than a rounding of the result.

use std::sync::{Arc, OnceLock};

use ndarray::{Array1, Array2, Array3, Ix1};

use crate::vocab::{Beta, LogProbs, Nats};

mod double;
mod elimination;
mod factor;
mod fit;
mod model;
mod points;
mod posterior;
mod ppca;
mod quadratic;
mod quadrature;
mod rounded;
mod sample;
mod slack;
mod triangle;
mod uncertain;
mod validate;

pub use factor::MOST_CONDITION;
pub use fit::{Data, fit};
pub use points::{AtPoints, Rule};
pub use posterior::posterior_encoder;
pub use ppca::Ppca;
pub use quadratic::Quadratic;
pub use quadrature::{Axes, Quadrature, nodes_needed};
pub use rounded::Factors;
pub use sample::{Draws, Estimate, Sample, estimate};
pub use validate::{LARGEST, MOST_DIMENSIONS};

use factor::Covariance;
use posterior::Caption;
use uncertain::{Rounding, Uncertain};

/// The parameters of a linear-Gaussian world with `Y` captions, `D` pixels and `d` coordinates of the code, as given
/// and not yet validated.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// The prior of the captions, `ln p(y)`, `[Y]`. Its probabilities sum to 1.
    pub ln_p_y: Array1<f64>,
    /// The mean of `p(z|y)`, `m_y`, `[Y, d]`.
    pub prior_mean: Array2<f64>,
    /// The covariance of `p(z|y)`, `S_y`, `[Y, d, d]`.
    pub prior_covariance: Array3<f64>,
    /// The decoder's weight, `W`, `[D, d]`.
    pub decoder_weight: Array2<f64>,
    /// The decoder's offset at each caption, `b_y`, `[Y, D]`.
    pub decoder_offset: Array2<f64>,
    /// The covariance of `p(x|y,z)`, `R`, `[D, D]`.
    pub decoder_covariance: Array2<f64>,
    /// The encoder's weight, `A`, `[d, D]`.
    pub encoder_weight: Array2<f64>,
    /// The encoder's offset, `c`, `[d]`.
    pub encoder_offset: Array1<f64>,
    /// The covariance of `q(z|x)`, `V`, `[d, d]`.
    pub encoder_covariance: Array2<f64>,
    /// The caption model, `ln q(y|x)`, `[Y]`. Its probabilities sum to 1.
    pub ln_q_y_given_x: Array1<f64>,
    /// The observed image, `[D]`.
    pub x: Array1<f64>,
    /// The index of the observed caption, below `Y`.
    pub y: usize,
    /// The weight on the divergence, from 0 to [`Beta::MOST`].
    pub beta: f64,
}

/// A linear-Gaussian world at one observed pair `(x, y)`: [`Parts`] that were validated and factorised once.
#[derive(Debug, Clone)]
pub struct Gaussian {
    core: Arc<Core>,
    ln_q_y: LogProbs<Ix1>,
    y: usize,
    beta: Beta,
}

/// A model at an image: what no reading, caption or beta changes.
#[derive(Debug)]
struct Core {
    parts: Parts,
    shared: Arc<Shared>,
    /// The encoder's mean, `A x + c`.
    mean: Uncertain,
    /// `ln p(z|y)` for each caption.
    ln_p_z_given_y: Vec<Quadratic>,
    /// `ln p(x|y,z)` for each caption.
    ln_p_x_given_yz: Vec<Quadratic>,
    /// What the slacks have found out, for each caption.
    known: Vec<Known>,
}

/// What the slacks have found out about a caption. Each quantity is computed when it is first asked for.
#[derive(Debug, Default)]
struct Known {
    divergence_from_posterior: OnceLock<Nats>,
    ln_evidence: OnceLock<Nats>,
    with_caption_fixed: OnceLock<Vec<Fixed>>,
}

/// Evidence and divergence of the model that has a caption's prior and another caption's decoder.
#[derive(Debug, Clone, Copy)]
struct Fixed {
    ln_evidence: Nats,
    divergence_from_posterior: Nats,
}

/// What no image changes of a model: all that is factorised, decomposed and validated.
#[derive(Debug)]
struct Shared {
    ln_p_y: LogProbs<Ix1>,
    /// The encoder's covariance `V`.
    encoder: Covariance,
    /// The decoder's covariance `R`.
    decoder: Covariance,
    /// The slope `F^-1 W L` of the decoder's exponent, where `F` is the factor of `R` and `L` that of `V`. It is the
    /// change with the code, in units of the encoder's standard deviations.
    decoder_slope: Uncertain,
    ln_q_z: Quadratic,
    captions: Vec<Caption>,
    /// The unit in which the masses of the sides count errors.
    rounding: Rounding,
}

impl PartialEq for Gaussian {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Gaussian {
    /// The parts as given, but with this world's `q(y|x)`, caption and beta, which readings and copies change.
    #[must_use]
    pub fn parts(&self) -> Parts {
        Parts {
            ln_q_y_given_x: self.ln_q_y.ln().clone(),
            y: self.y,
            beta: self.beta.get(),
            ..self.core.parts.clone()
        }
    }

    /// The number of coordinates of a code, `d`.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.core.parts.decoder_weight.ncols()
    }

    /// The number of pixels of an image, `D`.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.core.parts.decoder_weight.nrows()
    }

    /// The mean of `q(z|x)`, `A x + c`, `[d]`.
    #[must_use]
    pub fn encoder_mean(&self) -> Array1<f64> {
        self.core.mean.nearest().column(0).to_owned()
    }

    /// Whether `p(x|y,z)` is the same for every caption.
    #[must_use]
    pub fn decoder_ignores_caption(&self) -> bool {
        let offsets = &self.core.parts.decoder_offset;
        offsets.rows().into_iter().all(|row| row == offsets.row(0))
    }

    /// How far from 1 the sum of a given table was, at most. Renormalising corrected it.
    #[must_use]
    pub fn correction(&self) -> f64 {
        self.core.shared.ln_p_y.correction().max(self.ln_q_y.correction())
    }
}
