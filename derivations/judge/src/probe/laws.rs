//! What a child's answers must obey.

use super::child::NoAnswer;
use crate::dump::DumpBuilder;
use crate::{Judged, Judgement, Verdict};

/// A broken law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// `definition`, or `same-twice` where only the second answer broke it.
    pub law: &'static str,
    /// The claim that diverges first.
    pub claim: &'static str,
    /// What explains it, if anything does.
    pub explained: Option<String>,
    /// Whether that is a law of models, which a smaller question must break, too: other explanations are told of more numbers than it has.
    is_law: bool,
}

impl Violation {
    /// The same, where a first answer did not break it.
    pub(super) fn only_the_second_time(self) -> Self {
        Self {
            law: "same-twice",
            ..self
        }
    }

    /// Whether two questions break the same law in the same claim.
    #[must_use]
    pub fn is_alike(&self, other: &Self) -> bool {
        self.law == other.law && self.claim == other.claim && (!self.is_law || self.explained == other.explained)
    }
}

/// The judgement of a question with its answer.
pub(super) fn judged(answer: &DumpBuilder) -> Result<Judgement, NoAnswer> {
    let judged = answer.open("the answer").and_then(|dump| crate::judge(&dump, &|_| ()));
    judged.map_err(|error| NoAnswer::Garbage {
        to: "a question".to_owned(),
        reason: error.to_string(),
    })
}

/// The claims in their order, each with why nothing was decided about it; nothing where something was.
pub(super) type Decided = Vec<(&'static str, Option<String>)>;

/// Every claim is what the definition makes of the inputs; log-probabilities of a model that nobody sees into do not look ahead.
pub(super) fn of_definition(answer: &DumpBuilder) -> Result<Result<Decided, Violation>, NoAnswer> {
    let judgement = judged(answer)?;
    let out = judgement
        .claims
        .iter()
        .find(|judged| matches!(judged.verdict, Verdict::Beyond | Verdict::Follows(_)));
    if let Some(judged) = judgement.first_divergence().or(out) {
        let explanation = judged.explanations.first();
        return Ok(Err(Violation {
            law: "definition",
            claim: judged.claim.quantity.name(),
            explained: explanation.map(crate::Explanation::name),
            is_law: explanation.is_some_and(crate::Explanation::is_law),
        }));
    }
    let each = judgement.claims.iter();
    Ok(Ok(each
        .map(|judged| (judged.claim.quantity.name(), why_undecided(judged)))
        .collect()))
}

/// Why a claim that is not out of bound is not right either.
fn why_undecided(judged: &Judged) -> Option<String> {
    match &judged.verdict {
        Verdict::Within => None,
        Verdict::Undecided(reason) | Verdict::Skipped(reason) => Some(reason.clone()),
        Verdict::Beyond | Verdict::Follows(_) => Some("it is out of bound".to_owned()),
    }
}

/// What two answers decide together.
pub(super) fn decided_in_either(decided: &mut Decided, beside: &Decided) {
    for ((_, reason), (_, other)) in decided.iter_mut().zip(beside) {
        *reason = reason.take().filter(|_| other.is_some());
    }
}
