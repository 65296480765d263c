//! Logarithms of Gaussian densities as functions of the code, in the coordinates in which `q(z|x)` is standard normal.

use std::ops::{Add, Neg, Sub};
use std::sync::Arc;

use ndarray::Array2;

use super::double::{Double, Scalar as _};
use super::factor::{Factor, LAPACK, Spectrum};
use super::triangle::Triangle;
use super::uncertain::{Rounding, Uncertain, count, norm};
use crate::vocab::{Error, Nats, UNIT_ROUNDOFF_F64};

/// `ln (2 pi)`.
pub(super) const LN_2_PI: f64 = 1.837_877_066_409_345_3;

/// A logarithm as a function of the code: a constant less half of a sum of squares.
///
/// ```text
/// f(z) = c - 1/2 sum_k s_k |u_k + U_k t|^2        s_k = 1 or -1        z = mu + L t        q(z|x) = N(mu, L L^T)
/// ```
///
/// Sums and differences of logarithms add up the constants and list the squares. Nothing cancels before an integral is
/// asked for. Unit: nats.
#[derive(Debug, Clone, PartialEq)]
pub struct Quadratic {
    /// The unit in which errors count: that of this computation, or that of the twin's type.
    rounding: Rounding,
    constant: Nats,
    squares: Vec<(f64, Arc<Square>)>,
}

/// The square `|u + U t|^2` of an affine function of `t`.
#[derive(Debug, Clone, PartialEq)]
struct Square {
    offset: Uncertain,
    slope: Uncertain,
    /// The value at `t = 0`, `|u|^2`.
    height: Nats,
    /// The mean for a standard normal `t`, `E[|u + U t|^2] = |u|^2 + |U|^2`.
    mean: Nats,
}

impl Quadratic {
    /// The log-density of a normal distribution at an affine function of `t`.
    ///
    /// ```text
    /// ln N(a + B t; 0, F F^T) = -1/2 |F^-1 (a + B t)|^2 - ln det F - n/2 ln 2 pi        slope = F^-1 B
    /// ```
    pub(super) fn density(factor: &Factor, a: &Uncertain, slope: Uncertain, rounding: Rounding) -> Self {
        let offset = factor.whiten(a);
        let height = offset.square_norm(rounding);
        let mean = height + slope.square_norm(rounding);
        let constant = -factor.ln_det() - Nats::of(0.5 * count(a.rows()) * LN_2_PI);
        let square = Square {
            offset,
            slope,
            height,
            mean,
        };
        Self {
            rounding,
            constant,
            squares: vec![(1.0, Arc::new(square))],
        }
    }

    /// The encoder's own log-density, `ln q(z|x) = -1/2 |t|^2 - ln det L - d/2 ln 2 pi`.
    pub(super) fn standard(encoder: &Factor, rounding: Rounding) -> Self {
        let d = encoder.lower.rows();
        let square = Square {
            offset: Uncertain::given(&Array2::zeros((d, 1))),
            slope: Uncertain::given(&Array2::eye(d)),
            height: Nats::ZERO,
            mean: Nats::of(count(d)),
        };
        Self {
            rounding,
            constant: -encoder.ln_det() - Nats::of(0.5 * count(d) * LN_2_PI),
            squares: vec![(1.0, Arc::new(square))],
        }
    }

    /// The expectation under the encoder, `E_t[f] = c - 1/2 sum_k s_k (|u_k|^2 + |U_k|^2)`.
    pub(super) fn expectation(&self) -> Nats {
        let means = self.squares.iter().map(|(sign, square)| (-0.5 * sign) * square.mean);
        self.constant + means.sum::<Nats>()
    }

    /// The value at one `t`.
    pub(super) fn at(&self, t: &Uncertain) -> Nats {
        let term = |(sign, square): &(f64, Arc<Square>)| {
            (-0.5 * sign) * (&square.offset + &square.slope.dot(t)).square_norm(self.rounding)
        };
        self.constant + self.squares.iter().map(term).sum::<Nats>()
    }

    /// The log-integral `ln ∫ e^f dt` over `d` coordinates. It is `+inf` where the integral diverges.
    ///
    /// Where all squares are added, they are one least-squares problem, `min_t |u + U t| = rho` with `U = Q R`:
    ///
    /// ```text
    /// c + d/2 ln 2 pi - rho^2 / 2 - ln |det R|
    /// ```
    ///
    /// Where some are subtracted, the form `A = sum_k s_k U_k^T U_k` is summed up, and its Cholesky factor is taken.
    pub(super) fn log_integral(&self, d: usize) -> Result<Nats, Error> {
        let constant = self.constant + Nats::of(0.5 * count(d) * LN_2_PI);
        let integral = if self.squares.iter().all(|(sign, _)| *sign > 0.0) {
            self.by_least_squares(d)
        } else {
            self.by_normal_equations(d)?
        };
        Ok(constant + integral)
    }

