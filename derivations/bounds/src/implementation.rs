//! Bounds on the errors of somebody's correct code: the roundings of an ordinary implementation, in its own types and
//! its own order of summation.

// Notation: u is the unit roundoff of the type that results are rounded to, a that of the type sums are accumulated in.
//
// An *ordinary* implementation works in log space. It may normalise logits by their maximum or by their log-sum-exp,
// take exponentials of log-probabilities or quotients, form a divergence as one sum or as a difference of two, and
// round after every operation (an eager framework) or once (a fused kernel). The bounds below hold for all of these:
// each is the sum over the steps of one, where another has no larger step.

use vocab::Float;

use crate::order::Order;

/// The distance that two answers of a model may have that are the same computation on the same shapes, in units of `u`
/// and relative to a nat and to the answer. At most the order of some sums differs between them. A sum in another order
/// moves a number by as many roundings as the sum has levels, which are tens, and a network has tens of layers.
pub const CAUSALITY: f64 = 1024.0;

/// The same where the model gives rows that are alike the same bits: the order of its sums does not differ then, and what
/// comes after a token is multiplied by 0. A few last places are left for what a kernel does at the ends of its blocks.
pub const EQUAL_BITS: f64 = 16.0;

/// The number of roundings by which the probabilities of one softmax may miss 1, all by the same share. It is one for each
/// of the additions, one after the other, of the vocabulary, and 2^14 more for logits that lie 2^14 away from 0, whose
/// log-sum-exp is rounded at its own size. The largest vocabulary has 2^17 entries.
#[must_use]
pub fn normaliser(entries: Option<u64>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a vocabulary's length")]
    let additions = entries.unwrap_or(1 << 17) as f64;
    additions + 16_384.0
}

/// The limit of the two tolerances above in a type of few digits. A larger one would accept everything.
pub const MOST_APART: f64 = 0.25;

/// The tolerance from which on a report says that the laws of a model prove little.
pub const TELLING: f64 = 0.05;

/// The largest bound, as a share of the number itself, within which a wrong number is told from a right one. It is half
/// of 1/8, which is the share of the text in DALL-E's loss and the smallest part of a whole that a mistake drops. So a
/// number with a part that is missing, counted twice, of the other sign or 0 is out of bound.
pub const TOLD_OF_ITSELF: f64 = 1.0 / 16.0;

/// The same limit as a share of the size of the addends, but of a nat at least: three decimal digits. It is for numbers
/// that are 0 or nearly 0, of which no share can be taken.
pub const TOLD_OF_SCALE: f64 = 1.0 / 1024.0;

/// The largest bound of an explanation, as a share of the error that it explains. At this limit one in ten errors of
/// that size would be explained by chance.
pub const MOST_OF_ERROR: f64 = 0.1;

/// The probability that a true explanation of a claim is not told, since a number lies outside of its bound by it. It is
/// larger than that of a false verdict: an explanation that is not told is a loss, a false verdict is a fault.
pub const EXPLAINED: f64 = 1e-3;

/// The largest bound of an explanation, as a share of the claimed number. Beyond it, 0 would lie within the bound, and
/// 0 would be explained by any factor.
pub const MOST_OF_CLAIMED: f64 = 1.0;

/// The reference's own roundings, relative to its mass: those of exponentials and logarithms of a few ulp, and of
/// compensated sums.
pub(crate) const REFERENCE: f64 = 32.0;

/// The arithmetic of a subject, which is the code that is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arithmetic {
    /// The type to which the result of each operation is rounded.
    pub each: Float,
    /// The type in which sums are accumulated.
    pub sums: Float,
    /// The order in which it adds.
    pub order: Order,
    /// The type in which sums are accumulated by what decides a verdict. It is finer than `sums` where nothing is stated
    /// and libraries accumulate in a wider type than they round to.
    pub usual: Float,
}

impl Arithmetic {
    /// The unit roundoff `u` of the type to which results are rounded.
    #[must_use]
    pub const fn u(self) -> f64 {
        self.each.unit_roundoff()
    }

    /// A bound on the relative error of `exp`, in units of `u`. It is at most 2 ulp in every library that we know
    /// (CUDA's `expf`). In a half type it is computed in single precision and then rounded.
    #[must_use]
    pub const fn exp(self) -> f64 {
        if self.is_half() { 1.0 } else { 4.0 }
    }

    /// A bound on the relative error of `ln`, in units of `u`. It is at most 1 ulp.
    #[must_use]
    pub const fn ln(self) -> f64 {
        if self.is_half() { 1.0 } else { 2.0 }
    }

    const fn is_half(self) -> bool {
        matches!(self.each, Float::F16 | Float::Bf16)
    }

    /// A bound on the error of a pixel's log-likelihood, in units of `u` and relative to its mass. It counts two
    /// logarithms, an exponential, and six additions, products and quotients. The mass includes the effect of rounded
    /// exponents.
    #[must_use]
    pub const fn likelihood(self) -> f64 {
        (2.0 * self.ln() + self.exp() + 6.0) * self.u()
    }

    /// A bound on the error of a schedule at a step, in units of `u` and relative to the size of its ends. It counts
    /// the share of the way twice (a quotient times an irrational number), a cosine or an exponential, and three
    /// operations. The step may be counted in the same type.
    #[must_use]
    pub const fn schedule(self) -> f64 {
        (2.0 * self.exp() + 16.0) * self.u()
    }

    /// A bound on the relative error of a variance, or of its inverse, whose logarithm has this size. It is the
    /// exponential of a rounded exponent, or the square of such an exponential.
    #[must_use]
    pub fn roughness(self, log_size: f64) -> f64 {
        (self.u() * (2.0 * (self.exp() + self.ln()) + 6.0 + 3.0 * log_size)).exp_m1()
    }

    /// A bound on the error that adding up `n` numbers gives each of them, relative to the number itself (Higham,
    /// Accuracy and Stability, section 4.2). It is one rounding for each addition in which the number takes part, and
    /// one where the sum is stored.
    ///
    /// The number of additions depends on the order. Sequential: `n - 1`, which no other order exceeds. Blocks: 31
    /// within a block, and 31 for every further level of blocks; or a quarter of all in a lane of a vector unit. Tree: those of a thread's part, and one for every
    /// level above.
    #[must_use]
    pub fn adding(self, n: f64) -> f64 {
        gamma(self.additions(n) * self.sums.unit_roundoff()) + if n > 1.0 { self.u() } else { 0.0 }
    }

    /// The largest number of additions in which one of `n` addends takes part.
    pub(crate) fn additions(self, n: f64) -> f64 {
        let levels = |parts: f64| if parts > 1.0 { parts.log2().ceil() } else { 0.0 };
        let all = (n - 1.0).max(0.0);
        match self.order {
            Order::Sequential => all,
            Order::Pairwise => all.min((31.0 * (n.max(1.0).log2() / 5.0).ceil()).max(n / 4.0 + 2.0)),
            Order::Tree => all.min((n / 1024.0).ceil() + levels(n.min(1024.0))),
        }
    }

    /// The same arithmetic with sequential sums, for a sum that is added in turn whatever the order of the others is.
    #[must_use]
    pub const fn in_turn(self) -> Self {
        Self {
            order: Order::Sequential,
            ..self
        }
    }
}

/// Turns a first-order error `x` into a bound that covers all orders: `x / (1 - x)`. From `x = 1` on it is infinite,
/// and nothing is bounded.
#[must_use]
pub fn gamma(x: f64) -> f64 {
    if x < 1.0 { x / (1.0 - x) } else { f64::INFINITY }
}
