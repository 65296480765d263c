//! The ids of the steps.

use crate::named::named;

named! {
    /// The id of a step of the derivation, `from-to`. Which row of the table it names may depend on the reading.
    "step" StepId {
        /// The two forms of the joint are equal.
        Eq2 = "2",
        /// The evidence is multiplied by one.
        Eq3To4 = "3-4",
        /// A sum is written as an expectation.
        Eq4To5 = "4-5",
        /// Jensen's inequality is applied.
        Eq5To6 = "5-6",
        /// The logarithm of the quotient becomes a difference.
        Eq6To7 = "6-7",
        /// The joint is replaced by the product of the networks.
        Eq7To8 = "7-8",
        /// The logarithm of the product becomes a sum.
        Eq8To9 = "8-9",
        /// `ln q(y|x)` is subtracted and added.
        Eq9To10 = "9-10",
        /// The two encoders become one product.
        Eq10To11 = "10-11",
        /// The product is taken to be the joint encoder.
        Eq11To12 = "11-12",
        /// Two terms are taken to be a divergence.
        Eq12To13 = "12-13",
        /// `ln q(y|x)` is dropped.
        Eq13To14 = "13-14",
        /// The divergence is multiplied by beta.
        Eq14ToBeta = "14-14b",
        /// The objective is the one that was stated first.
        BetaToEq1 = "14b-1",
        /// The evidence against the bound that needs no reading.
        EvidenceToA1 = "3-A1",
        /// The evidence against the footnote's objective with its caption term.
        EvidenceToA2 = "3-A2",
        /// The evidence of the image against the footnote's objective, where the decoder does not look at the caption.
        ImageToA3 = "p(x)-A3",
        /// The evidence with the caption fixed against the footnote's objective, where the decoder looks at the
        /// caption.
        FixedToA4 = "fixed-A4",
        /// The average evidence against the joint reading's average objective.
        AverageToA5 = "mean-A5",
        /// The evidence with the caption fixed against the joint reading's objective.
        FixedToA6 = "fixed-A6",
        /// The evidence of the image against the footnote's objective, where the decoder looks at the caption.
        ImageToA4 = "p(x)-A4",
        /// The evidence of the image against the joint reading's objective.
        ImageToA6 = "p(x)-A6",
    }
}
