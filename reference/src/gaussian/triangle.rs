//! Lower triangular matrices in twice the precision of `f64`, by Cholesky's and by Householder's factorisation.

use ndarray::Array2;

use super::double::{Double, Scalar, identity};
use crate::vocab::Nats;

/// A lower triangular matrix without a zero on its diagonal.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Triangle(Array2<Double>);

impl Triangle {
    /// The Cholesky factor `F` of `A = F F^T`, from the lower half of a symmetric `A`. There is none unless every pivot
    /// is positive.
    pub(super) fn cholesky(matrix: &Array2<Double>) -> Option<Self> {
        let d = matrix.nrows();
        let mut lower = Array2::from_elem((d, d), Double::ZERO);
        for j in 0..d {
            for i in j..d {
                let mut rest = matrix[[i, j]];
                for k in 0..j {
                    rest = rest - lower[[i, k]] * lower[[j, k]];
                }
                lower[[i, j]] = if i > j {
                    rest / lower[[j, j]]
                } else if rest.nearest() > 0.0 {
                    rest.square_root()
                } else {
                    return None;
                };
            }
        }
        Some(Self(lower))
    }

    /// Householder's factorisation `U = Q R` of the slope `U`, applied to the offset `u`.
    ///
    /// It returns `R^T`, the first rows of `Q^T u`, and the size of the rest of `Q^T u`. There is none where a column
    /// depends on those before it. `U` has to have at least one row more than columns.
    pub(super) fn of_columns(
        slope: &Array2<Double>,
        offset: &Array2<Double>,
    ) -> Option<(Self, Array2<Double>, Double)> {
        let (rows, d) = slope.dim();
        let mut work = Array2::from_shape_fn(
            (rows, d + 1),
            |(i, j)| if j < d { slope[[i, j]] } else { offset[[i, 0]] },
        );
        for k in 0..=d {
            let tail = |work: &Array2<Double>, j: usize, other: &[Double]| {
                let products = (k..rows).map(|i| work[[i, j]] * other[i - k]);
                products.fold(Double::ZERO, |sum, term| sum + term)
            };
            let mut reflector: Vec<Double> = (k..rows).map(|i| work[[i, k]]).collect();
            let squared = tail(&work, k, &reflector);
            let length = squared.square_root();
            if k < d && !(length.nearest() > 0.0) {
                return None;
            }
            let head = reflector[0];
            let diagonal = if head.nearest() > 0.0 { -length } else { length };
            reflector[0] = head - diagonal;
            // |v|^2 / 2 = |a| (|a| + |a_0|), nothing of which cancels.
            let half = squared - head * diagonal;
            if half.nearest() > 0.0 {
                for j in k + 1..=d {
                    let share = tail(&work, j, &reflector) / half;
                    for i in k..rows {
                        work[[i, j]] = work[[i, j]] - share * reflector[i - k];
                    }
                }
            }
            work[[k, k]] = diagonal;
        }
        let lower = Array2::from_shape_fn((d, d), |(i, j)| if j <= i { work[[j, i]] } else { Double::ZERO });
        let right = Array2::from_shape_fn((d, 1), |(i, _)| work[[i, d]]);
        Some((Self(lower), right, work[[d, d]]))
    }

    /// The solution `R^-1 b`, where this triangle is `R^T`.
    pub(super) fn solve_transposed(&self, b: &Array2<Double>) -> Array2<Double> {
        let mut solved = b.clone();
        for i in (0..self.0.nrows()).rev() {
            for column in 0..b.ncols() {
                let mut rest = solved[[i, column]];
                for k in i + 1..self.0.nrows() {
                    rest = rest - self.0[[k, i]] * solved[[k, column]];
                }
                solved[[i, column]] = rest / self.0[[i, i]];
            }
        }
        solved
    }

    /// The solution `F^-1 b`.
    pub(super) fn solve(&self, b: &Array2<Double>) -> Array2<Double> {
        forward(&self.0, b)
    }

    /// The inverse `F^-1`.
    pub(super) fn inverse(&self) -> Array2<Double> {
        self.solve(&identity(self.0.nrows()))
    }

    /// The absolute values of the entries, in `f64`.
    pub(super) fn size(&self) -> Array2<f64> {
        self.0.mapv(|entry| entry.nearest().abs())
    }

    /// The logarithm of the determinant's size, `ln |det F|`.
    pub(super) fn ln_det(&self) -> Nats {
        self.0.diag().iter().map(|entry| Nats::of(entry.abs().ln())).sum()
    }

    pub(super) fn entries(self) -> Array2<Double> {
        self.0
    }
}

/// The solution `F^-1 b` by forward substitution.
pub(super) fn forward<T: Scalar>(lower: &Array2<T>, b: &Array2<T>) -> Array2<T> {
    let mut solved = b.as_standard_layout().into_owned();
    for i in 0..lower.nrows() {
        let (above, mut rest) = solved.view_mut().split_at(ndarray::Axis(0), i);
        let mut row = rest.row_mut(0);
        for (&entry, known) in lower.row(i).iter().zip(above.rows()) {
            row.zip_mut_with(&known, |x, &known| *x = *x - entry * known);
        }
        let pivot = lower[[i, i]];
        row.mapv_inplace(|x| x / pivot);
    }
    solved
}
