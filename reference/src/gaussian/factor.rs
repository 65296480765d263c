//! A covariance, validated once, and the two ways to take it apart: its Cholesky factor for the sides, and elimination
//! for the slacks.

use ndarray::{Array1, Array2};
use ndarray_linalg::{Eigh as _, UPLO};

use super::double::{Double, Scalar, identity};
use super::elimination::Inverse;
use super::triangle::{Triangle, forward};
use super::uncertain::{Rounding, Uncertain, count, norm};
use super::validate::LARGEST;
use crate::vocab::{Error, Nats, UNIT_ROUNDOFF_F64};

/// The largest condition number of a covariance that is accepted. Beyond it, the smallest eigenvalue is nothing but the
/// rounding of whoever stored the matrix.
///
/// An eigenvalue is known to `d u` of the largest one. At 1e13 and `d = 64` the smallest still has one digit.
pub const MOST_CONDITION: f64 = 1e13;

/// A covariance `S` with its Cholesky factor and its inverse.
#[derive(Debug, Clone)]
pub(super) struct Covariance {
    pub(super) matrix: Uncertain,
    /// The factor `F` of `S = F F^T`.
    pub(super) factor: Factor,
    pub(super) inverse: Inverse,
}

impl Covariance {
    /// The covariance `F F^T`, from its factor `F`, which counts as exact.
    pub(super) fn of_factor(tensor: &'static str, lower: &Array2<f64>, rounding: Rounding) -> Result<Self, Error> {
        let lower = Uncertain::given(lower);
        let matrix = lower.dot(&lower.transposed());
        Ok(Self {
            inverse: Inverse::new(tensor, &[], &matrix)?,
            factor: Factor::new(lower, rounding),
            matrix,
        })
    }
}

/// A Cholesky factor `F`, lower triangular with a positive diagonal.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Factor<T = Double> {
    pub(super) lower: Uncertain<T>,
    /// The absolute values of the inverse's entries, `|F^-1|`.
    inverse: Array2<f64>,
    ln_det: Nats,
}

impl Factor {
    fn new(lower: Uncertain, rounding: Rounding) -> Self {
        let inverse = forward(&lower.value, &identity(lower.rows())).mapv(|entry| entry.nearest().abs());
        let (mut logs, mut moved) = (Nats::ZERO, 0.0);
        for (entry, error) in lower.value.diag().iter().zip(lower.error.diag()) {
            logs = logs + Nats::of(entry.ln());
            moved += error / entry.nearest();
        }
        Self {
            ln_det: Nats::with_mass(logs.value(), logs.mass() + rounding.mass_of(moved)),
            inverse,
            lower,
        }
    }

    /// The factor of a symmetric matrix. There is none unless the matrix is positive definite.
    ///
    /// It is the factor of a matrix that differs by at most `E = (d + 1) |F| |F^T|` (Higham, theorem 10.3) and the
    /// entries' own errors. So each of its entries is known to
    ///
    /// ```text
    /// |F| L(|F^-1| E |F^-T|),   L the lower triangle, its diagonal halved
    /// ```
    pub(super) fn of(matrix: &Uncertain, rounding: Rounding) -> Option<Self> {
        let lower = Triangle::cholesky(&matrix.value)?.entries();
        let Self { lower, inverse, .. } = Self::new(Uncertain::exact(lower), rounding);
        let size = lower.size();
        let backward = size.dot(&size.t()) * (count(size.nrows()) + 1.0) + &matrix.error;
        let mut relative = inverse.dot(&backward).dot(&inverse.t());
        for ((i, j), entry) in relative.indexed_iter_mut() {
            *entry *= match i.cmp(&j) {
                std::cmp::Ordering::Less => 0.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Greater => 1.0,
            };
        }
        let error = size.dot(&relative);
        Some(Self::new(Uncertain { error, ..lower }, rounding))
    }

    /// The factor rounded to `f64`.
    pub(super) fn single(&self) -> Factor<f64> {
        let Self {
            lower, inverse, ln_det, ..
        } = self;
        Factor {
            lower: lower.single(),
            inverse: inverse.clone(),
            ln_det: *ln_det,
        }
    }
}

