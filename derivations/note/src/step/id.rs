//! The names of the steps.

use crate::named::named;

named! {
    /// A step of the derivation, `from-to`; which row it is may depend on the reading.
    "step" StepId {
        /// The two forms of the joint.
        Eq2 = "2",
        /// Multiplied by one.
        Eq3To4 = "3-4",
        /// A sum called an expectation.
        Eq4To5 = "4-5",
        /// Jensen's inequality.
        Eq5To6 = "5-6",
        /// The quotient taken apart.
        Eq6To7 = "6-7",
        /// The joint replaced by the networks.
        Eq7To8 = "7-8",
        /// The product taken apart.
        Eq8To9 = "8-9",
        /// `ln q(y|x)` subtracted and added.
        Eq9To10 = "9-10",
        /// The encoders as one product.
        Eq10To11 = "10-11",
        /// The product called the joint encoder.
        Eq11To12 = "11-12",
        /// Two terms called a divergence.
        Eq12To13 = "12-13",
        /// `ln q(y|x)` dropped.
        Eq13To14 = "13-14",
        /// The divergence weighted.
        Eq14ToBeta = "14-14b",
        /// The objective as it was stated first.
        BetaToEq1 = "14b-1",
        /// What needs no reading.
        EvidenceToA1 = "3-A1",
        /// The footnote with its caption term.
        EvidenceToA2 = "3-A2",
        /// The footnote where the decoder does not look at the caption.
        ImageToA3 = "p(x)-A3",
        /// The footnote where it does.
        FixedToA4 = "fixed-A4",
        /// The joint reading on average.
        AverageToA5 = "mean-A5",
        /// The joint reading with the caption fixed.
        FixedToA6 = "fixed-A6",
        /// The footnote, where the decoder looks at the caption, against the image.
        ImageToA4 = "p(x)-A4",
        /// The joint reading against the image.
        ImageToA6 = "p(x)-A6",
    }
}
