//! The codebook's rows mixed by samples of codes. A sample is computed where it is multiplied, and never stored.
//!
//! Forward, a core takes some rows at a time and walks the codes in chunks. Backward, it takes a slab of codes and
//! walks the rows, so that one core adds up every entry of the codebook's gradient, in the order of the rows. The bits
//! are the same for any number of cores.

use std::borrow::Cow;
use std::ops::Range;

use rayon::prelude::*;

use super::gumbel::{Around, Gumbel, Running, Sample};
use super::isa::{Isa, Kernel, Numbers};
use super::lanes::{Lanes, Stored};
use super::product::{Ahead, Left, TILE, add_product};
use super::real::Real;
use super::rows::{Rows, STREAM_FROM_BYTES, WIDEST};
use crate::Error;

mod slab;

pub(super) use slab::Slab;

/// How many rows a core takes forward: so often is a chunk of the codebook used while it lies in the cache.
const ROWS: usize = 96;

/// How many rows are multiplied at once on the way back.
const BLOCK: usize = 48;

/// How many codes are weighed at once.
const CODES: usize = 256;

/// How many codes a slab has.
const SLAB: usize = 512;

/// The numbers of additions that an entry goes through, for error bounds: an entry of [`codebook_mix`] over `k` codes,
/// and an entry of the codebook's gradient over so many rows.
///
/// A mixed entry adds up each chunk of codes and of their weights, and is rounded twice more when a larger weight
/// follows.
#[must_use]
pub const fn additions(k: usize, rows: usize) -> (usize, usize) {
    (CODES + 6 * k.div_ceil(CODES), BLOCK + rows.div_ceil(BLOCK))
}

/// The backward pass of [`codebook_mix`]: the derivative of the loss with respect to the mixed rows, and the buffers
/// for those with respect to the inputs.
#[derive(Debug)]
pub struct Pull<'a, E> {
    /// The derivative with respect to the mixed rows, `dL/de`, as large as these.
    pub upstream: Rows<'a, E>,
    /// The buffer for the derivative with respect to the logits, `dL/dx`, as large as these.
    pub to_logits: &'a mut [E],
    /// The buffer for the derivative with respect to the codebook, `dL/dC`, as large as that.
    pub to_codebook: &'a mut [E],
}

/// Mixes the codebook's rows by the sample of every row of logits, with gradients where a [`Pull`] is given.
///
/// ```text
/// e_d = sum_k y_k C_kd                              v_k = w.C_k,   w = dL/de
/// dL/dC_kd = sum_rows y_k w_d                       dL/dx_k = (y_k / tau) (v_k - w.e)
/// ```
///
/// Straight-through, `y` is one-hot in `e` and in `dL/dC`, and relaxed in `dL/dx`.
///
/// The logits are read once for their largest and then, with the noise, for everything else. What is mixed is relative
/// to the largest score so far, and follows it. Straight-through reads the row once more for the place of the code, and
/// gradients once more for everything. Both find the same largest score at the same place, so that at any temperature a
/// weight is at most 1 and the weights add up to 1. Sums over codes and rows are computed in the lanes' type; see
/// [`additions`].
///
/// Shapes: logits and noise are `[rows, K]`, and the codebook is `[K, D]`; `mixed` is `[rows, D]`.
/// Limits: as [`gumbel_softmax`](super::gumbel_softmax). A codebook whose entries exceed the type's largest number over
/// 256 may overflow. Reference: `reference::relaxation::Relaxed::mix`.
///
/// # Errors
/// [`Error::Rows`] for a codebook that does not have one row for every code.
///
/// # Panics
/// When `mixed` or the buffers of the gradients do not fit.
pub fn codebook_mix<E: Numbers>(
    isa: Isa,
    gumbel: Gumbel<'_, E>,
    sample: Sample,
    codebook: Rows<'_, E>,
    mixed: &mut [E],
    pull: Option<Pull<'_, E>>,
) -> Result<(), Error> {
    let (rows, k, d) = (gumbel.logits.count(), gumbel.logits.k(), codebook.k());
    if codebook.count() != k {
        return Err(Error::Rows {
            tensor: "codebook",
            entries: codebook.count() * d,
            k: k * d,
        });
    }
    assert_eq!(mixed.len(), rows * d, "one mixed row a row of logits");
    let mix = Mix {
        gumbel,
        sample,
        codebook,
        inverse: 1.0 / gumbel.temperature,
    };
    let upstream = pull.as_ref().map(|pull| pull.upstream);
    let mut plans = vec![Plan::default(); rows];
    // Rows are independent. A core takes fewer at a time where there are few, so that all cores have some.
    let share = rows.div_ceil(4 * rayon::current_num_threads()).next_multiple_of(TILE);
    let block = share.clamp(TILE, ROWS);
    let blocks = mixed.par_chunks_mut(block * d).zip(plans.par_chunks_mut(block));
    blocks.enumerate().for_each(|(at, (mixed, plans))| {
        let forward = Forward {
            mix: &mix,
            upstream,
            first: at * block,
            mixed,
            plans,
        };
        E::run(isa, forward);
    });
    if let Some(pull) = pull {
        mix.pull(isa, &plans, pull);
    }
    Ok(())
}

