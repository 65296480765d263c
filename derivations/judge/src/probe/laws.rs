//! The laws that the answers of a child must obey.

use super::child::NoAnswer;
use crate::dump::DumpBuilder;
use crate::{Judged, Judgement, Verdict};

/// A law that an answer breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The name of the law: `definition`, or `same-twice` where only the second answer broke it.
    pub law: &'static str,
    /// The name of the claim that diverges first.
    pub claim: &'static str,
    /// The name of the explanation, if there is one.
    pub explained: Option<String>,
    /// Whether the explanation is a law of models. A smaller question must break the same one. Other explanations may
    /// change, because a smaller question has too few numbers to decide them.
    is_law: bool,
}

impl Violation {
    /// The same violation, where the first answer did not break the law.
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

/// Judges a question with its answer.
pub(super) fn judged(answer: &DumpBuilder) -> Result<Judgement, NoAnswer> {
    let judged = answer.open("the answer").and_then(|dump| crate::judge(&dump, &|_| ()));
    judged.map_err(|error| NoAnswer::Garbage {
        to: "a question".to_owned(),
        reason: error.to_string(),
    })
}

/// The claims in their order, each with the reason why it was not decided, or `None` where it was.
pub(super) type Decided = Vec<(&'static str, Option<String>)>;

/// Tests that every claim equals the definition on the inputs, and that the log-probabilities of a model without logits
/// do not depend on later tokens.
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

/// The reason why a claim that is not out of bound was not decided either.
fn why_undecided(judged: &Judged) -> Option<String> {
    match &judged.verdict {
        Verdict::Within => None,
        Verdict::Undecided(reason) | Verdict::Skipped(reason) => Some(reason.clone()),
        Verdict::Beyond | Verdict::Follows(_) | Verdict::Known(_) => Some("it is out of bound".to_owned()),
    }
}

/// Merges the decisions of two answers. A claim that either of them decided is decided.
pub(super) fn decided_in_either(decided: &mut Decided, beside: &Decided) {
    for ((_, reason), (_, other)) in decided.iter_mut().zip(beside) {
        *reason = reason.take().filter(|_| other.is_some());
    }
}
