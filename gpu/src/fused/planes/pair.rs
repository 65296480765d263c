//! Kernels of two tables of logits by planes. Some positions at a time are copied into rows that stay in the caches,
//! where the kernel of rows takes them.
//!
//! Memory is read once, a few lines of every plane at a time. A tile is rearranged at a time, and never a table.

use rayon::prelude::*;

use super::Planes;
use crate::fused::divergence::{Pair, Quantity};
use crate::fused::isa::{Isa, Kernel, Numbers};
use crate::fused::lanes::{Stored, prefetch};
use crate::fused::real::Real;
use crate::fused::rows::{RowKernel, WIDEST, Work};

/// The divergence at every position of every image, as [`kl_divergence`](crate::fused::kl_divergence).
///
/// Shapes: `values` is `[B, H, W]`, and each of `grads` is as large as the logits.
///
/// # Panics
/// When the tables, `values` or `grads` do not fit each other.
pub fn kl_divergence<E: Numbers>(
    isa: Isa,
    tables: [Planes<'_, E>; 2],
    weight: f64,
    values: &mut [f64],
    grads: Option<[&mut [E]; 2]>,
) {
    let quantity = Quantity::Divergence;
    for_each_tile(isa, Pair { weight, quantity }, tables, values, grads);
}

/// The cross-entropy at every position of every image, as [`cross_entropy`](crate::fused::cross_entropy).
///
/// Shapes: `values` is `[B, H, W]`, and each of `grads` is as large as the logits.
///
/// # Panics
/// When the tables, `values` or `grads` do not fit each other.
pub fn cross_entropy<E: Numbers>(
    isa: Isa,
    tables: [Planes<'_, E>; 2],
    weight: f64,
    values: &mut [f64],
    grads: Option<[&mut [E]; 2]>,
) {
    let quantity = Quantity::CrossEntropy;
    for_each_tile(isa, Pair { weight, quantity }, tables, values, grads);
}

/// How many planes lie between the one that is read and the one that is asked for ahead of time.
const AHEAD: usize = 32;

/// How many positions are copied into rows at once. A visit to a plane then reads about two lines of the cache.
const WIDTH: usize = 32;

fn for_each_tile<E: Numbers>(
    isa: Isa,
    pair: Pair,
    [a, b]: [Planes<'_, E>; 2],
    values: &mut [f64],
    grads: Option<[&mut [E]; 2]>,
) {
    assert_eq!(
        (a.entries.len(), a.k, a.positions),
        (b.entries.len(), b.k, b.positions),
        "two tables of one shape"
    );
    assert_eq!(values.len(), a.count(), "one value a position");
    let width = a.tile();
    let mut tiles: Vec<Tile<'_, E>> = Vec::new();
    let images = a
        .entries
        .chunks(a.k * a.positions)
        .zip(b.entries.chunks(a.k * a.positions));
    for ((a_image, b_image), values) in images.zip(values.chunks_mut(a.positions)) {
        for (tile, values) in values.chunks_mut(width).enumerate() {
            tiles.push(Tile {
                pair: &pair,
                images: [a_image, b_image],
                positions: a.positions,
                first: tile * width,
                values,
                grads: None,
            });
        }
    }
    if let Some(grads) = grads {
        let per_image = a.positions.div_ceil(width);
        for (which, grad) in grads.into_iter().enumerate() {
            assert_eq!(grad.len(), a.entries.len(), "one derivative a logit");
            for (plane, slopes) in grad.chunks_mut(a.positions).enumerate() {
                for (tile, slopes) in slopes.chunks_mut(width).enumerate() {
                    let grads = &mut tiles[(plane / a.k) * per_image + tile].grads;
                    grads.get_or_insert_default()[which].push(slopes);
                }
            }
        }
    }
    tiles.into_par_iter().for_each(|tile| E::run(isa, tile));
}

/// Some positions of an image, on one core.
pub(in crate::fused) struct Tile<'a, E> {
    pair: &'a Pair,
    images: [&'a [E]; 2],
    positions: usize,
    first: usize,
    values: &'a mut [f64],
    /// These positions of every plane of both gradients.
    grads: Option<[Vec<&'a mut [E]>; 2]>,
}

impl<E: Numbers> Kernel<E> for Tile<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Stored<E, Real = E::Real>>(mut self, l: L) {
        let k = self.images[0].len() / self.positions;
        // The length of a row in memory is no power of two, since rows would then fall on each other in the cache.
        let stride = k + WIDEST;
        let nothing = E::narrow(E::Real::of(0.0));
        let mut rows = [vec![nothing; WIDTH * stride], vec![nothing; WIDTH * stride]];
        let mut slopes = [vec![nothing; k], vec![nothing; k]];
        let mut work = Work::default();
        for (block, values) in self.values.chunks_mut(WIDTH).enumerate() {
            let from = self.first + block * WIDTH;
            for (rows, image) in rows.iter_mut().zip(self.images) {
                for (code, plane) in image.chunks_exact(self.positions).enumerate() {
                    // A plane is about a page, so that the processor does not read ahead by itself.
                    for line in (0..WIDTH).step_by(64 / size_of::<E>()) {
                        prefetch(plane.as_ptr().wrapping_add(AHEAD * self.positions + from + line));
                    }
                    let line = &plane[from..from + values.len()];
                    for (row, x) in rows.chunks_exact_mut(stride).zip(line) {
                        row[code] = *x;
                    }
                }
            }
            for (j, value) in values.iter_mut().enumerate() {
                let [a, b] = rows.each_mut().map(|rows| &mut rows[j * stride..][..k]);
                let wanted = self.grads.is_some().then(|| slopes.each_mut().map(Vec::as_mut_slice));
                *value = self.pair.row(l, 0, [&*a, &*b], wanted, &mut work);
                if self.grads.is_some() {
                    a.copy_from_slice(&slopes[0]);
                    b.copy_from_slice(&slopes[1]);
                }
            }
            let Some(grads) = &mut self.grads else { continue };
            for (rows, grad) in rows.iter().zip(grads) {
                for (code, plane) in grad.iter_mut().enumerate() {
                    let line = &mut plane[block * WIDTH..][..values.len()];
                    for (row, slope) in rows.chunks_exact(stride).zip(line) {
                        *slope = row[code];
                    }
                }
            }
        }
    }
}
