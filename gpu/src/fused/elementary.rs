//! The elementary functions `exp`, `expm1`, excess and `ln` on lanes. Each has the error bound that its steps add up
//! to.
//!
//! `u` is the unit roundoff of the lanes' type. An `fma` is counted as two roundings, which covers the portable lanes.
//!
//! **Invariant:** every function here is total. For every number of the type it has a right answer, with the sign and
//! the infinity of the limit. An argument that has to be bounded first is a [`Floored`], which only [`at_least_floor`]
//! makes.

use super::lanes::Lanes;
use super::real::Real;

/// The polynomial `c_0 + c_1 x + c_2 x^2 + ...`, by Horner's rule.
#[inline(always)]
pub(super) fn horner<L: Lanes>(l: L, coefficients: &'static [L::Real], x: L::Vector) -> L::Vector {
    let mut sum = l.splat(coefficients[coefficients.len() - 1]);
    for &c in coefficients.iter().rev().skip(1) {
        sum = l.fma(sum, x, l.splat(c));
    }
    sum
}

/// A vector of numbers none of which is below [`Real::FLOOR`]. NaN may be among them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Floored<V>(pub(crate) V);

/// The numbers of `x`, but [`Real::FLOOR`] where they are smaller. NaN stays.
#[inline(always)]
pub(crate) fn at_least_floor<L: Lanes>(l: L, x: L::Vector) -> Floored<L::Vector> {
    Floored(l.max(l.splat(L::Real::FLOOR), x))
}

/// The reduction `e^x = 2^n e^f` of the argument. It returns the sum with [`Real::ROUND`], `n`, and `e^f`.
///
/// ```text
/// n = round(x / ln 2),   f = x - n ln 2,   e^f = 1 + f + f^2 P(f)
/// ```
///
/// The relative error, with `|f| <= 0.35`, has five parts. `f` is off by `u |f|` from the second subtraction, and by
/// `2^-18 |n| u` from the low part of `ln 2`: 0.4 u in `e^f` for `|n| <= 450`, and twice that where the product is
/// rounded, too. The polynomial has 0.2 u. Its evaluation `f^2 P` has 6 roundings of a number of at most 0.07. `f` is
/// added with one rounding of at most 0.42, and 1 with one of at most 1.42. Relative to `e^f >= 0.70` they are
/// `0.8 + 0.2 + 0.6 + 0.6 + 1.5 < 4`. [`EXP`] is 4.
#[inline(always)]
fn reduced<L: Lanes>(l: L, x: L::Vector) -> [L::Vector; 3] {
    let round = l.splat(L::Real::ROUND);
    let shifted = l.fma(x, l.splat(L::Real::LOG2_E), round);
    let n = l.sub(shifted, round); // n exactly: the bias cancels
    let f = l.fma(n, l.splat(L::Real::of(-L::Real::LN_2_HIGH.to_f64())), x);
    let f = l.fma(n, l.splat(L::Real::of(-L::Real::LN_2_LOW.to_f64())), f);
    let tail = l.mul(l.mul(f, f), horner(l, L::Real::EXP, f));
    [shifted, n, l.add(l.add(tail, f), l.splat(L::Real::ONE))]
}

/// The exponential `e^x`, with a relative error of at most [`EXP`] up to `-FLOOR`. `e^0` is exactly 1, and NaN stays.
///
/// Where the result is subnormal, below -87.33 (`f64`: -708.39), the scaling by `2^n`, which is exact elsewhere, rounds
/// by up to half of the smallest subnormal number. The result is exactly 0 from -87.68 (`f64`: -708.74) down, where `n`
/// is below the least exponent. It is `+inf` from 88.4 (`f64`: 709.5) on, where `n` is the type's largest exponent.
#[inline(always)]
pub(crate) fn exp<L: Lanes>(l: L, Floored(x): Floored<L::Vector>) -> L::Vector {
    let [shifted, _, power] = reduced(l, l.min(l.splat(L::Real::CEILING), x));
    l.mul(power, l.low_bits_to_exponent(shifted))
}

/// The factor `2^-64`, by which [`Power::times`] multiplies besides.
pub(crate) const SHRUNK: f64 = 1.0 / 18_446_744_073_709_551_616.0;

/// The number `2^-64 e^x` in factors, for products that are finite where `e^x` is not.
///
/// ```text
/// a 2^-64 e^x = ((((a 2^r) e^f) 2^t) 2^t),   n - 64 = 2 t + r,   t = round((n - 64) / 3)
/// ```
///
/// Beyond [`Real::POWERS`], where every product but 0 has become 0 or infinite, `x` is taken for the nearer end, so
/// that no factor is 0 or infinite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Power<V> {
    fraction: V,
    third: V,
    rest: V,
}

impl<V: Copy> Power<V> {
    /// The factors for any `x`. NaN stays.
    #[inline(always)]
    pub(crate) fn of<L: Lanes<Vector = V>>(l: L, x: V) -> Self {
        let [least, most] = L::Real::POWERS;
        let [_, n, fraction] = reduced(l, l.min(l.splat(most), l.max(l.splat(least), x)));
        let (splat, round) = (|x| l.splat(L::Real::of(x)), l.splat(L::Real::ROUND));
        let n = l.sub(n, splat(64.0));
        let shifted = l.fma(n, splat(1.0 / 3.0), round);
        let rest = l.fma(l.sub(shifted, round), splat(-2.0), n);
        Self {
            fraction,
            third: l.low_bits_to_exponent(shifted),
            rest: l.low_bits_to_exponent(l.add(rest, round)),
        }
    }

