//! How close the fused terms come to the reference: roundings per quantity, and what a storage type adds.

use gpu::fused::{ACCEPT, EXCESS, EXP, LN, SUM};

use super::subject::Float;

/// A type that numbers are stored in, and the one they are computed in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Storage {
    /// The word used on the command line and in reports.
    pub name: &'static str,
    /// Unit roundoff of the type computed in.
    pub computed: f64,
    /// Unit roundoff of the type stored.
    pub stored: f64,
    /// What underflow can cost when computing: the smallest normal number.
    pub tiny: f64,
    /// What underflow can cost when storing: half the distance of subnormal numbers.
    pub smallest: f64,
}

impl Storage {
    /// Single precision.
    pub const F32: Self = Self::of(Float::F32, Float::F32);
    /// Double precision.
    pub const F64: Self = Self::of(Float::F64, Float::F64);
    /// The upper half of a single: 8 binary digits.
    pub const BF16: Self = Self::of(Float::Bf16, Float::F32);
    /// Half precision: 11 binary digits.
    pub const F16: Self = Self::of(Float::F16, Float::F32);

    const fn of(stored: Float, computed: Float) -> Self {
        Self {
            name: stored.name(),
            computed: computed.unit_roundoff(),
            stored: stored.unit_roundoff(),
            tiny: computed.smallest_normal(),
            smallest: stored.smallest(),
        }
    }
}

/// How many roundings of its mass a fused quantity may be off, and why.
#[derive(Debug, Clone, Copy)]
pub struct TermPrecision {
    /// The count, for rows of this length.
    pub roundings: fn(f64) -> f64,
    /// The count in words.
    pub reason: &'static str,
}

// A weight e^y is off by EXP, and by |y| for its rounded exponent (in the mass); a sum of weights by SUM more. A mean t/s takes
// both, a product with the weight and the quotient: 2 (SUM + EXP) + 4.

/// A divergence, relative to its own size: a sum of terms that are never negative.
pub const DIVERGENCE: TermPrecision = TermPrecision {
    roundings: |k| ACCEPT.max(EXCESS + SUM + 2.0 * (k.ln() + 2.0) + 2.0 * EXP + 4.0) + 4.0,
    reason: "the fast sum is taken only where its bound is below ACCEPT; else the excess, its sum and a log-ratio rounded twice, which counts at most ln K + 2 times",
};

/// An entropy, a cross-entropy, a token's log-probability: the logarithm of one sum, and a mean.
pub const MEAN: TermPrecision = TermPrecision {
    roundings: |_| 2.0 * (SUM + EXP) + 4.0,
    reason: "weights and their sums, twice; a product, a quotient, two additions",
};

/// A derivative: a weight times a difference from a mean.
pub const SLOPE: TermPrecision = TermPrecision {
    roundings: |_| 2.0 * (SUM + EXP) + EXCESS + 8.0,
    reason: "as a mean, then a weight (near 0 from the excess's exponential), two products and a difference in two steps",
};

/// A relaxed sample, what it mixes and what it hands back. The additions of a product come on top: [`TermPrecision::with_additions`].
pub const SAMPLE: TermPrecision = TermPrecision {
    roundings: |_| 2.0 * (SUM + EXP) + 8.0,
    reason: "a weight and the sum of weights (what their exponents add is in the mass), a quotient, a mean, three products; and the additions of the product, of what is added",
};

/// The logit-Laplace likelihood: two logarithms and an exponential a value, and their sum.
pub const LIKELIHOOD: TermPrecision = TermPrecision {
    roundings: |_| SUM + 2.0 * LN + EXP + 6.0,
    reason: "ln x, ln(1 - x), 1 - x, e^-ln b, four additions, a product, the sum",
};

impl TermPrecision {
    /// The bound on `|reference - twin|`.
    ///
    /// ```text
    /// (gamma_k(u) + gamma_k(u_f64)) mass + u_stored |value| + floor
    /// ```
    #[must_use]
    pub fn bound(&self, k: f64, storage: Storage, mass: f64, value: f64, floor: f64) -> f64 {
        let gamma = |u: f64| {
            let first_order = (self.roundings)(k) * u;
            first_order / (1.0 - first_order)
        };
        (gamma(storage.computed) + gamma(Storage::F64.computed)) * mass + storage.stored * value.abs() + floor
    }

    /// `bound`, and what `count` additions in the type computed in cost addends of this size: they round what is added, whatever was off before.
    #[must_use]
    pub fn with_additions(bound: f64, count: f64, size: f64, storage: Storage) -> f64 {
        let first_order = count * storage.computed;
        bound + first_order / (1.0 - first_order) * (size + bound)
    }
}

/// The bound of a network's layer, from the same inputs on both sides.
///
/// ```text
/// (gamma_r(u) + gamma_r(u_f64)) (1 + u_stored) mass + u_stored |value| + r tiny + smallest
/// ```
///
/// So many roundings of addends of that size, computed in one type; rounded once more, to the value's own size, where another type is stored;
/// what underflow costs each.
#[must_use]
pub fn layer_bound(roundings: f64, mass: f64, value: f64, storage: Storage) -> f64 {
    let gamma = |u: f64| {
        let first_order = roundings * u;
        if first_order < 1.0 {
            first_order / (1.0 - first_order)
        } else {
            f64::INFINITY
        }
    };
    let computed = (gamma(storage.computed) + gamma(Storage::F64.computed)) * mass + roundings * storage.tiny;
    if storage.stored > storage.computed {
        computed * (1.0 + storage.stored) + storage.stored * value.abs() + storage.smallest
    } else {
        computed
    }
}

/// How far two computations of a training step's loss, or of a tensor's gradient, may be apart: from how far others moved it, which added up in
/// another order, or whose parameters were all moved by as many roundings as the widest layer has.
///
/// A layer's roundings are those of exact sums with moved weights (Higham, Accuracy and Stability, 3.1), each weight by at most so many; those of a
/// gradient's sum over positions show in another order. Each of the two computations is off by its own, and the farthest of a few others stands for
/// the farthest of all: twice two.
#[must_use]
pub fn step_bound(farthest: f64) -> f64 {
    4.0 * farthest
}

/// How far two of `AdamW`'s updates may be apart that had the same gradients: each rounds ten times what its size is made of, and `more` times where
/// the gradients' norm, a sum of so many squares, goes into it.
#[must_use]
pub fn update_bound(size: f64, more: f64) -> f64 {
    2.0 * ((10.0 + more) * Storage::F32.computed * size + Storage::F32.tiny)
}