    /// The terms `-rho^2 / 2 - ln |det R|` of the log-integral, where all squares are added.
    ///
    /// Rounding: `u` and `U` are off by their own errors and by Householder's `m n u` (Higham, theorem 19.4). These
    /// move `rho^2 / 2` by `residual . (du + dU t*)`, and `ln det R` by `tr(R^-1 Q^T dU)`.
    fn by_least_squares(&self, d: usize) -> Nats {
        let part = |pick: fn(&Square) -> &Uncertain| self.squares.iter().map(move |(_, square)| pick(square));
        let slope = Uncertain::stacked(part(|square| &square.slope), d, d + 1);
        let offset = Uncertain::stacked(part(|square| &square.offset), 1, d + 1);
        let householder = count(slope.rows()) * count(d + 1);
        let Some((triangle, right, rho)) = Triangle::of_columns(&slope.value, &offset.value) else {
            return Nats::INFINITY; // a direction in which nothing decays
        };
        let least = norm(&triangle.solve_transposed(&right).mapv(Double::nearest));
        let inverse = norm(&triangle.inverse().mapv(Double::nearest));
        let (slope_error, offset_error) = (
            slope.error_norm() + householder * slope.norm(),
            offset.error_norm() + householder * offset.norm(),
        );
        let off = offset_error + slope_error * least;
        let height = (rho * rho).nearest();
        let moved = self.rounding.of_square(rho.nearest().abs(), off) + 2.0 * inverse * slope_error;
        let residual = Nats::with_mass(height, height + self.rounding.mass_of(moved));
        -(0.5 * residual + triangle.ln_det())
    }

    /// The terms `1/2 t*^T A t* - 1/2 c - 1/2 ln det A` of the log-integral at `A t* = -b`, where some squares are
    /// subtracted.
    ///
    /// Here `b = sum_k s_k U_k^T u_k` and `c = sum_k s_k |u_k|^2`. The mass holds the rounding of `A`, `b` and `c`, and
    /// then that of the terms made of them.
    fn by_normal_equations(&self, d: usize) -> Result<Nats, Error> {
        let zero = |columns| Array2::from_elem((d, columns), Double::ZERO);
        let (mut form, mut linear) = (zero(d), zero(1));
        let (mut form_error, mut linear_error, mut constant) = (0.0, 0.0, Nats::ZERO);
        for (sign, square) in &self.squares {
            let transposed = square.slope.transposed();
            let (product, offset) = (transposed.dot(&square.slope), transposed.dot(&square.offset));
            let add = |sum: &mut Double, &term: &Double| *sum = *sum + term * Double::from(*sign);
            form.zip_mut_with(&product.value, add);
            linear.zip_mut_with(&offset.value, add);
            // Adding the form up costs at most a rounding of its size for each of the squares.
            form_error += product.error_norm() + count(self.squares.len()) * product.norm();
            linear_error += offset.error_norm() + count(self.squares.len()) * offset.norm();
            constant = constant + *sign * square.height;
        }
        let Some(lower) = Triangle::cholesky(&form) else {
            let smallest = Spectrum::new(&form.mapv(Double::nearest), 0.0)?.values[0];
            let diverges = smallest < -UNIT_ROUNDOFF_F64 * form_error;
            return if diverges { Ok(Nats::INFINITY) } else { Err(LAPACK) };
        };
        let whitened = Uncertain::exact(lower.solve(&linear));
        let inverse = lower.inverse().mapv(Double::nearest);
        let least = norm(&inverse.t().dot(&whitened.nearest()));
        let size = lower.size();
        // The factorisation's backward error, and the two solves', which are of the same size (Higham, theorems 8.5 and
        // 10.3).
        form_error += (3.0 * count(d) + 1.0) * norm(&size.dot(&size.t()));
        let spread = norm(&inverse.t().dot(&inverse));
        let off = linear_error + least * form_error;
        // The error counts to second order, because the first order vanishes where the posterior is the encoder.
        let moved = least * (off + linear_error) + self.rounding.of_square(0.0, off) * spread + spread * form_error;
        let height = whitened.square_norm(self.rounding);
        let height = Nats::with_mass(height.value(), height.mass() + self.rounding.mass_of(moved));
        Ok(0.5 * (height - constant - 2.0 * lower.ln_det()))
    }
}

impl Add for Quadratic {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self.constant = self.constant + other.constant;
        self.squares.extend(other.squares);
        self
    }
}

impl Neg for Quadratic {
    type Output = Self;

    fn neg(mut self) -> Self {
        self.constant = -self.constant;
        for (sign, _) in &mut self.squares {
            *sign = -*sign;
        }
        self
    }
}

impl Sub for Quadratic {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Add<Nats> for Quadratic {
    type Output = Self;

    fn add(mut self, constant: Nats) -> Self {
        self.constant = self.constant + constant;
        self
    }
}

impl Sub<Nats> for Quadratic {
    type Output = Self;

    fn sub(self, constant: Nats) -> Self {
        self + -constant
    }
}
