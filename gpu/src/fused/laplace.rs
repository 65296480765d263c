//! The logit-Laplace log-likelihood of images, from the decoder's outputs.

use super::elementary::{Power, SHRUNK, ln};
use super::isa::{Isa, Numbers};
use super::lanes::Stored;
use super::real::Real;
use super::rows::{RowKernel, Rows, Work, fill, for_each_row, sums};

/// The log-likelihood `ln f(x | mu, b)` of every image, summed over its values. The gradients with respect to `mu` and
/// to `ln b` are multiplied by `weight`.
///
/// ```text
/// ln f = -ln 2 - ln b - ln x - ln(1 - x) - |logit x - mu| / b
/// d/dmu = sign(logit x - mu) / b            d/d(ln b) = |logit x - mu| / b - 1
/// ```
///
/// Shapes: `x`, `mu` and `ln b` have a row for each image. The entries of `x` are in `(0, 1)`, where `phi` maps pixels.
/// Unit: nats, of a density over `x`: positive values are legal.
///
/// Limits: NaN for an `x` outside `(0, 1)`, and for a `mu` or `ln b` that is not finite. At the kink `logit x = mu` the
/// derivative with respect to `mu` is 0, and the value is `-ln 2 - ln b - ln x(1 - x)`, which no other exceeds,
/// whatever `b` is. A quotient by `b` is infinite only where it exceeds the largest number of the type. A gradient has
/// its sign there. A value, which is `-inf` there, has a factor of 2^64 to spare. Reference:
/// `reference::likelihood::logit_laplace`.
///
/// # Panics
/// When the tables, `values` or `grads` do not fit each other.
pub fn logit_laplace<E: Numbers>(
    isa: Isa,
    [x, mu, ln_b]: [Rows<'_, E>; 3],
    weight: f64,
    values: &mut [f64],
    grads: Option<[&mut [E]; 2]>,
) {
    for table in [mu, ln_b] {
        assert_eq!(
            (x.count(), x.k()),
            (table.count(), table.k()),
            "three tables of one shape"
        );
    }
    assert_eq!(values.len(), x.count(), "one value a row");
    for grad in grads.iter().flatten() {
        assert_eq!(grad.len(), x.count() * x.k(), "one derivative a value");
    }
    for_each_row(isa, &LogitLaplace { weight }, [x, mu, ln_b], values, grads);
}

/// How many values are worked on at a time, while they are in the first cache.
const BLOCK: usize = 2048;

pub(super) struct LogitLaplace {
    weight: f64,
}

/// The weight of the gradients in factors, `[share, grown, own, last, lifted, last_by_mu]`, so that no product with it
/// underflows or overflows before the slope does.
///
/// ```text
/// by ln b:   ((share |off| 2^-64 / b) grown - own) last          by mu:   (lifted 2^-64 / b) last_by_mu
/// ```
///
/// With `P` the power of two in the weight `W`, `1/2 <= |W| / 2 P < 1`. The quotient that is kept,
/// `share |off| 2^-64 / b`, is `W |off| / b` over `grown last`, of which `grown` is from 2 to `2^65`: it is infinite
/// only where the slope is, and what it loses below the smallest normal number is a roundoff of the slope, `2^-24 |W|`,
/// or one of the slope's smallest numbers. For the slope by `mu`, which has no other addend, what comes last is above 1
/// only from `P = 2^60` on (`f64`: `2^956`), where `lifted` has no room for more; there it loses digits below the
/// smallest normal number times that.
fn factors<R: Real>(weight: f64) -> [f64; 6] {
    let exponent = f64::from_bits(weight.to_bits() & f64::INFINITY.to_bits());
    let power = exponent.max(f64::MIN_POSITIVE); // of 0 and of subnormal numbers too
    let (back, last) = (power.clamp(SHRUNK, 1.0), power.max(1.0));
    // Four times this times 2^64 is the inverse of the smallest normal number.
    let inside = power.min(0.25 * SHRUNK / R::SMALLEST.to_f64());
    let half = 0.5 * (weight / power);
    [
        half * (power / back / last),
        2.0 * back / SHRUNK,
        weight / last,
        last,
        2.0 * half * inside / SHRUNK,
        power / inside,
    ]
}

impl<E: Numbers> RowKernel<E, 3, 2> for LogitLaplace {
    #[inline(always)]
    fn row<L: Stored<E, Real = E::Real>>(
        &self,
        l: L,
        _index: usize,
        [x, mu, ln_b]: [&[E]; 3],
        mut grads: Option<[&mut [E]; 2]>,
        work: &mut Work<E::Real>,
    ) -> f64 {
        let (through, wanted) = (work.through, grads.is_some());
        let mut total = 0.0;
        let half = E::narrow(E::Real::of(0.5));
        let none = E::narrow(E::Real::of(0.0));
        let splat = |x| l.splat(E::Real::of(x));
        let (zero, one, shrunk) = (splat(0.0), l.splat(E::Real::ONE), splat(SHRUNK));
        let [share, grown, own, last, lifted, last_by_mu] = factors::<E::Real>(self.weight).map(splat);
        let mut start = 0;
        while start < x.len() {
            let part = start..(start + BLOCK).min(x.len());
            let (x, mu, ln_b) = (&x[part.clone()], &mu[part.clone()], &ln_b[part.clone()]);
            let [by_mu, by_ln_b] = work.two_rows(part.len());
            let [terms] = sums!(l, x, half, 0, |at, x| {
                let (mu, ln_b) = (read_or(l, &mu[at..], none), read_or(l, &ln_b[at..], none));
                let (ln_x, ln_rest) = (ln(l, x), ln(l, l.sub(one, x)));
                let off = l.sub(l.sub(ln_x, ln_rest), mu);
                // This is 0, or NaN where a parameter or a logit is not finite.
                let undefined = l.fma(off, zero, l.mul(ln_b, zero));
                let (size, inverse) = (l.abs(off), Power::of(l, l.sub(zero, ln_b)));
                if wanted {
                    let slope = l.add(inverse.times(l, lifted), undefined);
                    let down = l.where_less(off, zero, l.sub(zero, slope), undefined);
                    l.store(
                        &mut by_mu[at..],
                        l.mul(l.where_less(zero, off, slope, down), last_by_mu),
                    );
                    let distance = inverse.times(l, l.mul(size, share));
                    let slope = l.fma(distance, grown, l.sub(undefined, own));
                    l.store(&mut by_ln_b[at..], l.mul(slope, last));
                }
                // Terms are 2^64 times smaller than what they stand for, so that no sum of them overflows that has a
                // finite value.
                let spread = l.add(l.add(ln_b, l.add(ln_x, ln_rest)), undefined);
                [l.fma(spread, shrunk, inverse.times(l, size))]
            });
            #[expect(clippy::cast_precision_loss, reason = "a block's length")]
            let count = x.len() as f64;
            total -= terms / SHRUNK + std::f64::consts::LN_2 * count;
            if let Some([grad_mu, grad_ln_b]) = &mut grads {
                fill!(l, &mut grad_mu[part.clone()], through, |at| l.load(&by_mu[at..]));
                fill!(l, &mut grad_ln_b[part.clone()], through, |at| l.load(&by_ln_b[at..]));
            }
            start = part.end;
        }
        total
    }
}
