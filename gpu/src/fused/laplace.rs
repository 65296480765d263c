//! The decoder's outputs: the logit-Laplace log-likelihood of an image.

use super::elementary::{at_least_floor, exp, ln};
use super::isa::{Isa, Numbers};
use super::lanes::{Lanes, Stored};
use super::real::Real;
use super::rows::{RowKernel, Rows, Work, fill, for_each_row, sums};

/// `ln f(x | mu, b)` of every image, summed over its values; gradients times `weight` with respect to `mu` and to `ln b`.
///
/// ```text
/// ln f = -ln 2 - ln b - ln x - ln(1 - x) - |logit x - mu| / b
/// d/dmu = sign(logit x - mu) / b            d/d(ln b) = |logit x - mu| / b - 1
/// ```
///
/// Rows: `x` in `(0, 1)` (mapped by `phi`), `mu`, `ln b`, one image each. Unit: nats, of a density over `x`; positive values are legal.
/// Limits: NaN for an `x` outside `(0, 1)`; at the kink `logit x = mu` the derivative with respect to `mu` is 0.
/// Reference: `reference::likelihood::logit_laplace`.
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

/// Values worked on while they are in the first cache.
const BLOCK: usize = 2048;

pub(super) struct LogitLaplace {
    weight: f64,
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
        let through = work.through;
        let mut total = 0.0;
        let half = E::narrow(E::Real::of(0.5));
        let none = E::narrow(E::Real::of(0.0));
        let (zero, one) = (l.splat(E::Real::of(0.0)), l.splat(E::Real::ONE));
        let mut start = 0;
        while start < x.len() {
            let part = start..(start + BLOCK).min(x.len());
            let (x, mu, ln_b) = (&x[part.clone()], &mu[part.clone()], &ln_b[part.clone()]);
            let [distance, scale] = work.two_rows(part.len());
            let [terms] = sums!(l, x, half, 0, |at, x| {
                let (mu, ln_b) = (read_or(l, &mu[at..], none), read_or(l, &ln_b[at..], none));
                let (ln_x, ln_rest) = (ln_inside(l, x), ln_inside(l, l.sub(one, x)));
                let off = l.sub(l.sub(ln_x, ln_rest), mu);
                let inverse = exp(l, at_least_floor(l, l.sub(zero, ln_b)));
                l.store(&mut distance[at..], off);
                l.store(&mut scale[at..], inverse);
                let spread = l.add(ln_b, l.add(ln_x, ln_rest));
                [l.fma(l.abs(off), inverse, spread)]
            });
            #[expect(clippy::cast_precision_loss, reason = "a block's length")]
            let count = x.len() as f64;
            total -= terms + std::f64::consts::LN_2 * count;
            if let Some([grad_mu, grad_ln_b]) = &mut grads {
                let weight = l.splat(E::Real::of(self.weight));
                fill!(l, &mut grad_mu[part.clone()], through, |at| {
                    let off = l.load(&distance[at..]);
                    let slope = l.mul(l.load(&scale[at..]), weight);
                    let down = l.where_less(off, zero, l.sub(zero, slope), l.mul(off, zero));
                    l.where_less(zero, off, slope, down)
                });
                fill!(l, &mut grad_ln_b[part.clone()], through, |at| {
                    let distance = l.mul(l.abs(l.load(&distance[at..])), l.load(&scale[at..]));
                    l.mul(l.sub(distance, one), weight)
                });
            }
            start = part.end;
        }
        total
    }
}

/// `ln x` for an `x` in `(0, 1)`, NaN elsewhere.
#[inline(always)]
fn ln_inside<L: Lanes>(l: L, x: L::Vector) -> L::Vector {
    let (zero, one) = (l.splat(L::Real::of(0.0)), l.splat(L::Real::ONE));
    let inside = l.where_less(x, one, ln(l, x), l.splat(L::Real::of(f64::NAN)));
    l.where_less(zero, x, inside, l.splat(L::Real::of(f64::NAN)))
}
