//! The sweep that computes the exponentials of a row around a number, and their sum.

use super::elementary::{at_least_floor, exp};
use super::isa::Numbers;
use super::lanes::Stored;
use super::real::Real;
use super::rows::sums;

/// The sum `sum_k e^(x_k - around)`. Its addends go into `weights` where they are asked for. The cache line `ahead`
/// numbers further on is asked for ahead of time.
#[inline(always)]
pub(super) fn weigh<E: Numbers, L: Stored<E, Real = E::Real>>(
    l: L,
    x: &[E],
    around: f64,
    ahead: usize,
    mut weights: Option<&mut [E::Real]>,
) -> f64 {
    let nothing = E::narrow(E::Real::NEG_INFINITY);
    let shift = l.splat(E::Real::of(around));
    let [s] = sums!(l, x, nothing, ahead, |at, x| {
        let e = exp(l, at_least_floor(l, l.sub(x, shift)));
        if let Some(weights) = &mut weights {
            l.store(&mut weights[at..], e);
        }
        [e]
    });
    s
}
