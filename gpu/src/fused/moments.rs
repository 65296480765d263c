//! Kernels of one table of logits: the divergence of its softmaxes from the uniform distribution, and their entropy.

use super::elementary::{EXP, at_least_floor, exp, expm1_and_excess};
use super::isa::{Isa, Numbers};
use super::lanes::Stored;
use super::real::{Element, Real};
use super::rows::{RowKernel, Rows, SUM, Work, fill, for_each_row, largest, read_or, sums};

/// The largest error with which a fast result is accepted, in units of roundoff of the result.
///
/// Where the bound on its error is larger, the row, which is still in the cache, is swept again with terms that do not
/// cancel.
pub const ACCEPT: f64 = 1024.0;

/// The divergence `D(q || uniform)` of every row, for `q = softmax(x)`. The gradient, multiplied by `weight`, goes into
/// `grad`.
///
/// ```text
/// D = sum_k q_k ln q_k + ln K = t/s - ln s + ln K        dD/dx_k = q_k (x_k - E_q[x])
/// s = sum_k e^(x_k - r),   t = sum_k e^(x_k - r) (x_k - r),   r = max_k x_k
/// ```
///
/// A row is read once from memory. Where the bound on the fast sum's error exceeds [`ACCEPT`] roundoffs of the sum, the
/// non-negative terms `(1/K) sum_k [(1 + u_k) ln(1 + u_k) - u_k]`, with `u_k = K q_k - 1`, are added instead. Unit:
/// nats.
/// Limits: `-inf` is a masked code; NaN for a row that is all `-inf`, or holds `+inf` or NaN.
/// Range: `[0, ln K]`; 0 exactly for equal logits. Reference: `reference::logits::kl_to_uniform`.
///
/// # Panics
/// When `values` or `grad` are not as long as the rows ask for.
pub fn kl_to_uniform<E: Numbers>(isa: Isa, x: Rows<'_, E>, weight: f64, values: &mut [f64], grad: Option<&mut [E]>) {
    check(x, values, grad.as_deref());
    let kernel = Moments {
        weight,
        quantity: Quantity::KlToUniform,
    };
    for_each_row(isa, &kernel, [x], values, grad.map(|grad| [grad]));
}

/// The entropy `H(q)` of every row, for `q = softmax(x)`. The gradient, multiplied by `weight`, goes into `grad`.
///
/// ```text
/// H = -sum_k q_k ln q_k = ln s - t/s                     dH/dx_k = -q_k (x_k - E_q[x])
/// ```
///
/// `s` and `t` are those of [`kl_to_uniform`], and neither term is negative. Unit: nats. Limits: as [`kl_to_uniform`].
/// Range: `[0, ln K]`. Reference: `reference::logits::entropy`.
///
/// # Panics
/// When `values` or `grad` are not as long as the rows ask for.
pub fn entropy<E: Numbers>(isa: Isa, x: Rows<'_, E>, weight: f64, values: &mut [f64], grad: Option<&mut [E]>) {
    check(x, values, grad.as_deref());
    let kernel = Moments {
        weight,
        quantity: Quantity::Entropy,
    };
    for_each_row(isa, &kernel, [x], values, grad.map(|grad| [grad]));
}

