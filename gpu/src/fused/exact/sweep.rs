//! The sweep over a row of the likelihood and its row of the prior, which adds up everything that is needed of them.

use crate::fused::elementary::{at_least_floor, exp};
use crate::fused::isa::Numbers;
use crate::fused::lanes::{Lanes, Stored, prefetch};
use crate::fused::real::Real;
use crate::fused::rows::{ROUNDS, read_or, sums};

/// The weights of a row of log-probabilities. They are 0 only where the table says so, and do not underflow, so that an
/// infinity counts however small its weight is.
#[inline(always)]
pub(super) fn weight<L: Lanes>(l: L, ln: L::Vector) -> L::Vector {
    let zero = l.splat(L::Real::of(0.0));
    let e = l.max(exp(l, at_least_floor(l, ln)), l.splat(L::Real::SMALLEST));
    // -inf < ln, and NaN stays.
    l.where_less(l.splat(L::Real::NEG_INFINITY), ln, e, l.where_less(ln, zero, zero, ln))
}

/// The product `w f`, which is 0 where the weight is.
#[inline(always)]
pub(super) fn counted<L: Lanes>(l: L, w: L::Vector, f: L::Vector) -> L::Vector {
    let zero = l.splat(L::Real::of(0.0));
    l.where_less(zero, w, l.mul(w, f), w)
}

/// How far the largest `a + b` may lie above the guess. An exponent of that size costs as many roundings.
const ABOVE: f64 = 16.0;

/// How many numbers the largest `a + b` is guessed from.
const GUESSED_FROM: usize = 64;

/// The sums of `e^(a + b - around)`, `w a` and `w b` over a row, with `around`, in one sweep.
///
/// `around` is the largest `a + b` of the row's first numbers. There is no result where that was too small, or where an
/// infinity asks for care.
#[inline(always)]
pub(super) fn at_once<E: Numbers, L: Stored<E, Real = E::Real>>(
    l: L,
    a: &[E],
    b: &[E],
    weights: &[E::Real],
) -> Option<(f64, [f64; 3])> {
    let first = a.len().min(GUESSED_FROM);
    let around = largest_sum(l, &a[..first], &b[..first]);
    let (shift, zero) = (l.splat(E::Real::of(around)), l.splat(E::Real::of(0.0)));
    let mut most = l.splat(E::Real::NEG_INFINITY);
    let mut total = [0.0; 3];
    let whole = a.len() - a.len() % (4 * L::N);
    for from in (0..whole).step_by(4 * ROUNDS * L::N) {
        let mut sums = [[zero; 3]; 4];
        let block = from..(from + 4 * ROUNDS * L::N).min(whole);
        let rows = a[block.clone()]
            .chunks_exact(4 * L::N)
            .zip(b[block.clone()].chunks_exact(4 * L::N));
        for ((a, b), w) in rows.zip(weights[block].chunks_exact(4 * L::N)) {
            for (j, sums) in sums.iter_mut().enumerate() {
                prefetch(a.as_ptr().wrapping_add(whole + j * L::N));
                let (a, b, w) = (l.read(&a[j * L::N..]), l.read(&b[j * L::N..]), l.load(&w[j * L::N..]));
                let t = l.add(a, b);
                most = l.max(most, t);
                let e = exp(l, at_least_floor(l, l.sub(t, shift)));
                *sums = [l.add(sums[0], e), l.fma(w, a, sums[1]), l.fma(w, b, sums[2])];
            }
        }
        for (which, total) in total.iter_mut().enumerate() {
            let [w, x, y, z] = sums.map(|sums| sums[which]);
            *total += l.sum(l.add(l.add(w, x), l.add(y, z))).to_f64();
        }
    }
    if whole < a.len() {
        let (_, rest) = with_care(l, &a[whole..], &b[whole..], &weights[whole..], around);
        total = std::array::from_fn(|which| total[which] + rest[which]);
        most = l.max(most, l.splat(E::Real::of(largest_sum(l, &a[whole..], &b[whole..]))));
    }
    let above = l.largest(most).to_f64() - around;
    (above <= ABOVE && total.iter().all(|total| total.is_finite())).then_some((around, total))
}

/// The sums of [`at_once`] around the largest `a + b` of the row, which takes two sweeps.
#[inline(always)]
pub(super) fn around_the_largest<E: Numbers, L: Stored<E, Real = E::Real>>(
    l: L,
    a: &[E],
    b: &[E],
    weights: &[E::Real],
) -> (f64, [f64; 3]) {
    let most = largest_sum(l, a, b);
    with_care(l, a, b, weights, if most > f64::NEG_INFINITY { most } else { 0.0 })
}

#[inline(always)]
fn with_care<E: Numbers, L: Stored<E, Real = E::Real>>(
    l: L,
    a: &[E],
    b: &[E],
    weights: &[E::Real],
    around: f64,
) -> (f64, [f64; 3]) {
    let (zero, nothing) = (E::narrow(E::Real::of(0.0)), E::narrow(E::Real::NEG_INFINITY));
    let shift = l.splat(E::Real::of(around));
    // Beyond the end of the row the weights are 0, and so is e^(b - shift).
    let sums = sums!(l, a, zero, 0, |at, a| {
        let (b, w) = (read_or(l, &b[at..], nothing), l.load(&weights[at..]));
        let e = exp(l, at_least_floor(l, l.sub(l.add(a, b), shift)));
        [e, counted(l, w, a), counted(l, w, b)]
    });
    (around, sums)
}

/// The largest `a + b` of two rows.
#[inline(always)]
fn largest_sum<E: Numbers, L: Stored<E, Real = E::Real>>(l: L, a: &[E], b: &[E]) -> f64 {
    let nothing = E::narrow(E::Real::NEG_INFINITY);
    let mut most = l.splat(E::Real::NEG_INFINITY);
    for at in (0..a.len()).step_by(L::N) {
        most = l.max(
            most,
            l.add(read_or(l, &a[at..], nothing), read_or(l, &b[at..], nothing)),
        );
    }
    l.largest(most).to_f64()
}
