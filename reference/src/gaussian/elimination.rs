//! Inverses and determinants by elimination, for the slacks. They share nothing with the Cholesky factors of the sides.

use ndarray::Array2;

use super::double::{Double, Scalar as _, identity};
use super::uncertain::{Rounding, Uncertain, count, norm};
use crate::vocab::{Error, Nats};

/// The inverse of a symmetric positive definite matrix, and the logarithm of its determinant.
#[derive(Debug, Clone)]
pub(super) struct Inverse {
    /// The matrix that was inverted.
    given: Uncertain,
    /// Its inverse.
    pub(super) matrix: Uncertain,
    ln_det: Nats,
}

impl Inverse {
    /// Inverts by the elimination of Gauss and Jordan, which needs no exchange of rows where a matrix is positive
    /// definite.
    ///
    /// With the computed inverse `X` and `R = I - A X`, the true inverse is within `|X| (|R| + ||R||^2 / (1 - ||R||))`:
    /// what the elimination lost is measured, not estimated. The product of the pivots is the determinant of a matrix
    /// within `E = d |L| |U|` (Higham, theorem 9.3), which moves its logarithm by `tr(X E)`.
    ///
    /// # Errors
    /// [`Error::Covariance`] where a pivot is not positive, or `||R||` exceeds a half: for all that can be known, the
    /// matrix is singular.
    pub(super) fn new(tensor: &'static str, index: &[usize], matrix: &Uncertain) -> Result<Self, Error> {
        let d = matrix.rows();
        let singular = |pivot: f64| Error::Covariance {
            tensor,
            index: index.to_vec(),
            what: "singular to working precision",
            smallest: pivot,
            largest: matrix.nearest().diag().iter().copied().fold(f64::NAN, f64::max),
        };
        let (mut work, mut inverse) = (matrix.value.clone(), identity(d));
        let (mut ln_det, mut products) = (Nats::ZERO, Array2::<f64>::zeros((d, d)));
        for k in 0..d {
            let pivot = work[[k, k]];
            if !(pivot.nearest() > 0.0 && pivot.nearest().is_finite()) {
                return Err(singular(pivot.nearest()));
            }
            ln_det = ln_det + Nats::of(pivot.ln());
            for i in k..d {
                for j in k..d {
                    let product = work[[i, k]].nearest() * work[[k, j]].nearest() / pivot.nearest();
                    products[[i, j]] += product.abs(); // of |L| |U|
                }
            }
            for rows in [&mut work, &mut inverse] {
                rows.row_mut(k).mapv_inplace(|entry| entry / pivot);
            }
            for i in (0..d).filter(|i| *i != k) {
                let factor = work[[i, k]];
                for rows in [&mut work, &mut inverse] {
                    let (row_k, mut row_i) = rows.multi_slice_mut((ndarray::s![k, ..], ndarray::s![i, ..]));
                    row_i.zip_mut_with(&row_k, |entry, &above| *entry = *entry - factor * above);
                }
            }
        }
        let inverse = Uncertain::exact(inverse);
        let one = Uncertain::exact(identity(d));
        let left = &one - &matrix.dot(&inverse);
        let left = left.size() / Double::ROUNDOFF + &left.error;
        let left_norm = norm(&left) * Double::ROUNDOFF;
        if !(left_norm <= 0.5) {
            return Err(singular(0.0));
        }
        let left = left + 2.0 * left_norm * left_norm / Double::ROUNDOFF;
        let size = inverse.size();
        let backward = products * count(d) + &matrix.error;
        let moved = (&size * &backward.t()).sum();
        Ok(Self {
            ln_det: Nats::with_mass(ln_det.value(), ln_det.mass() + Rounding::OWN.mass_of(2.0 * moved)),
            matrix: Uncertain {
                error: size.dot(&left),
                ..inverse
            },
            given: matrix.clone(),
        })
    }

    /// The solution `A^-1 b`. With the computed `x` and `r = b - A x`, the true one is within `|A^-1| |r|`. That is far
    /// less than the inverse's own error would make of it.
    pub(super) fn solve(&self, b: &Uncertain) -> Uncertain {
        let found = Uncertain::exact(Double::product(&self.matrix.value, &b.value));
        let left = b - &self.given.dot(&found);
        let error = self.most().dot(&(left.size() / Double::ROUNDOFF + &left.error));
        Uncertain { error, ..found }
    }

    /// The quadratic form `v^T A^-1 v`, `[1, 1]`.
    pub(super) fn along(&self, v: &Uncertain) -> Uncertain {
        self.along_by(v, &|x| self.given.dot(x))
    }

    /// The quadratic form `v^T A^-1 v`, `[1, 1]`, where `product` knows `A x` better than the entries of `A` do.
    ///
    /// For any `s`, with `r = v - A s`, it is `v^T s + s^T r + r^T A^-1 r`, so that the error of `s = A^-1 v` counts
    /// squared.
    pub(super) fn along_by(&self, v: &Uncertain, product: &dyn Fn(&Uncertain) -> Uncertain) -> Uncertain {
        let found = Uncertain::exact(Double::product(&self.matrix.value, &v.value));
        let left = v - &product(&found);
        let sum = &v.transposed().dot(&found) + &found.transposed().dot(&left);
        let most = left.size() + &left.error * Double::ROUNDOFF;
        let squared = most.t().dot(&self.most()).dot(&most) / Double::ROUNDOFF;
        Uncertain {
            error: sum.error + squared,
            ..sum
        }
    }

    /// The largest absolute values that the entries of the true inverse may have.
    fn most(&self) -> Array2<f64> {
        self.matrix.size() + &self.matrix.error * Double::ROUNDOFF
    }

    /// The logarithm of the determinant of the matrix that was inverted.
    pub(super) const fn ln_det(&self) -> Nats {
        self.ln_det
    }
}