    /// The product `a 2^-64 e^x`, with a relative error of [`EXP`] and one rounding. It is 0 for `a = 0`. It is
    /// infinite, or below the smallest normal number, only where the exact product is.
    #[inline(always)]
    pub(crate) fn times<L: Lanes<Vector = V>>(self, l: L, a: V) -> V {
        l.mul(l.mul(l.mul(l.mul(a, self.rest), self.fraction), self.third), self.third)
    }
}

/// The pair `(e^d - 1, d e^d - (e^d - 1))` for a log-ratio `d`: by how much a probability exceeds its reference,
/// relative to that, and what it adds to a divergence. The second is never negative, and 0 exactly at `d = 0`. Both are
/// infinite where [`exp`] is.
///
/// ```text
/// |d| < 1:   E = d + d^2 w(d),          d e^d - E = d^2 (1 - (1 - d) w(d))
/// else:      E = e^d - 1,               d e^d - E = e^d (d - 1) + 1
/// ```
///
/// The relative errors are these. `w` is from 0.37 at `d = -1` to 0.72 at 1. It has 0.3 u of the polynomial and 3 u of
/// roundings, since its terms beyond the first, at most 0.22, have been rounded before the last addition.
///
/// Near 0, `E` is `d` with a rounding, and a term that is at most `|E|`: 6 u. The bracket is at least 0.26, where
/// `(1 - d) w` is at most 0.74 with 6 u: at most 18 u, and with 3 u for the products 21 u.
///
/// Beyond, `e^d` has 4 u. `E` is at least 0.63, with addends of at most `|E| + 1`: 12 u. The excess is at least 0.26,
/// and for `d > 1` at least the first term: `5 u (1 + 1/0.26)` or less, which is 25 u. [`EXCESS`] is 25.
#[inline(always)]
pub(crate) fn expm1_and_excess<L: Lanes>(l: L, d: Floored<L::Vector>) -> (L::Vector, L::Vector) {
    let one = l.splat(L::Real::ONE);
    let power = exp(l, d);
    let Floored(d) = d;
    let near = expm1_and_excess_near_zero(l, d);
    let far = (l.sub(power, one), l.fma(power, l.sub(d, one), one));
    let size = l.abs(d);
    (
        l.where_less(size, one, near.0, far.0),
        l.where_less(size, one, near.1, far.1),
    )
}

/// [`expm1_and_excess`] for `|d| < 1`. Elsewhere the results are any numbers.
#[inline(always)]
pub(crate) fn expm1_and_excess_near_zero<L: Lanes>(l: L, d: L::Vector) -> (L::Vector, L::Vector) {
    let one = l.splat(L::Real::ONE);
    let w = horner(l, L::Real::EXPM1, d);
    let square = l.mul(d, d);
    let excess = l.mul(square, l.sub(one, l.mul(l.sub(one, d), w)));
    (l.fma(square, w, d), excess)
}

/// The natural logarithm `ln a`. It is `-inf` for 0 and NaN for a negative number; `+inf` and NaN stay.
///
/// ```text
/// ln a = e ln 2 + ln(1 + f),   a = 2^e (1 + f),   ln(1 + f) = f - f^2/2 + f^3 V(f)
/// ```
///
/// A subnormal number is multiplied by `2^64` first, and its `e` is 64 less.
///
/// The error is this. `f` is exact. Near `a = 1`, `e = 0` and the result is `f` with terms of at most half its size:
/// 0.4 u for the polynomial, 1.5 u for its roundings and 2 u for the additions. Elsewhere the result is at least 0.34,
/// and `e ln 2` has one rounding of its low part and one of the last addition. [`LN`] is 4, relative.
#[inline(always)]
pub(crate) fn ln<L: Lanes>(l: L, a: L::Vector) -> L::Vector {
    let splat = |x| l.splat(L::Real::of(x));
    let (zero, smallest) = (splat(0.0), l.splat(L::Real::SMALLEST));
    let (e, m) = l.exponent_and_mantissa(l.where_less(a, smallest, l.mul(a, splat(1.0 / SHRUNK)), a));
    let e = l.where_less(a, smallest, l.sub(e, splat(64.0)), e);
    let f = l.sub(m, l.splat(L::Real::ONE));
    let square = l.mul(f, f);
    let tail = l.mul(l.mul(square, f), horner(l, L::Real::LN, f));
    let tail = l.fma(e, l.splat(L::Real::LN_2_LOW), tail);
    let tail = l.fma(square, l.splat(L::Real::of(-0.5)), tail);
    let value = l.fma(e, l.splat(L::Real::LN_2_HIGH), l.add(tail, f));
    let beyond = l.where_less(a, zero, splat(f64::NAN), l.splat(L::Real::NEG_INFINITY));
    l.where_less(a, splat(f64::INFINITY), l.where_less(zero, a, value, beyond), a)
}

/// The relative error of `exp`, in units of the unit roundoff. It is derived at the function.
pub const EXP: f64 = 4.0;

/// The relative error of both results of `expm1_and_excess`, in units of the unit roundoff. It is derived at the
/// function.
pub const EXCESS: f64 = 25.0;

/// The relative error of `ln`, in units of the unit roundoff. It is derived at the function.
pub const LN: f64 = 4.0;

#[cfg(test)]
mod tests;
