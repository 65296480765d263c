//! What rounding makes likely, beside what it makes possible: how far a correct program's number lies from the exact
//! one, but for a stated probability.

// **Model** (Higham and Mary, A new approach to probabilistic rounding error analysis, SIAM J. Sci. Comput. 41, 2019;
// Connolly, Higham and Mary, Stochastic rounding and its probabilistic backward error analysis, 43, 2021). A result v is
// rounded to nearest with an error of at most u |v|. Over the last bits of v it is uniform, and so sub-Gaussian with the
// variance (u |v|)^2 / 3. Roundings of different numbers are independent; roundings of equal numbers are equal.
//
// A sum of independent sub-Gaussian errors with the variances s_i^2 exceeds L sqrt(sum s_i^2) with a probability of at
// most 2 e^(-L^2 / 2) (Hoeffding). Over N numbers that is at most FAILURE for L = sqrt(2 ln(2 N / FAILURE)), 7.5 to 9.5.
//
// What is not independent adds up before it is squared:
//   - what a row shares (its log-sum-exp) over the row's addends, `shared`;
//   - what equal rows have in common, by the key of the row;
//   - the roundings of equal addends. An accumulator is a multiple of its last place, so that the rounding of s + x
//     depends on x alone while s stays in one binade. With n_g addends of a value, n^2 = sum n_g^2 takes the place of n;
//   - what a function is always off, its bias, which no averaging removes (BIAS).
//
// Sums. The partial sums are known: |s_i| is at most the larger of the value so far and, for a program that subtracts
// two sums of half the size each, their size over sqrt 2. In turn, the variance is a^2 / 3 sum_i s_i^2. In blocks, equal
// parts halve from level to level: a^2 / 3 (2 s^2 + log2 n max^2).
//
// An addition errs by at most the smaller of its two numbers, and by a s. Where that number is below a few last places of
// the sum, the error has one sign again and again: what it is too small for is lost, or rounded up. In turn these errors
// add up to a bias; in lanes half of them at the most, beside one addition, since the others are added to smaller sums.
//
// Sums by lanes of four, as vector units have them, add n / 4 numbers in turn in each: their variance is n / 48 of
// that of in turn, n^2 / 3 s^2, beside the 2 s^2 of the tree above them.
//
// A narrow accumulator stagnates: where n a is not small, a rounding is as large as an addend, and always the same way.
// The model is then not used (NARROW).

/// The probability that any number of a correct dump is out of its expected bound.
pub const FAILURE: f64 = 1e-12;

/// The largest part of a sum that its narrowest rounding may be, `n a`, where roundings count as independent.
pub(crate) const NARROW: f64 = 0.125;

/// What the exponential and the logarithm of a library are off on average, relative to their results and in units of
/// `u`. It is the error of their polynomials, which stays the same where their arguments are nearly the same. Their
/// whole error is up to sixteen times as large, and counts as independent.
pub const BIAS: f64 = 0.125;

/// More deviations than [`deviations`] asks for.
pub(crate) const MOST: f64 = 12.0;

/// The smallest variance whose digits count.
pub(crate) const TINY: f64 = 1e-280;

/// The deviation of `e^x` from 1, relative, where `x` deviates by `deviation`: more than that where it is not small. So
/// many of it are at least as much as `e` to so many deviations less 1.
#[must_use]
#[inline]
pub fn grown(deviation: f64) -> f64 {
    if deviation < 1e-4 {
        deviation * (1.0 + 0.5 * MOST * deviation * (1.0 + MOST * deviation))
    } else {
        (MOST * deviation).exp_m1() / MOST
    }
}

/// The number of last places from which on the error of an addend has either sign.
const FEW: f64 = 16.0;

/// What adding two numbers may err, always the same way, where the smaller is a few last places of the larger.
#[inline]
pub(crate) fn lost(one: f64, other: f64, a: f64) -> f64 {
    let (small, place) = (one.min(other), a * one.max(other));
    if small < FEW * place { small.min(place) } else { 0.0 }
}

