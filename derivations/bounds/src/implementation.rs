//! How far the numbers of somebody's correct code may be off: the roundings of an ordinary implementation, in its own types and order.

// Notation: u is the unit roundoff of the type that results are rounded to, a that of the type sums are accumulated in.
//
// An *ordinary* implementation works in log space. It may normalise logits by their maximum or by their log-sum-exp, take exponentials of
// log-probabilities or quotients, form a divergence as one sum or as a difference of two, and round after every operation (an eager framework)
// or once (a fused kernel). The bounds below hold for all of these: each is the sum over the steps of one, where another has no larger step.

use crate::{Float, Order, Range};

/// How far a model's answers may lie apart that are the same computation on the same shapes, relative to a nat and to the answer: nothing but
/// the order of some sums differs, if anything does. A sum in another order moves a number by as many roundings as it has levels, tens; a network has tens of layers.
pub const CAUSALITY: f64 = 1024.0;

/// By how many roundings of its sums the probabilities of one softmax may miss 1, all by the same share: 2^17 additions in turn for the largest vocabulary, and
/// logits 2^16 away from 0, whose log-sum-exp is rounded at its own size.
pub const NORMALISER: f64 = 196_608.0;

/// The most that the two above may grow to in a type of few digits: more would hold nothing against anything.
pub const MOST_APART: f64 = 0.25;

/// From where a report says that the laws of a model tell little.
pub const TELLING: f64 = 0.05;

/// Which share of itself a number may be off and is told from others. Half of 1/8, the share of the text in DALL-E's loss and the smallest part of
/// a whole that a mistake drops: what is missing, counted twice, of the other sign or 0 is out of bound then.
pub const TOLD_OF_ITSELF: f64 = 1.0 / 16.0;

/// Which share of what it is added up from, a nat at the least: three decimal digits. A number that is 0, or nearly, has no share of itself.
pub const TOLD_OF_SCALE: f64 = 1.0 / 1024.0;

/// The largest share of an error that the bound of its explanation may be: one in ten of all errors of its size would lie within by chance.
pub const MOST_OF_ERROR: f64 = 0.1;

/// The largest share of what is claimed that the bound of its explanation may be: beyond, there is room for 0 within it, and 0 is 0 times anything.
pub const MOST_OF_CLAIMED: f64 = 1.0;

/// The reference's own roundings of its mass: exponentials and logarithms of a few ulp, compensated sums.
const REFERENCE: f64 = 32.0;

/// What a subject computes with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arithmetic {
    /// The type that results are rounded to.
    pub each: Float,
    /// The type that sums are accumulated in.
    pub sums: Float,
    /// In which order it adds.
    pub order: Order,
}

impl Arithmetic {
    /// `u`.
    #[must_use]
    pub const fn u(self) -> f64 {
        self.each.unit_roundoff()
    }

    /// Relative error of `exp` in units of `u`: at most 2 ulp in every library that we know (CUDA's `expf`); a half type's is a single's, rounded.
    #[must_use]
    pub const fn exp(self) -> f64 {
        if self.is_half() { 1.0 } else { 4.0 }
    }

    /// Relative error of `ln` in units of `u`: at most 1 ulp.
    #[must_use]
    pub const fn ln(self) -> f64 {
        if self.is_half() { 1.0 } else { 2.0 }
    }

    const fn is_half(self) -> bool {
        matches!(self.each, Float::F16 | Float::Bf16)
    }

    /// A pixel's log-likelihood, relative to its mass: two logarithms, an exponential, six additions, products and quotients; the mass holds
    /// what rounded exponents add.
    #[must_use]
    pub const fn likelihood(self) -> f64 {
        (2.0 * self.ln() + self.exp() + 6.0) * self.u()
    }

    /// A schedule at a step, relative to the size of its ends: the share of the way twice (a quotient times an irrational), a cosine or an
    /// exponential, three operations; a step may be counted in the same type.
    #[must_use]
    pub const fn schedule(self) -> f64 {
        (2.0 * self.exp() + 16.0) * self.u()
    }

    /// Relative error of a variance, or of its inverse, whose logarithm has this size: the exponential of a rounded exponent, as a square of one
    /// or not.
    #[must_use]
    pub fn roughness(self, log_size: f64) -> f64 {
        (self.u() * (2.0 * (self.exp() + self.ln()) + 6.0 + 3.0 * log_size)).exp_m1()
    }

    /// What adding up `n` numbers costs each of them at most, relative to itself (Higham, Accuracy and Stability, section 4.2): one rounding for
    /// each addition that it takes part in, and one where the sum is stored.
    ///
    /// Sequential: `n - 1`, which no other order exceeds. Blocks: 31 within a block, and again for every level of blocks of blocks. Tree: a
    /// thread's part, one for every level above.
    #[must_use]
    pub fn adding(self, n: f64) -> f64 {
        gamma(self.additions(n) * self.sums.unit_roundoff()) + if n > 1.0 { self.u() } else { 0.0 }
    }

