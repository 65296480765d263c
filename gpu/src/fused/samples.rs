//! The kernel of the importance-weighted bound: the logarithm of the mean of samples' weights.

use super::isa::{Isa, Numbers};
use super::lanes::Stored;
use super::moments::check;
use super::real::Real;
use super::rows::{RowKernel, Rows, Work, fill, for_each_row, largest};
use super::softmax::weigh;

/// The logarithm of the mean weight, `ln (1/N) sum_i e^(x_i)`, of every row of `N` log-weights. The gradient,
/// multiplied by `weight`, goes into `grad`.
///
/// ```text
/// max x + ln(s / N),   s = sum_i e^(x_i - max x)                d/dx_i = e^(x_i - max x) / s
/// ```
///
/// A row is read once from memory. Unit: nats. Limits: `-inf` is a sample of weight 0. A row of nothing else is `-inf`,
/// and its gradient is undefined. A row that holds `+inf` or NaN is NaN. Reference: `reference::logits::log_mean_exp`.
///
/// # Panics
/// When `values` or `grad` are not as long as the rows ask for.
pub fn log_mean_exp<E: Numbers>(isa: Isa, x: Rows<'_, E>, weight: f64, values: &mut [f64], grad: Option<&mut [E]>) {
    check(x, values, grad.as_deref());
    for_each_row(isa, &Samples { weight }, [x], values, grad.map(|grad| [grad]));
}

pub(super) struct Samples {
    weight: f64,
}

impl<E: Numbers> RowKernel<E, 1, 1> for Samples {
    #[inline(always)]
    fn row<L: Stored<E, Real = E::Real>>(
        &self,
        l: L,
        _index: usize,
        [x]: [&[E]; 1],
        grads: Option<[&mut [E]; 1]>,
        work: &mut Work<E::Real>,
    ) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of samples")]
        let n = x.len() as f64;
        let through = work.through;
        let max = largest(l, x);
        // Where every weight is 0, any number will do: the sum is 0, and its logarithm is the value.
        let around = if max > f64::NEG_INFINITY { max } else { 0.0 };
        let [weights, _] = work.two_rows(x.len());
        let s = weigh(l, x, around, x.len(), grads.is_some().then_some(&mut *weights));
        if let Some([grad]) = grads {
            let scale = l.splat(E::Real::of(self.weight / s));
            fill!(l, grad, through, |at| l.mul(l.load(&weights[at..]), scale));
        }
        around + (s / n).ln()
    }
}