/// What the backward pass has to know of a row's sample: the centre of its weights, their scale `1 / s`, the mean `w.e`
/// of the relaxed sample, and the code.
#[derive(Debug, Clone, Copy, Default)]
struct Plan {
    around: Around,
    scale: f64,
    mean: f64,
    code: usize,
}

struct Mix<'a, E> {
    gumbel: Gumbel<'a, E>,
    sample: Sample,
    codebook: Rows<'a, E>,
    inverse: f64,
}

impl<E: Numbers> Mix<'_, E> {
    fn row(&self, i: usize) -> (&[E], &[E]) {
        (self.gumbel.logits.row(i), self.gumbel.noise.row(i))
    }

    /// The addresses of the logits and the noise of `N` rows, from code `from` on. For a row that is not there they are
    /// those of the last row.
    fn pieces<const N: usize>(&self, first: usize, from: usize) -> [[*const E; 2]; N] {
        let last = self.gumbel.logits.count() - 1;
        std::array::from_fn(|i| {
            let (x, noise) = self.row((first + i).min(last));
            [x, noise].map(|row| row.as_ptr().wrapping_add(from))
        })
    }

    /// The codebook's rows of some codes, widened to `columns`. They are borrowed where they lie in memory that way
    /// already.
    fn codes(&self, codes: Range<usize>, columns: usize) -> Cow<'_, [E::Real]> {
        let d = self.codebook.k();
        let lie = &self.codebook.entries[codes.start * d..codes.end * d];
        match E::as_computed(lie) {
            Some(lie) if d == columns => Cow::Borrowed(lie),
            _ => {
                let mut wide = Vec::with_capacity(codes.len() * columns);
                widened(lie.chunks(d), columns, &mut wide);
                Cow::Owned(wide)
            }
        }
    }

    /// Turns the weights of a slab that starts at code `first` into the sample that went forward: normalised, or
    /// one-hot.
    #[inline(always)]
    fn forward<L: Stored<E, Real = E::Real>>(&self, l: L, plan: &Plan, first: usize, weights: &mut [E::Real]) {
        if self.sample == Sample::Relaxed || plan.scale.is_nan() {
            multiply(l, weights, plan.scale);
            return;
        }
        weights.fill(E::Real::of(0.0));
        if let Some(weight) = plan.code.checked_sub(first).and_then(|code| weights.get_mut(code)) {
            *weight = E::Real::ONE;
        }
    }

    fn pull(&self, isa: Isa, plans: &[Plan], pull: Pull<'_, E>) {
        let (k, d) = (self.gumbel.logits.k(), self.codebook.k());
        assert_eq!((pull.upstream.count(), pull.upstream.k()), (plans.len(), d), "as mixed");
        assert_eq!(pull.to_logits.len(), plans.len() * k, "one derivative a logit");
        assert_eq!(pull.to_codebook.len(), k * d, "one derivative an entry of the codebook");
        let through = size_of_val(pull.to_logits) > STREAM_FROM_BYTES;
        let mut slabs: Vec<Slab<'_, E>> = pull
            .to_codebook
            .chunks_mut(SLAB * d)
            .enumerate()
            .map(|(at, to_codebook)| Slab {
                mix: self,
                plans,
                upstream: pull.upstream,
                first: at * SLAB,
                to_logits: Vec::with_capacity(plans.len()),
                to_codebook,
                through,
            })
            .collect();
        for row in pull.to_logits.chunks_mut(k) {
            for (slab, piece) in slabs.iter_mut().zip(row.chunks_mut(SLAB)) {
                slab.to_logits.push(piece);
            }
        }
        slabs.into_par_iter().for_each(|slab| E::run(isa, slab));
    }
}

