//! The bound within which a row of the derivation closes in `f64`. A number below it may be 0 but for rounding.

use super::Nats;

/// How closely a row `to = from - slack` must close in `f64`, in units of `u (mass(from) + mass(slack) + mass(to))`.
///
/// Reason. A side is a sum of terms `w_k (a + b - c + ...)`. Each term suffers at most five additions and one product,
/// each of relative size `u` of its own addends; its weight `w_k = exp(ln w_k) / sum` is off by the exponential (1
/// ulp = 2 u), the division (u) and the compensated sum (2 u), five in all, and a weight's error multiplies the whole
/// term. The compensated sum adds 2 u of the result. A log-sum-exp adds the exponential, the sum and the logarithm (2 u
/// each, 1 ulp), all in its mass. That is at most 5 + 1 + 5 + 2 = 13 for a side, and the sides' masses are added, so
/// that the row inherits the largest constant, not the sum of three. Tables are renormalised once, which moves every
/// logarithm by up to 2 u of itself and a distribution's total by 2 u more: 13 + 2 + 2 = 17 where a product of two
/// distributions meets the table formed from it. We take 18.
pub const CLOSURE: f64 = 18.0;

/// The bound within which a row with these sides and slack closes, in nats.
///
/// ```text
/// CLOSURE u sum mass
/// ```
#[must_use]
pub fn closure_bound(sides: &[Nats]) -> f64 {
    CLOSURE * super::UNIT_ROUNDOFF_F64 * sides.iter().map(|side| side.mass()).sum::<f64>()
}
