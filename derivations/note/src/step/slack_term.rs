//! The functions of the reference that slacks are.

#[cfg(doc)]
use reference::repairs;
#[cfg(doc)]
use reference::slack::Slack;

/// The functions of `reference` that a row's slack is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlackTerm {
    /// 0.
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
    /// [`Slack::image_against_fixed_caption`] and [`Slack::fixed_caption_gap`] of the world as given.
    FootnoteAgainstImage,
    /// [`Slack::joint_fixed_caption_gap`] of the world as given.
    JointFixedCaptionGap,
    /// [`Slack::image_against_fixed_caption`] and [`Slack::joint_fixed_caption_gap`] of the world as given.
    JointAgainstImage,
}
