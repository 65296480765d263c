//! The values that a number can have at all, whatever the inputs were. A claim outside of its range is wrong, even
//! where nothing bounds its error.

// Every end below is one that rounding cannot pass, or passes by a stated give. Notation as beside: u, K codes, n
// additions, N = (n - 1) a.
//
// Sums. Without assuming N < 1: |computed - exact| <= N sum |terms| (Jeannerod and Rump 2013), and a sum of positive
// terms s is computed as at least s / (1 + N) and at most s (1 + N): each addition errs by at most a times its own
// result, which is at most the last. Rounded addition is monotone: a sum of terms that are at least l is at least the
// computed sum of the l.
//
// A softmax. Its sum is at least 1 and at most K (1 + N), so that ln s >= 0, and ln q <= 0 in all its forms: q is in
// [0, 1]. Rounding the exponents is a change of the logits, and every end holds for all logits. What is left of it: all
// q are off together by at most (1 + N) e^(eta + 16 u (1 + ln K)), eta = u |max + ln s| where it is normalised by its
// log-sum-exp, and an average of 16 u (1 - ln q) is within the exponent. Logarithms are off by as much, and so E[ln q]
// by its size times twice that:
//
//     delta = (1 + N)^2 e^(2 eta + 16 u (1 + ln K)) - 1

use crate::conclusion::Conclusion;
use crate::implementation::Arithmetic;
use crate::log_softmax::LogSoftmaxRow;

/// The least and the largest value that a number can have.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Range {
    /// The least value.
    pub low: f64,
    /// The largest value.
    pub high: f64,
    /// The sizes of what is added up at the lower and at the upper end. Rounding of a sum moves each end by a share of
    /// its size.
    give: [f64; 2],
    /// The error that the number may have as a part of a row that adds up to a known number.
    in_row: f64,
}

impl Range {
    /// The range of a number of which nothing is known.
    pub const ANY: Self = Self {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
        give: [0.0; 2],
        in_row: f64::INFINITY,
    };

    /// The range of numbers of at least 0, such as `-ln p` or the parts of an entropy. They lie below 0 by at most
    /// `shared`, and by what a product with a rounded `1 / s` makes of `p = e / s`. `shared` is the error that all
    /// `ln p` have together: that of a table that misses 1, of a log-sum-exp with a large maximum, or of
    /// `(max log2 e + log2 s) ln 2`.
    #[must_use]
    pub fn positive(shared: f64, w: Arithmetic) -> Self {
        Self {
            low: -shared - 4.0 * w.u(),
            ..Self::ANY
        }
    }

    /// The range of numbers of at most 0 in the same way, such as the logarithm of a probability.
    #[must_use]
    pub fn negative(w: Arithmetic) -> Self {
        Self::positive(0.0, w).times(-1.0)
    }

    /// The range of a probability in a row: `[0, 1]`, up to the rounding of an exponential or of
    /// `(hard - soft) + soft`.
    #[must_use]
    pub fn probability(w: Arithmetic) -> Self {
        Self {
            low: -4.0 * w.u(),
            high: 1.0 + 4.0 * w.u(),
            ..Self::ANY
        }
    }

    /// The range between two given numbers.
    #[must_use]
    pub fn between(a: f64, b: f64) -> Self {
        let (low, high) = (a.min(b), a.max(b));
        Self {
            low,
            high,
            give: [low.abs(), high.abs()],
            ..Self::ANY
        }
    }

    /// The range of the entropy of a row: `0 <= H <= ln K`. Its parts `-q ln q` have one sign, so that no rounding of
    /// sums brings it below 0. If it is computed as `ln s - E[x]` from logits minus their largest, it may lie below 0
    /// by the error of `ln s`.
    #[must_use]
    pub fn entropy(row: &LogSoftmaxRow, w: Arithmetic) -> Self {
        let (ln_k, delta) = (row.ln_len(), row.together(w));
        Self {
            low: -2.0 * row.common - 4.0 * w.u(),
            high: ln_k + delta * ln_k,
            give: [0.0, ln_k * (1.0 + delta)],
            ..Self::ANY
        }
    }