/// Multiplies whole vectors of numbers by `by`.
#[inline(always)]
fn multiply<L: Lanes>(l: L, numbers: &mut [L::Real], by: f64) {
    let by = l.splat(L::Real::of(by));
    for numbers in numbers.chunks_exact_mut(L::N) {
        l.store(numbers, l.mul(l.load(numbers), by));
    }
}

/// Copies rows of numbers as rows of `columns` numbers, whose rest is 0.
fn widened<'a, E: Numbers + 'a>(rows: impl Iterator<Item = &'a [E]>, columns: usize, into: &mut Vec<E::Real>) {
    into.clear();
    for row in rows {
        let end = into.len() + columns;
        into.extend(row.iter().map(|x| x.widen()));
        into.resize(end, E::Real::of(0.0));
    }
}

/// The forward pass over some rows of logits, on one core.
pub(super) struct Forward<'a, 'b, E> {
    mix: &'b Mix<'a, E>,
    upstream: Option<Rows<'a, E>>,
    first: usize,
    mixed: &'b mut [E],
    plans: &'b mut [Plan],
}

impl<E: Numbers> Kernel<E> for Forward<'_, '_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Stored<E, Real = E::Real>>(self, l: L) {
        let mix = self.mix;
        let (rows, k, d) = (self.plans.len(), mix.gumbel.logits.k(), mix.codebook.k());
        let zero = E::Real::of(0.0);
        let across = d.next_multiple_of(WIDEST);
        let mut e = vec![zero; rows * across];
        let mut weights = vec![zero; TILE * CODES];
        let before = |i| Running::before(l, mix.row(self.first + i).0);
        let mut running: Vec<Running> = (0..rows).map(before).collect();
        for from in (0..k).step_by(CODES) {
            let to = (from + CODES).min(k);
            let codebook = mix.codes(from..to, across);
            for (tile, running) in running.chunks_mut(TILE).enumerate() {
                let e = &mut e[tile * TILE * across..][..running.len() * across];
                let parts = running.iter_mut().zip(e.chunks_mut(across));
                for ((i, (running, e)), weights) in parts.enumerate().zip(weights.chunks_mut(CODES)) {
                    let (x, noise) = mix.row(self.first + tile * TILE + i);
                    let part = (&x[from..to], &noise[from..to]);
                    let kept = running.weigh(l, part, mix.inverse, weights);
                    if kept < 1.0 {
                        multiply(l, e, kept);
                    }
                }
                // The next part of the same rows is needed when all of these have been multiplied.
                let next = mix.pieces::<TILE>(self.first + tile * TILE, to);
                let left = Left::ByRows { stride: CODES };
                let product = (running.len(), to - from);
                add_product(
                    l,
                    (&weights, left),
                    product,
                    across,
                    &codebook,
                    e,
                    Ahead::<E, CODES>(next.as_flattened()),
                );
            }
        }
        for (i, (plan, mixed)) in self.plans.iter_mut().zip(self.mixed.chunks_mut(d)).enumerate() {
            let e = &e[i * across..][..d];
            plan.around = running[i].around;
            // A row in which every code is masked is undefined.
            plan.scale = if running[i].sum > 0.0 {
                1.0 / running[i].sum
            } else {
                f64::NAN
            };
            if let Some(upstream) = self.upstream {
                let products = upstream.row(self.first + i).iter().zip(e);
                let sum: f64 = products.map(|(w, e)| w.widen().to_f64() * e.to_f64()).sum();
                plan.mean = sum * plan.scale;
            }
            if mix.sample == Sample::StraightThrough && !plan.scale.is_nan() {
                let (x, noise) = mix.row(self.first + i);
                plan.code = plan.around.code(l, (x, noise)).unwrap_or_default();
                mixed.copy_from_slice(mix.codebook.row(plan.code));
                continue;
            }
            for (mixed, e) in mixed.iter_mut().zip(e) {
                *mixed = E::narrow(E::Real::of(e.to_f64() * plan.scale));
            }
        }
    }
}
