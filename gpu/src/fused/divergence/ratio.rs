//! Log-ratios of two tables and their means, `2^-16` times as large as they are: no difference of two logits overflows.

use crate::fused::lanes::Lanes;
use crate::fused::moments::in_two;
use crate::fused::real::Real;

/// What log-ratios are multiplied by: 1,024 of the largest, twice the largest number, are added up before their sum is taken in `f64`.
pub(super) const SMALLER: f64 = 1.0 / 65_536.0;

/// A mean in two parts, the first a number of the lanes' type: together they are known better than in one. [`SMALLER`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Mean(pub(super) f64, pub(super) f64);

impl Mean {
    /// Nothing is known.
    pub(super) const UNDEFINED: Self = Self(f64::NAN, f64::NAN);

    /// `a - b + part`. The difference is taken with what rounding loses of it (Knuth's two-sum): that is all of `b` where `a` is far larger.
    #[inline(always)]
    pub(super) fn of<R: Real>(a: f64, b: f64, part: f64) -> Self {
        let (a, b) = (a * SMALLER, b * SMALLER);
        let whole = a - b;
        let back = whole - a;
        let lost = (a - (whole - back)) - (b + back);
        let (high, _) = in_two::<R>(whole);
        Self(high.to_f64(), (whole - high.to_f64()) + (lost + part * SMALLER))
    }
}

/// `a - b - (high + low)`, [`SMALLER`], with one rounding relative to the result: the difference is taken with its error (Knuth's two-sum).
/// Where `a` is `-inf`, it is some number, whatever `b` is.
#[inline(always)]
pub(super) fn log_ratio<L: Lanes>(l: L, a: L::Vector, b: L::Vector, high: L::Vector, low: L::Vector) -> L::Vector {
    let (lowest, smaller) = (l.splat(L::Real::NEG_INFINITY), l.splat(L::Real::of(SMALLER)));
    let (a, b) = (l.mul(a, smaller), l.mul(b, smaller));
    let difference = l.sub(a, b);
    let back = l.sub(difference, a);
    let error = l.sub(l.sub(a, l.sub(difference, back)), l.add(b, back));
    let ratio = l.add(l.sub(difference, high), l.sub(error, low));
    l.where_less(lowest, a, ratio, smaller)
}
