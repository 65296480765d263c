//! Products of matrices that lie anywhere, on one thread.

use std::ops::AddAssign;

use gemm::{Parallelism, gemm};

use super::real::Real;

/// A type that is multiplied on the CPU.
pub trait Multiplied: Real + AddAssign {
    /// `e^self`, the standard library's.
    #[must_use]
    fn exp(self) -> Self;
}

impl Multiplied for f32 {
    fn exp(self) -> Self {
        self.exp()
    }
}

impl Multiplied for f64 {
    fn exp(self) -> Self {
        self.exp()
    }
}

/// Partial sums over a batch: so many whatever the number of threads, so that bits do not depend on it.
pub(super) const PARTS: usize = 4;

/// A side of a product, and how far apart its rows' and its columns' entries lie.
#[derive(Clone, Copy)]
pub(super) struct Side<'a, T> {
    entries: &'a [T],
    row: usize,
    column: usize,
}

impl<'a, T> Side<'a, T> {
    /// Rows that begin so far apart.
    pub(super) const fn rows(entries: &'a [T], apart: usize) -> Self {
        Self {
            entries,
            row: apart,
            column: 1,
        }
    }

    /// The transpose of rows that begin so far apart.
    pub(super) const fn columns(entries: &'a [T], apart: usize) -> Self {
        Self {
            entries,
            row: 1,
            column: apart,
        }
    }

    /// Whether it holds so many rows and columns.
    const fn holds(&self, rows: usize, columns: usize) -> bool {
        match last(rows, self.row, columns, self.column) {
            Some(last) => last < self.entries.len(),
            None => false,
        }
    }
}

/// Where the last entry of so many rows and columns lies, so far apart; none where there is no entry, or no such place.
const fn last(rows: usize, row: usize, columns: usize, column: usize) -> Option<usize> {
    let (Some(rows), Some(columns)) = (rows.checked_sub(1), columns.checked_sub(1)) else {
        return None;
    };
    match (rows.checked_mul(row), columns.checked_mul(column)) {
        (Some(down), Some(right)) => down.checked_add(right),
        _ => None,
    }
}

/// `out += left right`, `[m, k] [k, n]`; the rows of `out` begin `apart` entries apart.
///
/// # Panics
/// When a side or `out` does not hold what the sizes ask for.
pub(super) fn add_product<T: Multiplied>(
    sizes: [usize; 3],
    left: Side<'_, T>,
    right: Side<'_, T>,
    out: (&mut [T], usize),
) {
    multiply(sizes, left, right, out, true);
}

/// `out = left right`, as [`add_product`] otherwise.
///
/// # Panics
/// When a side or `out` does not hold what the sizes ask for.
pub(super) fn set_product<T: Multiplied>(
    sizes: [usize; 3],
    left: Side<'_, T>,
    right: Side<'_, T>,
    out: (&mut [T], usize),
) {
    multiply(sizes, left, right, out, false);
}

fn multiply<T: Multiplied>(
    [m, k, n]: [usize; 3],
    left: Side<'_, T>,
    right: Side<'_, T>,
    (out, apart): (&mut [T], usize),
    add: bool,
) {
    let written = last(m, apart, n, 1).is_some_and(|last| last < out.len()) && apart >= n;
    let fits = left.holds(m, k) && right.holds(k, n) && written;
    assert!(fits, "sides that hold [{m}, {k}, {n}]");
    let step = usize::cast_signed;
    #[expect(unsafe_code, reason = "a product of slices whose extents the line above has checked")]
    // SAFETY: every entry that is read lies at or below `(rows - 1) row + (columns - 1) column`, which is inside its slice; what is written lies
    // below `(m - 1) apart + n`, which `out` holds, and no two rows of it overlap.
    unsafe {
        gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            step(apart),
            add,
            left.entries.as_ptr(),
            step(left.column),
            step(left.row),
            right.entries.as_ptr(),
            step(right.column),
            step(right.row),
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
