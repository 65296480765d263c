//! What is right but for its arithmetic: a coarser type, another order than stated.

use super::super::explanation::{Arithmetic, Explanation};
use super::super::plausible::varies;
use super::super::recipe::Recipe;
use super::Search;
use crate::dump::{Claim, Order, Quantity};
use crate::precision::subject::{Float, Workings};

impl Search<'_> {
    /// Numbers rounded to a narrower type than they are stored in, sums in turn that are stated otherwise, or a type of accumulation that is
    /// coarser than the stated one and wide enough, finest first.
    pub(super) fn arithmetic(&self) -> Option<Explanation> {
        let stated = self.inputs.workings;
        if let Some((float, used)) = self.rounded() {
            return Some(explanation(Arithmetic::Rounded(float), used));
        }
        if !self.is_noise() {
            return None;
        }
        let fits = |workings: Workings| self.fit(self.claim, &self.claimed, &Recipe::STATED, workings);
        if stated.order != Order::Sequential
            && let Some(used) = fits(stated.in_turn())
        {
            return Some(explanation(Arithmetic::InTurn, used));
        }
        [Float::F32, Float::F16, Float::Bf16, Float::Tf32]
            .into_iter()
            .find_map(|sums| {
                if sums.unit_roundoff() <= stated.sums.unit_roundoff() {
                    return None;
                }
                let each = if sums == Float::Tf32 { sums } else { stated.each };
                let used = fits(Workings { each, sums, ..stated })?;
                // What is far below the wider bound is something else.
                (used > 1.0 / 64.0).then(|| explanation(Arithmetic::Sums(sums), used))
            })
    }

    /// A half type that holds every claimed number exactly, though they are stored in a wider one, and in which they are right.
    fn rounded(&self) -> Option<(Float, f64)> {
        // One number in 2^13 is one of f16 by chance, one in 2^16 one of bf16.
        let telling = self
            .claimed
            .iter()
            .filter(|number| number.is_finite() && **number != 0.0);
        if telling.count() < 3 {
            return None;
        }
        let narrow = |float: Float| float.unit_roundoff() > self.claim.stored.unit_roundoff();
        let holds = |float: Float| {
            self.claimed
                .iter()
                .all(|number| float.nearest(*number).total_cmp(number).is_eq())
        };
        [Float::F16, Float::Bf16].into_iter().find_map(|float| {
            if !narrow(float) || !holds(float) {
                return None;
            }
            let stored = Claim {
                stored: float,
                ..self.claim.clone()
            };
            let (used, numbers) = self.fit_and_numbers(&stored, &Recipe::STATED)?;
            // Bounds that are wider than the rounding itself are no evidence for it.
            let sizes: f64 = numbers.iter().map(|[expected, _]| expected.abs()).sum();
            let bounds: f64 = numbers.iter().map(|[_, bound]| bound).sum();
            (bounds <= 4.0 * float.unit_roundoff() * sizes).then_some((float, used))
        })
    }

    /// Whether the errors look like roundings: of sums, small beside the numbers, in most of them, of no common size or share.
    fn is_noise(&self) -> bool {
        let schedule = matches!(
            self.claim.quantity,
            Quantity::BetaAt | Quantity::TemperatureAt | Quantity::Sample
        );
        if schedule {
            return false;
        }
        let pairs = || {
            let numbers = self.stated.iter().map(|[expected, _]| expected).zip(&self.claimed);
            numbers.filter(|(e, c)| e.is_finite() && c.is_finite())
        };
        let errors: Vec<f64> = pairs().map(|(e, c)| c - e).collect();
        let shares: Vec<f64> = pairs().filter(|(e, _)| **e != 0.0).map(|(e, c)| c / e - 1.0).collect();
        let small = shares.iter().filter(|share| share.abs() < 0.125).count();
        errors.len() >= 8
            && 4 * small >= 3 * errors.len()
            && 2 * self.failed >= errors.len()
            && varies(&errors)
            && varies(&shares)
    }
}

fn explanation(arithmetic: Arithmetic, used: f64) -> Explanation {
    Explanation {
        mistakes: Vec::new(),
        arithmetic: Some(arithmetic),
        used,
        contradicted: Vec::new(),
        moves_value: false,
    }
}
