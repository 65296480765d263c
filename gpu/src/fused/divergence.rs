//! Kernels of two tables of logits: the divergence and the cross-entropy of their softmaxes.

use super::elementary::{EXP, at_least_floor, exp, expm1_and_excess_near_zero};
use super::isa::{Isa, Numbers};
use super::lanes::{Stored, prefetch};
use super::moments::{ACCEPT, check, recentred};
use super::real::Real;
use super::rows::{RowKernel, Rows, SUM, Work, fill, for_each_row, largest, read_or, sums};
use ratio::{Mean, SMALLER, log_ratio};

mod ratio;

/// The divergence `D(q || p)` of every row, for `q = softmax(a)` and `p = softmax(b)`. The gradients with respect to
/// `a` and to `b` are multiplied by `weight`.
///
/// ```text
/// D = sum_k q_k (ln q_k - ln p_k)                                                  (Eq. 13)
/// dD/da_k = q_k (ln q_k - ln p_k - D)         dD/db_k = p_k - q_k
/// ```
///
/// A row is read once from memory. Near 0 the non-negative terms `p_k [(1 + r_k) ln(1 + r_k) - r_k]`, with
/// `r_k = q_k / p_k - 1`, are added instead. Unit: nats.
///
/// Limits: `q_k = 0` does not count. The value is `+inf`, with NaN gradients, where `q_k > 0 = p_k`. It is NaN, and so
/// are the gradients, for a row that is all `-inf`, or holds `+inf` or NaN. A `q_k` below `e^-87.68` of the largest
/// (`f64`: `e^-708.74`) is 0 unless its log-ratio is infinite. That holds even where `p_k` is so much smaller that the
/// product of `q_k` and the log-ratio is not 0. Range: `[0, +inf]`; 0 exactly for equal tables. Reference:
/// `reference::logits::kl_divergence`.
///
/// # Panics
/// When the tables, `values` or `grads` do not fit each other.
pub fn kl_divergence<E: Numbers>(
    isa: Isa,
    [a, b]: [Rows<'_, E>; 2],
    weight: f64,
    values: &mut [f64],
    grads: Option<[&mut [E]; 2]>,
) {
    run(isa, [a, b], Quantity::Divergence, weight, values, grads);
}

/// The cross-entropy `H(q, p)` of every row, for `q = softmax(a)` and `p = softmax(b)`. The gradients with respect to
/// `a` and to `b` are multiplied by `weight`.
///
/// ```text
/// H = -sum_k q_k ln p_k          dH/da_k = -q_k (ln p_k + H)          dH/db_k = p_k - q_k
/// ```
///
/// Unit: nats. Limits: as [`kl_divergence`], also for weights below `e^-87.68`. Range: `[H(q), +inf]`.
/// Reference: `reference::logits::cross_entropy`.
///
/// # Panics
/// When the tables, `values` or `grads` do not fit each other.
pub fn cross_entropy<E: Numbers>(
    isa: Isa,
    [a, b]: [Rows<'_, E>; 2],
    weight: f64,
    values: &mut [f64],
    grads: Option<[&mut [E]; 2]>,
) {
    run(isa, [a, b], Quantity::CrossEntropy, weight, values, grads);
}

fn run<E: Numbers>(
    isa: Isa,
    [a, b]: [Rows<'_, E>; 2],
    quantity: Quantity,
    weight: f64,
    values: &mut [f64],
    grads: Option<[&mut [E]; 2]>,
) {
    assert_eq!((a.count(), a.k()), (b.count(), b.k()), "two tables of one shape");
    for (table, grad) in [(a, grads.as_ref().map(|g| &*g[0])), (b, grads.as_ref().map(|g| &*g[1]))] {
        check(table, values, grad);
    }
    for_each_row(isa, &Pair { weight, quantity }, [a, b], values, grads);
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Quantity {
    Divergence,
    CrossEntropy,
}

pub(super) struct Pair {
    pub(super) weight: f64,
    pub(super) quantity: Quantity,
}

/// What the gradients are made of, beside two rows that were kept.
///
/// The rows hold `q` and `p` up to scale. Near 0, the first row holds `q - p` for log-ratios below 1. Elsewhere it
/// holds `q`, and the second one holds `-p`, since a `q` far below `p` would not survive `q - p`.
enum Slope {
    /// `q_k (a_k - b_k - mean)` for the divergence, `q_k (-b_k - mean)` for the cross-entropy; and `p_k - q_k`.
    Apart { q: f64, p: f64, mean: Mean },
    /// The same where `q` is nearly `p`, from `q - p`, which is known better than either.
    Near { p: f64, mean: Mean, excess: f64 },
}

impl<E: Numbers> RowKernel<E, 2, 2> for Pair {
    #[inline(always)]
    fn row<L: Stored<E, Real = E::Real>>(
        &self,
        l: L,
        _index: usize,
        [a, b]: [&[E]; 2],
        grads: Option<[&mut [E]; 2]>,
        work: &mut Work<E::Real>,
    ) -> f64 {
        let through = work.through;
        let kept = work.two_rows(a.len());
        let (value, slope) = match &grads {
            Some(_) => self.value::<E, L, true>(l, a, b, kept),
            None => self.value::<E, L, false>(l, a, b, kept),
        };
        if let Some(grads) = grads {
            self.gradients(l, [a, b], work.two_rows(a.len()), &slope, through, grads);
        }
        value
    }
}

impl Pair {
    #[inline(always)]
    fn value<E: Numbers, L: Stored<E, Real = E::Real>, const KEEP: bool>(
        &self,
        l: L,
        a: &[E],
        b: &[E],
        [kept_q, kept_p]: [&mut [E::Real]; 2],
    ) -> (f64, Slope) {
        let nothing = E::narrow(E::Real::NEG_INFINITY);
        let (max_a, max_b) = (largest(l, a), largest(l, b));
        let splat = |x: f64| l.splat(E::Real::of(x));
        let (shift_a, shift_b, zero) = (splat(max_a), splat(max_b * SMALLER), splat(0.0));
        let (smaller, negated, larger) = (splat(SMALLER), splat(-SMALLER), splat(-1.0 / SMALLER));
        let divergence = self.quantity == Quantity::Divergence;
        let (k, lowest) = (a.len(), l.splat(E::Real::NEG_INFINITY));
        let [s, s_p, t, t_p, square] = sums!(l, a, nothing, k, |at, x| {
            prefetch(b.as_ptr().wrapping_add(k + at));
            let b = read_or(l, &b[at..], nothing);
            let y = at_least_floor(l, l.sub(x, shift_a));
            let (e, y) = (exp(l, y), y.0);
            // How far the code lies below p's largest logit, SMALLER.
            let below = l.fma(b, negated, shift_b);
            let bounded = at_least_floor(l, l.mul(below, larger));
            let (e_p, bounded) = (exp(l, bounded), bounded.0);
            if KEEP {
                l.store(&mut kept_q[at..], e);
                l.store(&mut kept_p[at..], e_p);
            }
            // A code that is masked in q does not count, whatever p is there.
            let ratio = if divergence { l.fma(y, smaller, below) } else { below };
            let term = l.where_less(lowest, x, l.mul(e, ratio), zero);
            let size = l.add(y, bounded);
            [e, e_p, term, l.mul(e_p, bounded), l.mul(e, l.mul(size, size))]
        });
        let (mean, ln_s, ln_s_p) = (t / s / SMALLER, s.ln(), s_p.ln());
        let apart = |mean| Slope::Apart {
            q: self.weight / s,
            p: self.weight / s_p,
            mean,
        };
        let (q, p, undefined) = (f64::NAN, f64::NAN, Mean::UNDEFINED);
        // A table may be undefined where the other one's weight is 0, so that t does not hear of it.
        if !(s.is_finite() && s_p.is_finite()) {
            return (f64::NAN, Slope::Apart { q, p, mean: undefined });
        }
        // A code that q allows and p does not makes t infinite, or 0 x inf where the weight has underflowed.
        if !t.is_finite() {
            return (f64::INFINITY, Slope::Apart { q, p, mean: undefined });
        }
        if !divergence {
            return (mean + ln_s_p, apart(Mean::of::<E::Real>(0.0, max_b, mean)));
        }
        let fast = mean - ln_s + ln_s_p;
        if !(fast_bound(mean, square / s, t_p / s_p, fast) > fast * ACCEPT) {
            return (fast, apart(Mean::of::<E::Real>(max_a, max_b, mean)));
        }
        self.near::<E, L, KEEP>(l, [a, b], [kept_q, kept_p], [max_a, max_b], [s, s_p])
    }

    /// The sweep whose terms do not cancel: `p_k excess(d_k)` where the log-ratio `d_k` is small, and
    /// `q_k d_k - (q_k - p_k)` elsewhere. Its centre is the difference of the log-normalisers.
    #[inline(always)]
    fn near<E: Numbers, L: Stored<E, Real = E::Real>, const KEEP: bool>(
        &self,
        l: L,
        [a, b]: [&[E]; 2],
        [kept_q, kept_p]: [&mut [E::Real]; 2],
        [max_a, max_b]: [f64; 2],
        [s, s_p]: [f64; 2],
    ) -> (f64, Slope) {
        let nothing = E::narrow(E::Real::NEG_INFINITY);
        let two = |Mean(high, low)| (l.splat(E::Real::of(high)), l.splat(E::Real::of(low)));
        let (high, low) = two(Mean::of::<E::Real>(max_a, max_b, s.ln() - s_p.ln()));
        let (first, second) = two(Mean::of::<E::Real>(max_a, max_b, 0.0));
        let larger = l.splat(E::Real::of(1.0 / SMALLER));
        let (shift_a, shift_b) = (l.splat(E::Real::of(max_a)), l.splat(E::Real::of(max_b)));
        let to_p = l.splat(E::Real::of(s_p / s));
        let one = l.splat(E::Real::ONE);
        let [excess, gap, t] = sums!(l, a, nothing, 0, |at, x| {
            let b = read_or(l, &b[at..], nothing);
            let p = exp(l, at_least_floor(l, l.sub(b, shift_b)));
            let q = l.mul(exp(l, at_least_floor(l, l.sub(x, shift_a))), to_p);
            let ratio = log_ratio(l, x, b, high, low);
            let d = l.mul(ratio, larger);
            let (r, g) = expm1_and_excess_near_zero(l, d);
            let (size, apart) = (l.abs(d), l.sub(q, p));
            let difference = l.where_less(size, one, l.mul(p, r), apart);
            let gap = l.where_less(size, one, l.mul(p, g), l.sub(l.mul(l.mul(q, ratio), larger), apart));
            if KEEP {
                let minus_p = l.sub(l.splat(E::Real::of(0.0)), p);
                l.store(&mut kept_q[at..], l.where_less(size, one, difference, q));
                l.store(&mut kept_p[at..], l.where_less(size, one, p, minus_p));
            }
            [difference, gap, l.mul(q, log_ratio(l, x, b, first, second))]
        });
        let (excess, gap) = (excess / s_p, gap / s_p);
        let value = recentred(gap, excess);
        let slope = Slope::Near {
            p: self.weight / (s_p * (1.0 + excess)),
            // The mean is that of log-ratios that were rounded once. The first sweep's is off by roundings of logits,
            // which are far larger here. It is taken around the largest logits: where one code has nearly all the
            // weight, it is the largest one, and around the centre the mean would cancel.
            mean: Mean::of::<E::Real>(max_a, max_b, t / (s_p * (1.0 + excess)) / SMALLER),
            excess,
        };
        (value, slope)
    }

    #[inline(always)]
    fn gradients<E: Numbers, L: Stored<E, Real = E::Real>>(
        &self,
        l: L,
        [a, b]: [&[E]; 2],
        [kept_q, kept_p]: [&mut [E::Real]; 2],
        slope: &Slope,
        through: bool,
        [grad_a, grad_b]: [&mut [E]; 2],
    ) {
        let nothing = E::narrow(E::Real::NEG_INFINITY);
        let (zero, one) = (l.splat(E::Real::of(0.0)), l.splat(E::Real::ONE));
        let splat = |x: f64| l.splat(E::Real::of(x));
        let larger = splat(1.0 / SMALLER);
        match *slope {
            Slope::Apart { q, p, mean } => {
                let (high, low) = (splat(mean.0), splat(mean.1));
                let (q, p) = (splat(q), splat(p));
                let divergence = self.quantity == Quantity::Divergence;
                fill!(l, grad_a, through, |at| {
                    let b = read_or(l, &b[at..], nothing);
                    let from = if divergence {
                        read_or(l, &a[at..], nothing)
                    } else {
                        zero
                    };
                    let weight = l.mul(l.load(&kept_q[at..]), q);
                    let slope = l.mul(l.mul(weight, log_ratio(l, from, b, high, low)), larger);
                    l.where_less(zero, l.abs(weight), slope, l.mul(weight, l.add(high, one)))
                });
                fill!(l, grad_b, through, |at| {
                    l.sub(l.mul(l.load(&kept_p[at..]), p), l.mul(l.load(&kept_q[at..]), q))
                });
            }
            Slope::Near { p, mean, excess } => {
                let (high, low) = (splat(mean.0), splat(mean.1));
                let (p, excess) = (splat(p), splat(excess));
                fill!(l, grad_a, through, |at| {
                    let (a, b) = (read_or(l, &a[at..], nothing), read_or(l, &b[at..], nothing));
                    let (first, second) = (l.load(&kept_q[at..]), l.load(&kept_p[at..]));
                    let weight = l.mul(l.where_less(second, zero, first, l.add(second, first)), p);
                    l.mul(l.mul(weight, log_ratio(l, a, b, high, low)), larger)
                });
                fill!(l, grad_b, through, |at| {
                    let (first, second) = (l.load(&kept_q[at..]), l.load(&kept_p[at..]));
                    let difference = l.where_less(second, zero, l.add(first, second), first);
                    l.mul(l.fma(l.abs(second), excess, l.sub(zero, difference)), p)
                });
            }
        }
    }
}

/// The bound on the error of the fast divergence, in units of roundoff.
///
/// A rounded exponent moves a logit by `u |y|`, which moves D by its derivatives: by `E_q[|ln q/p| |y|] <= S`, with
/// `S = E_q[(|y_q| + |y_p|)^2]`, and by `(q + p) |y_p|`. The errors of the weights and of the sums count once for each
/// of `s`, `s_p` and `t`, whose addends have the size `sqrt S` together.
#[inline(always)]
fn fast_bound(mean: f64, square: f64, mean_p: f64, value: f64) -> f64 {
    let root = square.sqrt();
    (SUM + EXP) * (2.0 + mean.abs())
        + (SUM + EXP + 3.0) * root
        + square
        + root * (1.0 + value.abs())
        + 2.0 * mean_p.abs()
}
