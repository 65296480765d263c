//! The weights of logits with noise: of a whole row, of a part of one, and of parts that follow each other.

use crate::fused::elementary::{at_least_floor, exp};
use crate::fused::isa::Numbers;
use crate::fused::lanes::{Lanes, Stored};
use crate::fused::real::Real;
use crate::fused::rows::{ROUNDS, WIDEST, largest, read_or, sums};

/// The numbers around which a row's weights are computed: its largest logit, and the largest logit with noise relative
/// to that.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::fused) struct Around {
    centre: f64,
    most: f64,
}

impl Around {
    #[inline(always)]
    pub(in crate::fused) fn of<E: Numbers, L: Stored<E, Real = E::Real>>(l: L, x: &[E], noise: &[E]) -> Self {
        let centre = largest(l, x);
        let around = l.splat(E::Real::of(centre));
        let mut most = l.splat(E::Real::NEG_INFINITY);
        for at in (0..x.len()).step_by(L::N) {
            most = l.max(most, with_noise(l, (x, noise), at, around));
        }
        Self {
            centre,
            most: l.largest(most).to_f64(),
        }
    }

    /// Computes the weights of a part of the row, into `weights`, and returns their sum.
    #[inline(always)]
    pub(in crate::fused) fn weigh<E: Numbers, L: Stored<E, Real = E::Real>>(
        self,
        l: L,
        (x, noise): (&[E], &[E]),
        inverse: f64,
        weights: &mut [E::Real],
    ) -> f64 {
        let nothing = E::narrow(E::Real::NEG_INFINITY);
        let zero = E::narrow(E::Real::of(0.0));
        let splat = |x| l.splat(E::Real::of(x));
        let (centre, most, inverse) = (splat(self.centre), splat(self.most), splat(inverse));
        let [s] = sums!(l, x, nothing, 0, |at, x| {
            let t = l.add(l.sub(x, centre), read_or(l, &noise[at..], zero));
            let e = exp(l, at_least_floor(l, l.mul(l.sub(t, most), inverse)));
            l.store(&mut weights[at..], e);
            [e]
        });
        s
    }

    /// The first code with the largest logit with noise.
    #[inline(always)]
    pub(in crate::fused) fn code<E: Numbers, L: Stored<E, Real = E::Real>>(
        self,
        l: L,
        row: (&[E], &[E]),
    ) -> Option<usize> {
        let around = l.splat(E::Real::of(self.centre));
        let most = E::Real::of(self.most);
        let mut lanes = [E::Real::ONE; WIDEST];
        for at in (0..row.0.len()).step_by(L::N) {
            let t = with_noise(l, row, at, around);
            if l.largest(t) < most {
                continue;
            }
            l.store(&mut lanes, t);
            if let Some(lane) = lanes[..L::N].iter().position(|t| *t >= most) {
                return Some(at + lane);
            }
        }
        None
    }
}

/// The largest logit with noise of the parts of a row that have passed, and the sum of their weights relative to it.
#[derive(Debug, Clone, Copy)]
pub(in crate::fused) struct Running {
    pub(in crate::fused) around: Around,
    pub(in crate::fused) sum: f64,
}

impl Running {
    /// The state before the first part of a row.
    #[inline(always)]
    pub(in crate::fused) fn before<E: Numbers, L: Stored<E, Real = E::Real>>(l: L, x: &[E]) -> Self {
        Self {
            around: Around {
                centre: largest(l, x),
                most: f64::NEG_INFINITY,
            },
            sum: 0.0,
        }
    }

