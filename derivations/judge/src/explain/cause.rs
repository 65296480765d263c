//! Decides whether mistakes are the cause of a claim's numbers. They must give these numbers, no right claim may
//! contradict them, and their bounds must be narrow enough to decide.

use super::super::explanation::Explanation;
use super::super::hypothesis::Hypothesis;
use super::super::mistakes::Mistake;
use super::super::plausible::{Mistaken, is_witness, shared, tells, unscaled};
use super::search::Search;
use crate::dump::{Claim, Quantity};

/// The decision about a hypothesis as the cause of a claim's numbers.
pub(super) enum Cause {
    /// It is not the cause: the claim has other numbers, or a right claim contradicts it.
    No,
    /// The claim's numbers are within its bounds, but the bounds are too wide to decide.
    Possible,
    /// It is an explanation.
    Told(Box<Explanation>),
}

impl Search<'_> {
    /// Decides about these mistakes, which make up the hypothesis.
    pub(super) fn cause(&self, mistakes: Vec<&'static Mistake>, hypothesis: &Hypothesis) -> Cause {
        let Some((used, numbers)) = self.fit_and_numbers(self.claim, hypothesis) else {
            return Cause::No;
        };
        let contradicted = self.contradicted(hypothesis);
        let denied = |(claim, claimed): &(Claim, Vec<f64>)| {
            contradicted.contains(&claim.quantity)
                && is_witness(claim, self.claim)
                && self.contradicts(claim, claimed, &shared(hypothesis, self.claim, claim))
        };
        if self.right.iter().any(denied) {
            return Cause::No;
        }
        let (whole, is_alone) = (unscaled(hypothesis), mistakes.len() == 1);
        let scaled = !is_alone && whole != *hypothesis;
        let unscaled = scaled.then(|| self.numbers(&whole, self.cells(self.claim, self.inputs.arithmetic)));
        let mistaken = Mistaken {
            numbers: &numbers,
            unscaled: unscaled.as_ref().and_then(|numbers| numbers.as_deref()),
            is_alone,
        };
        if !tells(&self.stated, mistaken, &self.claimed) {
            return Cause::Possible;
        }
        Cause::Told(Box::new(Explanation {
            mistakes,
            arithmetic: None,
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
