//! Products of blocks that lie in the caches, `out_ij += sum_p a_ip b_pj`, with a tile of `out` in registers.
//!
//! The products are our own and not a library's. The left side is computed where it is multiplied, and the bits of a
//! row may depend neither on the rows beside it nor on the cores. candle's `gemm` leaves AVX-512 off, splits sums by
//! the size of the whole product, and packs what is packed here already.

use super::lanes::{Lanes, prefetch};

/// The number of rows of a tile.
pub(super) const TILE: usize = 6;

/// The place of entry `(i, p)` of the left side `a`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Left {
    /// The entry is `a[i * stride + p]`.
    ByRows { stride: usize },
    /// The entry is `a[p * stride + i]`.
    ByColumns { stride: usize },
}

/// The pieces of `N` numbers that are needed next, wherever they lie. While a tile is multiplied, they are asked for, a
/// line of the cache at a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ahead<'a, E: Copy, const N: usize>(pub(super) &'a [*const E]);

impl<E: Copy, const N: usize> Ahead<'_, E, N> {
    #[inline(always)]
    fn ask(self, step: usize) {
        let at = step * (64 / size_of::<E>());
        if let Some(piece) = self.0.get(at / N) {
            prefetch(piece.wrapping_add(at % N));
        }
    }
}

/// Adds a product to a block, `out_ij += sum_{p < inner} a_ip b_pj` for `i < rows` and `j < columns`.
///
/// The rows of `b` and `out` are whole vectors. An entry goes through `inner` fused additions, in the order of `p`, and
/// one more.
#[inline(always)]
pub(super) fn add_product<L: Lanes, E: Copy, const N: usize>(
    l: L,
    (a, left): (&[L::Real], Left),
    (rows, inner): (usize, usize),
    columns: usize,
    b: &[L::Real],
    out: &mut [L::Real],
    ahead: Ahead<'_, E, N>,
) {
    let whole = rows - rows % TILE;
    for i in (0..whole).step_by(TILE) {
        add_rows::<L, TILE, E, N>(l, (a, left), (i, inner), columns, b, out, ahead);
    }
    for i in whole..rows {
        add_rows::<L, 1, E, N>(l, (a, left), (i, inner), columns, b, out, ahead);
    }
}

/// Adds `M` rows of the product.
#[inline(always)]
fn add_rows<L: Lanes, const M: usize, E: Copy, const N: usize>(
    l: L,
    a: (&[L::Real], Left),
    (i, inner): (usize, usize),
    columns: usize,
    b: &[L::Real],
    out: &mut [L::Real],
    ahead: Ahead<'_, E, N>,
) {
    let mut j = 0;
    let mut step = 0;
    // Thirty-two registers hold 6 x 4 sums, and sixteen hold 6 x 2.
    if size_of::<L::Vector>() == 64 {
        while j + 4 * L::N <= columns {
            add_tile::<L, M, 4, E, N>(l, a, (i, inner), (columns, j), b, out, (ahead, step));
            j += 4 * L::N;
            step += inner;
        }
    }
    while j + 2 * L::N <= columns {
        add_tile::<L, M, 2, E, N>(l, a, (i, inner), (columns, j), b, out, (ahead, step));
        j += 2 * L::N;
        step += inner;
    }
    while j < columns {
        add_tile::<L, M, 1, E, N>(l, a, (i, inner), (columns, j), b, out, (ahead, step));
        j += L::N;
        step += inner;
    }
}

#[inline(always)]
fn add_tile<L: Lanes, const M: usize, const V: usize, E: Copy, const N: usize>(
    l: L,
    (a, left): (&[L::Real], Left),
    (i, inner): (usize, usize),
    (columns, j): (usize, usize),
    b: &[L::Real],
    out: &mut [L::Real],
    (ahead, first): (Ahead<'_, E, N>, usize),
) {
    let mut sums = [[l.splat(<L::Real as super::Real>::of(0.0)); V]; M];
    let rows_of_b = b.chunks(columns);
    match left {
        Left::ByRows { stride } => {
            let a: [&[L::Real]; M] = std::array::from_fn(|row| &a[(i + row) * stride..][..inner]);
            for (p, b) in (0..inner).zip(rows_of_b) {
                ahead.ask(first + p);
                step(l, &mut sums, std::array::from_fn(|row| a[row][p]), &b[j..j + V * L::N]);
            }
        }
        Left::ByColumns { stride } => {
            // The sums are short, so that nothing is asked for.
            for (a, b) in a.chunks(stride).take(inner).zip(rows_of_b) {
                let a: &[L::Real; M] = a[i..].first_chunk().expect("whole tiles");
                step(l, &mut sums, *a, &b[j..j + V * L::N]);
            }
        }
    }
    for (row, sums) in sums.into_iter().enumerate() {
        let at = (i + row) * columns + j;
        for (v, sum) in sums.into_iter().enumerate() {
            let out = &mut out[at + v * L::N..];
            l.store(out, l.add(l.load(out), sum));
        }
    }
}

/// Adds the terms of one `p` to the sums of a tile.
#[inline(always)]
fn step<L: Lanes, const M: usize, const V: usize>(
    l: L,
    sums: &mut [[L::Vector; V]; M],
    a: [L::Real; M],
    b: &[L::Real],
) {
    let b: [L::Vector; V] = std::array::from_fn(|v| l.load(&b[v * L::N..]));
    for (sums, a) in sums.iter_mut().zip(a) {
        let a = l.splat(a);
        for (sum, b) in sums.iter_mut().zip(b) {
            *sum = l.fma(a, b, *sum);
        }
    }
}
