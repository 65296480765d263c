//! The names of the lines.

use reference::vocab::Reading;

use crate::named::named;

named! {
    /// A line of the note, or a side that it does not print.
    "line" LineId {
        /// The joint by the graphical model.
        Eq2a = "2a",
        /// The joint by the networks.
        Eq2b = "2b",
        /// The evidence of the pair, `ln p(x,y)`.
        Eq3 = "3",
        /// Multiplied by one.
        Eq4 = "4",
        /// The logarithm of an expectation.
        Eq5 = "5",
        /// The expectation of a logarithm.
        Eq6 = "6",
        /// The quotient taken apart.
        Eq7 = "7",
        /// The joint as the networks give it.
        Eq8 = "8",
        /// The product taken apart.
        Eq9 = "9",
        /// `ln q(y|x)` subtracted and added.
        Eq10 = "10",
        /// The product of two encoders.
        Eq11 = "11",
        /// The joint encoder.
        Eq12 = "12",
        /// The divergence named.
        Eq13 = "13",
        /// The objective at beta = 1.
        Eq14 = "14",
        /// The objective at the world's beta.
        Eq14AtBeta = "14b",
        /// The objective as the note states it first.
        Eq1 = "1",
        /// The evidence of the image, `ln p(x)`.
        ImageEvidence = "p(x)",
        /// The line without any `q(y,z|x)`.
        A1 = "A1",
        /// The footnote's objective with the caption term.
        A2 = "A2",
        /// The footnote's objective for a decoder that does not look at the caption.
        A3 = "A3",
        /// The footnote's objective for one that does.
        A4 = "A4",
        /// The evidence with the caption set by hand.
        FixedCaptionEvidence = "fixed",
        /// The evidence averaged over the encoder's captions.
        AverageEvidence = "mean-3",
        /// The joint reading averaged over the encoder's captions.
        A5 = "A5",
        /// The joint reading's objective at beta = 1.
        A6 = "A6",
    }
}

/// Where in the derivation a line stands; what depends on it asks for this and not for a list of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The joint, which is a probability for every caption and code.
    Joint,
    /// From the evidence to the bound, without any `q(y,z|x)`.
    Bound,
    /// `ln q(y|x)` brought in.
    Split,
    /// The objective at beta = 1, which depends on the reading of `q(y,z|x)`.
    Objective,
    /// The objective at the world's beta.
    ObjectiveAtBeta,
    /// What the note does not print, and what lines bound.
    Target,
    /// What the note does not print, and what is a bound.
    Repair,
}

impl LineId {
    /// Where it stands.
    #[must_use]
    pub const fn stage(self) -> Stage {
        match self {
            Self::Eq2a | Self::Eq2b => Stage::Joint,
            Self::Eq3 | Self::Eq4 | Self::Eq5 | Self::Eq6 | Self::Eq7 | Self::Eq8 | Self::Eq9 => Stage::Bound,
            Self::Eq10 | Self::Eq11 | Self::Eq12 => Stage::Split,
            Self::Eq13 | Self::Eq14 => Stage::Objective,
            Self::Eq14AtBeta | Self::Eq1 => Stage::ObjectiveAtBeta,
            Self::ImageEvidence | Self::FixedCaptionEvidence | Self::AverageEvidence => Stage::Target,
            Self::A1 | Self::A2 | Self::A3 | Self::A4 | Self::A5 | Self::A6 => Stage::Repair,
        }
    }

    /// Whether the formula is a probability, as the two forms of Eq. 2 are; the functions give logarithms.
    #[must_use]
    pub const fn is_probability(self) -> bool {
        matches!(self.stage(), Stage::Joint)
    }

    /// Whether the value depends on the world's beta.
    #[must_use]
    pub const fn depends_on_beta(self) -> bool {
        matches!(self.stage(), Stage::ObjectiveAtBeta)
    }

    /// Whether the value depends on how `q(y,z|x)` is read.
    #[must_use]
    pub const fn depends_on_reading(self) -> bool {
        matches!(self.stage(), Stage::Objective | Stage::ObjectiveAtBeta)
    }

    /// The reading under which a line of ours is line 14 at `beta = 1`.
    #[must_use]
    pub const fn line_14_under(self) -> Option<Reading> {
        match self {
            Self::A4 => Some(Reading::Footnote),
            Self::A6 => Some(Reading::Joint),
            Self::Eq2a
            | Self::Eq2b
            | Self::Eq3
            | Self::Eq4
            | Self::Eq5
            | Self::Eq6
            | Self::Eq7
            | Self::Eq8
            | Self::Eq9
            | Self::Eq10
            | Self::Eq11
            | Self::Eq12
            | Self::Eq13
            | Self::Eq14
            | Self::Eq14AtBeta
            | Self::Eq1
            | Self::ImageEvidence
            | Self::A1
            | Self::A2
            | Self::A3
            | Self::FixedCaptionEvidence
            | Self::AverageEvidence
            | Self::A5 => None,
        }
    }

    /// Whether it is an integral over the codes, which few points may not settle, rather than an expectation.
    #[must_use]
    pub const fn is_log_integral(self) -> bool {
        matches!(self, Self::Eq3 | Self::Eq4 | Self::Eq5) || matches!(self.stage(), Stage::Target)
    }
}
