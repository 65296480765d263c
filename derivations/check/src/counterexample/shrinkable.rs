//! The operations on a kind of world that the search for counterexamples and the restoration of assumptions need.

use std::path::Path;

use ndarray::Array1;
use note::assumption::Condition;
use note::checkable::Checkable;
use reference::vocab::{Beta, Error};
use worlds::case::FileError;
use worlds::fractions::InFractions;

use crate::counterexample::target::{Grade, Target};

mod finite;
#[cfg(feature = "lapack")]
mod gaussian;

/// A kind of world in which counterexamples are searched, shrunk and restored: finite or linear-Gaussian.
pub trait Shrinkable: Checkable {
    /// The same kind of world in fractions, as a person writes it.
    type Written: InFractions<World = Self>;

    /// Draws the random world number `index` of a seed.
    fn draw(seed: u64, index: u64) -> Self;

    /// The size of the world, in words.
    fn size(&self) -> String;

    /// Every world that has one state or one coordinate less.
    fn smaller(&self) -> Vec<Self>;

    /// The simplest world in fractions that breaks the claim with at least this grade, and the number of worlds that
    /// were tried. `small` is the world with which the removal of states ended.
    ///
    /// # Errors
    /// None that a validated world can cause.
    fn simplest(target: &Target, grade: Grade, small: &Self) -> Result<(Option<Self::Written>, u64), Error>;

    /// The same world with another `q(y|x)`. Its joint is the product of the encoders.
    ///
    /// # Errors
    /// None when the argument is a distribution over the world's captions.
    fn with_caption_model(&self, ln_q_y_given_x: Array1<f64>) -> Result<Self, Error>;

    /// The same world with the posterior at its observed pair as `q(z|x)`.
    ///
    /// # Errors
    /// [`Error::Indeterminate`] where there is no posterior.
    fn with_posterior_encoder(&self) -> Result<Self, Error>;

    /// The same world with `q(y,z|x) = q(y|x) q(z|x)`.
    ///
    /// # Errors
    /// None that a validated world can cause.
    fn with_product_encoder(&self) -> Result<Self, Error>;

    /// The same world in which every caption has the decoder of the observed one.
    ///
    /// # Errors
    /// None that a validated world can cause.
    fn with_one_decoder(&self) -> Result<Self, Error>;

    /// Writes worlds as a safetensors case.
    ///
    /// # Errors
    /// What [`worlds::case::write`](worlds::case::write()) refuses.
    fn write(path: &Path, worlds: &[Self], title: &str) -> Result<(), FileError>;

    /// A world near this one that satisfies a condition.
    ///
    /// # Errors
    /// [`Error::Indeterminate`] where the condition needs a posterior and there is none.
    fn restored(&self, condition: Condition) -> Result<Self, Error> {
        let captions = self.captions();
        let at_beta = |beta| {
            let mut world = self.clone();
            world.set_beta(beta);
            Ok(world)
        };
        match condition {
            Condition::PosteriorCovered => self.with_posterior_encoder(),
            Condition::CaptionPossible => {
                #[expect(clippy::cast_precision_loss, reason = "a count of captions")]
                let uniform = -(captions as f64).ln();
                self.with_caption_model(Array1::from_elem(captions, uniform))
            }
            Condition::JointFactorises => self.with_product_encoder(),
            Condition::CaptionCertain => {
                let certain = |y| if y == self.y() { 0.0 } else { f64::NEG_INFINITY };
                self.with_caption_model(Array1::from_shape_fn(captions, certain))
            }
            Condition::BetaOne => at_beta(Beta::ONE),
            Condition::BetaAtLeastOne => at_beta(Beta::new(self.beta().get().max(1.0))?),
            Condition::DecoderIgnoresCaption => self.with_one_decoder(),
        }
    }
}