    /// How many additions a number takes part in where `n` are added up.
    pub(crate) fn additions(self, n: f64) -> f64 {
        let levels = |parts: f64| if parts > 1.0 { parts.log2().ceil() } else { 0.0 };
        let all = (n - 1.0).max(0.0);
        match self.order {
            Order::Sequential => all,
            Order::Pairwise => all.min(31.0 * (n.max(1.0).log2() / 5.0).ceil()),
            Order::Tree => all.min((n / 1024.0).ceil() + levels(n.min(1024.0))),
        }
    }

    /// The same where it adds in turn, whatever the order of its other sums.
    #[must_use]
    pub const fn in_turn(self) -> Self {
        Self {
            order: Order::Sequential,
            ..self
        }
    }
}

/// Counts are first order; `x / (1 - x)` covers the rest and is infinite (nothing is bounded) from `x = 1`.
#[must_use]
pub fn gamma(x: f64) -> f64 {
    if x < 1.0 { x / (1.0 - x) } else { f64::INFINITY }
}

/// Numbers that are added up to a claim: what they come to, how far each may be off, how large they are, how many.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BoundedSum {
    value: f64,
    /// What the sum of the values lost so far (Neumaier).
    lost: f64,
    /// Bound on the sum of the addends' own errors.
    pub error: f64,
    /// Sum of their sizes.
    pub mass: f64,
    /// How many they are.
    pub count: f64,
    /// What they can come to at all.
    pub range: Range,
}

impl BoundedSum {
    /// One number.
    #[must_use]
    pub const fn one(value: f64, error: f64, mass: f64) -> Self {
        Self {
            value,
            lost: 0.0,
            error,
            mass,
            count: 1.0,
            range: Range::ANY,
        }
    }

    /// The same number, of which it is known what it can be at all.
    #[must_use]
    pub const fn within(self, range: Range) -> Self {
        Self { range, ..self }
    }

    /// The sum.
    #[must_use]
    pub fn value(self) -> f64 {
        if self.value.is_finite() {
            self.value + self.lost
        } else {
            self.value
        }
    }

    /// The same sum, known better than by its addends.
    #[must_use]
    pub const fn known(self, value: f64) -> Self {
        Self {
            value,
            lost: 0.0,
            ..self
        }
    }

    /// Times a number that the subject rounds once.
    #[must_use]
    pub fn times(self, factor: f64, u: f64) -> Self {
        let size = factor.abs();
        let scaled = |value: f64| if factor == 0.0 { 0.0 } else { factor * value };
        Self {
            value: scaled(self.value),
            lost: scaled(self.lost),
            error: size * (self.error + 2.0 * u * self.mass),
            mass: size * self.mass,
            count: self.count,
            range: self.range.times(factor),
        }
    }

    /// How far a correct subject's number may be off, were the sum divided by `divisor` and stored in `stored`.
    ///
    /// ```text
    /// (error + adding(n) (mass + error) + 4 u |value| + 32 u_f64 mass) / divisor + u_stored |value| / divisor + tiny
    /// ```
    ///
    /// Four operations at most stand between the sum and the claim: a sign, a unit, a normaliser, a mean.
    #[must_use]
    pub fn bound(self, divisor: f64, arithmetic: Arithmetic, stored: Float) -> f64 {
        let summed = self.error + arithmetic.adding(self.count) * (self.mass + self.error);
        let size = self.value().abs();
        let after = (4.0 * arithmetic.u() + stored.unit_roundoff()) * (size + summed);
        let own = REFERENCE * Float::F64.unit_roundoff() * (self.mass + size);
        let least = stored.smallest() + arithmetic.each.smallest() + stored.lost().min(arithmetic.each.lost());
        (summed + after + own) / divisor + least
    }

    /// The least and the largest that a correct subject's number can be at all, whatever its bound.
    #[must_use]
    pub fn ends(self, divisor: f64, arithmetic: Arithmetic, stored: Float) -> [f64; 2] {
        self.range.ends(self.count, divisor, arithmetic, stored)
    }
}

impl std::ops::AddAssign for BoundedSum {
    fn add_assign(&mut self, other: Self) {
        let next = self.value + other.value;
        if next.is_finite() {
            self.lost += if self.value.abs() >= other.value.abs() {
                (self.value - next) + other.value
            } else {
                (other.value - next) + self.value
            };
        }
        self.value = next;
        self.lost += other.lost;
        self.error += other.error;
        self.mass += other.mass;
        self.count += other.count;
        self.range += other.range;
    }
}

impl std::iter::Sum for BoundedSum {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::default(), |mut sum, term| {
            sum += term;
            sum
        })
    }
}