    /// Computes the weights of the next part, into `weights`. Returns the factor by which everything that was weighed
    /// before has to be multiplied.
    ///
    /// Every part is centred at the largest logit of the whole row, as [`Around::weigh`] centres it, so that both round
    /// a logit with noise to the same number. Otherwise the largest score here could lie above the largest there, by a
    /// rounding that is divided by the temperature.
    #[inline(always)]
    pub(in crate::fused) fn weigh<E: Numbers, L: Stored<E, Real = E::Real>>(
        &mut self,
        l: L,
        part: (&[E], &[E]),
        inverse: f64,
        weights: &mut [E::Real],
    ) -> f64 {
        let Around { centre, most: before } = self.around;
        let most = before.max(scores(l, part, centre, weights));
        // If all codes are masked so far, any number will do, so that no weight is NaN.
        let around = if most > f64::NEG_INFINITY { most } else { 0.0 };
        let sum = exponentials(l, &mut weights[..part.0.len().next_multiple_of(L::N)], around, inverse);
        let kept = if most > before {
            ((before - most) * inverse).exp()
        } else {
            1.0
        };
        *self = Self {
            around: Around { centre, most },
            sum: self.sum * kept + sum,
        };
        kept
    }
}

/// Computes the scores `(x - centre) + g`, into `scores`, and returns the largest. They are whole vectors, `-inf`
/// beyond the end of the row.
#[inline(always)]
pub(super) fn scores<E: Numbers, L: Stored<E, Real = E::Real>>(
    l: L,
    part: (&[E], &[E]),
    centre: f64,
    scores: &mut [E::Real],
) -> f64 {
    let (x, noise) = part;
    let centre = l.splat(E::Real::of(centre));
    let mut most = [l.splat(E::Real::NEG_INFINITY); 4];
    let (wide, whole) = (4 * L::N, x.len() - x.len() % (4 * L::N));
    let quads = x
        .chunks_exact(wide)
        .zip(noise.chunks_exact(wide))
        .zip(scores.chunks_exact_mut(wide));
    for ((x, noise), scores) in quads {
        for (j, most) in most.iter_mut().enumerate() {
            let t = l.add(l.sub(l.read(&x[j * L::N..]), centre), l.read(&noise[j * L::N..]));
            l.store(&mut scores[j * L::N..], t);
            *most = l.max(*most, t);
        }
    }
    for at in (whole..x.len()).step_by(L::N) {
        let t = with_noise(l, part, at, centre);
        l.store(&mut scores[at..], t);
        most[0] = l.max(most[0], t);
    }
    let [w, x, y, z] = most;
    l.largest(l.max(l.max(w, x), l.max(y, z))).to_f64()
}

/// Replaces whole vectors of scores `t` by `e^((t - around) / tau)`, and returns the sum.
#[inline(always)]
pub(super) fn exponentials<L: Lanes>(l: L, scores: &mut [L::Real], around: f64, inverse: f64) -> f64 {
    let splat = |x| l.splat(L::Real::of(x));
    let (around, inverse, zero) = (splat(around), splat(inverse), splat(0.0));
    let mut total = 0.0;
    for block in scores.chunks_mut(4 * ROUNDS * L::N) {
        let mut sums = [zero; 4];
        for quad in block.chunks_mut(4 * L::N) {
            for (t, sum) in quad.chunks_exact_mut(L::N).zip(&mut sums) {
                let e = exp(l, at_least_floor(l, l.mul(l.sub(l.load(t), around), inverse)));
                l.store(t, e);
                *sum = l.add(*sum, e);
            }
        }
        let [w, x, y, z] = sums;
        total += l.sum(l.add(l.add(w, x), l.add(y, z))).to_f64();
    }
    total
}

/// The scores `(x - centre) + g` from place `at` of a row on, `-inf` beyond its end.
#[inline(always)]
fn with_noise<E: Numbers, L: Stored<E, Real = E::Real>>(
    l: L,
    (x, noise): (&[E], &[E]),
    at: usize,
    centre: L::Vector,
) -> L::Vector {
    let nothing = E::narrow(E::Real::NEG_INFINITY);
    let x = l.sub(read_or(l, &x[at..], nothing), centre);
    l.add(x, read_or(l, &noise[at..], E::narrow(E::Real::of(0.0))))
}
