//! Explanations by the arithmetic alone: a coarser type, or another order of summation than stated.

use bounds::{Arithmetic, Float, Order};

use super::super::explanation::{ArithmeticCause, Cause, Explanation};
use super::super::hypothesis::Hypothesis;
use super::super::plausible::{is_of_chance, varies};
use super::search::Search;
use crate::dump::{Claim, Quantity};

/// The factor by which the stored type must be finer than the type of sums, so that a number shows in which type it was
/// summed.
const FINER: f64 = 64.0;

impl Search<'_> {
    /// The explanation by arithmetic, if there is one. The numbers may have been rounded to a narrower type than the
    /// stored one. Sums may have been sequential where another order is stated. Or they may have been accumulated in a
    /// type that is coarser than the stated one; of those that fit, the finest is taken.
    pub(super) fn arithmetic(&self) -> Option<Explanation> {
        let stated = self.inputs.arithmetic;
        if let Some((float, used)) = self.rounded() {
            return Some(explanation(ArithmeticCause::Rounded(float), used));
        }
        if let Some(chain) = self.logarithms_in_turn() {
            return Some(chain);
        }
        if !self.is_noise() {
            return None;
        }
        let fits = |arithmetic: Arithmetic| {
            let cells = self.cells(self.claim, arithmetic).by_proof();
            let comparison = self.within(self.claim, &self.claimed, &Hypothesis::AS_STATED, cells)?;
            Some(comparison.used())
        };
        if stated.order != Order::Sequential
            && let Some(used) = fits(stated.in_turn())
        {
            return Some(explanation(ArithmeticCause::InTurn, used));
        }
        let coarser = |sums: Float| {
            if sums.unit_roundoff() <= stated.sums.unit_roundoff() {
                return None;
            }
            let each = if sums == Float::Tf32 { sums } else { stated.each };
            fits(Arithmetic {
                each,
                sums,
                usual: sums,
                ..stated
            })
        };
        let told = |sums: Float, used: f64| explanation(ArithmeticCause::Sums(sums), used);
        // An error far below the wider bound has another reason.
        let is_near = |used: &f64| *used > 1.0 / 64.0;
        // Where the numbers themselves show the type, the coarsest is tried first, because a number of a narrower type
        // is also one of a wider type.
        let by_numbers = [Float::Bf16, Float::F16, Float::F32].into_iter();
        let mut by_numbers = by_numbers.filter(|sums| self.is_told_by_numbers(*sums) && self.are_sums_in(*sums));
        let mut by_errors = [Float::F32, Float::F16, Float::Bf16, Float::Tf32].into_iter();
        by_numbers
            .find_map(|sums| Some(told(sums, coarser(sums)?)))
            .or_else(|| {
                by_errors.find_map(|sums| {
                    let used = coarser(sums)
                        .filter(is_near)
                        .filter(|_| !self.is_told_by_numbers(sums))?;
                    self.is_of_chance(used).then(|| told(sums, used))
                })
            })
    }

    /// Whether the numbers themselves must show that they were added up in a type. That is so where each is one sum, up
    /// to a sign, a unit and a divisor, and is stored in a type that is fine enough. Sums whose factors were rounded
    /// (`tf32`) do not show it.
    const fn is_told_by_numbers(&self, sums: Float) -> bool {
        let is_sum = matches!(
            self.claim.quantity,
            Quantity::Entropy | Quantity::CrossEntropy | Quantity::Kl | Quantity::Reconstruction
        );
        let stored = self.claim.stored.unit_roundoff();
        is_sum && FINER * stored <= sums.unit_roundoff()
    }

    /// Whether the sums behind the claimed numbers are numbers of a type, up to at most four later roundings. A number
    /// of another type is one of this type by chance in one of `FINER / 8` cases. Eight numbers are so in practically
    /// none.
    fn are_sums_in(&self, sums: Float) -> bool {
        let back = self.claim.divisor(self.inputs.sizes) / self.claim.factor();
        let finite = self
            .claimed
            .iter()
            .filter(|number| number.is_finite() && **number != 0.0);
        let (mut count, after) = (0, 4.0 * self.claim.stored.unit_roundoff());
        let all = finite.map(|number| number * back).all(|sum| {
            count += 1;
            (sums.nearest(sum) - sum).abs() <= after * sum.abs()
        });
        all && count >= 8
    }

    /// Whether the errors may be roundings, where the numbers do not show their type. They must have both signs, and
    /// the size of a random walk. Where the bound is `n` steps of `u` in one direction, the distance of a walk is a
    /// quarter of `sqrt n` steps: the rounded numbers are half the last one on average, and rounding errors are spread
    /// over all their possible values. Four times that distance is practically never reached by chance.
    fn is_of_chance(&self, used: f64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "counts of numbers")]
        let steps = super::numbers(self.inputs.sizes) as f64 / self.claimed.len().max(1) as f64;
        let errors = self
            .stated
            .iter()
            .zip(&self.claimed)
            .map(|([expected, _], claimed)| claimed - expected);
        used <= 1.0 / steps.max(1.0).sqrt()
            && is_of_chance(&errors.filter(|error| error.is_finite()).collect::<Vec<_>>())
    }

    /// A half type that holds every claimed number exactly, although a wider one is stored, and in which the numbers
    /// are right. The second result is the share of the bound that is used.
    fn rounded(&self) -> Option<(Float, f64)> {
        // By chance, one number in 2^13 is one of f16, and one in 2^16 one of bf16.
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
            let (used, numbers) = self.fit_and_numbers(&stored, &Hypothesis::AS_STATED)?;
            // Numbers whose bounds are wider than the rounding itself are no evidence for it.
            let sizes: f64 = numbers.iter().map(|[expected, _]| expected.abs()).sum();
            let bounds: f64 = numbers.iter().map(|[_, bound]| bound).sum();
            (bounds <= 4.0 * float.unit_roundoff() * sizes).then_some((float, used))
        })
    }

    /// Whether the errors look like roundings of sums: they are small beside the numbers, most numbers have one, and
    /// they have no common size or share.
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

const fn explanation(arithmetic: ArithmeticCause, used: f64) -> Explanation {
    Explanation::of(Cause::Arithmetic(arithmetic), used)
}
