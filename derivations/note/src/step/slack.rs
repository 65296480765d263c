//! The slack of a step on a world under a reading, for any kind of world.

use std::cmp::Ordering;

use reference::repairs;
use reference::slack::Slack;
use reference::vocab::{Error, Nats};

use super::row::Step;
use super::slack_term::SlackTerm;
use crate::checkable::Checkable;
use crate::rule::Sign;
use crate::under_reading::UnderReading;

/// The sign of `(beta - 1) D`. Only the pointwise reading can make `D` negative.
pub fn sign_of_reweighting<W: Checkable>(scene: &UnderReading<W>) -> Sign {
    match scene.world.beta().get().partial_cmp(&1.0) {
        Some(Ordering::Equal) => Sign::Zero,
        _ if !scene.reading.has_a_divergence() => Sign::Unsigned,
        Some(Ordering::Less) => Sign::NonPositive,
        _ => Sign::NonNegative,
    }
}

impl Step {
    /// The sign that the slack has on a world under a reading, known without its value. It is the sign of the row, or a
    /// sharper one that follows from beta, from a joint that factorises or from a caption that is certain.
    #[must_use]
    pub fn sign_at<W: Checkable>(&self, scene: &UnderReading<W>) -> Sign {
        let UnderReading { world, seen, .. } = scene;
        let certain = || (0..seen.captions()).all(|y| y == seen.y() || seen.ln_q_y(y) == Nats::NEG_INFINITY);
        match self.slack_term {
            SlackTerm::ReweightedDivergence => sign_of_reweighting(scene),
            SlackTerm::ConditionalEncoder if seen.joint_factorises() => Sign::Zero,
            SlackTerm::JointAgainstPointwise if certain() && seen.joint_factorises() => Sign::Zero,
            SlackTerm::AverageJoint if world.joint_factorises() => Sign::NonNegative,
            _ => self.sign,
        }
    }

    /// The slack on a world under a reading, in nats.
    ///
    /// # Errors
    /// [`Error::Indeterminate`] where the slack has no value, and [`Error::NoClosedForm`] where it has no closed form
    /// in this kind of world.
    pub fn slack<W: Slack>(&self, scene: &UnderReading<W>) -> Result<Nats, Error> {
        let UnderReading { world, seen, reading } = scene;
        match self.slack_term {
            SlackTerm::Nothing => Ok(Nats::ZERO),
            SlackTerm::UncoveredPosterior => seen.uncovered_posterior(),
            SlackTerm::JensenGap => seen.jensen_gap(),
            SlackTerm::ConditionalEncoder => seen.conditional_encoder(),
            SlackTerm::JointAgainstPointwise => seen.joint_against_pointwise(),
            SlackTerm::DroppedConstant => seen.dropped_constant(*reading),
            SlackTerm::ReweightedDivergence => seen.reweighted_divergence(*reading),
            SlackTerm::PosteriorGap => world.posterior_gap(),
            SlackTerm::FixedCaptionGap => world.fixed_caption_gap(),
            SlackTerm::FixedCaptionGapOfCaptionFreeDecoder => world.caption_free_decoder()?.fixed_caption_gap(),
            SlackTerm::AverageJoint => repairs::average_joint_slack(world),
            SlackTerm::FootnoteAgainstImage => against_image(world, world.fixed_caption_gap()),
            SlackTerm::JointFixedCaptionGap => world.joint_fixed_caption_gap(),
            SlackTerm::JointAgainstImage => against_image(world, world.joint_fixed_caption_gap()),
        }
    }
}

/// The slack between `ln p(x)` and a line: first from `ln p(x)` to the evidence with the caption fixed, and then by
/// that evidence's gap to the line.
fn against_image<W: Slack>(world: &W, gap: Result<Nats, Error>) -> Result<Nats, Error> {
    (world.image_against_fixed_caption()? + gap?).determinate("a line against ln p(x)")
}