impl<T: Scalar> Factor<T> {
    /// The solution `F^-1 b`, which has unit covariance where `b` has the covariance `F F^T`.
    ///
    /// Substitution is backward stable: `|error| <= |F^-1| ((n |F| + error of F) |F^-1 b| + error of b)` (Higham,
    /// theorem 8.5).
    pub(super) fn whiten(&self, b: &Uncertain<T>) -> Uncertain<T> {
        let value = forward(&self.lower.value, &b.value);
        let moved = self.lower.size() * count(self.lower.rows()) + &self.lower.error;
        let residual = moved.dot(&value.mapv(|entry| entry.nearest().abs())) + &b.error;
        Uncertain {
            value,
            error: self.inverse.dot(&residual),
        }
    }

    /// `ln det F = sum_i ln F_ii`, half the logarithm of the covariance's determinant.
    pub(super) const fn ln_det(&self) -> Nats {
        self.ln_det
    }
}

/// The eigenvalues and eigenvectors of a symmetric matrix, `S = Q diag(values) Q^T`, in `f64`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spectrum {
    /// The eigenvalues, ascending.
    pub(super) values: Array1<f64>,
    /// The eigenvectors `Q`, one a column.
    pub(super) vectors: Array2<f64>,
    /// The Frobenius distance of the matrix that has this spectrum from the one that was meant, at most, in roundoffs
    /// of `f64`.
    pub(super) error: f64,
}

impl Spectrum {
    /// The spectrum of a symmetric matrix that is known to `error`. LAPACK returns that of a matrix within `n u ||S||`.
    pub(super) fn new(matrix: &Array2<f64>, error: f64) -> Result<Self, Error> {
        one_thread();
        let (values, vectors) = matrix.eigh(UPLO::Lower).map_err(|_| LAPACK)?;
        Ok(Self {
            values,
            vectors,
            error: error + count(matrix.nrows()) * norm(matrix),
        })
    }

    /// The spectrum itself, where every eigenvalue is larger than what rounding may have made of 0, so that errors of
    /// first order suffice.
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

    /// The inverse matrix, `Q diag(values)^-1 Q^T`.
    pub(super) fn inverse(&self) -> Array2<f64> {
        let scaled = &self.vectors / &self.values.mapv(f64::sqrt);
        scaled.dot(&scaled.t())
    }
}

/// Puts the BLAS on one thread. Matrices are small and worlds run in parallel, so that its own threads would only wait
/// for each other, and the bits of a result would depend on how many there are.
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

/// Validates a covariance: it has to be finite, symmetric and positive definite, with a condition number of at most
/// [`MOST_CONDITION`].
///
/// The result is that of the matrix's symmetric part.
pub(super) fn covariance(tensor: &'static str, index: &[usize], given: &Array2<f64>) -> Result<Covariance, Error> {
    for (at, &value) in given.indexed_iter() {
        if !(value.abs() <= LARGEST) {
            return Err(Error::Number {
                tensor,
                index: [index, &[at.0, at.1]].concat(),
                value,
            });
        }
    }
    let spectrum = Spectrum::new(&((given + &given.t()) / 2.0), 0.0)?;
    let (smallest, largest) = (spectrum.values[0], spectrum.values[given.nrows() - 1]);
    let refuse = |what| Error::Covariance {
        tensor,
        index: index.to_vec(),
        what,
        smallest,
        largest,
    };
    // A program that formed the matrix as a product may have rounded each half on its own, by n u of the diagonal's
    // size.
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
    // The sum of two f64 fits exactly into a `Double`, and so does its half.
    let half = Double::from(0.5);
    let symmetric = |(i, j)| (Double::from(given[[i, j]]) + Double::from(given[[j, i]])) * half;
    let matrix = Uncertain::exact(Array2::from_shape_fn(given.dim(), symmetric));
    let factor = Factor::of(&matrix, Rounding::OWN).ok_or_else(|| refuse("singular"))?;
    Ok(Covariance {
        inverse: Inverse::new(tensor, index, &matrix)?,
        factor,
        matrix,
    })
}

/// The error where LAPACK refuses a matrix of finite numbers.
pub(super) const LAPACK: Error = Error::Indeterminate {
    line: "a factorisation",
};
