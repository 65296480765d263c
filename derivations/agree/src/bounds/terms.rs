//! How close the fused terms come to the reference: roundings per quantity, and what a storage type adds.

use bounds::Float;
use gpu::fused::{ACCEPT, EXCESS, EXP, LN, SUM};

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
    /// What the computed type's largest number is: beyond, it has an infinity.
    pub most_computed: f64,
    /// What the stored type's largest number is.
    pub most_stored: f64,
}

impl Storage {
    /// Single precision.
    pub const F32: Self = Self::of(Float::F32);
    /// Double precision.
    pub const F64: Self = Self::of(Float::F64);
    /// The upper half of a single: 8 binary digits.
    pub const BF16: Self = Self::of(Float::Bf16);
    /// Half precision: 11 binary digits.
    pub const F16: Self = Self::of(Float::F16);

    /// What is stored in this type: double precision is computed in itself, every other type in single precision.
    #[must_use]
    pub const fn of(stored: Float) -> Self {
        let computed = if matches!(stored, Float::F64) {
            Float::F64
        } else {
            Float::F32
        };
        Self {
            name: stored.name(),
            computed: computed.unit_roundoff(),
            stored: stored.unit_roundoff(),
            tiny: computed.smallest_normal(),
            smallest: stored.smallest(),
            most_computed: computed.largest(),
            most_stored: stored.largest(),
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
    roundings: |_| SUM + 2.0 * LN + EXP + 8.0,
    reason: "ln x, ln(1 - x), 1 - x, e^-ln b, four additions, three products, the sum",
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

/// By how much of itself a weight is moved whose effect on a training step stands for the roundings of a layer that adds up so many inputs.
///
/// A layer's roundings are those of an exact sum with moved weights (Higham, Accuracy and Stability, 3.1), each by at most 4 times the root of so many
/// roundings, but for one in three thousand (Higham and Mary, 2019, Theorem 2.4).
#[must_use]
pub fn moved_by(inputs: f64) -> f64 {
    4.0 * inputs.sqrt() * Storage::F32.computed
}

/// How far a training step's loss, or the root of the sum of squares of a tensor's gradient, may be off in single precision: from how far draws moved
/// it whose parameters were all moved ([`moved_by`] the widest layer's inputs), how many addends it is a sum of, and their size.
///
/// Layers round forwards and backwards: twice. A few draws stand for all: twice that. A gradient's own sum rounds as a layer's does. So it is a bound of what is likely, not of what is possible; the tests hold both ways of the CPU to it.
#[must_use]
pub fn step_bound(farthest: f64, addends: f64, size: f64) -> f64 {
    4.0 * farthest + moved_by(addends) * size
}

/// How far two of `AdamW`'s updates may be apart that had the same gradients, after two steps: each rounds ten times a step what its size is made of,
/// and its norm as often as it has squares.
#[must_use]
pub fn update_bound(size: f64, squares: f64) -> f64 {
    2.0 * ((20.0 + squares) * Storage::F32.computed * size + Storage::F32.tiny)
}