/// The part in blocks of what additions in turn err always the same way.
#[inline]
pub(crate) fn biased_in_blocks(lost: f64, once: f64) -> f64 {
    0.5 * lost + (0.5 * lost).min(once)
}

/// The sum of the squares of the partial sums of `n` numbers in blocks, in units of the square of their sum.
pub(crate) fn in_blocks(n: f64, repeats: f64) -> f64 {
    2.0 * repeats.min(BLOCK) + repeats * n / 48.0
}

/// The largest number of equal addends that a block has.
pub(crate) const BLOCK: f64 = 128.0;

/// A way of adding up that libraries have, the one that rounds least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Way {
    /// Every sum in blocks, by lanes or by a tree.
    #[default]
    Blocks,
    /// As blocks, but for the sum of a softmax over codes that lie apart in memory, which adds in turn.
    Strided,
    /// Every sum in turn: over the addends of a row, then over the sums of rows.
    InTurn,
    /// Everything in turn, as one long row.
    Flat,
}

impl Way {
    /// Every way, the one that rounds least first.
    pub const ALL: [Self; 4] = [Self::Blocks, Self::Strided, Self::InTurn, Self::Flat];

    /// Whether the sum of a softmax is added in turn.
    pub(crate) const fn softmax_in_turn(self) -> bool {
        match self {
            Self::Blocks => false,
            Self::Strided | Self::InTurn | Self::Flat => true,
        }
    }

    /// How much of the bias of additions in turn it has, where one addition errs by at most `once`.
    pub(crate) fn biased(self, lost: f64, once: f64) -> f64 {
        match self {
            Self::Blocks | Self::Strided => biased_in_blocks(lost, once),
            Self::InTurn | Self::Flat => lost,
        }
    }
}

/// The number of standard deviations that none of this many numbers exceeds, but for [`FAILURE`].
#[must_use]
pub fn deviations(numbers: f64) -> f64 {
    deviations_but_for(FAILURE, numbers)
}

/// The number of standard deviations that none of this many numbers exceeds, but for a probability.
#[must_use]
pub fn deviations_but_for(failure: f64, numbers: f64) -> f64 {
    (2.0 * (2.0 * numbers.max(1.0) / failure).ln()).sqrt()
}

/// The error of an addend as a random number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The part that has one sign in every addend, and adds up: of a program whose softmax adds in blocks, and in turn.
    pub(crate) bias: [f64; 2],
    /// The standard deviation of what it shares with the other addends of its row, likewise.
    pub(crate) shared: [f64; 2],
    /// The variance of its own roundings.
    pub(crate) variance: f64,
}

impl Spread {
    /// The spread of an addend of which only the largest error is known.
    #[must_use]
    pub const fn bounded(error: f64) -> Self {
        Self::new([error; 2], [0.0; 2], 0.0)
    }

    /// The spread of an addend: its bias, and the standard deviations of what it shares with its row and of its own
    /// roundings. Of two numbers the first belongs to a softmax whose sum is added in blocks, the second to one that is
    /// added in turn.
    #[must_use]
    #[inline]
    pub const fn new(bias: [f64; 2], shared: [f64; 2], own: f64) -> Self {
        let variance = own * own;
        if variance < TINY {
            return Self::tiny(bias, shared, own);
        }
        Self { bias, shared, variance }
    }

    /// The same, where its own roundings have a variance that counts by the square of a weight.
    #[must_use]
    #[inline]
    pub fn weighted(bias: [f64; 2], shared: [f64; 2], weight: f64, variance: f64) -> Self {
        let weighted = weight * weight * variance;
        if weighted < TINY {
            return Self::tiny(bias, shared, weight * variance.sqrt());
        }
        Self {
            bias,
            shared,
            variance: weighted,
        }
    }

    /// The square of a tiny deviation is no number of its digits; it counts as if it were the same for all.
    const fn tiny(bias: [f64; 2], shared: [f64; 2], own: f64) -> Self {
        let tiny = MOST * own;
        Self {
            bias: [bias[0] + tiny, bias[1] + tiny],
            shared,
            variance: own * own,
        }
    }
}
