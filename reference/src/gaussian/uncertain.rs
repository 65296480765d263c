//! A matrix that knows how far rounding may have moved each of its entries.

use std::ops::{Add, Sub};

use ndarray::{Array2, Axis, concatenate};

use crate::vocab::{CLOSURE, Nats, UNIT_ROUNDOFF_F64};

/// Entries, and beside each how many units of roundoff it may be off: first-order running error analysis (Wilkinson).
///
/// ```text
/// a + b      e_a + e_b + |a + b|
/// A B        e_A |B| + |A| e_B + n |A| |B|        n the length of a dot product
/// ```
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Uncertain {
    pub(super) value: Array2<f64>,
    pub(super) error: Array2<f64>,
}

impl Uncertain {
    pub(super) fn exact(value: Array2<f64>) -> Self {
        let error = Array2::zeros(value.dim());
        Self { value, error }
    }

    pub(super) fn rows(&self) -> usize {
        self.value.nrows()
    }

    pub(super) fn columns(&self) -> usize {
        self.value.ncols()
    }

    /// `A B`.
    pub(super) fn dot(&self, other: &Self) -> Self {
        let (size, other_size) = (self.value.mapv(f64::abs), other.value.mapv(f64::abs));
        let rounding = size.dot(&other_size) * count(self.columns());
        Self {
            value: self.value.dot(&other.value),
            error: self.error.dot(&other_size) + size.dot(&other.error) + rounding,
        }
    }

    fn rounded(&self, value: Array2<f64>, other: &Self) -> Self {
        let error = &self.error + &other.error + value.mapv(f64::abs);
        Self { value, error }
    }

    pub(super) fn transposed(&self) -> Self {
        Self {
            value: self.value.t().to_owned(),
            error: self.error.t().to_owned(),
        }
    }

    /// `sum_ij a_ij^2`, with the errors of the entries in its mass.
    pub(super) fn square_norm(&self) -> Nats {
        self.square_norm_at(UNIT_ROUNDOFF_F64)
    }

    /// The same, where a unit of roundoff is another type's.
    pub(super) fn square_norm_at(&self, unit_roundoff: f64) -> Nats {
        sum_of_squares(self.value.iter().zip(&self.error), unit_roundoff)
    }

    /// `sum_i a_ij^2` for every column.
    pub(super) fn column_norms(&self) -> impl Iterator<Item = Nats> + '_ {
        let columns = self.value.columns().into_iter().zip(self.error.columns());
        columns.map(|(value, error)| sum_of_squares(value.iter().zip(error), UNIT_ROUNDOFF_F64))
    }

    /// Frobenius norm of the entries.
    pub(super) fn norm(&self) -> f64 {
        norm(&self.value)
    }

    /// Frobenius norm of the errors, in units of roundoff.
    pub(super) fn error_norm(&self) -> f64 {
        norm(&self.error)
    }

    /// Matrices of equal width, one below the other, with rows of zeros up to `rows`.
    pub(super) fn stacked<'a>(parts: impl Iterator<Item = &'a Self> + Clone, columns: usize, rows: usize) -> Self {
        let below = |pick: fn(&Self) -> &Array2<f64>| {
            let mut views: Vec<_> = parts.clone().map(|part| pick(part).view()).collect();
            let missing = rows.saturating_sub(views.iter().map(|view| view.nrows()).sum());
            let padding = Array2::zeros((missing, columns));
            views.push(padding.view());
            concatenate(Axis(0), &views).unwrap_or_else(|_| Array2::zeros((rows, columns)))
        };
        Self {
            value: below(|part| &part.value),
            error: below(|part| &part.error),
        }
    }
}

impl Add for &Uncertain {
    type Output = Uncertain;

    fn add(self, other: Self) -> Uncertain {
        self.rounded(&self.value + &other.value, other)
    }
}

impl Sub for &Uncertain {
    type Output = Uncertain;

    fn sub(self, other: Self) -> Uncertain {
        self.rounded(&self.value - &other.value, other)
    }
}

fn sum_of_squares<'a>(entries: impl Iterator<Item = (&'a f64, &'a f64)>, unit_roundoff: f64) -> Nats {
    // To second order: around 0 the first says nothing.
    let error = |a: f64, e: f64| mass_of(2.0 * a.abs() * e + unit_roundoff * e * e);
    let square = |(&a, &e): (&f64, &f64)| Nats::with_mass(a * a, a * a + error(a, e));
    entries.map(square).sum()
}

/// The mass that makes room for an error of so many units of roundoff in a closure bound.
pub(super) fn mass_of(roundoffs: f64) -> f64 {
    roundoffs / CLOSURE
}

/// Frobenius norm.
pub(super) fn norm(a: &Array2<f64>) -> f64 {
    a.iter().map(|a| a * a).sum::<f64>().sqrt()
}

/// A column from a vector.
pub(super) fn column(entries: &ndarray::Array1<f64>) -> Array2<f64> {
    entries.clone().insert_axis(Axis(1))
}

#[expect(clippy::cast_precision_loss, reason = "a dimension, at most a few hundred")]
pub(super) const fn count(n: usize) -> f64 {
    n as f64
}
