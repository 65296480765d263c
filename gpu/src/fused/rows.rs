//! Tables of rows, and the loop over them on all cores, which every kernel of rows runs in.

use rayon::prelude::*;

pub(crate) use super::compiled::for_each_row;
use super::isa::{Isa, Kernel, Numbers};
use super::lanes::{self, Lanes, Stored};
use super::real::Real;
use crate::Error;

/// A table of rows of `k` numbers, one row after the other.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a, E> {
    pub(crate) entries: &'a [E],
    k: usize,
}

impl<'a, E> Rows<'a, E> {
    /// Cuts entries into rows of `k` numbers. `tensor` is the name that the error gives to them.
    ///
    /// # Errors
    /// [`Error::Rows`] unless the entries are a whole number of rows and `k > 0`.
    pub const fn new(tensor: &'static str, entries: &'a [E], k: usize) -> Result<Self, Error> {
        if k == 0 || !entries.len().is_multiple_of(k) {
            return Err(Error::Rows {
                tensor,
                entries: entries.len(),
                k,
            });
        }
        Ok(Self { entries, k })
    }

    /// The number of rows.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.entries.len() / self.k
    }

    /// The length of a row.
    #[must_use]
    pub const fn k(&self) -> usize {
        self.k
    }

    /// The numbers of row `i`.
    #[inline(always)]
    pub(crate) fn row(&self, i: usize) -> &'a [E] {
        &self.entries[i * self.k..(i + 1) * self.k]
    }
}

/// A function of one row of each of `T` tables, with `G` gradients.
pub(crate) trait RowKernel<E: Numbers, const T: usize, const G: usize>: Sync {
    /// Computes the value of row `index`, and writes the gradients where they are asked for.
    fn row<L: Stored<E, Real = E::Real>>(
        &self,
        l: L,
        index: usize,
        rows: [&[E]; T],
        grads: Option<[&mut [E]; G]>,
        work: &mut Work<E::Real>,
    ) -> f64;
}

/// The count of numbers in the longest vector.
pub(crate) const WIDEST: usize = 16;

/// The buffers that a core needs beside the tables: two rows, which are kept from row to row.
#[derive(Debug, Default)]
pub(crate) struct Work<R> {
    rows: [Vec<R>; 2],
    /// Whether gradients are written past the caches, because they are larger than these.
    pub(crate) through: bool,
}

impl<R: Real> Work<R> {
    /// Two buffers of at least `k` numbers and a vector. Their contents do not matter.
    #[inline(always)]
    pub(crate) fn two_rows(&mut self, k: usize) -> [&mut [R]; 2] {
        let whole = k + WIDEST;
        self.rows.each_mut().map(|row| {
            row.resize(row.len().max(whole), R::ONE);
            &mut row[..whole]
        })
    }
}

/// The size in bytes from which on a result is streamed past the caches: it does not fit beside what it was computed
/// from.
pub(crate) const STREAM_FROM_BYTES: usize = 8 << 20;

