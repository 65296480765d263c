//! A covariance, believed once, and what LAPACK makes of it: its Cholesky factor for the sides, its spectrum for the slacks.

use ndarray::{Array1, Array2};
use ndarray_linalg::{Cholesky as _, Diag, Eigh as _, SolveTriangular as _, UPLO};

use super::uncertain::{Uncertain, count, mass_of, norm};
use super::validate::LARGEST;
use crate::vocab::{Error, Nats, UNIT_ROUNDOFF_F64};

/// The largest condition number of a covariance that is taken: beyond it its smallest eigenvalue is rounding.
///
/// An eigenvalue is known to `d u` of the largest; at 1e13 and `d = 64` the smallest still has one digit.
pub const MOST_CONDITION: f64 = 1e13;

/// `S = F F^T`, `F` lower triangular; from here on `F` is the covariance.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Factor {
    pub(super) lower: Array2<f64>,
    inverse: Array2<f64>,
    ln_det: Nats,
}

impl Factor {
    /// Of a lower triangle whose diagonal is positive.
    pub(super) fn new(lower: Array2<f64>) -> Result<Self, Error> {
        let inverse = solve(&lower, UPLO::Lower, &Array2::eye(lower.nrows()))?;
        let ln_det = lower.diag().iter().map(|entry| Nats::of(entry.ln())).sum();
        Ok(Self { lower, inverse, ln_det })
    }

    /// `F^-1 b`: backward stable, `|error| <= |F^-1| (n |F| |F^-1 b| + error of b)` (Higham, theorem 8.5).
    pub(super) fn whiten(&self, b: &Uncertain) -> Result<Uncertain, Error> {
        let value = solve(&self.lower, UPLO::Lower, &b.value)?;
        let residual = self.lower.mapv(f64::abs).dot(&value.mapv(f64::abs)) * count(self.lower.nrows()) + &b.error;
        Ok(Uncertain {
            value,
            error: self.inverse.mapv(f64::abs).dot(&residual),
        })
    }

    /// `ln det F = sum_i ln F_ii`, half the logarithm of the covariance's determinant.
    pub(super) const fn ln_det(&self) -> Nats {
        self.ln_det
    }

    /// How far `F F^T` may be from the covariance that was given, in units of roundoff: `(d + 1) |F| |F^T|` (Higham, theorem 10.3).
    pub(super) fn backward_error(&self) -> f64 {
        let size = self.lower.mapv(f64::abs);
        (count(self.lower.nrows()) + 1.0) * norm(&size.dot(&size.t()))
    }
}

/// `S = Q diag(values) Q^T`, the values ascending.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spectrum {
    pub(super) values: Array1<f64>,
    pub(super) vectors: Array2<f64>,
    /// How far the matrix that has this spectrum may be from the one that was meant, in units of roundoff (Frobenius norm).
    pub(super) error: f64,
}

impl Spectrum {
    /// Of a symmetric matrix known to `error`: LAPACK's is that of a matrix within `n u ||S||`.
    pub(super) fn new(matrix: &Array2<f64>, error: f64) -> Result<Self, Error> {
        one_thread();
        let (values, vectors) = matrix.eigh(UPLO::Lower).map_err(|_| LAPACK)?;
        Ok(Self {
            values,
            vectors,
            error: error + count(matrix.nrows()) * norm(matrix),
        })
    }

    /// The same, where every eigenvalue stands clear of what rounding may have made of it, so that first-order errors are errors.
    pub(super) fn clear(self, tensor: &'static str, index: usize) -> Result<Self, Error> {
        let (smallest, largest) = (self.values[0], self.values[self.values.len() - 1]);
        if smallest > 4.0 * UNIT_ROUNDOFF_F64 * self.error && largest.is_finite() {
            return Ok(self);
        }
        Err(Error::Covariance {
            tensor,
            index: vec![index],
            what: "singular to working precision",
            smallest,
            largest,
        })
    }

    /// `diag(values)^(-1/2) Q^T`: rows that whiten.
    pub(super) fn whitener(&self) -> Array2<f64> {
        let mut rows = self.vectors.t().to_owned();
        for (mut row, value) in rows.rows_mut().into_iter().zip(&self.values) {
            row /= value.sqrt();
        }
        rows
    }

