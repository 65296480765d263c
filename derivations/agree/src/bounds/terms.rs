//! The bounds on the distance between the fused terms and the reference: the number of roundings of each quantity, and
//! the error that a storage type adds. The bounds of network layers and training steps are here, too.

use bounds::Float;
use gpu::fused::{ACCEPT, EXCESS, EXP, LN, SUM};

/// A type in which numbers are stored, and the type in which they are then computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Storage {
    /// The word used on the command line and in reports.
    pub name: &'static str,
    /// The unit roundoff of the type of computation.
    pub computed: f64,
    /// The unit roundoff of the stored type.
    pub stored: f64,
    /// The absolute error of an underflow in computing: the smallest normal number.
    pub tiny: f64,
    /// The absolute error of an underflow in storing: half the distance between subnormal numbers.
    pub smallest: f64,
    /// The largest number of the type of computation. Beyond it there is an infinity.
    pub most_computed: f64,
    /// The largest number of the stored type.
    pub most_stored: f64,
}

impl Storage {
    /// Single precision.
    pub const F32: Self = Self::of(Float::F32);
    /// Double precision.
    pub const F64: Self = Self::of(Float::F64);
    /// The upper half of the bits of single precision, with 8 binary digits.
    pub const BF16: Self = Self::of(Float::Bf16);
    /// Half precision, with 11 binary digits.
    pub const F16: Self = Self::of(Float::F16);

    /// The constants for a stored type. Double precision is computed in itself, and every other type in single
    /// precision.
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

/// The number of roundings, relative to its mass, that a fused quantity may be off, with the reason.
#[derive(Debug, Clone, Copy)]
pub struct TermPrecision {
    /// The number of roundings as a function of the length of a row.
    pub roundings: fn(f64) -> f64,
    /// The derivation of that number in a sentence.
    pub reason: &'static str,
}

// A weight e^y has the error EXP, and |y| for its rounded exponent, which is in the mass. A sum of weights adds SUM. A
// mean t/s has the errors of both, of a product with the weight and of the quotient: 2 (SUM + EXP) + 4.

/// A divergence. Its bound is relative to its own size, because it is a sum of terms that are never negative.
pub const DIVERGENCE: TermPrecision = TermPrecision {
    roundings: |k| ACCEPT.max(EXCESS + SUM + 2.0 * (k.ln() + 2.0) + 2.0 * EXP + 4.0) + 4.0,
    reason: "the fast sum is taken only where its bound is below ACCEPT; else the excess, its sum and a log-ratio rounded twice, which counts at most ln K + 2 times",
};

/// An entropy, a cross-entropy or the log-probability of a token: the logarithm of one sum, and a mean.
pub const MEAN: TermPrecision = TermPrecision {
    roundings: |_| 2.0 * (SUM + EXP) + 4.0,
    reason: "weights and their sums, twice; a product, a quotient, two additions",
};

/// A derivative: a weight times a difference from a mean.
pub const SLOPE: TermPrecision = TermPrecision {
    roundings: |_| 2.0 * (SUM + EXP) + EXCESS + 8.0,
    reason: "as a mean, then a weight (near 0 from the excess's exponential), two products and a difference in two steps",
};

/// A relaxed sample, the codebook rows that it mixes, and its gradients. The additions of a matrix product come on top,
/// see [`TermPrecision::with_additions`].
pub const SAMPLE: TermPrecision = TermPrecision {
    roundings: |_| 2.0 * (SUM + EXP) + 8.0,
    reason: "a weight and the sum of weights (what their exponents add is in the mass), a quotient, a mean, three products; and the additions of the product, of what is added",
};

/// The logit-Laplace likelihood: two logarithms and an exponential for each value, and their sum.
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

    /// `bound`, increased by the error of `count` additions in the type of computation, of addends of this size.
    #[must_use]
    pub fn with_additions(bound: f64, count: f64, size: f64, storage: Storage) -> f64 {
        let first_order = count * storage.computed;
        bound + first_order / (1.0 - first_order) * (size + bound)
    }
}

/// The bound on the distance of a number of a network's layer, where both sides have the same inputs.
///
/// ```text
/// (gamma_r(u) + gamma_r(u_f64)) (1 + u_stored) mass + u_stored |value| + r tiny + smallest
/// ```
///
/// The first term stands for `r` roundings of addends whose sizes sum to `mass`. The second one stands for the rounding
/// of the value to the stored type, and the last two for underflow.
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

/// The relative perturbation of a weight whose effect on a training step stands for the roundings of a layer with this
/// many inputs.
///
/// The roundings of a layer equal those of an exact sum with perturbed weights (Higham, Accuracy and Stability, 3.1).
/// Each weight is perturbed by at most 4 times the root of the number of roundings, except for one in three thousand
/// (Higham and Mary, 2019, Theorem 2.4).
#[must_use]
pub fn moved_by(inputs: f64) -> f64 {
    4.0 * inputs.sqrt() * Storage::F32.computed
}

/// The bound on the error of the loss of a training step, or of the Euclidean norm of the error of a tensor's gradient,
/// in single precision. `farthest` is the largest change among draws whose parameters were all perturbed by
/// [`moved_by`] for the widest layer. `addends` is the number of its addends, and `size` their size.
///
/// Layers round in the forward and in the backward pass, which makes a factor of 2. A few draws stand for all, which
/// makes another factor of 2. The sum of a gradient itself rounds like that of a layer. So the bound covers what is
/// likely, not all that is possible. Tests check both implementations on the CPU against it.
#[must_use]
pub fn step_bound(farthest: f64, addends: f64, size: f64) -> f64 {
    4.0 * farthest + moved_by(addends) * size
}

/// The bound on the distance of two results of `AdamW` after two steps with the same gradients. Each number has ten
/// roundings a step, relative to its size. The norm of the gradients has as many roundings as it has squares.
#[must_use]
pub fn update_bound(size: f64, squares: f64) -> f64 {
    2.0 * ((20.0 + squares) * Storage::F32.computed * size + Storage::F32.tiny)
}
