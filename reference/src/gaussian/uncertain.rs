//! Matrices that carry, beside each entry, how far rounding may have moved it.

use std::ops::{Add, Sub};

use ndarray::{Array1, Array2, Axis, Zip, concatenate};

use super::double::{Double, Scalar};
use crate::vocab::{CLOSURE, Nats, UNIT_ROUNDOFF_F64};

/// A matrix with an error for each entry, in units of roundoff: first-order running error analysis (Wilkinson).
///
/// ```text
/// a + b      e_a + e_b + |a + b|
/// A B        e_A |B| + |A| e_B + n |A| |B|        n the length of a dot product
/// ```
///
/// The errors count units, whatever their size. [`Rounding`] says how large the unit is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Uncertain<T = Double> {
    pub(super) value: Array2<T>,
    pub(super) error: Array2<f64>,
}

/// The size of the unit in which errors count, and the unit roundoff of the type for which masses are stated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rounding {
    unit: f64,
    pub(super) of_mass: f64,
}

impl Rounding {
    /// The rounding of what is computed here, for results that are handed out in `f64`.
    pub(super) const OWN: Self = Self {
        unit: Double::ROUNDOFF,
        of_mass: UNIT_ROUNDOFF_F64,
    };

    /// The rounding of somebody else's computation in a type of that unit roundoff, whatever we compute in.
    pub(super) const fn in_type(unit_roundoff: f64) -> Self {
        Self {
            unit: unit_roundoff,
            of_mass: unit_roundoff,
        }
    }

    /// The mass that makes room for an error of so many units in a closure bound.
    pub(super) fn mass_of(self, units: f64) -> f64 {
        mass_of(units * (self.unit / self.of_mass))
    }

    /// The error of a square, `2 |a| e + e^2`. The second order counts, since the first one vanishes around 0.
    pub(super) fn of_square(self, size: f64, error: f64) -> f64 {
        2.0 * size * error + self.unit * error * error
    }
}

impl Uncertain {
    /// A matrix of `f64` that counts as exact.
    pub(super) fn given(entries: &Array2<f64>) -> Self {
        Self::exact(entries.mapv(Double::from))
    }

    /// The matrix rounded to `f64`, which adds one rounding to each entry's error.
    pub(super) fn single(&self) -> Uncertain<f64> {
        let value = self.nearest();
        let carried = Double::ROUNDOFF / f64::ROUNDOFF;
        let error = &self.error * carried + value.mapv(f64::abs);
        Uncertain { value, error }
    }

    /// The trace `sum_i a_ii`, `[1, 1]`.
    pub(super) fn trace(&self) -> Self {
        let sum = self.value.diag().iter().fold(Double::ZERO, |sum, &entry| sum + entry);
        let size: f64 = self.value.diag().iter().map(|entry| entry.nearest().abs()).sum();
        let error = self.error.diag().sum() + size * count(self.rows());
        Self {
            value: Array2::from_elem((1, 1), sum),
            error: Array2::from_elem((1, 1), error),
        }
    }

    /// The one entry of a `[1, 1]` matrix in nats, with its error in its mass.
    pub(super) fn nats(&self) -> Nats {
        let (value, error) = (self.value[[0, 0]].nearest(), self.error[[0, 0]]);
        Nats::with_mass(value, value.abs() + Rounding::OWN.mass_of(error))
    }
}

impl<T: Scalar> Uncertain<T> {
    pub(super) fn exact(value: Array2<T>) -> Self {
        let error = Array2::zeros(value.dim());
        Self { value, error }
    }

    pub(super) fn rows(&self) -> usize {
        self.value.nrows()
    }

    pub(super) fn columns(&self) -> usize {
        self.value.ncols()
    }

    /// The entries, each rounded to `f64`.
    pub(super) fn nearest(&self) -> Array2<f64> {
        self.value.mapv(T::nearest)
    }

    /// The absolute values of the entries, in `f64`.
    pub(super) fn size(&self) -> Array2<f64> {
        self.value.mapv(|entry| entry.nearest().abs())
    }

    /// The matrix product `A B`, with its error.
    pub(super) fn dot(&self, other: &Self) -> Self {
        let (size, other_size) = (self.size(), other.size());
        let rounding = size.dot(&other_size) * count(self.columns());
        Self {
            value: T::product(&self.value, &other.value),
            error: carried(&self.error, &other_size) + carried(&size, &other.error) + rounding,
        }
    }

    fn entrywise(&self, other: &Self, f: impl Fn(T, T) -> T) -> Self {
        let value = Zip::from(&self.value).and(&other.value).map_collect(|&a, &b| f(a, b));
        let error = &self.error + &other.error + value.mapv(|entry| entry.nearest().abs());
        Self { value, error }
    }