    /// The range of a divergence from `1/K`: `0 <= D <= ln K`. A subject may compute it as a difference of two numbers
    /// of that size.
    #[must_use]
    pub fn divergence_from_uniform(row: &LogSoftmaxRow, w: Arithmetic) -> Self {
        let (ln_k, delta) = (row.ln_len(), row.together(w));
        let size = 2.0 * ln_k + 1.0; // The 1 stands for the errors of the ln q themselves, weighted.
        Self {
            low: -delta * size,
            high: ln_k + delta * size,
            give: [size * (1.0 + delta); 2],
            ..Self::ANY
        }
    }

    /// The range of any other divergence. It is at least 0, up to the errors of its parts.
    #[must_use]
    pub fn divergence(error: f64, mass: f64) -> Self {
        Self {
            low: -error,
            give: [mass + error, 0.0],
            ..Self::ANY
        }
    }

    /// The same range for a part of a row that may have the error `in_row`.
    #[must_use]
    #[inline]
    pub const fn in_row(self, in_row: f64) -> Self {
        Self { in_row, ..self }
    }

    /// The same range for a part, of this size, of a row that adds up to a known number.
    #[must_use]
    #[inline]
    pub fn part(self, of: InRow, size: f64) -> Self {
        self.in_row(of.share * size + of.least)
    }

    /// Whether nothing is known of the number.
    #[inline]
    #[must_use]
    pub(crate) fn is_any(&self) -> bool {
        self.low == f64::NEG_INFINITY && self.high == f64::INFINITY && self.in_row == f64::INFINITY
    }

    /// The error that the number may have as a part of its row.
    #[must_use]
    #[inline]
    pub const fn apart(self) -> f64 {
        self.in_row
    }

    /// The range, multiplied by a number of either sign.
    #[must_use]
    #[inline]
    pub fn times(self, factor: f64) -> Self {
        let scaled = |value: f64| if factor == 0.0 { 0.0 } else { factor * value };
        let [below, above] = self.give;
        let (low, high, below, above) = (
            scaled(self.low),
            scaled(self.high),
            scaled(below).abs(),
            scaled(above).abs(),
        );
        let in_row = scaled(self.in_row).abs();
        let (low, high, give) = if factor < 0.0 {
            (high, low, [above, below])
        } else {
            (low, high, [below, above])
        };
        Self {
            low,
            high,
            give,
            in_row,
        }
    }

    /// The range, with ends moved by a share of what is added up.
    #[must_use]
    #[inline]
    pub(crate) fn given(self, share: f64) -> Self {
        let [below, above] = self.give;
        Self {
            low: self.low - share * below,
            high: self.high + share * above,
            ..self
        }
    }

    /// The ends of the range after `n` numbers were added up, and what a subject does at the end.
    #[must_use]
    #[inline]
    pub(crate) fn ends(self, n: f64, end: &Conclusion) -> [f64; 2] {
        let Self { low, high, give, .. } = self;
        if low == f64::NEG_INFINITY && high == f64::INFINITY {
            return [low, high];
        }
        let w = end.w;
        let share = w.additions(n) * w.sums.unit_roundoff() + if n > 1.0 { w.u() } else { 0.0 };
        end.ends([low, high], give.map(|give| share * give))
    }
}

/// What the parts of a row may be off together, that add up to a known number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InRow {
    share: f64,
    least: f64,
}

impl InRow {
    /// The parts of a row of probabilities.
    #[must_use]
    pub fn of(row: &LogSoftmaxRow, w: Arithmetic) -> Self {
        Self {
            share: 3.0 * row.together(w),
            least: 4.0 * w.each.lost(),
        }
    }
}

