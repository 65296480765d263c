//! Linear-Gaussian worlds: codes are continuous, and the integral of Eq. 3 is an integral.
//!
//! ```text
//! p(y) a table      p(z|y) = N(m_y, S_y)      p(x|y,z) = N(W z + b_y, R)      q(z|x) = N(A x + c, V)      q(y|x) a table
//! ```
//!
//! Every side of Eqs. 3 to 14 has a closed form, in every reading but the footnote's, whose `p(z)` is a mixture. The lines are those of
//! [`equations`](crate::equations): a [`Quadratic`] is a logarithm as a function of `z`, in the coordinates in which `q(z|x)` is standard
//! normal, and [`Model`](crate::model::Model)'s integrals are what linear algebra makes of it: Cholesky factors, triangular solves, least
//! squares. The slacks come from the other side: from inverses and determinants by elimination.
//!
//! The same lines are computed twice more by [`Quadrature`] and [`Sample`], which see nothing of a density but its values at points.
//!
//! # Rounding
//!
//! Matrices are computed in twice the precision of `f64` and carry the error of each entry, in units of roundoff, through every factorisation,
//! product and solve; the masses of the results hold them, so that the one closure bound of finite worlds serves here too. For every condition
//! number that is taken (1e13) such an error is less than a rounding of the result.

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

/// What a linear-Gaussian world is made of, before it is believed: `Y` captions, `D` pixels, `d` coordinates of the code.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// `ln p(y)`, `[Y]`, sums to 1.
    pub ln_p_y: Array1<f64>,
    /// `m_y`, `[Y, d]`.
    pub prior_mean: Array2<f64>,
    /// `S_y`, `[Y, d, d]`.
    pub prior_covariance: Array3<f64>,
    /// `W`, `[D, d]`.
    pub decoder_weight: Array2<f64>,
    /// `b_y`, `[Y, D]`.
    pub decoder_offset: Array2<f64>,
    /// `R`, `[D, D]`.
    pub decoder_covariance: Array2<f64>,
    /// `A`, `[d, D]`.
    pub encoder_weight: Array2<f64>,
    /// `c`, `[d]`.
    pub encoder_offset: Array1<f64>,
    /// `V`, `[d, d]`.
    pub encoder_covariance: Array2<f64>,
    /// `ln q(y|x)`, `[Y]`, sums to 1.
    pub ln_q_y_given_x: Array1<f64>,
    /// The observed image, `[D]`.
    pub x: Array1<f64>,
    /// The observed caption.
    pub y: usize,
    /// The weight on the divergence.
    pub beta: f64,
}

/// A linear-Gaussian world at one observed pair `(x, y)`: the [`Parts`], validated once.
#[derive(Debug, Clone)]
pub struct Gaussian {
    core: Arc<Core>,
    ln_q_y: LogProbs<Ix1>,
    y: usize,
    beta: Beta,
}

/// What no reading, caption or beta changes: a model at an image.
#[derive(Debug)]
struct Core {
    parts: Parts,
    shared: Arc<Shared>,
    /// `A x + c`; from here on the encoder's mean.
    mean: Uncertain,
    /// `ln p(z|y)`, a caption each.
    ln_p_z_given_y: Vec<Quadratic>,
    /// `ln p(x|y,z)`, a caption each.
    ln_p_x_given_yz: Vec<Quadratic>,
    known: Vec<Known>,
}

/// What the slacks have found out about a caption, each computed when it is first asked for.
#[derive(Debug, Default)]
struct Known {
    divergence_from_posterior: OnceLock<Nats>,
    ln_evidence: OnceLock<Nats>,
    with_caption_fixed: OnceLock<Vec<Fixed>>,
}

/// The same of a caption's prior with another caption's decoder.
#[derive(Debug, Clone, Copy)]
struct Fixed {
    ln_evidence: Nats,
    divergence_from_posterior: Nats,
}

/// What no image changes: all that is factorised, decomposed and refused.
#[derive(Debug)]
struct Shared {
    ln_p_y: LogProbs<Ix1>,
    /// `V`.
    encoder: Covariance,
    /// `R`.
    decoder: Covariance,
    /// `F^-1 W L`, `F` the factor of `R`: how the decoder's exponent changes with the code in units of the encoder's.
    decoder_slope: Uncertain,
    ln_q_z: Quadratic,
    captions: Vec<Caption>,
    /// What the sides' masses hold.
    rounding: Rounding,
}

impl PartialEq for Gaussian {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Gaussian {
    /// The parts as given, with this world's reading of `q(y|x)`, its caption and its beta.
    #[must_use]
    pub fn parts(&self) -> Parts {
        Parts {
            ln_q_y_given_x: self.ln_q_y.ln().clone(),
            y: self.y,
            beta: self.beta.get(),
            ..self.core.parts.clone()
        }
    }

    /// Coordinates of the code, `d`.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.core.parts.decoder_weight.ncols()
    }

    /// Pixels, `D`.
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

    /// The largest correction that renormalising made to a table's sum.
    #[must_use]
    pub fn correction(&self) -> f64 {
        self.core.shared.ln_p_y.correction().max(self.ln_q_y.correction())
    }
}
