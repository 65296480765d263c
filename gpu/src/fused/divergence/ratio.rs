//! Log-ratios of two tables and their means, scaled by `2^-16`, so that no difference of two logits overflows.

use crate::fused::lanes::Lanes;
use crate::fused::moments::split_high_low;
use crate::fused::real::Real;

/// The scale of log-ratios. It leaves room for 1,024 of the largest, each twice the largest number, which are added up
/// before their sum is taken in `f64`.
pub(super) const SMALLER: f64 = 1.0 / 65_536.0;

/// A mean in two parts, scaled by [`SMALLER`]. The first is a number of the lanes' type. In two parts the mean is known
/// better than in one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mean(pub(super) f64, pub(super) f64);

impl Mean {
    /// The mean of a row that is undefined.
    pub(super) const UNDEFINED: Self = Self(f64::NAN, f64::NAN);

    /// The mean `a - b + part`. The difference is taken with what rounding loses of it (Knuth's two-sum), which is all
    /// of `b` where `a` is far larger.
    #[inline(always)]
    pub(super) fn of<R: Real>(a: f64, b: f64, part: f64) -> Self {
        let (a, b) = (a * SMALLER, b * SMALLER);
        let whole = a - b;
        let back = whole - a;
        let lost = (a - (whole - back)) - (b + back);
        let (high, _) = split_high_low::<R>(whole);
        Self(high.to_f64(), (whole - high.to_f64()) + (lost + part * SMALLER))
    }
}

/// The log-ratio `a - b - (high + low)`, scaled by [`SMALLER`], with one rounding relative to the result: the
/// difference is taken with its error (Knuth's two-sum). Where `a` is `-inf`, the result is some number, whatever `b`
/// is.
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
