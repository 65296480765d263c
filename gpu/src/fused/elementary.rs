//! `exp`, `expm1`, the excess and `ln` on lanes, each with the bound that its steps add up to.
//!
//! `u` is the unit roundoff of the lanes' type; an `fma` is counted as two roundings, which covers the portable lanes.

use super::lanes::Lanes;
use super::real::Real;

/// `c_0 + c_1 x + c_2 x^2 + ...` by Horner's rule.
#[inline(always)]
pub(super) fn horner<L: Lanes>(l: L, coefficients: &'static [L::Real], x: L::Vector) -> L::Vector {
    let mut sum = l.splat(coefficients[coefficients.len() - 1]);
    for &c in coefficients.iter().rev().skip(1) {
        sum = l.fma(sum, x, l.splat(c));
    }
    sum
}

/// `x`, but [`Real::FLOOR`] where it is smaller; NaN stays.
#[inline(always)]
pub(crate) fn at_least_floor<L: Lanes>(l: L, x: L::Vector) -> L::Vector {
    let floor = l.splat(L::Real::FLOOR);
    l.where_less(x, floor, floor, x)
}

/// `e^x` for `x` between [`Real::FLOOR`], where it is exactly 0, and `-FLOOR`; NaN stays. `e^0` is exactly 1.
///
/// ```text
/// e^x = 2^n e^f,   n = round(x / ln 2),   f = x - n ln 2,   e^f = 1 + f + f^2 P(f)
/// ```
///
/// Relative error, `|f| <= 0.35`: `f` is off by `u |f|` from the second subtraction and by `2^-20 u` from the low part of `ln 2`
/// (0.4 u in `e^f`, twice that where the product is rounded too); the polynomial 0.2 u; its evaluation `f^2 P` has 6 roundings of a number of
/// at most 0.07, `f` and 1 are added with one rounding of at most 0.42 and one of at most 1.42, relative to `e^f >= 0.70`:
/// `0.8 + 0.2 + 0.6 + 0.6 + 1.5 < 4`. The scaling is exact. [`EXP`] is 4.
#[inline(always)]
pub(crate) fn exp<L: Lanes>(l: L, x: L::Vector) -> L::Vector {
    let round = l.splat(L::Real::ROUND);
    let shifted = l.fma(x, l.splat(L::Real::LOG2_E), round);
    let n = l.sub(shifted, round); // n exactly: the bias cancels
    let f = l.fma(n, l.splat(L::Real::of(-L::Real::LN_2_HIGH.to_f64())), x);
    let f = l.fma(n, l.splat(L::Real::of(-L::Real::LN_2_LOW.to_f64())), f);
    let tail = l.mul(l.mul(f, f), horner(l, L::Real::EXP, f));
    let power = l.add(l.add(tail, f), l.splat(L::Real::ONE));
    l.mul(power, l.low_bits_to_exponent(shifted))
}

/// `(e^d - 1, d e^d - (e^d - 1))` for `d` from [`Real::FLOOR`] up: what a probability exceeds its reference by, and what that
/// adds to a divergence. The second is never negative, and 0 exactly at `d = 0`.
///
/// ```text
/// |d| < 1:   E = d + d^2 w(d),          d e^d - E = d^2 (1 - (1 - d) w(d))
/// else:      E = e^d - 1,               d e^d - E = e^d (d - 1) + 1
/// ```
///
/// Relative errors. `w`, from 0.37 at `d = -1` to 0.72 at 1, has 0.3 u and 3 u of its own (its terms beyond the first, at most 0.22, have
/// been rounded before the last addition). Near 0 `E` is `d` with a rounding, and a term that is at most `|E|`: 6 u. The bracket
/// is at least 0.26 where `(1 - d) w` is at most 0.74 with 6 u: at most 18 u, and 3 u for the products: 21 u. Beyond, `e^d` has 4 u;
/// `E` is at least 0.63 with addends of at most `|E| + 1`: 12 u; the excess is at least 0.26 and for `d > 1` at least the
/// first term: `5 u (1 + 1/0.26)` or less: 25 u. [`EXCESS`] is 25.
#[inline(always)]
pub(crate) fn expm1_and_excess<L: Lanes>(l: L, d: L::Vector) -> (L::Vector, L::Vector) {
    let one = l.splat(L::Real::ONE);
    let near = expm1_and_excess_near_zero(l, d);
    let power = exp(l, d);
    let far = (l.sub(power, one), l.fma(power, l.sub(d, one), one));
    let size = l.abs(d);
    (
        l.where_less(size, one, near.0, far.0),
        l.where_less(size, one, near.1, far.1),
    )
}

