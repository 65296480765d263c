//! Scaled dot-product attention of sequences to themselves, head by head, without a table of all heads' weights.

use rayon::prelude::*;

use super::matrix::{Multiplied, Side, add_product, set_product};

/// The sizes of scaled dot-product attention, and the positions that each position reads.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// The number of positions of a sequence, `S`.
    pub length: usize,
    /// The width of all heads together, `d`.
    pub width: usize,
    /// The number of heads, which divides the width.
    pub heads: usize,
    /// The mask, `[S, S]`, not 0 where the row's position reads the column's.
    pub mask: &'a [u8],
}

impl Attention<'_> {
    const fn part(self) -> usize {
        self.width / self.heads
    }

    /// The count of numbers of one sequence. Panics where the tables are no whole sequences.
    fn checked<T>(self, tables: &[&[T]]) -> usize {
        let heads = self.heads > 0 && self.width.is_multiple_of(self.heads);
        let mask = self.length.checked_mul(self.length) == Some(self.mask.len());
        let each = self.length.checked_mul(self.width).filter(|each| *each > 0);
        let whole = each.is_some_and(|each| tables.iter().all(|table| table.len().is_multiple_of(each)));
        let alike = tables.windows(2).all(|pair| pair[0].len() == pair[1].len());
        assert!(
            heads && mask && whole && alike,
            "whole sequences of {} heads and their mask",
            self.heads
        );
        each.unwrap_or(1)
    }

    /// Computes the values from queries, keys and values.
    ///
    /// ```text
    /// softmax(q k^T / sqrt(d_h)) v   over the positions that the mask reads
    /// ```
    ///
    /// Shapes: queries, keys, values and the result are `[B, S, d]`. Reference: `reference::network::Attention`.
    ///
    /// # Panics
    /// When the slices do not fit the sizes.
    pub fn forward<T: Multiplied>(self, [q, k, v]: [&[T]; 3]) -> Vec<T> {
        let (each, part) = (self.checked(&[q, k, v]), self.part());
        let mut mixed = vec![T::default(); q.len()];
        mixed
            .par_chunks_exact_mut(each)
            .enumerate()
            .for_each_init(Vec::new, |weights, (at, mixed)| {
                let of = |x: &'_ [T]| -> std::ops::Range<usize> { at * each..((at + 1) * each).min(x.len()) };
                let (q, k, v) = (&q[of(q)], &k[of(k)], &v[of(v)]);
                for head in 0..self.heads {
                    let from = head * part;
                    self.weigh([&q[from..], &k[from..]], weights);
                    let sizes = [self.length, self.length, part];
                    let values = Side::rows(&v[from..], self.width);
                    add_product(
                        sizes,
                        Side::rows(weights, self.length),
                        values,
                        (&mut mixed[from..], self.width),
                    );
                }
            });
        mixed
    }

    /// Computes the gradients of `sum pull y` with respect to queries, keys and values, where `y` is the result.
    ///
    /// ```text
    /// dv = w^T pull                  dw = pull v^T                  ds = w (dw - sum_j w_j dw_j)
    /// dq = ds k / sqrt(d_h)          dk = ds^T q / sqrt(d_h)
    /// ```
    ///
    /// # Panics
    /// When the slices do not fit the sizes.
    pub fn backward<T: Multiplied>(self, [q, k, v]: [&[T]; 3], pull: &[T]) -> [Vec<T>; 3] {
        let (each, part, n) = (self.checked(&[q, k, v, pull]), self.part(), self.length);
        let mut slopes = [0, 1, 2].map(|_| vec![T::default(); q.len()]);
        let [dq, dk, dv] = &mut slopes;
        let out = dq.par_chunks_exact_mut(each).zip(dk.par_chunks_exact_mut(each));
        let out = out.zip(dv.par_chunks_exact_mut(each)).enumerate();
        let scale = self.scale::<T>();
        out.for_each_init(
            || (Vec::new(), Vec::new()),
            |(weights, moved), (at, ((dq, dk), dv))| {
                let of = |x: &'_ [T]| -> std::ops::Range<usize> { at * each..((at + 1) * each).min(x.len()) };
                let (q, k, v, pull) = (&q[of(q)], &k[of(k)], &v[of(v)], &pull[of(pull)]);
                for head in 0..self.heads {
                    let from = head * part;
                    self.weigh([&q[from..], &k[from..]], weights);
                    let pulls = Side::rows(&pull[from..], self.width);
                    add_product(
                        [n, n, part],
                        Side::columns(weights, n),
                        pulls,
                        (&mut dv[from..], self.width),
                    );
                    moved.resize(n * n, T::default());
                    set_product([n, part, n], pulls, Side::columns(&v[from..], self.width), (moved, n));
                    for (weights, moved) in weights.chunks_exact(n).zip(moved.chunks_exact_mut(n)) {
                        let mean: f64 = weights.iter().zip(&*moved).map(|(w, m)| w.to_f64() * m.to_f64()).sum();
                        for (w, m) in weights.iter().zip(moved) {
                            *m = *w * T::of(m.to_f64() - mean) * scale;
                        }
                    }
                    let keys = Side::rows(&k[from..], self.width);
                    add_product([n, n, part], Side::rows(moved, n), keys, (&mut dq[from..], self.width));
                    let queries = Side::rows(&q[from..], self.width);
                    add_product(
                        [n, n, part],
                        Side::columns(moved, n),
                        queries,
                        (&mut dk[from..], self.width),
                    );
                }
            },
        );
        slopes
    }

    fn scale<T: Multiplied>(self) -> T {
        #[expect(clippy::cast_precision_loss, reason = "a head's width")]
        let width = self.part() as f64;
        T::of(width.sqrt().recip())
    }

    /// Computes the weights of a head, `[S, S]`, which are 0 where the mask does not read.
    fn weigh<T: Multiplied>(self, [q, k]: [&[T]; 2], weights: &mut Vec<T>) {
        let n = self.length;
        weights.resize(n * n, T::default());
        let (queries, keys) = (Side::rows(q, self.width), Side::columns(k, self.width));
        set_product([n, self.part(), n], queries, keys, (weights, n));
        let scale = self.scale::<T>();
        for (row, mask) in weights.chunks_exact_mut(n).zip(self.mask.chunks_exact(n)) {
            let mut most = f64::NEG_INFINITY;
            for (score, read) in row.iter_mut().zip(mask) {
                *score = *score * scale;
                if *read != 0 {
                    most = most.max(score.to_f64());
                }
            }
            let mut total = 0.0;
            for (score, read) in row.iter_mut().zip(mask) {
                *score = if *read == 0 {
                    T::default()
                } else {
                    T::of(score.to_f64() - most).exp()
                };
                total += score.to_f64();
            }
            let share = T::of(total.recip());
            row.iter_mut().for_each(|weight| *weight = *weight * share);
        }
    }
}
