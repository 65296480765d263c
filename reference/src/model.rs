//! What the lines of the derivation are written in: a world at one observed pair, whatever its codes are.

use std::ops::{Add, Neg, Sub};

use ndarray::Ix1;

use crate::vocab::{Beta, Error, LogProbs, Nats, Reading};

/// A model of images, captions and codes at one observed pair `(x, y)`, with an encoder.
///
/// The code `z` is what the lines sum over or integrate out. A [`Model::Log`] is a logarithm as a function of `z`; it is added to and
/// subtracted from others code by code, and the integrals below do away with `z`. A finite world has tables and sums
/// ([`World`](crate::world::World)), a linear-Gaussian one quadratic forms and closed forms; the lines are the same text for both.
pub trait Model: Clone + Send + Sync {
    /// A logarithm as a function of the code, in nats.
    type Log: Clone
        + Add<Output = Self::Log>
        + Sub<Output = Self::Log>
        + Neg<Output = Self::Log>
        + Add<Nats, Output = Self::Log>
        + Sub<Nats, Output = Self::Log>;

    /// Number of captions.
    fn captions(&self) -> usize;

    /// The observed caption.
    fn y(&self) -> usize;

    /// The weight on the divergence.
    fn beta(&self) -> Beta;

    /// Puts the model under another beta.
    fn set_beta(&mut self, beta: Beta);

    /// The same model under another beta.
    #[must_use]
    fn with_beta(&self, beta: Beta) -> Self {
        let mut other = self.clone();
        other.set_beta(beta);
        other
    }

    /// The same model with another caption observed, taken modulo their number.
    #[must_use]
    fn observing(&self, y: usize) -> Self;

    /// The model in which `q(y,z|x)` is what the reading says.
    ///
    /// Observed: `q(y|x)` becomes the point mass at `y`. Footnote: `q(y,z|x) = q(z|x) p(y|z)` and `q(y|x)` its marginal. Else: unchanged.
    ///
    /// # Errors
    /// [`Error::NoClosedForm`] for a reading that the model cannot be put under.
    fn under(&self, reading: Reading) -> Result<Self, Error>;

    /// The distribution `q(y|x)`.
    fn caption_model(&self) -> &LogProbs<Ix1>;

    /// The mass that a divergence is short of for what normalising the tables did to them: [`LogProbs::normalisation`] of each table that the reading
    /// weighs or takes logarithms of; of a prior twice, whose largest entry has up to twice the weight.
    fn normalisation(&self, reading: Reading) -> f64;

    /// `ln q(y|x)`.
    fn ln_q_y(&self, y: usize) -> Nats {
        Nats::of(self.caption_model().ln()[y])
    }

    /// `ln p(x|y,z)` at the observed `x`: the decoder.
    fn ln_p_x_given_yz(&self, y: usize) -> Self::Log;

    /// `ln p(y,z)`: the transformer.
    fn ln_p_yz(&self, y: usize) -> Self::Log;

    /// `ln p(z|y)`; `-inf` everywhere where `p(y) = 0`, and what it is multiplied with is 0.
    fn ln_p_z_given_y(&self, y: usize) -> Self::Log;

    /// `ln p(y)`.
    fn ln_p_y(&self, y: usize) -> Nats;

    /// `ln p(z)`.
    ///
    /// # Errors
    /// [`Error::NoClosedForm`] where a mixture has none.
    fn ln_p_z(&self) -> Result<Self::Log, Error>;

    /// `ln p(y|z)`; where `p(z) = 0` any distribution will do, and the uniform one is taken.
    ///
    /// # Errors
    /// [`Error::NoClosedForm`] where a mixture has none.
    fn ln_p_y_given_z(&self, y: usize) -> Result<Self::Log, Error>;

    /// `ln q(z|x)`: the encoder.
    fn ln_q_z(&self) -> Self::Log;

    /// `ln q(y,z|x)`.
    fn ln_q_yz(&self, y: usize) -> Self::Log;

    /// `ln ∫ e^f dz`, a sum where codes are discrete.
    fn log_integral(&self, f: &Self::Log) -> Nats;

    /// `ln ∫ e^f dz` over the codes with `q(z|x) > 0`.
    fn log_integral_on_support(&self, f: &Self::Log) -> Nats;

    /// `ln E_{z ~ q(z|x)}[e^f]`.
    fn log_expect(&self, f: &Self::Log) -> Nats;

    /// `E_{z ~ q(z|x)}[f]`.
    fn expect(&self, f: &Self::Log) -> Nats;

    /// `E_{(y,z) ~ q(y,z|x)}[f_y]`.
    fn expect_joint(&self, f: &dyn Fn(usize) -> Self::Log) -> Nats;

    /// `ln p(x) = ln sum_y ∫ p(x|y,z) p(y,z) dz`.
    ///
    /// # Errors
    /// None on a validated model.
    fn ln_evidence_of_image(&self) -> Result<Nats, Error>;

    /// The values of a logarithm at the codes that stand for all: every code of a finite world, enough of a continuous one to tell two
    /// quadratic forms apart.
    fn values(&self, f: &Self::Log) -> Vec<Nats>;

    /// The model whose decoder does not look at the caption: `p(x|z) = sum_y p(y|z) p(x|y,z)` for every caption.
    ///
    /// # Errors
    /// [`Error::NoClosedForm`] where a mixture has none.
    fn caption_free_decoder(&self) -> Result<Self, Error>;
}