    /// `Q diag(values)^(1/2)`: columns whose outer products add up to the matrix.
    pub(super) fn root(&self) -> Array2<f64> {
        &self.vectors * &self.values.mapv(f64::sqrt)
    }

    /// `Q diag(values)^-1 Q^T`.
    pub(super) fn inverse(&self) -> Array2<f64> {
        let whitener = self.whitener();
        whitener.t().dot(&whitener)
    }

    /// `ln det S`; the matrix's error moves it by `tr(S^-1 dS)`.
    pub(super) fn ln_det(&self) -> Nats {
        let terms = self.values.iter().map(|value| Nats::of(value.ln()));
        let sum: Nats = terms.sum();
        let sensitivity = self
            .values
            .iter()
            .map(|value| value.recip().powi(2))
            .sum::<f64>()
            .sqrt();
        Nats::with_mass(sum.value(), sum.mass() + mass_of(sensitivity * self.error))
    }
}

/// Puts the BLAS on one thread: matrices are small and worlds run in parallel, so its own threads only wait for each other, and the bits of a
/// result would depend on how many there are.
#[allow(
    unsafe_code,
    reason = "OpenBLAS has no safe way to say it, and reads its environment before main runs"
)]
fn one_thread() {
    unsafe extern "C" {
        fn openblas_set_num_threads(threads: std::ffi::c_int);
    }
    static ONCE: std::sync::Once = std::sync::Once::new();
    // SAFETY: the signature is that of cblas.h; it is called once, before this crate's first call of LAPACK.
    ONCE.call_once(|| unsafe { openblas_set_num_threads(1) });
}

/// Validates a covariance: finite, symmetric, positive definite, its condition number at most [`MOST_CONDITION`].
pub(super) fn covariance(
    tensor: &'static str,
    index: &[usize],
    given: &Array2<f64>,
) -> Result<(Factor, Spectrum), Error> {
    for (at, &value) in given.indexed_iter() {
        if !(value.abs() <= LARGEST) {
            return Err(Error::Number {
                tensor,
                index: [index, &[at.0, at.1]].concat(),
                value,
            });
        }
    }
    let symmetric = (given + &given.t()) / 2.0;
    let spectrum = Spectrum::new(&symmetric, 0.0)?;
    let (smallest, largest) = (spectrum.values[0], spectrum.values[given.nrows() - 1]);
    let refuse = |what| Error::Covariance {
        tensor,
        index: index.to_vec(),
        what,
        smallest,
        largest,
    };
    // Stored by a program that formed it as a product, each half may have been rounded on its own: n u of the diagonal's size.
    let room = 8.0 * count(given.nrows()) * UNIT_ROUNDOFF_F64;
    let skew = |((i, j), a): ((usize, usize), &f64)| {
        let scale = (given[[i, i]] * given[[j, j]]).abs().sqrt();
        !((a - given[[j, i]]).abs() <= room * scale)
    };
    if given.indexed_iter().any(skew) {
        return Err(refuse("asymmetric"));
    }
    if !(smallest >= LARGEST.recip()) || !(largest <= MOST_CONDITION * smallest) {
        return Err(refuse(match smallest {
            _ if smallest < -room * largest => "indefinite",
            _ if smallest >= LARGEST.recip() => "ill-conditioned",
            _ => "singular",
        }));
    }
    let lower = symmetric.cholesky(UPLO::Lower).map_err(|_| refuse("singular"))?;
    let factor = Factor::new(lower)?;
    let error = spectrum.error + factor.backward_error();
    Ok((factor, Spectrum { error, ..spectrum }))
}

/// `A^-1 b` for a triangular `A`.
///
/// Both go to LAPACK as rows in a new place: of a part of a matrix, or one with a single column, it misreads the strides.
pub(super) fn solve(triangle: &Array2<f64>, which: UPLO, b: &Array2<f64>) -> Result<Array2<f64>, Error> {
    let rows = |a: &Array2<f64>| Array2::from_shape_vec(a.dim(), a.iter().copied().collect()).map_err(|_| LAPACK);
    let solved = rows(triangle)?.solve_triangular(which, Diag::NonUnit, &rows(b)?);
    solved.map_err(|_| LAPACK)
}

/// LAPACK refused a matrix of finite numbers.
pub(super) const LAPACK: Error = Error::Indeterminate {
    line: "a factorisation",
};
