//! The backward pass of the codebook: one core has a slab of codes, and walks the rows one after the other.

use std::ops::Range;

use super::{BLOCK, Mix, Plan, SLAB, widened};
use crate::fused::isa::{Kernel, Numbers};
use crate::fused::lanes::{self, Stored};
use crate::fused::product::{Ahead, Left, TILE, add_product};
use crate::fused::real::Real;
use crate::fused::rows::{Rows, WIDEST, fill};

/// The backward pass of some codes of every row, on one core.
pub(in crate::fused) struct Slab<'a, E> {
    pub(super) mix: &'a Mix<'a, E>,
    pub(super) plans: &'a [Plan],
    pub(super) upstream: Rows<'a, E>,
    pub(super) first: usize,
    /// The slab's piece of every row.
    pub(super) to_logits: Vec<&'a mut [E]>,
    pub(super) to_codebook: &'a mut [E],
    pub(super) through: bool,
}

impl<E: Numbers> Kernel<E> for Slab<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Stored<E, Real = E::Real>>(self, l: L) {
        let mix = self.mix;
        let d = mix.codebook.k();
        let codes = self.to_codebook.len() / d;
        let zero = E::Real::of(0.0);
        let across = d.next_multiple_of(WIDEST);
        let transposed = transposed(mix, self.first..self.first + codes);
        let mut to_codebook = vec![zero; codes * across];
        // The buffer is longer by a vector, so that a whole vector can be read from any place.
        let mut weights = vec![zero; BLOCK * SLAB + WIDEST];
        #[expect(clippy::useless_vec, reason = "100 KB are no place on the stack")]
        let mut slopes = vec![zero; BLOCK * SLAB + WIDEST];
        let mut w = Vec::with_capacity(BLOCK * across);
        let mut pieces = self.to_logits.into_iter();
        for (block, plans) in self.plans.chunks(BLOCK).enumerate() {
            let first = block * BLOCK;
            let rows = first..first + plans.len();
            widened(rows.clone().map(|i| self.upstream.row(i)), across, &mut w);
            slopes.fill(zero);
            let left = Left::ByRows { stride: across };
            let tiles = w.chunks(TILE * across).zip(slopes.chunks_mut(TILE * SLAB));
            for (tile, (w, slopes)) in tiles.enumerate() {
                // The rows of the next block are needed when this one has been pulled.
                let next = mix.pieces::<TILE>(first + BLOCK + tile * TILE, self.first);
                let (product, ahead) = ((w.len() / across, d), Ahead::<E, SLAB>(next.as_flattened()));
                add_product(l, (w, left), product, SLAB, &transposed, slopes, ahead);
            }
            for ((i, plan), grad) in rows.zip(plans).zip(&mut pieces) {
                let at = (i - first) * SLAB;
                let weights = &mut weights[at..at + SLAB + WIDEST];
                let (x, noise) = mix.row(i);
                let part = self.first..self.first + codes;
                plan.around
                    .weigh(l, (&x[part.clone()], &noise[part]), mix.inverse, weights);
                let splat = |x| l.splat(E::Real::of(x));
                let (scale, mean, inverse) = (splat(plan.scale), splat(plan.mean), splat(mix.inverse));
                let slopes = &slopes[at..];
                fill!(l, grad, self.through, |at| {
                    let y = l.mul(l.load(&weights[at..]), scale);
                    l.mul(l.mul(y, l.sub(l.load(&slopes[at..]), mean)), inverse)
                });
                mix.forward(l, plan, self.first, &mut weights[..SLAB]);
            }
            let left = Left::ByColumns { stride: SLAB };
            let product = (codes, plans.len());
            add_product(
                l,
                (&weights, left),
                product,
                across,
                &w,
                &mut to_codebook,
                Ahead::<E, SLAB>(&[]),
            );
        }
        narrow(&to_codebook, across, self.to_codebook, d);
        if self.through {
            lanes::fence(); // here, on the core that has streamed
        }
    }
}

/// The slab of these codes in the type that is computed in, `[d, SLAB]`: one column for each code.
#[inline(always)]
fn transposed<E: Numbers>(mix: &Mix<'_, E>, codes: Range<usize>) -> Vec<E::Real> {
    let mut transposed = vec![E::Real::of(0.0); mix.codebook.k() * SLAB];
    for (code, row) in codes.map(|code| mix.codebook.row(code)).enumerate() {
        for (j, c) in row.iter().enumerate() {
            transposed[j * SLAB + code] = c.widen();
        }
    }
    transposed
}

/// Rounds the first `d` of `across` slopes of each code to the stored type.
#[inline(always)]
fn narrow<E: Numbers>(slopes: &[E::Real], across: usize, grads: &mut [E], d: usize) {
    for (row, grad) in slopes.chunks(across).zip(grads.chunks_mut(d)) {
        for (slope, grad) in row.iter().zip(grad) {
            *grad = E::narrow(*slope);
        }
    }
}
