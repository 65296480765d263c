//! Products of matrices with any strides, on one thread.

use std::ops::AddAssign;

use gemm::{Parallelism, gemm};

use super::real::Real;

/// The types in which matrices are multiplied on the CPU: `f32` and `f64`.
pub trait Multiplied: Real + AddAssign {
    /// The exponential `e^self`, by the standard library.
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

/// The number of partial sums over a batch. It does not depend on the number of threads, so that the bits of a sum do
/// not either.
pub(super) const PARTS: usize = 4;

/// A factor of a product, with the strides of its rows and of its columns.
#[derive(Clone, Copy)]
pub(super) struct Side<'a, T> {
    entries: &'a [T],
    row: usize,
    column: usize,
}

impl<'a, T> Side<'a, T> {
    /// A matrix whose rows begin so far apart.
    pub(super) const fn rows(entries: &'a [T], apart: usize) -> Self {
        Self {
            entries,
            row: apart,
            column: 1,
        }
    }

    /// The transpose of a matrix whose rows begin so far apart.
    pub(super) const fn columns(entries: &'a [T], apart: usize) -> Self {
        Self {
            entries,
            row: 1,
            column: apart,
        }
    }

    /// Whether the entries are enough for so many rows and columns.
    const fn holds(&self, rows: usize, columns: usize) -> bool {
        match last(rows, self.row, columns, self.column) {
            Some(last) => last < self.entries.len(),
            None => false,
        }
    }
}

/// The place of the last entry of a matrix with these numbers of rows and columns and these strides. There is none
/// where the matrix is empty, or the place exceeds the largest number.
const fn last(rows: usize, row: usize, columns: usize, column: usize) -> Option<usize> {
    let (Some(rows), Some(columns)) = (rows.checked_sub(1), columns.checked_sub(1)) else {
        return None;
    };
    match (rows.checked_mul(row), columns.checked_mul(column)) {
        (Some(down), Some(right)) => down.checked_add(right),
        _ => None,
    }
}

/// Adds a product to a matrix, `out += left right`.
///
/// Shapes: `left` is `[m, k]`, `right` is `[k, n]` and `out` is `[m, n]`, for `sizes` of `[m, k, n]`. The number beside
/// `out` is the distance of its rows.
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

/// Sets a matrix to a product, `out = left right`. Shapes: as [`add_product`].
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
    // SAFETY: every entry that is read lies at or below `(rows - 1) row + (columns - 1) column`, which is inside its
    // slice; what is written lies below `(m - 1) apart + n`, which `out` holds, and no two rows of it overlap.
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
