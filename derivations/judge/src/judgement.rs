//! The judgement on a dump, and the verdict on each of its claims.

use bounds::Comparison;

use crate::dump::{Claim, Quantity};
use crate::explanation::Explanation;
use crate::noise::NoiseVerdict;
use crate::power::Power;

/// The verdict on a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Every number is within its bound.
    Within,
    /// A number is out of bound, and not because of the claims from which it was computed.
    Beyond,
    /// A number is out of bound, but follows from these claims of the subject.
    Follows(Vec<Quantity>),
    /// A number is out of bound, by no more than is known. The text says why that is allowed, and until when.
    Known(String),
    /// It cannot be decided whether the claim is right, because nothing bounds one of its numbers, or its bounds are
    /// too wide. The text says why, and what would help.
    Undecided(String),
    /// There is nothing with which the claim could be compared. The text says why.
    Skipped(String),
}

/// A claim with its verdict and the reasons for it.
#[derive(Debug)]
pub struct Judged {
    /// The claim.
    pub claim: Claim,
    /// The verdict.
    pub verdict: Verdict,
    /// The comparison behind it.
    pub comparison: Comparison,
    /// The explanations, with the best one first. The list is empty where nothing explains the claim.
    pub explanations: Vec<Explanation>,
    /// The reason why no explanation was searched for, where none was.
    pub unexplained: Option<String>,
}

/// A dump with the verdicts on its claims.
#[derive(Debug)]
pub struct Judgement {
    /// The path or name of the dump.
    pub name: String,
    /// What the dump says about itself, as a sentence.
    pub subject: String,
    /// The judged claims, in the order of the derivation.
    pub claims: Vec<Judged>,
    /// Sentences about why the judgement proves less than it seems to.
    pub warnings: Vec<String>,
    /// The verdicts on the noise that the dump gives.
    pub noise: Vec<NoiseVerdict>,
    /// What the dump would show, if that was asked for.
    pub power: Option<Power>,
    /// Whether the dump may stand with undecided claims, as the user asked.
    pub allows_undecided: bool,
}

impl Judgement {
    /// Whether the dump stands: every claim is within its bound, and its noise is of its law. A claim that was not judged or is undecided proves
    /// nothing, so the dump does not stand with one, unless undecided claims are allowed.
    #[must_use]
    pub fn stands(&self) -> bool {
        let stands = |judged: &Judged| match judged.verdict {
            Verdict::Within | Verdict::Known(_) => true,
            Verdict::Undecided(_) => self.allows_undecided,
            Verdict::Beyond | Verdict::Follows(_) | Verdict::Skipped(_) => false,
        };
        let drawn = self.noise.iter().all(|noise| noise.failed.is_none());
        !self.claims.is_empty() && self.claims.iter().all(stands) && drawn
    }

    /// The earliest claim that is out of bound and does not follow from the subject's own claims.
    #[must_use]
    pub fn first_divergence(&self) -> Option<&Judged> {
        self.claims.iter().find(|judged| judged.verdict == Verdict::Beyond)
    }
}
