//! Counts numbers that are held against a reference: how many agree, and which one is the worst.

use crate::{Outcome, compare};

/// The number that uses the largest share of its bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Extreme<P> {
    /// Its place.
    pub place: P,
    /// What the reference says.
    pub expected: f64,
    /// What was found.
    pub found: f64,
    /// The bound on the distance of the two.
    pub bound: f64,
    /// The share of the bound that is used. It is infinite for a number of the wrong class.
    pub ratio: f64,
}

/// The result of holding many numbers against a reference, each within its own bound. `P` says where a number stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement<P> {
    /// The number of numbers that were compared.
    pub compared: usize,
    /// The number of those that are infinite or undefined in the reference, and so are compared by class.
    pub classed: usize,
    /// The number of those that disagree.
    pub failed: usize,
    /// The number that uses the largest share of its bound, or the first of the wrong class.
    pub worst: Option<Extreme<P>>,
}

impl<P> Agreement<P> {
    /// An agreement about nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            compared: 0,
            classed: 0,
            failed: 0,
            worst: None,
        }
    }

    /// Compares one number. `place` is asked only where it is the worst so far.
    pub fn note(&mut self, place: impl FnOnce() -> P, expected: f64, found: f64, bound: f64) {
        self.compared += 1;
        self.classed += usize::from(!expected.is_finite());
        let outcome = compare(expected, found, bound);
        self.failed += usize::from(!outcome.agrees());
        let ratio = match outcome {
            Outcome::SameClass => return,
            Outcome::Within { ratio } | Outcome::Beyond { ratio } => ratio,
            Outcome::OtherClass => f64::INFINITY,
        };
        if self.used().is_none_or(|worst| ratio > worst) {
            self.worst = Some(Extreme {
                place: place(),
                expected,
                found,
                bound,
                ratio,
            });
        }
    }

    /// Adds what was compared later.
    pub fn add(&mut self, more: Self) {
        self.compared += more.compared;
        self.classed += more.classed;
        self.failed += more.failed;
        if more.used() > self.used() {
            self.worst = more.worst;
        }
    }

    /// The share of its bound that the worst number uses. It is `None` where no finite number was expected.
    #[must_use]
    pub fn used(&self) -> Option<f64> {
        self.worst.as_ref().map(|worst| worst.ratio)
    }

    /// Whether at least one number was compared, and all agree.
    #[must_use]
    pub const fn agrees(&self) -> bool {
        self.compared > 0 && self.failed == 0
    }
}

impl<P> Default for Agreement<P> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Agreement;

    #[test]
    fn an_agreement_of_nothing_does_not_agree() {
        assert!(!Agreement::<usize>::new().agrees());
    }

    #[test]
    fn the_worst_is_the_largest_share_and_the_first_of_the_wrong_class() {
        let mut agreement = Agreement::new();
        for (place, (expected, found)) in [(1.0, 1.25), (1.0, 1.5), (2.0, 2.25), (f64::INFINITY, f64::INFINITY)]
            .into_iter()
            .enumerate()
        {
            agreement.note(|| place, expected, found, 1.0);
        }
        assert!(agreement.agrees());
        assert_eq!(
            (agreement.compared, agreement.classed, agreement.used()),
            (4, 1, Some(0.5))
        );
        assert_eq!(agreement.worst.as_ref().map(|worst| worst.place), Some(1));
        let mut later = Agreement::new();
        for (place, found) in [(4, f64::NAN), (5, f64::INFINITY)] {
            later.note(|| place, 1.0, found, 1.0);
        }
        agreement.add(later);
        assert!(!agreement.agrees());
        assert_eq!((agreement.failed, agreement.used()), (2, Some(f64::INFINITY)));
        assert_eq!(agreement.worst.map(|worst| worst.place), Some(4));
    }
}