    pub(super) fn transposed(&self) -> Self {
        Self {
            value: self.value.t().as_standard_layout().into_owned(),
            error: self.error.t().as_standard_layout().into_owned(),
        }
    }

    /// The sum of squares `sum_ij a_ij^2`, with the errors of the entries in its mass.
    pub(super) fn square_norm(&self, rounding: Rounding) -> Nats {
        sum_of_squares(self.value.iter().zip(&self.error), rounding)
    }

    /// The Frobenius norm of the entries.
    pub(super) fn norm(&self) -> f64 {
        norm(&self.nearest())
    }

    /// The Frobenius norm of the errors, in units of roundoff.
    pub(super) fn error_norm(&self) -> f64 {
        norm(&self.error)
    }

    /// Matrices of equal width, one below the other, with rows of zeros up to `rows`.
    pub(super) fn stacked<'a>(parts: impl Iterator<Item = &'a Self>, columns: usize, rows: usize) -> Self
    where
        T: 'a,
    {
        let mut all: Vec<&Self> = parts.collect();
        let missing = rows.saturating_sub(all.iter().map(|part| part.rows()).sum());
        let padding = Self::exact(Array2::from_elem((missing, columns), T::from(0.0)));
        all.push(&padding);
        let values: Vec<_> = all.iter().map(|part| part.value.view()).collect();
        let errors: Vec<_> = all.iter().map(|part| part.error.view()).collect();
        // The parts are of equal width, so that both concatenations succeed.
        match (concatenate(Axis(0), &values), concatenate(Axis(0), &errors)) {
            (Ok(value), Ok(error)) => Self { value, error },
            _ => Self::exact(Array2::from_elem((rows, columns), T::from(0.0))),
        }
    }
}

impl<T: Scalar> Add for &Uncertain<T> {
    type Output = Uncertain<T>;

    fn add(self, other: Self) -> Uncertain<T> {
        self.entrywise(other, |a, b| a + b)
    }
}

impl<T: Scalar> Sub for &Uncertain<T> {
    type Output = Uncertain<T>;

    fn sub(self, other: Self) -> Uncertain<T> {
        self.entrywise(other, |a, b| a - b)
    }
}

impl Uncertain<f64> {
    /// The sum of squares `sum_i a_ij^2` of every column. It is added up in `f64` row by row, as the entries lie in
    /// memory, so that a column of `n` entries rounds `n` times.
    pub(super) fn column_norms(&self, rounding: Rounding) -> impl Iterator<Item = Nats> {
        let mut sums = Array1::<f64>::zeros(self.columns());
        let mut errors = sums.clone();
        for (row, moved) in self.value.rows().into_iter().zip(self.error.rows()) {
            let columns = Zip::from(&mut sums).and(&mut errors).and(&row).and(&moved);
            columns.for_each(|sum, error, &a, &e| {
                *sum += a * a;
                *error += rounding.of_square(a.abs(), e);
            });
        }
        let rounded = count(self.rows());
        let norms = sums.into_iter().zip(errors);
        norms.map(move |(sum, error)| Nats::with_mass(sum, sum + rounding.mass_of(error + rounded * sum)))
    }
}

/// The product of errors and sizes. A factor of zeros, as of an exact matrix, is not multiplied out.
fn carried(a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
    let nothing = |entries: &Array2<f64>| entries.iter().all(|entry| *entry == 0.0);
    if nothing(a) || nothing(b) {
        return Array2::zeros((a.nrows(), b.ncols()));
    }
    a.dot(b)
}

fn sum_of_squares<'a, T: Scalar + 'a>(entries: impl Iterator<Item = (&'a T, &'a f64)>, rounding: Rounding) -> Nats {
    let (mut sum, mut error) = (Double::ZERO, 0.0);
    for (&a, &e) in entries {
        sum = sum + a.wide() * a.wide();
        error += rounding.of_square(a.nearest().abs(), e);
    }
    Nats::with_mass(sum.nearest(), sum.nearest() + rounding.mass_of(error))
}

/// The mass that makes room for an error of so many roundoffs of a mass's own type in a closure bound.
pub(super) fn mass_of(roundoffs: f64) -> f64 {
    roundoffs / CLOSURE
}

/// The Frobenius norm of a matrix.
pub(super) fn norm(a: &Array2<f64>) -> f64 {
    a.iter().map(|a| a * a).sum::<f64>().sqrt()
}

/// A vector as a matrix of one column.
pub(super) fn column(entries: &Array1<f64>) -> Array2<f64> {
    entries.clone().insert_axis(Axis(1))
}

#[expect(clippy::cast_precision_loss, reason = "a dimension, at most a few hundred")]
pub(super) const fn count(n: usize) -> f64 {
    n as f64
}
