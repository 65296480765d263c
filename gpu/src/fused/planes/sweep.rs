//! The sweeps over a tile of planes: the sums around the largest logits, the sums around the centres, and the gradient.

use super::{Tile, lane};
use crate::fused::elementary::{at_least_floor, exp, expm1_and_excess};
use crate::fused::isa::Numbers;
use crate::fused::lanes::{self, Lanes, Stored};
use crate::fused::moments::Slope;
use crate::fused::real::Real;
use crate::fused::rows::{ROUNDS, WIDEST, fill, read_or};

/// How many planes lie between the one that is written and the one that is asked for ahead of time.
const AHEAD: usize = 2;

impl<E: Numbers> Tile<'_, E> {
    /// The largest logit of every position, and the sums of `e^y`, `e^y y` and `e^y y^2` with `y = x - largest`.
    #[inline(always)]
    pub(super) fn around_the_largest<L: Stored<E, Real = E::Real>>(&self, l: L) -> (Vec<E::Real>, Vec<[f64; 3]>) {
        let width = self.values.len();
        let nothing = E::narrow(E::Real::NEG_INFINITY);
        let mut most = lane(width, E::Real::NEG_INFINITY);
        let mut shift = lane(width, E::Real::of(0.0));
        let mut sums = vec![[0.0; 3]; width];
        for (number, block) in self.planes.chunks(4 * ROUNDS).enumerate() {
            // A plane may be a page, at whose end the processor stops reading ahead: the next block is asked for here,
            // in the order in which it lies in memory, while there is work to do.
            let mut next = self.planes.iter().skip((number + 1) * 4 * ROUNDS);
            let mut ahead: &[E] = &[];
            for plane in block {
                for j in (0..width).step_by(L::N) {
                    let largest = l.max(l.load(&most[j..]), read_or(l, &plane[j..], nothing));
                    l.store(&mut most[j..], largest);
                }
            }
            for (j, sums) in sums.iter_mut().enumerate() {
                // A position whose codes are masked so far has sums of 0, around any number.
                if most[j] > E::Real::NEG_INFINITY && !(most[j] <= shift[j] && shift[j] <= most[j]) {
                    *sums = moved(*sums, shift[j].to_f64() - most[j].to_f64());
                    shift[j] = most[j];
                }
            }
            for j in (0..width).step_by(L::N) {
                let around = l.load(&shift[j..]);
                let mut sum = [[l.splat(E::Real::of(0.0)); 3]; 4];
                for quad in block.chunks(4) {
                    if ahead.is_empty() {
                        ahead = next.next().copied().unwrap_or_default();
                    }
                    for line in 0..4 {
                        lanes::prefetch(ahead.as_ptr().wrapping_add(line * L::N));
                    }
                    ahead = &ahead[(4 * L::N).min(ahead.len())..];
                    for (plane, into) in quad.iter().zip(&mut sum) {
                        let y = at_least_floor(l, l.sub(read_or(l, &plane[j..], nothing), around));
                        let (e, y) = (exp(l, y), y.0);
                        let ey = l.mul(e, y);
                        *into = [l.add(into[0], e), l.add(into[1], ey), l.fma(ey, y, into[2])];
                    }
                }
                add_lanes(l, sum, &mut sums[j..]);
            }
        }
        (most, sums)
    }

    /// The sums of `e^d - 1` and of the excess with `d = x - high - low`, of the positions that ask for them.
    #[inline(always)]
    pub(super) fn around_the_centre<L: Stored<E, Real = E::Real>>(
        &self,
        l: L,
        high: &[E::Real],
        low: &[E::Real],
        again: &[bool],
    ) -> Vec<[f64; 2]> {
        let width = self.values.len();
        let nothing = E::narrow(E::Real::NEG_INFINITY);
        let mut sums = vec![[0.0; 2]; width];
        for block in self.planes.chunks(4 * ROUNDS) {
            for j in (0..width).step_by(L::N) {
                if !again[j..j + L::N].contains(&true) {
                    continue;
                }
                let (high, low) = (l.load(&high[j..]), l.load(&low[j..]));
                let mut sum = [[l.splat(E::Real::of(0.0)); 2]; 4];
                for quad in block.chunks(4) {
                    for (plane, into) in quad.iter().zip(&mut sum) {
                        let d = l.sub(l.sub(read_or(l, &plane[j..], nothing), high), low);
                        let (e, gap) = expm1_and_excess(l, at_least_floor(l, d));
                        *into = [l.add(into[0], e), l.add(into[1], gap)];
                    }
                }
                add_lanes(l, sum, &mut sums[j..]);
            }
        }
        sums
    }

    /// Writes the gradient `weight q (x - E_q[x])`, plane by plane.
    #[inline(always)]
    pub(super) fn gradient<L: Stored<E, Real = E::Real>>(&mut self, l: L, slopes: &[Slope], low: &[E::Real]) {
        let nothing = E::narrow(E::Real::NEG_INFINITY);
        let [mut first, mut second, mut scale] = std::array::from_fn(|_| lane(slopes.len(), E::Real::of(0.0)));
        for (j, slope) in slopes.iter().enumerate() {
            first[j] = E::Real::of(slope.first);
            second[j] = E::Real::of(slope.second);
            scale[j] = E::Real::of(slope.scale);
        }
        let through = self.through;
        for (p, (plane, grad)) in self.planes.iter().zip(&mut self.grad).enumerate() {
            let ahead = self
                .planes
                .get(p + AHEAD)
                .map_or(plane.as_ptr(), |plane| plane.as_ptr());
            fill!(l, grad, through, |at| {
                lanes::prefetch(ahead.wrapping_add(at));
                let x = l.sub(read_or(l, &plane[at..], nothing), l.load(&first[at..]));
                let e = exp(l, at_least_floor(l, l.sub(x, l.load(&low[at..]))));
                let d = at_least_floor(l, l.sub(x, l.load(&second[at..]))).0;
                l.mul(l.mul(e, l.load(&scale[at..])), d)
            });
        }
        if through {
            lanes::fence(); // here, on the core that has streamed
        }
    }
}

/// Moves sums around a reference to one that is larger by `-d`.
///
/// ```text
/// e^(y + d) = e^d e^y,   so   s' = e^d s,   t' = e^d (t + d s),   square' = e^d (square + 2 d t + d^2 s)
/// ```
fn moved([s, t, square]: [f64; 3], d: f64) -> [f64; 3] {
    if s <= 0.0 {
        return [s, t, square]; // nothing yet: the reference was none
    }
    let factor = d.exp();
    if factor <= 0.0 {
        return [0.0; 3]; // not 0 times what has become infinite
    }
    [
        factor * s,
        factor * (t + d * s),
        factor * (square + 2.0 * d * t + d * d * s),
    ]
}

/// Adds four accumulators, lane by lane, to the sums of their positions.
#[inline(always)]
fn add_lanes<L: Lanes, const A: usize>(l: L, sum: [[L::Vector; A]; 4], into: &mut [[f64; A]]) {
    let [a, b, c, d] = sum;
    for i in 0..A {
        let mut lanes = [L::Real::ONE; WIDEST];
        l.store(&mut lanes, l.add(l.add(a[i], b[i]), l.add(c[i], d[i])));
        for (into, lane) in into.iter_mut().zip(&lanes[..L::N]) {
            into[i] += lane.to_f64();
        }
    }
}
