//! The ids of the lines, and what depends on where in the derivation a line stands.

use reference::vocab::Reading;

use crate::named::named;

named! {
    /// The id of a line of the note, or of an expression that it does not print.
    "line" LineId {
        /// The joint `p(x,y,z)` as the graphical model factorises it.
        Eq2a = "2a",
        /// The joint `p(x,y,z)` as the networks factorise it.
        Eq2b = "2b",
        /// The evidence of the pair, `ln p(x,y)`.
        Eq3 = "3",
        /// The evidence, multiplied by one.
        Eq4 = "4",
        /// The logarithm of an expectation.
        Eq5 = "5",
        /// The expectation of a logarithm.
        Eq6 = "6",
        /// The logarithm of the quotient as a difference.
        Eq7 = "7",
        /// The joint replaced by the product that the networks give.
        Eq8 = "8",
        /// The logarithm of that product as a sum.
        Eq9 = "9",
        /// `ln q(y|x)` subtracted and added.
        Eq10 = "10",
        /// The two encoders as one product.
        Eq11 = "11",
        /// The product named `q(y,z|x)`, the joint encoder.
        Eq12 = "12",
        /// Two terms named as a Kullback-Leibler divergence.
        Eq13 = "13",
        /// The objective at beta = 1.
        Eq14 = "14",
        /// The objective at the world's beta.
        Eq14AtBeta = "14b",
        /// The objective as the note states it at its beginning.
        Eq1 = "1",
        /// The evidence of the image, `ln p(x)`.
        ImageEvidence = "p(x)",
        /// A lower bound on the evidence without any `q(y,z|x)`.
        A1 = "A1",
        /// The footnote's objective with the caption term.
        A2 = "A2",
        /// The footnote's objective for a decoder that does not look at the caption.
        A3 = "A3",
        /// The footnote's objective for a decoder that does look at the caption.
        A4 = "A4",
        /// The logarithm of the evidence with the caption held fixed: `ln sum_z p(z) p(x|y,z)`.
        FixedCaptionEvidence = "fixed",
        /// The evidence averaged over the encoder's captions.
        AverageEvidence = "mean-3",
        /// The joint reading averaged over the encoder's captions.
        A5 = "A5",
        /// The joint reading's objective at beta = 1.
        A6 = "A6",
    }
}

/// The stage of the derivation to which a line belongs. Code that depends on it asks for the stage, and does not list
/// lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The joint, which is a probability for every caption and code.
    Joint,
    /// From the evidence to the bound, without any `q(y,z|x)`.
    Bound,
    /// The lines in which `ln q(y|x)` stands.
    Split,
    /// The objective at beta = 1, which depends on the reading of `q(y,z|x)`.
    Objective,
    /// The objective at the world's beta.
    ObjectiveAtBeta,
    /// An expression that the note does not print, and that lines bound from below.
    Target,
    /// A bound that the note does not print.
    Repair,
}

impl LineId {
    /// The stage to which the line belongs.
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

    /// Whether the formula is a probability, as the two forms of Eq. 2 are. The functions give its logarithm.
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

    /// For a line that the note does not print: the reading under which it equals line 14 at `beta = 1`, if there is
    /// one.
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

    /// Whether the line is the logarithm of an integral over the codes, rather than an expectation. A few quadrature
    /// points may not suffice for such an integral.
    #[must_use]
    pub const fn is_log_integral(self) -> bool {
        matches!(self, Self::Eq3 | Self::Eq4 | Self::Eq5) || matches!(self.stage(), Stage::Target)
    }
}
