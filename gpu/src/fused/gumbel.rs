//! Gumbel-softmax: relaxed and straight-through samples of codes, the noise given.

use super::elementary::{at_least_floor, exp};
use super::isa::{Isa, Numbers};
use super::lanes::Stored;
use super::real::Real;
use super::rows::{RowKernel, Rows, Work, fill, for_each_row, largest, read_or, sums};
use crate::Error;

/// Logits, their noise and the temperature.
#[derive(Debug, Clone, Copy)]
pub struct Gumbel<'a, E> {
    pub(super) logits: Rows<'a, E>,
    pub(super) noise: Rows<'a, E>,
    pub(super) temperature: f64,
}

/// Which sample goes forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// `softmax((x + g) / tau)`.
    Relaxed,
    /// One-hot where `x + g` is largest as it is computed, the first of equal ones; derivatives are the relaxed sample's.
    StraightThrough,
}

impl<'a, E: Numbers> Gumbel<'a, E> {
    /// Brings the three together.
    ///
    /// # Errors
    /// [`Error::Rows`] for noise of another shape; [`Error::Temperature`] unless it is positive, and its inverse a normal number of the type.
    pub fn new(logits: Rows<'a, E>, noise: Rows<'a, E>, temperature: f64) -> Result<Self, Error> {
        if (noise.count(), noise.k()) != (logits.count(), logits.k()) {
            return Err(Error::Rows {
                tensor: "noise",
                entries: noise.count() * noise.k(),
                k: logits.k(),
            });
        }
        let inverse = E::Real::of(1.0 / temperature);
        if !(temperature > 0.0 && inverse >= E::Real::SMALLEST && inverse.to_f64().is_finite()) {
            return Err(Error::Temperature { value: temperature });
        }
        Ok(Self {
            logits,
            noise,
            temperature,
        })
    }
}

/// The samples of every row: `samples` is as large as the logits.
///
/// ```text
/// y_k = e^((t_k - t*) / tau) / s,   t_k = (x_k - max x) + g_k,  t* = max t
/// ```
///
/// The logits are centred before the noise is added, so that an offset costs no digit. One trip to memory.
/// Limits: `-inf` is a masked code; NaN for a row that is all `-inf`, or holds `+inf` or NaN. Reference: `reference::relaxation::Relaxed`.
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

/// What the samples hand back to the logits: `upstream` is the derivative of the loss with respect to every sample.
///
/// ```text
/// dL/dx_k = (y_k / tau) (v_k - E_y[v])
/// ```
///
/// The same for both samples: straight-through differs in where `upstream` was taken. One trip to memory.
/// Reference: `reference::relaxation::Relaxed::gradient`.
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

struct Draw {
    inverse: f64,
    sample: Sample,
}

/// The largest logit of a row, and the largest logit with noise above it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Around {
    centre: f64,
    most: f64,
}

impl Around {
    #[inline(always)]
    pub(super) fn of<E: Numbers, L: Stored<E, Real = E::Real>>(l: L, x: &[E], noise: &[E]) -> Self {
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

    /// The weights of a part of the row, into `weights`, and their sum.
    #[inline(always)]
    pub(super) fn weigh<E: Numbers, L: Stored<E, Real = E::Real>>(
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
    pub(super) fn code<E: Numbers, L: Stored<E, Real = E::Real>>(self, l: L, row: (&[E], &[E])) -> Option<usize> {
        let around = l.splat(E::Real::of(self.centre));
        let most = E::Real::of(self.most);
        let mut lanes = [E::Real::ONE; super::rows::WIDEST];
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

/// `(x - centre) + g` from place `at` of a row on; `-inf` behind its end.
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
        let around = Around::of(l, x, noise);
        let s = around.weigh(l, (x, noise), self.inverse, weights);
        let Some([samples]) = samples else {
            return s;
        };
        if self.sample == Sample::StraightThrough && !s.is_nan() {
            samples.fill(E::narrow(E::Real::of(0.0)));
            if let Some(code) = around.code(l, (x, noise)) {
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
        let s = Around::of(l, x, noise).weigh(l, (x, noise), self.inverse, weights);
        let [weighted] = sums!(l, upstream, zero, 0, |at, v| [l.mul(l.load(&weights[at..]), v)]);
        let mean = weighted / s;
        if let Some([grad]) = grads {
            let splat = |x| l.splat(E::Real::of(x));
            let (mean, scale) = (splat(mean), splat(self.inverse / s));
            fill!(l, grad, through, |at| {
                let v = l.sub(read_or(l, &upstream[at..], zero), mean);
                l.mul(l.mul(l.load(&weights[at..]), scale), v)
            });
        }
        mean
    }
}
