//! The rows that the note does not print: the bounds that the readings do give.

use reference::vocab::Reading::{Joint, Pointwise};

use super::id::StepId;
use super::row::Step;
use super::slack_term::SlackTerm;
use crate::line::id::LineId;
use crate::rule::Relation::Nothing;
use crate::rule::Rule::Compose;
use crate::rule::Sign::{NonNegative, Unsigned};

pub(super) const EVIDENCE_TO_A1: Step = Step {
    id: StepId::EvidenceToA1,
    from: LineId::Eq3,
    to: LineId::A1,
    printed: Nothing,
    sign: NonNegative,
    rule: Compose,
    readings: &[Pointwise],
    exact: false,
    slack_latex: r"D_{KL}(q_\phi(z|x), p(z|x,y))",
    slack_term: SlackTerm::PosteriorGap,
    remark: "the bound without any q(y,z|x); equal to Eq. 9",
};

pub(super) const EVIDENCE_TO_A2: Step = Step {
    id: StepId::EvidenceToA2,
    from: LineId::Eq3,
    to: LineId::A2,
    printed: Nothing,
    sign: NonNegative,
    rule: Compose,
    readings: &[Pointwise],
    exact: false,
    slack_latex: r"D_{KL}(q_\phi(z|x), p(z|x,y))",
    slack_term: SlackTerm::PosteriorGap,
    remark: "what repairs the footnote: the expected ln p(y|z) put back",
};

pub(super) const IMAGE_TO_A3: Step = Step {
    id: StepId::ImageToA3,
    from: LineId::ImageEvidence,
    to: LineId::A3,
    printed: Nothing,
    sign: NonNegative,
    rule: Compose,
    readings: &[Pointwise],
    exact: false,
    slack_latex: r"D_{KL}(q_\phi(z|x), p(z|x))",
    slack_term: SlackTerm::FixedCaptionGapOfCaptionFreeDecoder,
    remark: "the footnote bounds ln p(x) if the decoder does not look at the caption",
};

pub(super) const FIXED_TO_A4: Step = Step {
    id: StepId::FixedToA4,
    from: LineId::FixedCaptionEvidence,
    to: LineId::A4,
    printed: Nothing,
    sign: NonNegative,
    rule: Compose,
    readings: &[Pointwise],
    exact: false,
    slack_latex: r"D_{KL}(q_\phi(z|x), r(z)), \quad r(z) \propto p_\psi(z)\, p_\theta(x|y,z)",
    slack_term: SlackTerm::FixedCaptionGap,
    remark: "what the footnote bounds when the decoder does look at the caption",
};

pub(super) const MEAN_TO_A5: Step = Step {
    id: StepId::AverageToA5,
    from: LineId::AverageEvidence,
    to: LineId::A5,
    printed: Nothing,
    sign: Unsigned,
    rule: Compose,
    readings: &[Joint],
    exact: false,
    slack_latex: r"\mathbb{E}_{y \sim q_\phi(y|x)} \left[ D_{KL}(q_\phi(z|x), p(z|x,y)) - D_{KL}(q_\phi(z|x), q_\phi(z|y,x)) + D_{KL} - A(y) \right]",
    slack_term: SlackTerm::AverageJoint,
    remark: "on average over the encoder's captions the joint reading is a bound, if q(y,z|x) factorises: the last three terms then vanish",
};

pub(super) const FIXED_TO_A6: Step = Step {
    id: StepId::FixedToA6,
    from: LineId::FixedCaptionEvidence,
    to: LineId::A6,
    printed: Nothing,
    sign: NonNegative,
    rule: Compose,
    readings: &[Joint],
    exact: false,
    slack_latex: r"D_{KL}(q_\phi(y',z|x), r(y',z)), \quad r(y',z) \propto p_\psi(y',z)\, p_\theta(x|y,z)",
    slack_term: SlackTerm::JointFixedCaptionGap,
    remark: "what the joint reading bounds in every world, a free joint included: summing over captions only raises the divergence above the footnote's",
};

pub(super) const IMAGE_TO_A4: Step = Step {
    id: StepId::ImageToA4,
    from: LineId::ImageEvidence,
    to: LineId::A4,
    printed: Nothing,
    sign: Unsigned,
    rule: Compose,
    readings: &[Pointwise],
    exact: false,
    slack_latex: r"\ln p(x) - \ln \sum_z p_\psi(z)\, p_\theta(x|y,z) + D_{KL}(q_\phi(z|x), r(z))",
    slack_term: SlackTerm::FootnoteAgainstImage,
    remark: "the footnote is no bound on ln p(x) when the decoder looks at the caption",
};

pub(super) const IMAGE_TO_A6: Step = Step {
    id: StepId::ImageToA6,
    from: LineId::ImageEvidence,
    to: LineId::A6,
    printed: Nothing,
    sign: Unsigned,
    rule: Compose,
    readings: &[Joint],
    exact: false,
    slack_latex: r"\ln p(x) - \ln \sum_z p_\psi(z)\, p_\theta(x|y,z) + D_{KL}(q_\phi(y',z|x), r(y',z))",
    slack_term: SlackTerm::JointAgainstImage,
    remark: "the joint reading is no bound on ln p(x) when the decoder looks at the caption",
};