impl std::ops::AddAssign for Range {
    fn add_assign(&mut self, other: Self) {
        self.low += other.low;
        self.high += other.high;
        self.in_row += other.in_row;
        for (mine, theirs) in self.give.iter_mut().zip(other.give) {
            *mine += theirs;
        }
    }
}

impl LogSoftmaxRow {
    /// `ln K` for the row's length `K`.
    fn ln_len(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let k = self.ln.len() as f64;
        k.ln()
    }

    /// `delta`, the relative error that all probabilities of the row may have together.
    fn together(&self, w: Arithmetic) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let n = w.additions(self.ln.len() as f64) * w.sums.unit_roundoff();
        (1.0 + n).powi(2) * (2.0 * self.common + 16.0 * w.u() * (1.0 + self.ln_len())).exp() - 1.0
    }
}

#[cfg(test)]
mod tests {
    use crate::{Arithmetic, Conclusion, Float, LogSoftmaxRow, Order, Range};

    const BF16: Arithmetic = Arithmetic {
        each: Float::Bf16,
        sums: Float::Bf16,
        order: Order::Sequential,
        usual: Float::Bf16,
    };

    /// The arithmetic of sequential sums in bfloat16, which stop growing.
    #[test]
    fn what_stagnates_is_within_its_range_and_what_is_invented_is_not() {
        let row = LogSoftmaxRow::new("x", &[0.0; 8192], BF16, 0.0).expect("a row of finite logits");
        // The sum of the softmax stays at 256, so that ln q = -ln 256. The last sum stays at 256 terms, too.
        let stuck = 256.0 * (1.0 / 256.0) * (8192.0_f64 / 256.0).ln();
        for (range, right, wrong) in [
            (Range::divergence_from_uniform(&row, BF16), stuck, -1e8),
            (Range::entropy(&row, BF16), 256.0_f64.ln(), -1.0),
        ] {
            let [low, high] = range.ends(8192.0, &Conclusion::new(1.0, BF16, Float::Bf16));
            assert!(low <= right && right <= high, "{low} {high}");
            assert!(wrong < low || wrong > high, "{low} {high}");
        }
    }

    #[test]
    fn a_range_is_turned_by_a_sign_and_grows_with_a_sum() {
        let row = LogSoftmaxRow::new("x", &[0.5, 0.25], BF16, 0.0).expect("a row of finite logits");
        let range = Range::divergence_from_uniform(&row, BF16);
        let turned = range.times(-2.0);
        let bits = |ends: [f64; 2]| ends.map(f64::to_bits);
        assert_eq!(
            bits([turned.low, turned.high]),
            bits([-2.0 * range.high, -2.0 * range.low])
        );
        let nothing = Range::ANY.times(0.0);
        assert!(nothing.low.abs() <= 0.0 && nothing.high.abs() <= 0.0, "{nothing:?}");
        let [low, _] = range.ends(2.0, &Conclusion::new(1.0, BF16, Float::Bf16));
        let [lower, _] = range.ends(2000.0, &Conclusion::new(1.0, BF16, Float::Bf16));
        assert!(lower < low && low < range.low);
        assert!(
            Range::ANY
                .ends(9.0, &Conclusion::new(1.0, BF16, Float::F64))
                .iter()
                .all(|end| end.is_infinite())
        );
    }

    #[test]
    fn a_surprise_is_below_0_by_what_all_logarithms_share_and_by_no_more() {
        // lse = (m log2 e + log2 s) ln 2 in single precision has an error of an ulp of lse.
        let f32s = Arithmetic {
            each: Float::F32,
            sums: Float::F32,
            order: Order::Pairwise,
            usual: Float::F32,
        };
        let row = LogSoftmaxRow::new("x", &[127.0, 90.0], f32s, 0.0).expect("a row of finite logits");
        let range = Range::positive(2.0 * row.common, f32s);
        assert!(range.low <= -7.63e-6 && range.low > -1e-4, "{range:?}");
        assert!(Range::positive(0.0, f32s).low > -1e-6);
    }
}
