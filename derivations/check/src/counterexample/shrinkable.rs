//! A kind of world that counterexamples are searched in and assumptions are restored on.

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

/// What search, shrinking and restoration do to a world.
pub trait Shrinkable: Checkable {
    /// As a person writes it down.
    type Written: InFractions<World = Self>;

    /// Random world number `index` of a seed.
    fn draw(seed: u64, index: u64) -> Self;

    /// How large it is, in words.
    fn size(&self) -> String;

    /// Every world of one state, or one coordinate, fewer.
    fn smaller(&self) -> Vec<Self>;

    /// The simplest world in fractions that breaks the claim as well as the grade says, and how many were tried; `small` is the
    /// one that shrinking ended with.
    ///
    /// # Errors
    /// None that a validated world can cause.
    fn simplest(target: &Target, grade: Grade, small: &Self) -> Result<(Option<Self::Written>, u64), Error>;

    /// The same world with another `q(y|x)`, its joint the product of the encoders.
    ///
    /// # Errors
    /// None for a distribution over its captions.
    fn with_caption_model(&self, ln_q_y_given_x: Array1<f64>) -> Result<Self, Error>;

    /// The same world with the posterior at its pair for `q(z|x)`.
    ///
    /// # Errors
    /// [`Error::Indeterminate`] where there is no posterior.
    fn with_posterior_encoder(&self) -> Result<Self, Error>;

    /// The same world with `q(y,z|x) = q(y|x) q(z|x)`.
    ///
    /// # Errors
    /// None that a validated world can cause.
    fn with_product_encoder(&self) -> Result<Self, Error>;

    /// The same world with the decoder of the observed caption for every caption.
    ///
    /// # Errors
    /// None that a validated world can cause.
    fn with_one_decoder(&self) -> Result<Self, Error>;

    /// Writes worlds as a safetensors case.
    ///
    /// # Errors
    /// What [`worlds::case::write`](worlds::case::write()) refuses.
    fn write(path: &Path, worlds: &[Self], title: &str) -> Result<(), FileError>;

    /// The nearest world that satisfies a condition.
    ///
    /// # Errors
    /// [`Error::Indeterminate`] where a posterior is wanted and there is none.
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