pub(super) fn check<E: Element>(x: Rows<'_, E>, values: &[f64], grad: Option<&[E]>) {
    assert_eq!(values.len(), x.count(), "one value a row");
    if let Some(grad) = grad {
        assert_eq!(grad.len(), x.count() * x.k(), "one derivative a logit");
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Quantity {
    KlToUniform,
    Entropy,
}

pub(super) struct Moments {
    pub(super) weight: f64,
    pub(super) quantity: Quantity,
}

/// The numbers of which a row's gradient is made, `weights_k scale ((x_k - first) - second)` with
/// `first + second = E_q[x]`.
///
/// The mean is subtracted in two steps, since in one an offset of the logits would eat the digits. `first` is a number
/// of the lanes' type.
pub(super) struct Slope {
    pub(super) scale: f64,
    pub(super) first: f64,
    pub(super) second: f64,
}

impl<E: Numbers> RowKernel<E, 1, 1> for Moments {
    #[inline(always)]
    fn row<L: Stored<E, Real = E::Real>>(
        &self,
        l: L,
        _index: usize,
        [x]: [&[E]; 1],
        grads: Option<[&mut [E]; 1]>,
        work: &mut Work<E::Real>,
    ) -> f64 {
        let through = work.through;
        let [weights, _] = work.two_rows(x.len());
        let (value, slope) = match &grads {
            Some(_) => self.value::<E, L, true>(l, x, weights),
            None => self.value::<E, L, false>(l, x, weights),
        };
        if let Some([grad]) = grads {
            self.gradient(l, x, weights, &slope, through, grad);
        }
        value
    }
}

impl Moments {
    /// The value of a row with its slope. With `KEEP`, `weights` are left proportional to `q`.
    #[inline(always)]
    fn value<E: Numbers, L: Stored<E, Real = E::Real>, const KEEP: bool>(
        &self,
        l: L,
        x: &[E],
        weights: &mut [E::Real],
    ) -> (f64, Slope) {
        let nothing = E::narrow(E::Real::NEG_INFINITY);
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let k = x.len() as f64;
        let max = largest(l, x);
        let shift = l.splat(E::Real::of(max));
        let [s, t, square] = sums!(l, x, nothing, x.len(), |at, x| {
            let y = at_least_floor(l, l.sub(x, shift));
            let (e, y) = (exp(l, y), y.0);
            if KEEP {
                l.store(&mut weights[at..], e);
            }
            let ey = l.mul(e, y);
            [e, ey, l.mul(ey, y)]
        });
        let (value, slope, accepted) = self.around_the_largest(k, max, [s, t, square]);
        if accepted {
            return (value, slope);
        }
        let centre = max + (s / k).ln();
        let (high, low) = split_high_low(centre);
        let sums = {
            let (high, low) = (l.splat(high), l.splat(low));
            sums!(l, x, nothing, 0, |at, x| {
                let d = at_least_floor(l, l.sub(l.sub(x, high), low));
                let (e, g) = expm1_and_excess(l, d);
                if KEEP {
                    l.store(&mut weights[at..], l.add(e, l.splat(E::Real::ONE)));
                }
                [e, g]
            })
        };
        self.around_the_centre(k, centre, high.to_f64(), sums)
    }

    /// The value and the slope from the sums around the row's largest logit, and whether they are accurate enough.
    #[inline(always)]
    pub(super) fn around_the_largest(&self, k: f64, max: f64, [s, t, square]: [f64; 3]) -> (f64, Slope, bool) {
        let mean = t / s; // of x - r; -inf - -inf and inf - inf have made it NaN
        let slope = Slope {
            scale: self.weight / s,
            first: max,
            second: mean,
        };
        if self.quantity == Quantity::Entropy {
            let scale = -slope.scale;
            return (s.ln() - mean, Slope { scale, ..slope }, true);
        }
        let fast = mean - (s / k).ln();
        (fast, slope, !(fast_bound(-mean, square / s) > fast * ACCEPT))
    }

    /// The value and the slope from the sums around `centre`, of which `high` is the part that the type holds.
    #[inline(always)]
    pub(super) fn around_the_centre(&self, k: f64, centre: f64, high: f64, [excess, gap]: [f64; 2]) -> (f64, Slope) {
        let (excess, gap) = (excess / k, gap / k);
        let value = recentred(gap, excess);
        let slope = Slope {
            scale: self.weight / (k * (1.0 + excess)),
            first: high,
            second: (centre - high) + excess.ln_1p() + value,
        };
        (value, slope)
    }

    #[inline(always)]
    fn gradient<E: Numbers, L: Stored<E, Real = E::Real>>(
        &self,
        l: L,
        x: &[E],
        weights: &[E::Real],
        slope: &Slope,
        through: bool,
        grad: &mut [E],
    ) {
        let nothing = E::narrow(E::Real::NEG_INFINITY);
        let splat = |x| l.splat(E::Real::of(x));
        let (first, second, scale) = (splat(slope.first), splat(slope.second), splat(slope.scale));
        fill!(l, grad, through, |at| {
            let x = read_or(l, &x[at..], nothing);
            // Masked codes have weight 0, and the floor keeps 0 x inf away.
            let d = at_least_floor(l, l.sub(l.sub(x, first), second)).0;
            l.mul(l.mul(l.load(&weights[at..]), scale), d)
        });
    }
}

/// Splits `x` into the nearest number of the type and the rest.
#[inline(always)]
pub(super) fn split_high_low<R: Real>(x: f64) -> (R, R) {
    let high = R::of(x);
    (high, R::of(x - high.to_f64()))
}

/// The bound on the error of the fast result, in units of roundoff.
///
/// With `A = E_q[-y]`, every weight is off by `EXP + |y|`, since its exponent `y` was rounded, and every sum by
/// [`SUM`]. So `s` is off by `SUM + EXP + A`, which counts `1 + A` times, and `t` by `(SUM + EXP + 2) A` and by
/// `E_q[y^2]`.
#[inline(always)]
fn fast_bound(a: f64, square: f64) -> f64 {
    (SUM + EXP + a) * (1.0 + a) + (SUM + EXP + 2.0) * a + square
}

/// The divergence from sums around a centre that is only nearly right: `gap = E_p[d e^d - (e^d - 1)]`,
/// `excess = E_p[e^d - 1]`.
///
/// ```text
/// D = (gap - h) / (1 + excess),   h = (1 + excess) ln(1 + excess) - excess
/// ```
///
/// The formula is exact for every centre. The nearer the centre is, the less cancels. Where rounding leaves the
/// difference below 0, the divergence is 0.
#[inline(always)]
pub(super) fn recentred(gap: f64, excess: f64) -> f64 {
    // Below 1e-3 the first term of the series that is left out, excess^5 / 20, is below a roundoff of f64.
    let own = if excess.abs() < 1e-3 {
        excess * excess * (0.5 - excess * (1.0 / 6.0 - excess / 12.0))
    } else {
        (1.0 + excess) * excess.ln_1p() - excess
    };
    let value = (gap - own) / (1.0 + excess);
    if value < 0.0 { 0.0 } else { value } // NaN stays
}

#[cfg(test)]
mod tests {
    use super::recentred;

    #[test]
    fn rounding_below_0_is_0_and_what_is_no_number_is_none() {
        assert_eq!(recentred(-1e-300, 0.0).to_bits(), 0.0_f64.to_bits());
        assert!(recentred(0.5, 0.0) > 0.0);
        for (gap, excess) in [(f64::NAN, 0.0), (0.0, f64::NAN), (f64::INFINITY, f64::INFINITY)] {
            assert!(recentred(gap, excess).is_nan(), "{gap} {excess}");
        }
    }
}
