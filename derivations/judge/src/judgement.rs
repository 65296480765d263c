//! What became of a dump and of each of its claims.

use bounds::Comparison;

use crate::dump::{Claim, Quantity};
use crate::explanation::Explanation;

/// What became of a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Every number within its bound.
    Within,
    /// Out of bound, and not because of what it was computed from.
    Beyond,
    /// Out of bound, as it must be after these claims of the subject's own.
    Follows(Vec<Quantity>),
    /// Neither right nor wrong as far as can be told: nothing bounds a number of it, or the bounds admit too much. Why, and what would tell.
    Undecided(String),
    /// There is nothing to compare it with.
    Skipped(String),
}

/// A claim, judged.
#[derive(Debug)]
pub struct Judged {
    /// The claim.
    pub claim: Claim,
    /// The verdict.
    pub verdict: Verdict,
    /// The comparison behind it.
    pub comparison: Comparison,
    /// What explains it, best first; empty where nothing does.
    pub explanations: Vec<Explanation>,
    /// Why no explanation was looked for, where none was.
    pub unexplained: Option<String>,
}

/// A dump, judged.
#[derive(Debug)]
pub struct Judgement {
    /// The dump's name.
    pub name: String,
    /// What it says of itself, in words.
    pub subject: String,
    /// Its claims, in the order of the derivation.
    pub claims: Vec<Judged>,
    /// What makes the judgement say less than it seems to.
    pub warnings: Vec<String>,
    /// Whether a claim that is undecided lets it stand: somebody said so.
    pub allows_undecided: bool,
}

impl Judgement {
    /// Whether every claim is within its bound: one that was not judged, or is undecided, proves nothing.
    #[must_use]
    pub fn stands(&self) -> bool {
        let stands = |judged: &Judged| match judged.verdict {
            Verdict::Within => true,
            Verdict::Undecided(_) => self.allows_undecided,
            Verdict::Beyond | Verdict::Follows(_) | Verdict::Skipped(_) => false,
        };
        !self.claims.is_empty() && self.claims.iter().all(stands)
    }

    /// The earliest claim that is out of bound when computed from the subject's own upstream claims.
    #[must_use]
    pub fn first_divergence(&self) -> Option<&Judged> {
        self.claims.iter().find(|judged| judged.verdict == Verdict::Beyond)
    }
}
