//! Numbers of twice the precision of `f64`, as the unrounded sum of two of them, and the operations that a matrix needs
//! of either type.
//!
//! A covariance of condition `k` turns a rounding of `f64` into `k` of them. Sixteen more digits leave room for every
//! condition that is taken.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

use ndarray::Array2;

use crate::vocab::UNIT_ROUNDOFF_F64;

/// The types that the entries of a matrix may have: `f64` and [`Double`].
pub(super) trait Scalar:
    Copy
    + Debug
    + PartialEq
    + Send
    + Sync
    + From<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The largest relative error of one operation.
    const ROUNDOFF: f64;

    /// The nearest `f64`.
    fn nearest(self) -> f64;

    /// The same number in twice the precision.
    fn wide(self) -> Double;

    /// The matrix product `A B`.
    fn product(a: &Array2<Self>, b: &Array2<Self>) -> Array2<Self>;
}

impl Scalar for f64 {
    const ROUNDOFF: Self = UNIT_ROUNDOFF_F64;

    fn nearest(self) -> f64 {
        self
    }

    fn wide(self) -> Double {
        Double::from(self)
    }

    fn product(a: &Array2<Self>, b: &Array2<Self>) -> Array2<Self> {
        a.dot(b)
    }
}

/// A number of twice the precision of `f64`, `high + low` with `|low| <= u |high|`.
///
/// Sum, product and quotient are those of Joldes, Muller and Popescu, "Tight and rigorous error bounds for basic
/// building blocks of double-word arithmetic" (2017). The root is that of Lefevre et al. (2023). Their relative errors
/// are at most 3, 4, 15 and 25/8 units of `u^2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Double {
    high: f64,
    low: f64,
}

impl Double {
    pub(super) const ZERO: Self = Self { high: 0.0, low: 0.0 };

    /// The exact sum of two numbers, of which the first is at least as large as the second.
    fn fast_sum(a: f64, b: f64) -> Self {
        let high = a + b;
        Self {
            high,
            low: b - (high - a),
        }
    }

    /// The exact sum of any two numbers.
    fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        let rest = high - a;
        Self {
            high,
            low: (a - (high - rest)) + (b - rest),
        }
    }

    pub(super) fn square_root(self) -> Self {
        if !(self.high > 0.0) {
            return Self::from(self.high.sqrt()); // 0, or NaN
        }
        let high = self.high.sqrt();
        let rest = (-high).mul_add(high, self.high) + self.low;
        Self::fast_sum(high, rest / (2.0 * high))
    }

    pub(super) fn abs(self) -> Self {
        if self.high < 0.0 { -self } else { self }
    }

    /// The natural logarithm to the precision of an `f64`, near 1 as well.
    pub(super) fn ln(self) -> f64 {
        if (0.5..2.0).contains(&self.high) {
            ((self.high - 1.0) + self.low).ln_1p() // the difference is exact
        } else {
            self.high.ln() + self.low / self.high
        }
    }
}

impl From<f64> for Double {
    fn from(value: f64) -> Self {
        Self { high: value, low: 0.0 }
    }
}

impl Add for Double {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (high, low) = (Self::sum(self.high, other.high), Self::sum(self.low, other.low));
        let sum = Self::fast_sum(high.high, high.low + low.high);
        Self::fast_sum(sum.high, low.low + sum.low)
    }
}

impl Neg for Double {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            high: -self.high,
            low: -self.low,
        }
    }
}

impl Sub for Double {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Double {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let high = self.high * other.high;
        let rest = self.high.mul_add(other.high, -high);
        let crossed = self
            .low
            .mul_add(other.high, self.high.mul_add(other.low, self.low * other.low));
        Self::fast_sum(high, rest + crossed)
    }
}

impl Div for Double {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let high = self.high / other.high;
        let back = Self::from(high) * other;
        let rest = (self.high - back.high) + (self.low - back.low);
        Self::fast_sum(high, rest / other.high)
    }
}

impl Scalar for Double {
    /// 16 `u^2`, which covers the quotient's 15.
    const ROUNDOFF: f64 = 16.0 * UNIT_ROUNDOFF_F64 * UNIT_ROUNDOFF_F64;

    fn nearest(self) -> f64 {
        self.high
    }

    fn wide(self) -> Self {
        self
    }

    fn product(a: &Array2<Self>, b: &Array2<Self>) -> Array2<Self> {
        let mut product = Array2::from_elem((a.nrows(), b.ncols()), Self::ZERO);
        for (row, mut sums) in a.rows().into_iter().zip(product.rows_mut()) {
            for (&left, right) in row.iter().zip(b.rows()) {
                sums.zip_mut_with(&right, |sum, &right| *sum = *sum + left * right);
            }
        }
        product
    }
}

/// The matrix with ones on its diagonal.
pub(super) fn identity(d: usize) -> Array2<Double> {
    Array2::from_shape_fn((d, d), |(i, j)| Double::from(if i == j { 1.0 } else { 0.0 }))
}

#[cfg(test)]
mod tests {
    use super::{Double, Scalar as _};

    /// Whole numbers up to 2^100 have room, so that integers tell what is right.
    fn of(n: i128) -> Double {
        #[expect(clippy::cast_precision_loss, reason = "the rest is added below")]
        let high = n as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "what the nearest leaves"
        )]
        let low = (n - high as i128) as f64;
        Double::sum(high, low)
    }

    #[expect(clippy::cast_possible_truncation, reason = "whole numbers")]
    fn whole(x: Double) -> i128 {
        x.high as i128 + x.low as i128
    }

    #[test]
    fn whole_numbers_add_and_multiply_exactly() {
        let (a, b) = ((1_i128 << 80) + 12_345_678_901, -(1_i128 << 77) + 987_654_321);
        assert_eq!(whole(of(a) + of(b)), a + b);
        assert_eq!(whole(of(a) - of(b)), a - b);
        let (a, b) = ((1_i128 << 50) + 12_345_679, (1_i128 << 49) - 7);
        assert_eq!(whole(of(a) * of(b)), a * b);
        assert_eq!(whole(of(a * b) / of(b)), a);
        assert_eq!(whole(of(a * a).square_root()), a);
    }

    #[test]
    fn thirds_and_roots_are_right_to_twice_the_digits() {
        let (one, three, two) = (Double::from(1.0), Double::from(3.0), Double::from(2.0));
        let off = (one / three) * three - one;
        assert!(off.nearest().abs() <= 2.0 * Double::ROUNDOFF, "{off:?}");
        let root = two.square_root();
        assert!((root * root - two).nearest().abs() <= 8.0 * Double::ROUNDOFF);
        // A rounding of f64 above 1, which ln of the higher half alone would not see.
        let above = one + Double::from(f64::EPSILON / 8.0);
        assert!((above.ln() / (f64::EPSILON / 8.0) - 1.0).abs() < f64::EPSILON);
        assert!((Double::from(3.0).ln() - 3.0_f64.ln()).abs() < f64::EPSILON);
    }
}