/// [`for_each_row`] as a generic function, which is compiled wherever it is called.
pub(super) fn sweep<E: Numbers, const T: usize, const G: usize>(
    isa: Isa,
    kernel: &impl RowKernel<E, T, G>,
    tables: [Rows<'_, E>; T],
    values: &mut [f64],
    grads: Option<[&mut [E]; G]>,
) {
    let k = tables[0].k;
    let through = size_of_val(tables[0].entries) > STREAM_FROM_BYTES;
    // There are a few pieces for each core, so that no core waits long for another.
    let piece = values.len().div_ceil(8 * rayon::current_num_threads()).max(1);
    let run = |first: usize, values: &mut [f64], grads: Option<[&mut [E]; G]>| {
        isa.run(Piece {
            kernel,
            tables,
            first,
            values,
            grads,
            through,
        });
    };
    match grads {
        None => values
            .par_chunks_mut(piece)
            .enumerate()
            .for_each(|(at, values)| run(at * piece, values, None)),
        Some(grads) => {
            let mut pieces = Vec::new();
            let mut rest = grads;
            for (at, values) in values.chunks_mut(piece).enumerate() {
                let length = values.len() * k;
                let mut cut = rest.map(|grad| Some(grad.split_at_mut(length)));
                rest = std::array::from_fn(|t| std::mem::take(&mut cut[t].as_mut().expect("cut once").1));
                let heads = cut.map(|halves| halves.expect("cut once").0);
                pieces.push((at * piece, values, heads));
            }
            pieces
                .into_par_iter()
                .for_each(|(first, values, grads)| run(first, values, Some(grads)));
        }
    }
}

/// Neighbouring rows, on one core.
struct Piece<'a, E, K, const T: usize, const G: usize> {
    kernel: &'a K,
    tables: [Rows<'a, E>; T],
    first: usize,
    values: &'a mut [f64],
    grads: Option<[&'a mut [E]; G]>,
    through: bool,
}

impl<E: Numbers, K: RowKernel<E, T, G>, const T: usize, const G: usize> Kernel<E> for Piece<'_, E, K, T, G> {
    type Output = ();

    #[inline(always)]
    fn run<L: Stored<E, Real = E::Real>>(mut self, l: L) {
        let k = self.tables[0].k;
        let mut work = Work {
            through: self.through,
            ..Work::default()
        };
        for (at, value) in self.values.iter_mut().enumerate() {
            let rows = self.tables.map(|table| table.row(self.first + at));
            let grads = self
                .grads
                .as_mut()
                .map(|grads| grads.each_mut().map(|grad| &mut grad[at * k..(at + 1) * k]));
            *value = self.kernel.row(l, self.first + at, rows, grads, &mut work);
        }
        if self.through {
            lanes::fence(); // here, on the core that has streamed
        }
    }
}

/// The number of rounds of 4 accumulators that are added up before their sum moves to `f64`.
///
/// An addend goes through at most 16 additions there, 2 more to bring the four accumulators together, and 4 in the tree
/// of a vector's lanes. See [`SUM`].
pub(crate) const ROUNDS: usize = 16;

/// The relative error of a kernel's sum over a row for addends of one sign, in units of the unit roundoff, beyond that
/// of the addends.
pub const SUM: f64 = 22.0;

/// Adds up functions of the numbers of a row, vector by vector:
/// `sums!(lanes, row, fill, ahead, |place, x| [term, ...])`.
///
/// The last vector is made whole with `fill`, for which the terms have to be finite. They do not count. The cache line
/// `ahead` numbers further on is asked for. This is a macro and not a function of a closure, since a closure is
/// compiled by itself, without the lanes' instructions.
macro_rules! sums {
    ($l:expr, $row:expr, $fill:expr, $ahead:expr, |$at:ident, $x:ident| $terms:expr) => {{
        use $crate::fused::rows::{ROUNDS, read_or};
        let (l, row, ahead) = ($l, $row, $ahead);
        let zero = l.splat(E::Real::of(0.0));
        let mut total = [0.0_f64; _];
        let mut $at = 0;
        for block in row.chunks(4 * ROUNDS * L::N) {
            let mut sum = [total.map(|_| zero); 4];
            let mut quads = block.chunks_exact(4 * L::N);
            for quad in &mut quads {
                for (j, sum) in sum.iter_mut().enumerate() {
                    if ahead > 0 {
                        $crate::fused::lanes::prefetch(quad.as_ptr().wrapping_add(ahead + j * L::N));
                    }
                    let $x = l.read(&quad[j * L::N..]);
                    let terms = $terms;
                    for (sum, term) in sum.iter_mut().zip(terms) {
                        *sum = l.add(*sum, term);
                    }
                    $at += L::N;
                }
            }
            for piece in quads.remainder().chunks(L::N) {
                let $x = read_or(l, piece, $fill);
                let terms = $terms;
                let counts = $crate::fused::rows::first_lanes(l, piece.len());
                for (sum, term) in sum[0].iter_mut().zip(terms) {
                    *sum = l.fma(term, counts, *sum);
                }
                $at += L::N;
            }
            for (a, total) in total.iter_mut().enumerate() {
                let four = l.add(l.add(sum[0][a], sum[1][a]), l.add(sum[2][a], sum[3][a]));
                *total += l.sum(four).to_f64();
            }
        }
        total
    }};
}
pub(crate) use sums;

/// A vector from a slice that may be shorter. The rest is `fill`.
#[inline(always)]
pub(crate) fn read_or<E: Copy, L: Stored<E>>(l: L, piece: &[E], fill: E) -> L::Vector {
    if piece.len() >= L::N {
        return l.read(piece);
    }
    let mut whole = [fill; WIDEST];
    whole[..piece.len()].copy_from_slice(piece);
    l.read(&whole)
}

/// A vector of 1 in the first lanes and 0 in the others.
#[inline(always)]
pub(crate) fn first_lanes<L: Lanes>(l: L, count: usize) -> L::Vector {
    let mut ones = [L::Real::of(0.0); WIDEST];
    for one in ones.iter_mut().take(count) {
        *one = L::Real::ONE;
    }
    l.load(&ones)
}

/// The largest number of a row.
#[inline(always)]
pub(crate) fn largest<E: Numbers, L: Stored<E, Real = E::Real>>(l: L, row: &[E]) -> f64 {
    let lowest = E::narrow(E::Real::NEG_INFINITY);
    let mut most = [l.splat(E::Real::NEG_INFINITY); 4];
    let mut quads = row.chunks_exact(4 * L::N);
    for quad in &mut quads {
        for j in 0..4 {
            most[j] = l.max(most[j], l.read(&quad[j * L::N..]));
        }
    }
    for piece in quads.remainder().chunks(L::N) {
        most[0] = l.max(most[0], read_or(l, piece, lowest));
    }
    let [w, x, y, z] = most;
    l.largest(l.max(l.max(w, x), l.max(y, z))).to_f64()
}

/// The count of numbers before the first place that is aligned to a vector of `n`.
#[inline(always)]
pub(crate) fn to_aligned<E>(into: &[E], n: usize) -> usize {
    let vector = n * size_of::<E>();
    (vector - into.as_ptr().addr() % vector) % vector / size_of::<E>()
}

/// Writes a function of a row's places, vector by vector: `fill!(lanes, into, through, |place| vector)`.
macro_rules! fill {
    ($l:expr, $into:expr, $through:expr, |$at:ident| $value:expr) => {{
        let (l, into): (_, &mut [E]) = ($l, $into);
        let through = $through && into.len() >= L::N;
        let mut $at = 0;
        if through {
            // Streamed stores are aligned. A plain vector comes first, which reaches beyond the first aligned place.
            l.write(into, $value);
            $at = $crate::fused::rows::to_aligned(into, L::N);
        }
        let mut whole = into[$at..].chunks_exact_mut(L::N);
        for chunk in &mut whole {
            let value = $value;
            if through {
                l.write_through(chunk, value);
            } else {
                l.write(chunk, value);
            }
            $at += L::N;
        }
        let rest = whole.into_remainder();
        if !rest.is_empty() {
            let mut last = [E::narrow(E::Real::ONE); $crate::fused::rows::WIDEST];
            l.write(&mut last, $value);
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }};
}
pub(crate) use fill;
