//! Inverses and determinants by elimination: what the slacks know of a matrix, and nothing of the sides' factors.

use ndarray::Array2;

use super::double::{Double, Scalar as _, identity};
use super::uncertain::{Rounding, Uncertain, count, norm};
use crate::vocab::{Error, Nats};

/// The inverse of a symmetric positive definite matrix, and the logarithm of its determinant.
#[derive(Debug, Clone)]
pub(super) struct Inverse {
    /// What was inverted.
    given: Uncertain,
    pub(super) matrix: Uncertain,
    ln_det: Nats,
}

impl Inverse {
    /// By Gauss and Jordan's elimination, which needs no exchange of rows where a matrix is positive definite.
    ///
    /// With the inverse `X` found, and `R = I - A X`, the true one is within `|X| (|R| + ||R||^2 / (1 - ||R||))`: what the elimination lost is
    /// measured, not estimated. The pivots' product is the determinant of a matrix within `E = d |L| |U|` (Higham, theorem 9.3), which moves its logarithm by
    /// `tr(X E)`.
    ///
    /// # Errors
    /// [`Error::Covariance`] where a pivot is not positive, or `||R||` above a half: the matrix is singular for all that can be known.
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

    /// `A^-1 b`. With the `x` found and `r = b - A x` it is within `|A^-1| |r|`, far less than the inverse's own error makes of it.
    pub(super) fn solve(&self, b: &Uncertain) -> Uncertain {
        let found = Uncertain::exact(Double::product(&self.matrix.value, &b.value));
        let left = b - &self.given.dot(&found);
        let error = self.most().dot(&(left.size() / Double::ROUNDOFF + &left.error));
        Uncertain { error, ..found }
    }

    /// `v^T A^-1 v`, `[1, 1]`.
    pub(super) fn along(&self, v: &Uncertain) -> Uncertain {
        self.along_by(v, &|x| self.given.dot(x))
    }

    /// The same where `A x` is better known than by the entries of `A`.
    ///
    /// For any `s`, with `r = v - A s`, it is `v^T s + s^T r + r^T A^-1 r`: what is wrong with `s = A^-1 v` counts squared.
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

    /// The largest that the inverse's entries may be.
    fn most(&self) -> Array2<f64> {
        self.matrix.size() + &self.matrix.error * Double::ROUNDOFF
    }

    /// The logarithm of the determinant of the matrix that was inverted.
    pub(super) const fn ln_det(&self) -> Nats {
        self.ln_det
    }
}
