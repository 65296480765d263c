//! Gumbel-softmax: relaxed and straight-through samples of codes, from noise that the caller provides.

use super::isa::{Isa, Numbers};
use super::lanes::Stored;
use super::real::Real;
use super::rows::{RowKernel, Rows, Work, fill, for_each_row, largest, read_or, sums};
use crate::Error;

mod weights;

pub(super) use weights::{Around, Running};
use weights::{exponentials, scores};

/// The logits with their noise, and the temperature at which they are sampled.
#[derive(Debug, Clone, Copy)]
pub struct Gumbel<'a, E> {
    pub(super) logits: Rows<'a, E>,
    pub(super) noise: Rows<'a, E>,
    pub(super) temperature: f64,
}

/// The kind of sample that goes forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// The relaxed sample, `softmax((x + g) / tau)`.
    Relaxed,
    /// The exact sample, one-hot where the computed `x + g` is largest, and at the first of equal ones. Its derivatives
    /// are those of the relaxed sample.
    StraightThrough,
}

impl<'a, E: Numbers> Gumbel<'a, E> {
    /// Checks the shapes and the temperature.
    ///
    /// # Errors
    /// [`Error::Rows`] for noise of another shape than the logits; [`Error::Temperature`] unless the temperature is
    /// positive, and its inverse is a normal number of the type.
    pub fn new(logits: Rows<'a, E>, noise: Rows<'a, E>, temperature: f64) -> Result<Self, Error> {
        if (noise.count(), noise.k()) != (logits.count(), logits.k()) {
            return Err(Error::Rows {
                tensor: "noise",
                entries: noise.count() * noise.k(),
                k: logits.k(),
            });
        }
        temperate::<E::Real>(temperature)?;
        Ok(Self {
            logits,
            noise,
            temperature,
        })
    }
}

/// Refuses a temperature unless it is positive, and its inverse is a normal number of the type that is computed in.
pub(crate) fn temperate<R: Real>(temperature: f64) -> Result<(), Error> {
    let inverse = R::of(1.0 / temperature);
    if temperature > 0.0 && inverse >= R::SMALLEST && inverse.to_f64().is_finite() {
        return Ok(());
    }
    Err(Error::Temperature { value: temperature })
}

/// Computes the sample of every row of logits, into `samples`, which is as large as the logits.
///
/// ```text
/// y_k = e^((t_k - t*) / tau) / s,   t_k = (x_k - max x) + g_k,  t* = max t
/// ```
///
/// The logits are centred before the noise is added, so that an offset costs no digit. A row is read once from memory.
/// Limits: `-inf` is a masked code. So is a code that lies further below the largest than the type's largest number,
/// whatever the temperature is. The samples are NaN for a row that is all `-inf`, or holds `+inf` or NaN.
/// Reference: `reference::relaxation::Relaxed`.
///
/// # Panics
/// When `samples` is not as long as the logits.
pub fn gumbel_softmax<E: Numbers>(isa: Isa, gumbel: Gumbel<'_, E>, sample: Sample, samples: &mut [E]) {
    let tables = [gumbel.logits, gumbel.noise];
    let mut sums = checked(&gumbel, samples);
    let kernel = Draw {
        inverse: 1.0 / gumbel.temperature,
        sample,
    };
    for_each_row(isa, &kernel, tables, &mut sums, Some([samples]));
}

/// Computes the gradient of the logits, from the derivative `upstream` of the loss with respect to every sample.
///
/// ```text
/// dL/dx_k = (y_k / tau) (v_k - E_y[v])
/// ```
///
/// Both kinds of samples have this gradient. They differ in the sample at which `upstream` was taken. A row is read
/// once from memory. Limits: as [`gumbel_softmax`]. A code whose sample is 0 has no slope, whatever its derivative is.
/// Derivatives may be as large as the type allows. Reference: `reference::relaxation::Relaxed::gradient`.
///
/// # Panics
/// When `upstream` or `grad` are not as large as the logits.
pub fn gumbel_softmax_gradient<E: Numbers>(isa: Isa, gumbel: Gumbel<'_, E>, upstream: Rows<'_, E>, grad: &mut [E]) {
    assert_eq!(upstream.k(), gumbel.logits.k(), "one derivative a sample");
    let mut means = checked(&gumbel, grad);
    assert_eq!(upstream.count(), means.len(), "one derivative a sample");
    let kernel = Draw {
        inverse: 1.0 / gumbel.temperature,
        sample: Sample::Relaxed,
    };
    let tables = [gumbel.logits, gumbel.noise, upstream];
    for_each_row(isa, &kernel, tables, &mut means, Some([grad]));
}