/// [`expm1_and_excess`] for `|d| < 1`; any numbers elsewhere.
#[inline(always)]
pub(crate) fn expm1_and_excess_near_zero<L: Lanes>(l: L, d: L::Vector) -> (L::Vector, L::Vector) {
    let one = l.splat(L::Real::ONE);
    let w = horner(l, L::Real::EXPM1, d);
    let square = l.mul(d, d);
    let excess = l.mul(square, l.sub(one, l.mul(l.sub(one, d), w)));
    (l.fma(square, w, d), excess)
}

/// `ln a` for a positive normal `a`.
///
/// ```text
/// ln a = e ln 2 + ln(1 + f),   a = 2^e (1 + f),   ln(1 + f) = f - f^2/2 + f^3 V(f)
/// ```
///
/// Error: `f` is exact. Near `a = 1`, `e = 0` and the result is `f` with terms of at most half its size: 0.4 u for the polynomial, 1.5
/// for its roundings and 2 for the additions. Elsewhere the result is at least 0.34, `e ln 2` has one rounding of its low part and one
/// of the last addition. [`LN`] is 4, relative.
#[inline(always)]
pub(crate) fn ln<L: Lanes>(l: L, a: L::Vector) -> L::Vector {
    let (e, m) = l.exponent_and_mantissa(a);
    let f = l.sub(m, l.splat(L::Real::ONE));
    let square = l.mul(f, f);
    let tail = l.mul(l.mul(square, f), horner(l, L::Real::LN, f));
    let tail = l.fma(e, l.splat(L::Real::LN_2_LOW), tail);
    let tail = l.fma(square, l.splat(L::Real::of(-0.5)), tail);
    l.fma(e, l.splat(L::Real::LN_2_HIGH), l.add(tail, f))
}

/// Relative error of `exp`, in units of the unit roundoff.
pub const EXP: f64 = 4.0;

/// Relative error of both results of `expm1_and_excess`, in units of the unit roundoff.
pub const EXCESS: f64 = 25.0;

/// Relative error of `ln`, in units of the unit roundoff.
pub const LN: f64 = 4.0;

#[cfg(test)]
mod tests {
    use super::{EXCESS, EXP, LN};
    use crate::fused::isa::{Isa, Kernel, Numbers};
    use crate::fused::lanes::Stored;
    use crate::fused::real::Real;

