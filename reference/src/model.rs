//! The interface that the lines of the derivation are written in: a world at one observed pair, with discrete or
//! continuous codes.

use std::ops::{Add, Neg, Sub};

use ndarray::Ix1;

use crate::vocab::{Beta, Error, LogProbs, Nats, Reading};

/// A model of images, captions and codes at one observed pair `(x, y)`, with an encoder.
///
/// The code `z` is what the lines sum over or integrate out. A [`Model::Log`] is a logarithm as a function of `z`. It
/// is added to and subtracted from others code by code, and the integrals below do away with `z`. A finite world
/// ([`World`](crate::world::World)) has tables and sums. A linear-Gaussian world has quadratic forms and closed forms.
/// The lines are the same text for both.
pub trait Model: Clone + Send + Sync {
    /// A logarithm as a function of the code, in nats.
    type Log: Clone
        + Add<Output = Self::Log>
        + Sub<Output = Self::Log>
        + Neg<Output = Self::Log>
        + Add<Nats, Output = Self::Log>
        + Sub<Nats, Output = Self::Log>;

    /// The number of captions, `Y`.
    fn captions(&self) -> usize;

    /// The index of the observed caption.
    fn y(&self) -> usize;

    /// The weight on the divergence in Eqs. 1 and 14.
    fn beta(&self) -> Beta;

    /// Replaces the weight on the divergence.
    fn set_beta(&mut self, beta: Beta);

    /// A copy of the model with another weight on the divergence.
    #[must_use]
    fn with_beta(&self, beta: Beta) -> Self {
        let mut other = self.clone();
        other.set_beta(beta);
        other
    }

    /// A copy of the model at which another caption is observed. The index is taken modulo the number of captions.
    #[must_use]
    fn observing(&self, y: usize) -> Self;

    /// The model in which `q(y,z|x)` is what the reading says.
    ///
    /// Under the observed reading `q(y|x)` becomes the point mass at `y`. Under the footnote's reading `q(y,z|x)`
    /// becomes `q(z|x) p(y|z)`, and `q(y|x)` its marginal. The other readings leave the model as it is.
    ///
    /// # Errors
    /// [`Error::NoClosedForm`] for a reading that the model cannot be put under.
    fn under(&self, reading: Reading) -> Result<Self, Error>;

    /// The distribution `q(y|x)`, `[Y]`.
    fn caption_model(&self) -> &LogProbs<Ix1>;

    /// The mass that a divergence lacks for the rounding that normalised its tables.
    ///
    /// It is the sum of [`LogProbs::normalisation`] over the tables that the reading weighs or takes logarithms of. A
    /// prior counts twice, because its largest entry may have twice the weight.
    fn normalisation(&self, reading: Reading) -> f64;

    /// `ln q(y|x)`: the log-probability that the encoder gives a caption.
    fn ln_q_y(&self, y: usize) -> Nats {
        Nats::of(self.caption_model().ln()[y])
    }

    /// `ln p(x|y,z)` at the observed `x`: the decoder.
    fn ln_p_x_given_yz(&self, y: usize) -> Self::Log;

    /// `ln p(y,z)`: the transformer.
    fn ln_p_yz(&self, y: usize) -> Self::Log;

    /// `ln p(z|y)`: the prior of the codes at a caption. Where `p(y) = 0` it is `-inf` at every code, since what it is
    /// multiplied with is 0.
    fn ln_p_z_given_y(&self, y: usize) -> Self::Log;

    /// `ln p(y)`: the prior of the captions.
    fn ln_p_y(&self, y: usize) -> Nats;

    /// `ln p(z)`: the prior of the codes, whatever the caption.
    ///
    /// # Errors
    /// [`Error::NoClosedForm`] where a mixture has none.
    fn ln_p_z(&self) -> Result<Self::Log, Error>;

    /// `ln p(y|z)`: the prior of the captions at a code. Where `p(z) = 0` any distribution will do, and the uniform one
    /// is taken.
    ///
    /// # Errors
    /// [`Error::NoClosedForm`] where a mixture has none.
    fn ln_p_y_given_z(&self, y: usize) -> Result<Self::Log, Error>;

    /// `ln q(z|x)`: the encoder.
    fn ln_q_z(&self) -> Self::Log;

    /// `ln q(y,z|x)`: the joint encoder at a caption.
    fn ln_q_yz(&self, y: usize) -> Self::Log;

    /// The log-integral `ln ∫ e^f dz`, a log-sum where codes are discrete.
    fn log_integral(&self, f: &Self::Log) -> Nats;

    /// The log-integral `ln ∫ e^f dz`, over the codes with `q(z|x) > 0`.
    fn log_integral_on_support(&self, f: &Self::Log) -> Nats;

    /// The logarithm of an expectation under the encoder, `ln E_{z ~ q(z|x)}[e^f]`.
    fn log_expect(&self, f: &Self::Log) -> Nats;

    /// The expectation under the encoder, `E_{z ~ q(z|x)}[f]`.
    fn expect(&self, f: &Self::Log) -> Nats;

    /// The expectation under the joint encoder, `E_{(y,z) ~ q(y,z|x)}[f_y]`, of a logarithm for each caption.
    fn expect_joint(&self, f: &dyn Fn(usize) -> Self::Log) -> Nats;

    /// The evidence of the image alone, `ln p(x) = ln sum_y ∫ p(x|y,z) p(y,z) dz`.
    ///
    /// # Errors
    /// None on a validated model.
    fn ln_evidence_of_image(&self) -> Result<Nats, Error>;

    /// The values of a logarithm at enough codes to tell two logarithms apart. These are all codes of a finite world;
    /// of a continuous one they are as many as tell two quadratic forms apart.
    fn values(&self, f: &Self::Log) -> Vec<Nats>;

    /// The model whose decoder is `p(x|z) = sum_y p(y|z) p(x|y,z)` at every caption, and so does not look at it.
    ///
    /// # Errors
    /// [`Error::NoClosedForm`] where a mixture has none.
    fn caption_free_decoder(&self) -> Result<Self, Error>;
}