fn checked<E>(gumbel: &Gumbel<'_, E>, out: &[E]) -> Vec<f64> {
    let count = gumbel.logits.count();
    assert_eq!(out.len(), count * gumbel.logits.k(), "one number a logit");
    vec![0.0; count]
}

/// The factor of derivatives where they are added up. It leaves room for 1,024 of the largest, rounded up, which are
/// added before their sum is taken in `f64`.
const SMALLER: f64 = 1.0 / 2048.0;

pub(super) struct Draw {
    inverse: f64,
    sample: Sample,
}

impl Draw {
    /// The weights of a row, and their sum.
    #[inline(always)]
    fn weigh<E: Numbers, L: Stored<E, Real = E::Real>>(&self, l: L, row: (&[E], &[E]), weights: &mut [E::Real]) -> f64 {
        let most = scores(l, row, largest(l, row.0), weights);
        exponentials(
            l,
            &mut weights[..row.0.len().next_multiple_of(L::N)],
            most,
            self.inverse,
        )
    }
}

impl<E: Numbers> RowKernel<E, 2, 1> for Draw {
    #[inline(always)]
    fn row<L: Stored<E, Real = E::Real>>(
        &self,
        l: L,
        _index: usize,
        [x, noise]: [&[E]; 2],
        samples: Option<[&mut [E]; 1]>,
        work: &mut Work<E::Real>,
    ) -> f64 {
        let through = work.through;
        let [weights, _] = work.two_rows(x.len());
        let s = self.weigh(l, (x, noise), weights);
        let Some([samples]) = samples else {
            return s;
        };
        if self.sample == Sample::StraightThrough && !s.is_nan() {
            samples.fill(E::narrow(E::Real::of(0.0)));
            if let Some(code) = Around::of(l, x, noise).code(l, (x, noise)) {
                samples[code] = E::narrow(E::Real::ONE);
            }
            return s;
        }
        let scale = l.splat(E::Real::of(1.0 / s));
        fill!(l, samples, through, |at| l.mul(l.load(&weights[at..]), scale));
        s
    }
}

impl<E: Numbers> RowKernel<E, 3, 1> for Draw {
    #[inline(always)]
    fn row<L: Stored<E, Real = E::Real>>(
        &self,
        l: L,
        _index: usize,
        [x, noise, upstream]: [&[E]; 3],
        grads: Option<[&mut [E]; 1]>,
        work: &mut Work<E::Real>,
    ) -> f64 {
        let through = work.through;
        let zero = E::narrow(E::Real::of(0.0));
        let [weights, _] = work.two_rows(x.len());
        let s = self.weigh(l, (x, noise), weights);
        let splat = |x| l.splat(E::Real::of(x));
        let smaller = splat(SMALLER);
        let [weighted] = sums!(l, upstream, zero, 0, |at, v| [
            l.mul(l.load(&weights[at..]), l.mul(v, smaller))
        ]);
        let mean = weighted / s / SMALLER;
        if let Some([grad]) = grads {
            // Half of the difference does not overflow, and is multiplied by twice the weight.
            let (mean, scale) = (splat(-0.5 * mean), splat(2.0 / s));
            let (zeros, half, inverse) = (splat(0.0), splat(0.5), splat(self.inverse));
            fill!(l, grad, through, |at| {
                let v = l.fma(read_or(l, &upstream[at..], zero), half, mean);
                let y = l.mul(l.load(&weights[at..]), scale);
                // The temperature comes last: with it, a weight would underflow or overflow before the product does.
                l.where_less(zeros, y, l.mul(l.mul(y, v), inverse), y)
            });
        }
        mean
    }
}
