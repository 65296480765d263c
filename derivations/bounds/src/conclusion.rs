//! What a subject does with a sum at the end.

use vocab::Float;

use crate::implementation::{Arithmetic, REFERENCE};
use crate::spread::TINY;

/// The end of a computation: a sum is divided by `divisor` and stored as `stored`. At most four operations stand between
/// the sum and the claim: a sign, a unit, a normaliser and a mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conclusion {
    /// The inverse of the divisor.
    share: f64,
    pub(crate) w: Arithmetic,
    /// What four operations and storing round at most, relative to the number.
    rounding: f64,
    /// The standard deviation of what four operations round, relative to the number.
    deviation: f64,
    /// What storing rounds at most, relative to the number.
    storing: f64,
    /// What is rounded near 0.
    least: f64,
    /// What may be lost near 0.
    gone: f64,
}

impl Conclusion {
    /// What a subject does with a sum at the end: it divides it by `divisor` and stores it as `stored`.
    #[must_use]
    pub fn new(divisor: f64, w: Arithmetic, stored: Float) -> Self {
        Self {
            share: 1.0 / divisor,
            w,
            rounding: 4.0 * w.u() + stored.unit_roundoff(),
            deviation: 2.0 * w.u() / 3.0_f64.sqrt(),
            storing: stored.unit_roundoff(),
            least: stored.smallest() + w.each.smallest() + stored.lost().min(w.each.lost()),
            gone: stored.lost() + w.each.lost(),
        }
    }

    /// A bound on the error of the stored number, where the sum is `size` large and may be `summed` off.
    ///
    /// ```text
    /// (summed + (4 u + u_stored) (size + summed) + 32 u_f64 (mass + size)) / divisor + tiny
    /// ```
    #[inline]
    pub(crate) fn bound(&self, size: f64, summed: f64, mass: f64) -> f64 {
        let after = self.rounding * (size + summed);
        let own = REFERENCE * Float::F64.unit_roundoff() * (mass + size);
        (summed + after + own) * self.share + self.least
    }

    /// The same for what is likely: the sum has a bias, a variance of its own and a deviation that its addends share, and
    /// counts at so many deviations.
    ///
    /// ```text
    /// (bias + L sqrt(variance + shared^2 + 4 u^2/3 size^2)) / divisor + u_stored size / divisor + tiny
    /// ```
    #[inline]
    pub(crate) fn expected(&self, size: f64, bias: f64, (variance, shared): (f64, f64), deviations: f64) -> f64 {
        let after = self.deviation * size;
        let squares = variance + shared * shared + after * after;
        let deviation = if squares > TINY {
            squares.sqrt()
        } else {
            variance.sqrt() + shared + after
        };
        let summed = bias + deviations * deviation;
        let own = 4.0 * Float::F64.unit_roundoff() * size;
        (summed + self.storing * (size + summed) + own) * self.share + self.least
    }

    /// The ends of a range, where each is moved by what adding up and storing round.
    #[inline]
    pub(crate) fn ends(&self, ends: [f64; 2], moved: [f64; 2]) -> [f64; 2] {
        let [low, high] = [0, 1].map(|end| {
            let off = (moved[end] + self.rounding * (ends[end].abs() + moved[end])) * self.share + self.gone;
            ends[end] * self.share + if end == 0 { -off } else { off }
        });
        [
            if low.is_nan() { f64::NEG_INFINITY } else { low },
            if high.is_nan() { f64::INFINITY } else { high },
        ]
    }
}
