//! Decides whether a hypothesis is the cause of a claim's numbers. It must give these numbers, no right claim may
//! contradict it, and its bounds must be narrow enough to decide.

use bounds::MOST_OF_ERROR;

use super::super::evaluate::StopAt;
use super::super::explanation::{Cause, Explanation};
use super::super::hypothesis::Hypothesis;
use super::super::mistakes::Mistake;
use super::super::plausible::{Mistaken, is_witness, shared, tells, unscaled};
use super::search::Search;
use crate::dump::{Claim, Quantity};

/// The decision about a hypothesis as the cause of a claim's numbers.
pub(super) enum Decision {
    /// It is not the cause: the claim has other numbers, or a right claim contradicts it.
    No,
    /// The claim's numbers are within its bounds, but the bounds are too wide to decide.
    Possible,
    /// It is an explanation.
    Told(Box<Explanation>),
}

impl Decision {
    /// The explanation, if it is one.
    pub(super) fn told(self) -> Option<Explanation> {
        match self {
            Self::Told(explanation) => Some(*explanation),
            Self::No | Self::Possible => None,
        }
    }
}

/// How much a hypothesis has to explain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence {
    /// Whether there is a single mistake in it.
    pub(super) is_alone: bool,
    /// The largest part of the errors that its bounds may be.
    pub(super) most_of_error: f64,
}

impl Search<'_> {
    /// Decides about these mistakes, which make up the hypothesis.
    pub(super) fn cause(&self, mistakes: Vec<&'static Mistake>, hypothesis: &Hypothesis) -> Decision {
        let evidence = Evidence {
            is_alone: mistakes.len() == 1,
            most_of_error: MOST_OF_ERROR,
        };
        self.decide(Cause::Mistakes(mistakes), hypothesis, evidence)
    }

    /// Decides about a hypothesis.
    pub(super) fn decide(&self, cause: Cause, hypothesis: &Hypothesis, evidence: Evidence) -> Decision {
        let Some((used, numbers)) = self.fit_and_numbers(self.claim, hypothesis) else {
            // A true mistake lies outside of these bounds once in a thousand dumps, and a pair must not take its place.
            let as_verdict = self.cells(self.claim, self.inputs.arithmetic).as_verdict();
            let stop = StopAt::FirstOutOfBound;
            let as_verdict = self.compared(self.claim, &self.claimed, hypothesis, as_verdict, stop);
            let fits = as_verdict.is_some_and(|comparison| comparison.failed == 0);
            return if evidence.is_alone && fits {
                Decision::Possible
            } else {
                Decision::No
            };
        };
        let contradicted = self.contradicted(hypothesis);
        let denied = |(claim, claimed): &(Claim, Vec<f64>)| {
            contradicted.contains(&claim.quantity)
                && is_witness(claim, self.claim)
                && self.contradicts(claim, claimed, &shared(hypothesis, self.claim, claim))
        };
        if self.right.iter().any(denied) {
            return Decision::No;
        }
        let (whole, is_alone) = (unscaled(hypothesis), evidence.is_alone);
        let scaled = !is_alone && whole != *hypothesis;
        let unscaled = scaled.then(|| self.numbers(&whole, self.cells(self.claim, self.inputs.arithmetic)));
        let mistaken = Mistaken {
            numbers: &numbers,
            unscaled: unscaled.as_ref().and_then(|numbers| numbers.as_deref()),
            is_alone,
            most_of_error: evidence.most_of_error,
        };
        if !tells(&self.stated, mistaken, &self.claimed) {
            return Decision::Possible;
        }
        Decision::Told(Box::new(Explanation {
            cause,
            used,
            contradicted,
            moves_value: self.value_stands.is_some_and(|value| self.moves(value, hypothesis)),
        }))
    }

    /// Drops explanations that would also change another gradient of the same value, where that gradient is right and
    /// other explanations would not change it.
    pub(super) fn drop_denied(&self, found: &mut Vec<Explanation>) {
        let by_another = |explanation: &Explanation| {
            let denies = |quantity: &Quantity| {
                let mut right = self.right.iter().map(|(claim, _)| claim);
                right.any(|right| right.quantity == *quantity && right.of.is_some() && is_witness(right, self.claim))
            };
            self.claim.of.is_some() && explanation.contradicted.iter().any(denies)
        };
        if !found.iter().all(by_another) {
            found.retain(|explanation| !by_another(explanation));
        }
    }
}