    /// Applies one of the functions to numbers in place.
    struct Apply<'a, E>(&'a mut [E], usize);

    impl<E: Numbers<Real = E> + Real> Kernel<E> for Apply<'_, E> {
        type Output = ();
        #[inline(always)]
        fn run<L: Stored<E, Real = E>>(self, l: L) {
            for chunk in self.0.chunks_mut(L::N) {
                let mut whole = vec![E::ONE; L::N];
                whole[..chunk.len()].copy_from_slice(chunk);
                let x = l.load(&whole);
                let y = match self.1 {
                    0 => super::exp(l, super::at_least_floor(l, x)),
                    1 => super::expm1_and_excess(l, x).0,
                    2 => super::expm1_and_excess(l, x).1,
                    _ => super::ln(l, x),
                };
                l.store(&mut whole, y);
                chunk.copy_from_slice(&whole[..chunk.len()]);
            }
        }
    }

    fn apply<E: Numbers<Real = E> + Real>(isa: Isa, which: usize, x: &[E]) -> Vec<E> {
        let mut y = x.to_vec();
        isa.run(Apply(&mut y, which));
        y
    }

    /// `d e^d - (e^d - 1)` in `f64`, by its series near 0.
    fn excess(d: f64) -> f64 {
        if d.abs() > 0.5 {
            return d * d.exp() - d.exp_m1();
        }
        let (mut term, mut sum) = (1.0, 0.0);
        for n in 1..30 {
            term *= d / f64::from(n);
            sum += term * f64::from(n - 1);
        }
        sum
    }

    /// Largest error over a fine grid, in units of `f32`'s roundoff, relative to the `f64` value.
    fn worst(isa: Isa, which: usize, grid: impl Iterator<Item = f64>, truth: fn(f64) -> f64) -> f64 {
        #[expect(clippy::cast_possible_truncation, reason = "the grid is rounded to f32")]
        let x: Vec<f32> = grid.map(|x| x as f32).collect();
        let y = apply(isa, which, &x);
        let u = f64::from(f32::EPSILON) / 2.0;
        x.iter().zip(y).fold(0.0, |worst: f64, (&x, y)| {
            let expected = truth(f64::from(x));
            let error = (f64::from(y) - expected).abs() / (u * expected.abs().max(f64::from(f32::MIN_POSITIVE)));
            assert!(!error.is_nan(), "{which} at {x}: {y}");
            worst.max(error)
        })
    }

    fn grid(from: f64, to: f64, steps: u32) -> impl Iterator<Item = f64> {
        (0..=steps).map(move |i| from + (to - from) * f64::from(i) / f64::from(steps))
    }

    #[test]
    fn errors_stay_within_their_bounds_and_come_near_them() {
        for isa in Isa::available() {
            let found = [
                (worst(isa, 0, grid(-87.3, 87.3, 400_000), f64::exp), EXP),
                (worst(isa, 1, grid(-80.0, 20.0, 400_000), f64::exp_m1), EXCESS),
                (worst(isa, 2, grid(-80.0, 20.0, 400_000), excess), EXCESS),
                (worst(isa, 2, grid(-1.5, 1.5, 400_000), excess), EXCESS),
                (worst(isa, 3, grid(1e-7, 4.0, 400_000), f64::ln), LN),
                (worst(isa, 3, grid(0.99, 1.01, 400_000), f64::ln), LN),
                (worst(isa, 3, grid(1e30, 1e38, 1000), f64::ln), LN),
            ];
            for (row, (error, bound)) in found.into_iter().enumerate() {
                assert!(
                    error <= bound && error > bound / 100.0,
                    "{} row {row}: {error} u, bound {bound}",
                    isa.name()
                );
            }
        }
    }

    #[test]
    fn double_precision_is_as_close_as_the_c_library() {
        for isa in Isa::available() {
            for (which, bound, from, to, truth) in [
                (0, EXP, -700.0, 700.0, f64::exp as fn(f64) -> f64),
                (1, EXCESS, -50.0, 50.0, f64::exp_m1),
                (3, LN, 1e-3, 1e3, f64::ln),
            ] {
                let x: Vec<f64> = grid(from, to, 100_001).collect();
                for (x, y) in x.iter().zip(apply(isa, which, &x)) {
                    let expected = truth(*x);
                    // The C library's own error is below 2 u.
                    let bound = (bound + 2.0) * f64::EPSILON / 2.0 * expected.abs();
                    assert!(
                        (y - expected).abs() <= bound,
                        "{} {which} at {x}: {y}, not {expected}",
                        isa.name()
                    );
                }
            }
        }
    }

    #[test]
    fn the_ends_are_exact() {
        for isa in Isa::available() {
            let y = apply(isa, 0, &[0.0_f32, f32::NEG_INFINITY, -88.0, -1e30]);
            assert_eq!(y, [1.0, 0.0, 0.0, 0.0], "{}", isa.name());
            assert!(apply(isa, 0, &[f32::NAN])[0].is_nan());
            let y = apply(isa, 0, &[0.0_f64, f64::NEG_INFINITY, -709.0, -1e300]);
            assert_eq!(y, [1.0, 0.0, 0.0, 0.0], "{}", isa.name());
            assert_eq!(apply(isa, 2, &[0.0_f32, -88.0])[..], [0.0, 1.0]);
        }
    }
}
