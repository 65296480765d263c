//! A number that is computed once: what it is, and how far a correct program's may be off.

use crate::conclusion::Conclusion;
use crate::implementation::Arithmetic;
use crate::range::Range;
use crate::spread::Spread;

/// One addend of a sum, or a number that is no sum, with what is known of its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Addend {
    /// What the reference computes.
    pub value: f64,
    /// A bound on its error.
    pub error: f64,
    /// The size of what it is computed from.
    pub mass: f64,
    /// The values that it can have at all.
    pub range: Range,
    /// What rounding makes likely.
    pub spread: Spread,
}

impl Addend {
    /// A number with a bound on its error, and the size of what it is computed from.
    #[must_use]
    #[inline]
    pub const fn new(value: f64, error: f64, mass: f64) -> Self {
        Self {
            value,
            error,
            mass,
            range: Range::ANY,
            spread: Spread::bounded(error),
        }
    }

    /// The number 0, which every program has exactly.
    pub const ZERO: Self = Self::new(0.0, 0.0, 0.0);

    /// The same number, with the range of the values that it can have at all.
    #[must_use]
    #[inline]
    pub const fn within(self, range: Range) -> Self {
        Self { range, ..self }
    }

    /// The same number with another spread.
    #[must_use]
    #[inline]
    pub const fn spread(self, spread: Spread) -> Self {
        Self { spread, ..self }
    }

    /// The number, multiplied by a factor. The subject rounds the product once, with the unit roundoff `u`.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "one is one")]
    #[inline]
    pub fn times(self, factor: f64, u: f64) -> Self {
        if factor == 1.0 && u == 0.0 {
            return self;
        }
        let (size, square) = (factor.abs(), factor * factor);
        let value = if factor == 0.0 { 0.0 } else { factor * self.value };
        let Spread { bias, shared, variance } = self.spread;
        let scaled = |[one, other]: [f64; 2]| [size * one, size * other];
        Self {
            value,
            error: size * (self.error + 2.0 * u * self.mass),
            mass: size * self.mass,
            range: self.range.times(factor),
            spread: Spread {
                bias: scaled(bias),
                shared: scaled(shared),
                variance: square * variance + u * value * (u * value) / 3.0,
            },
        }
    }

    /// The sum of two numbers, which the subject rounds once.
    #[must_use]
    #[inline]
    pub fn plus(self, other: Self, w: Arithmetic) -> Self {
        let (value, mass, error) = (
            self.value + other.value,
            self.mass + other.mass,
            self.error + other.error,
        );
        let adding = w.adding(2.0);
        let both = |a: [f64; 2], b: [f64; 2]| [a[0] + b[0], a[1] + b[1]];
        let mut range = self.range;
        range += other.range;
        Self {
            value,
            error: error + adding * (mass + error),
            mass,
            range: range.given(adding),
            spread: Spread {
                bias: both(self.spread.bias, other.spread.bias),
                shared: both(self.spread.shared, other.spread.shared),
                variance: self.spread.variance + other.spread.variance + (w.u() * partial(value, mass)).powi(2) / 3.0,
            },
        }
    }

    /// The bound on the error of a correct subject's number, as [`BoundedSum::bound`](crate::BoundedSum::bound).
    #[must_use]
    #[inline]
    pub fn bound(&self, end: &Conclusion) -> f64 {
        end.bound(self.value.abs(), self.error, self.mass)
    }

    /// The expected bounds on the error of a correct subject's number, as
    /// [`BoundedSum::expected`](crate::BoundedSum::expected): where a softmax adds in blocks, and where it adds in turn.
    #[must_use]
    #[inline]
    pub fn expected(&self, deviations: f64, end: &Conclusion) -> [f64; 2] {
        let size = self.value.abs();
        let Spread { bias, shared, variance } = self.spread;
        let by = |bias: f64, shared: f64| end.expected(size, bias, (variance, shared), deviations);
        [by(bias[0], shared[0]), by(bias[1], shared[1])]
    }

    /// The least and the largest value that a correct subject's number can have at all.
    #[must_use]
    #[inline]
    pub fn ends(&self, end: &Conclusion) -> [f64; 2] {
        self.range.ends(1.0, end)
    }

    /// The size of the partial sums that lead to this number.
    #[inline]
    pub(crate) fn partial(&self) -> f64 {
        partial(self.value, self.mass)
    }
}

/// The size of the partial sums that lead to a number. A program that subtracts two sums of half the size each has one of
/// their size over the root of 2.
#[inline]
pub(crate) fn partial(value: f64, mass: f64) -> f64 {
    value.abs().max(mass * std::f64::consts::FRAC_1_SQRT_2)
}
