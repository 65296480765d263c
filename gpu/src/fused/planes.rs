//! Kernels of logits by planes, `[B, K, H, W]`, as an encoder leaves them. The codes of one position lie a plane apart.
//!
//! Nothing is transposed: a lane is a position. Memory is read in its own order, 64 planes at a time. A block of planes
//! is read once for the largest logits of the positions so far. It is read once more, from the cache, for their sums,
//! which first move to that reference. With a gradient the planes are read from memory a second time.

use rayon::prelude::*;

use super::isa::{Isa, Kernel, Numbers};
use super::lanes::Stored;
use super::moments::{Moments, Quantity, Slope, split_high_low};
use super::real::Real;
use super::rows::{STREAM_FROM_BYTES, WIDEST};
use crate::Error;

mod pair;
mod sweep;

pub(super) use pair::Tile as PairTile;
pub use pair::{cross_entropy, kl_divergence};

/// Images of `k` planes of `positions` numbers each, one image after the other.
#[derive(Debug, Clone, Copy)]
pub struct Planes<'a, E> {
    entries: &'a [E],
    k: usize,
    positions: usize,
}

impl<'a, E> Planes<'a, E> {
    /// Cuts entries into images of `k` planes of `positions` numbers. `tensor` is the name that the error gives to
    /// them.
    ///
    /// # Errors
    /// [`Error::Rows`] unless the entries are a whole number of images, and neither size is 0.
    pub const fn new(tensor: &'static str, entries: &'a [E], k: usize, positions: usize) -> Result<Self, Error> {
        let image = k.saturating_mul(positions);
        if image == 0 || !entries.len().is_multiple_of(image) {
            return Err(Error::Rows {
                tensor,
                entries: entries.len(),
                k: image,
            });
        }
        Ok(Self { entries, k, positions })
    }

    /// The number of positions of a tile. It is such that there are tiles for all cores, of whole vectors.
    fn tile(&self) -> usize {
        let images = self.entries.len() / (self.k * self.positions);
        let tiles = rayon::current_num_threads().div_ceil(images.max(1));
        self.positions.div_ceil(tiles).next_multiple_of(WIDEST)
    }

    /// The number of distributions, images times positions.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.entries.len() / self.k
    }
}

/// The divergence from the uniform distribution at every position of every image, as
/// [`kl_to_uniform`](super::kl_to_uniform).
///
/// Shapes: `values` is `[B, H, W]`, and `grad` is as large as the logits.
///
/// # Panics
/// When `values` or `grad` are not as long as the planes ask for.
pub fn kl_to_uniform<E: Numbers>(isa: Isa, x: Planes<'_, E>, weight: f64, values: &mut [f64], grad: Option<&mut [E]>) {
    for_each_tile(isa, x, weight, Quantity::KlToUniform, values, grad);
}

/// The entropy at every position of every image, as [`entropy`](super::entropy).
///
/// Shapes: `values` is `[B, H, W]`, and `grad` is as large as the logits.
///
/// # Panics
/// When `values` or `grad` are not as long as the planes ask for.
pub fn entropy<E: Numbers>(isa: Isa, x: Planes<'_, E>, weight: f64, values: &mut [f64], grad: Option<&mut [E]>) {
    for_each_tile(isa, x, weight, Quantity::Entropy, values, grad);
}

/// Cuts the images into tiles of whole vectors, enough for all cores, and runs the kernel over them.
fn for_each_tile<E: Numbers>(
    isa: Isa,
    x: Planes<'_, E>,
    weight: f64,
    quantity: Quantity,
    values: &mut [f64],
    grad: Option<&mut [E]>,
) {
    assert_eq!(values.len(), x.count(), "one value a position");
    let (k, positions) = (x.k, x.positions);
    let width = x.tile();
    let through = size_of_val(x.entries) > STREAM_FROM_BYTES;
    let mut cut: Vec<Tile<'_, E>> = Vec::new();
    for (image, values) in x.entries.chunks(k * positions).zip(values.chunks_mut(positions)) {
        for (tile, values) in values.chunks_mut(width).enumerate() {
            let first = tile * width;
            cut.push(Tile {
                moments: Moments { weight, quantity },
                planes: image
                    .chunks(positions)
                    .map(|plane| &plane[first..first + values.len()])
                    .collect(),
                values,
                grad: Vec::new(),
                through,
            });
        }
    }
    if let Some(grad) = grad {
        assert_eq!(grad.len(), x.entries.len(), "one derivative a logit");
        let tiles = positions.div_ceil(width);
        for (plane, slopes) in grad.chunks_mut(positions).enumerate() {
            for (tile, slopes) in slopes.chunks_mut(width).enumerate() {
                cut[(plane / k) * tiles + tile].grad.push(slopes);
            }
        }
    }
    cut.into_par_iter().for_each(|tile| E::run(isa, tile));
}

/// Some positions of an image, on one core.
pub(super) struct Tile<'a, E> {
    moments: Moments,
    /// The logits at these positions, plane by plane.
    planes: Vec<&'a [E]>,
    values: &'a mut [f64],
    /// The places of the gradient at these positions, plane by plane; none when it was not asked for.
    grad: Vec<&'a mut [E]>,
    through: bool,
}

/// A buffer with a number for every position, long enough to read a whole vector from any of them.
fn lane<R: Real>(positions: usize, x: R) -> Vec<R> {
    vec![x; positions + WIDEST]
}

impl<E: Numbers> Kernel<E> for Tile<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Stored<E, Real = E::Real>>(mut self, l: L) {
        let width = self.values.len();
        #[expect(clippy::cast_precision_loss, reason = "a count of codes")]
        let k = self.planes.len() as f64;
        let (most, sums) = self.around_the_largest(l);
        let mut slopes: Vec<Slope> = Vec::with_capacity(width);
        // Where the sum around the largest cancels, the position is swept again around its centre.
        let (mut centres, mut again) = (vec![0.0; width], vec![false; width.next_multiple_of(WIDEST)]);
        for (j, value) in self.values.iter_mut().enumerate() {
            let max = most[j].to_f64();
            let (found, slope, accepted) = self.moments.around_the_largest(k, max, sums[j]);
            *value = found;
            slopes.push(slope);
            centres[j] = max + (sums[j][0] / k).ln();
            again[j] = !accepted;
        }
        let mut low = lane(width, E::Real::of(0.0));
        if again.contains(&true) {
            let mut high = lane(width, E::Real::of(0.0));
            for (j, centre) in centres.iter().enumerate() {
                (high[j], low[j]) = split_high_low(*centre);
            }
            let sums = self.around_the_centre(l, &high, &low, &again);
            for (j, value) in self.values.iter_mut().enumerate() {
                if again[j] {
                    (*value, slopes[j]) = self.moments.around_the_centre(k, centres[j], high[j].to_f64(), sums[j]);
                } else {
                    low[j] = E::Real::of(0.0);
                }
            }
        }
        if !self.grad.is_empty() {
            self.gradient(l, &slopes, &low);
        }
    }
}
