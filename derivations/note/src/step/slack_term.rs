//! The functions of `reference` that compute slacks.

#[cfg(doc)]
use reference::repairs;
#[cfg(doc)]
use reference::slack::Slack;

/// The function of `reference` that computes the slack of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlackTerm {
    /// The slack is 0 by definition.
    Nothing,
    /// [`Slack::uncovered_posterior`].
    UncoveredPosterior,
    /// [`Slack::jensen_gap`].
    JensenGap,
    /// [`Slack::conditional_encoder`].
    ConditionalEncoder,
    /// [`Slack::joint_against_pointwise`].
    JointAgainstPointwise,
    /// [`Slack::dropped_constant`].
    DroppedConstant,
    /// [`Slack::reweighted_divergence`].
    ReweightedDivergence,
    /// [`Slack::posterior_gap`] of the world as given.
    PosteriorGap,
    /// [`Slack::fixed_caption_gap`] of the world as given.
    FixedCaptionGap,
    /// [`Slack::fixed_caption_gap`] of the world whose decoder does not look at the caption.
    FixedCaptionGapOfCaptionFreeDecoder,
    /// [`repairs::average_joint_slack`].
    AverageJoint,
    /// The sum of [`Slack::image_against_fixed_caption`] and [`Slack::fixed_caption_gap`] of the world as given.
    FootnoteAgainstImage,
    /// [`Slack::joint_fixed_caption_gap`] of the world as given.
    JointFixedCaptionGap,
    /// The sum of [`Slack::image_against_fixed_caption`] and [`Slack::joint_fixed_caption_gap`] of the world as given.
    JointAgainstImage,
}
