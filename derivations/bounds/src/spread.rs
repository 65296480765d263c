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

use std::collections::HashMap;

use crate::{Arithmetic, BoundedSum, Float};

/// The probability that any number of a correct dump is out of its expected bound.
pub const FAILURE: f64 = 1e-12;

/// The largest part of a sum that its narrowest rounding may be, `n a`, where roundings count as independent.
const NARROW: f64 = 0.125;

/// What the exponential and the logarithm of a library are off on average, relative to their results and in units of
/// `u`. It is the error of their polynomials, which stays the same where their arguments are nearly the same. Their
/// whole error is up to sixteen times as large, and counts as independent.
pub const BIAS: f64 = 0.125;

/// More deviations than [`deviations`] asks for.
const MOST: f64 = 12.0;

/// The smallest variance whose digits count.
const TINY: f64 = 1e-280;

const INV_SQRT_3: f64 = 0.577_350_269_189_625_8;

/// The deviation of `e^x` from 1, relative, where `x` deviates by `deviation`: more than that where it is not small. So
/// many of it are at least as much as `e` to so many deviations less 1.
#[must_use]
pub fn grown(deviation: f64) -> f64 {
    if deviation < 1e-6 {
        deviation
    } else {
        (MOST * deviation).exp_m1() / MOST
    }
}

/// The number of last places from which on the error of an addend has either sign.
const FEW: f64 = 16.0;

/// What adding two numbers may err, always the same way, where the smaller is a few last places of the larger.
pub(crate) fn lost(one: f64, other: f64, a: f64) -> f64 {
    let (small, place) = (one.min(other), a * one.max(other));
    if small < FEW * place { small.min(place) } else { 0.0 }
}

/// The part in blocks of what additions in turn err always the same way.
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
    const fn softmax_in_turn(self) -> bool {
        match self {
            Self::Blocks => false,
            Self::Strided | Self::InTurn | Self::Flat => true,
        }
    }

    /// How much of the bias of additions in turn it has, where one addition errs by at most `once`.
    fn biased(self, lost: f64, once: f64) -> f64 {
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

/// The error of a correct program's sum, as a random number.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Spread {
    /// The part that has one sign in every addend, and adds up, by [`Way`].
    bias: [f64; 4],
    /// The standard deviation of what the addends of a row share, which adds up within the row. The first is that of a
    /// softmax whose sum is added in blocks, the second of one that is added in turn.
    shared: [f64; 2],
    /// The variance of what is independent, by [`Way`].
    variance: [f64; 4],
    /// The sums of the squares of partial sums, where the addends are added in turn, and where everything is.
    walk: [f64; 2],
    /// The largest of the addends.
    largest: f64,
    /// The number of addends, and the largest such number of a row that was closed.
    run: [f64; 2],
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
    pub const fn new(bias: [f64; 2], shared: [f64; 2], own: f64) -> Self {
        let variance = own * own;
        // The square of a tiny deviation is no number of its digits; it counts as if it were the same for all.
        let tiny = if variance < TINY { MOST * own } else { 0.0 };
        let [blocks, in_turn] = [bias[0] + tiny, bias[1] + tiny];
        Self {
            bias: [blocks, in_turn, in_turn, in_turn],
            shared,
            variance: [variance; 4],
            walk: [0.0; 2],
            largest: 0.0,
            run: [1.0, 0.0],
        }
    }

    /// The spread of a multiple.
    pub(crate) fn times(self, factor: f64) -> Self {
        let (size, square) = (factor.abs(), factor * factor);
        Self {
            bias: self.bias.map(|bias| size * bias),
            shared: self.shared.map(|shared| size * shared),
            variance: self.variance.map(|variance| square * variance),
            walk: self.walk.map(|walk| square * walk),
            largest: size * self.largest,
            run: self.run,
        }
    }

    /// The same spread with an independent rounding of a number of this size to a type.
    pub(crate) fn rounded(mut self, size: f64, u: f64) -> Self {
        for variance in &mut self.variance {
            *variance += (u * size).powi(2) / 3.0;
        }
        self
    }

    /// The standard deviations of a row that was closed, by each way.
    #[must_use]
    pub fn deviations(&self) -> [f64; 4] {
        self.variance.map(f64::sqrt)
    }
}

impl BoundedSum {
    /// Whether nothing was added up.
    #[must_use]
    pub fn is_one(&self) -> bool {
        !(self.spread.run[0] > 1.0)
    }

    /// The same sum with a further error, always of one sign.
    #[must_use]
    pub fn moved(mut self, error: f64) -> Self {
        self.error += error;
        self.spread.bias = self.spread.bias.map(|bias| bias + error);
        self
    }

    /// The size of the partial sums that lead to this sum.
    fn partial(&self) -> f64 {
        self.value().abs().max(self.mass * std::f64::consts::FRAC_1_SQRT_2)
    }

    /// Adds the spread of an addend or of a closed row, after its value was added. `before` is the sum without it.
    pub(crate) fn add_spread(&mut self, before: &Self, other: &Self) {
        if other.mass == 0.0 && other.value() == 0.0 {
            self.spread.run[0] += other.spread.run[0];
            return; // Adding 0 rounds nothing.
        }
        let (so_far, size, after) = (before.partial(), other.partial(), self.partial());
        let (mine, theirs) = (&mut self.spread, &other.spread);
        for (mine, theirs) in mine.bias.iter_mut().zip(theirs.bias) {
            *mine += theirs;
        }
        for (mine, theirs) in mine.shared.iter_mut().zip(theirs.shared) {
            *mine += theirs;
        }
        for (mine, theirs) in mine.variance.iter_mut().zip(theirs.variance) {
            *mine += theirs;
        }
        if before.count > 0.0 {
            mine.walk[0] += after * after;
            mine.walk[1] += if other.count > 1.0 {
                other.count * so_far * (so_far + 2.0 * size)
            } else {
                after * after
            };
        }
        mine.walk[0] += theirs.walk[0];
        mine.walk[1] += theirs.walk[1];
        mine.largest = mine.largest.max(theirs.largest).max(size);
        mine.run = [mine.run[0] + theirs.run[0], mine.run[1].max(theirs.run[1])];
    }

    /// The sum of a row's addends as one addend among the sums of other rows. What its addends share, and what adding
    /// them rounds, become its own variance.
    #[must_use]
    pub fn closed(mut self, added: Added, w: Arithmetic) -> Self {
        let Added {
            independent,
            repeats,
            lost,
        } = added;
        let walked = Way::ALL.map(|way| self.walked(way, repeats, w));
        let once = w.usual.unit_roundoff() * self.partial();
        let Spread {
            mut bias,
            shared,
            mut variance,
            run: [addends, longest],
            ..
        } = self.spread;
        for way in Way::ALL {
            variance[way as usize] *= independent;
            bias[way as usize] += way.biased(lost, once);
            variance[way as usize] += walked[way as usize] + shared[usize::from(way.softmax_in_turn())].powi(2);
        }
        self.spread = Spread {
            bias,
            variance,
            run: [1.0, longest.max(addends)],
            ..Spread::default()
        };
        if addends > 1.0 {
            self.spread = self.spread.rounded(self.partial(), w.u());
        }
        self
    }

    /// The variance of what adding up rounds.
    fn walked(&self, way: Way, repeats: f64, w: Arithmetic) -> f64 {
        if self.is_one() {
            return 0.0;
        }
        let (a, size, repeats) = (w.usual.unit_roundoff(), self.partial(), repeats.min(self.spread.run[0]));
        let walk = match way {
            Way::Blocks | Way::Strided => {
                let levels = self.spread.run[0].log2();
                in_blocks(self.spread.run[0], repeats) * size * size
                    + repeats.min(BLOCK) * levels * self.spread.largest.powi(2)
            }
            Way::InTurn => repeats * self.spread.walk[0],
            Way::Flat => repeats * self.spread.walk[1],
        };
        a * a * walk / 3.0
    }

    /// Adds what a closed row has in common with equal rows before it, whose standard deviations add up to `earlier`.
    pub fn add_common(&mut self, earlier: [f64; 4], row: [f64; 4]) {
        for ((variance, earlier), row) in self.spread.variance.iter_mut().zip(earlier).zip(row) {
            *variance += 2.0 * earlier * row;
        }
    }

    /// The expected bound on the error of a correct subject's number that it adds up in one way, where it divides the
    /// sum by `divisor` and stores it as `stored`. It is `None` where the accumulator is too narrow for the model.
    ///
    /// ```text
    /// (bias + L sqrt(variance + a^2/3 sum s_i^2 + 4 u^2/3 value^2)) / divisor + u_stored |value| / divisor + tiny
    /// ```
    ///
    /// `likely.deviations` is `L`, see [`deviations`].
    #[must_use]
    pub fn expected(self, way: Way, likely: Likely, divisor: f64, w: Arithmetic, stored: Float) -> Option<f64> {
        let [addends, longest] = self.spread.run;
        let additions = match way {
            Way::Blocks | Way::Strided => self.count.max(1.0).log2(),
            Way::InTurn => addends.max(longest),
            Way::Flat => self.count,
        };
        if !(additions * w.usual.unit_roundoff() <= NARROW) {
            return None;
        }
        let (u, size) = (w.u(), self.value().abs());
        let shared = self.spread.shared[usize::from(way.softmax_in_turn())];
        let variance = self.spread.variance[way as usize] + self.walked(way, likely.added.repeats, w);
        let after = 2.0 * u * size * INV_SQRT_3;
        let squares = variance + shared * shared + after * after;
        let deviation = if squares > TINY {
            squares.sqrt()
        } else {
            variance.sqrt() + shared + after
        };
        let once = w.usual.unit_roundoff() * self.partial();
        let bias = self.spread.bias[way as usize] + way.biased(likely.added.lost, once);
        let summed = bias + likely.deviations * deviation;
        let least = stored.smallest() + w.each.smallest() + stored.lost().min(w.each.lost());
        let own = 4.0 * Float::F64.unit_roundoff() * size;
        Some((summed + stored.unit_roundoff() * (size + summed) + own) / divisor + least)
    }

    /// The sum of a row's addends, closed. See [`Self::closed`].
    #[must_use]
    pub fn of_row(addends: &[Self], w: Arithmetic) -> Self {
        let values: Vec<f64> = addends.iter().map(|addend| addend.value()).collect();
        let (mut sum, mut lost) = (Self::default(), 0.0);
        for addend in addends {
            lost += sum.loses(addend, w);
            sum += *addend;
        }
        let repeats = repeats_of(&values, &values);
        let added = Added {
            independent: repeats,
            repeats,
            lost,
        };
        sum.closed(added, w)
    }

    /// What adding an addend to the sum so far may err, always the same way.
    fn loses(&self, addend: &Self, w: Arithmetic) -> f64 {
        lost(self.partial(), addend.partial(), w.usual.unit_roundoff())
    }
}

/// The rows that were added to a sum: what equal rows have in common, and how often rows repeat.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// For each key, the number of rows and the sums of their standard deviations.
    seen: HashMap<u64, (f64, [f64; 4])>,
    squares: f64,
    count: f64,
    lost: f64,
}

impl Rows {
    /// Adds a closed row to a sum. Rows of equal values, in single precision, count as equal. In a half type all do,
    /// since normalisers of different rows are often rounded to the same number there.
    pub fn add(&mut self, sum: &mut BoundedSum, row: BoundedSum, w: Arithmetic) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "equal rows need not be equal in the last bits"
        )]
        let single = row.value() as f32;
        let half = w.u() > Float::F32.unit_roundoff();
        let key = if half { 0 } else { u64::from(single.to_bits()) };
        let deviations = row.spread.deviations();
        self.lost += sum.loses(&row, w);
        let (count, earlier) = self.seen.entry(key).or_default();
        *sum += row;
        sum.add_common(*earlier, deviations);
        self.squares += 2.0 * *count + 1.0;
        self.count += 1.0;
        *count += 1.0;
        for (earlier, deviation) in earlier.iter_mut().zip(deviations) {
            *earlier += deviation;
        }
    }

    /// What is known of the rows that were added.
    #[must_use]
    pub fn added(&self) -> Added {
        let repeats = if self.count > 0.0 {
            self.squares / self.count
        } else {
            1.0
        };
        Added {
            independent: 1.0,
            repeats,
            lost: self.lost,
        }
    }
}

/// What is known of addends beside their sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Added {
    /// How often addends repeat of which the variances were added as those of independent ones.
    pub independent: f64,
    /// The mean number of addends that are equal to an addend.
    pub repeats: f64,
    /// The size of the addends that are too small for the sum.
    pub lost: f64,
}

impl Added {
    /// A number by itself.
    pub const ONE: Self = Self {
        independent: 1.0,
        repeats: 1.0,
        lost: 0.0,
    };
}

/// How sure a bound has to be, and of what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likely {
    /// The number of standard deviations, see [`deviations`].
    pub deviations: f64,
    /// What is known of the addends.
    pub added: Added,
}

/// The mean number of addends that are equal to an addend, `sum n_g^2 / n` over the values that they have, but at least
/// `sum (sum of weights)^2 / sum weight^2`. Addends of weight 0 are not counted, since nothing is rounded where they are added. Equal hashes count as equal values, which makes the
/// result too large by a quarter on average.
pub(crate) fn repeats_of(values: &[f64], weights: &[f64]) -> f64 {
    if values.len() < 2 {
        return 1.0;
    }
    let bits = (4 * values.len()).next_power_of_two().trailing_zeros().min(16);
    let mut groups = vec![(0.0_f64, 0.0_f64); 1 << bits];
    let (mut n, mut squares, mut weighted, mut own) = (0.0, 0.0, 0.0, 0.0);
    for (k, value) in values.iter().enumerate().filter(|(k, _)| weights[*k] != 0.0) {
        // Fibonacci hashing: the high bits of a product with 2^64 over the golden ratio.
        let hash = value.to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - bits);
        #[expect(clippy::cast_possible_truncation, reason = "at most sixteen bits")]
        let group = &mut groups[hash as usize];
        let weight = weights[k];
        n += 1.0;
        own += weight * weight;
        squares += 2.0 * group.0 + 1.0;
        weighted += weight * (2.0 * group.1 + weight);
        *group = (group.0 + 1.0, group.1 + weight);
    }
    let shares = if own > 0.0 { weighted / own } else { 1.0 };
    if n > 0.0 { shares.max(squares / n) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::{Added, Likely, Rows, Spread, Way, deviations, grown, repeats_of};
    use crate::{Arithmetic, BoundedSum, Float, Order};

    const F32: Arithmetic = Arithmetic {
        each: Float::F32,
        sums: Float::F32,
        order: Order::Sequential,
        usual: Float::F32,
    };

    /// Numbers in `[0.5, 1)` that look random.
    fn numbers(n: u64, seed: u64) -> Vec<f32> {
        let number = |k: u64| {
            let mixed = (k + seed * 1_000_003).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let bits = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 41; // 23 bits
            #[expect(clippy::cast_precision_loss, reason = "23 bits fit")]
            let share = bits as f32 / 16_777_216.0;
            0.5 + share
        };
        (0..n).map(number).collect()
    }

    fn row(numbers: &[f32]) -> BoundedSum {
        let one =
            |x: &f32| BoundedSum::one(f64::from(*x), 0.0, f64::from(*x)).spread(Spread::new([0.0; 2], [0.0; 2], 0.0));
        BoundedSum::of_row(&numbers.iter().map(one).collect::<Vec<_>>(), F32)
    }

    fn bound(sum: BoundedSum, way: Way, repeats: f64) -> Option<f64> {
        let likely = Likely {
            deviations: deviations(1.0),
            added: Added { repeats, ..Added::ONE },
        };
        sum.expected(way, likely, 1.0, F32, Float::F64)
    }

    fn in_turn(numbers: &[f32]) -> f64 {
        f64::from(numbers.iter().fold(0.0_f32, |sum, x| sum + x))
    }

    /// Errors of sums in turn are below the bound and not far below it.
    #[test]
    fn a_sum_in_turn_is_off_by_a_tenth_of_its_bound() {
        let mut worst = 0.0_f64;
        for seed in 0..200 {
            let numbers = numbers(4096, seed);
            let sum = row(&numbers);
            let error = (in_turn(&numbers) - sum.value()).abs();
            worst = worst.max(error / bound(sum, Way::InTurn, 1.0).expect("a bound"));
        }
        assert!((0.1..1.0).contains(&worst), "{worst}");
    }

    #[test]
    fn equal_addends_drift_and_are_allowed_to() {
        // In one binade each addition of 0.1 is off by the same.
        let numbers = vec![0.1_f32; 8192];
        let sum = row(&numbers);
        let error = (in_turn(&numbers) - sum.value()).abs();
        let allowed = bound(sum, Way::InTurn, 1.0).expect("a bound");
        assert!(error <= allowed, "{error} {allowed}");
        let as_if_different = allowed / 8192.0_f64.sqrt();
        assert!(error > as_if_different, "{error} {as_if_different}");
        assert!((repeats(&[0.1; 8192]) - 8192.0).abs() < 1e-9);
        assert!(repeats(&numbers_of_doubles(8192)) < 1.6);
    }

    fn repeats(values: &[f64]) -> f64 {
        repeats_of(values, values)
    }

    fn numbers_of_doubles(n: u64) -> Vec<f64> {
        numbers(n, 7).iter().map(|x| f64::from(*x) + 1e-12).collect()
    }

    #[test]
    fn what_a_large_sum_cannot_hold_is_lost_and_allowed_to_be() {
        let mut numbers = numbers(8192, 3);
        numbers.iter_mut().skip(1).for_each(|x| *x *= 2.9e-8);
        let sum = row(&numbers);
        let error = (in_turn(&numbers) - sum.value()).abs();
        assert!(error > 1e-4, "{error}");
        let allowed = bound(sum, Way::InTurn, 1.0).expect("a bound");
        assert!((error..4.0 * error).contains(&allowed), "{error} {allowed}");
    }

    #[test]
    fn a_narrow_accumulator_has_no_expected_bound_in_turn() {
        let numbers = numbers(8192, 1);
        let narrow = Arithmetic {
            usual: Float::Bf16,
            ..F32
        };
        let one = |x: &f32| BoundedSum::one(f64::from(*x), 0.0, f64::from(*x));
        let sum = BoundedSum::of_row(&numbers.iter().map(one).collect::<Vec<_>>(), narrow);
        let likely = Likely {
            deviations: deviations(1.0),
            added: Added::ONE,
        };
        let by = |way| sum.expected(way, likely, 1.0, narrow, Float::F64);
        assert!(by(Way::InTurn).is_none() && by(Way::Flat).is_none());
        assert!(by(Way::Blocks).is_some());
    }

    #[test]
    fn equal_rows_are_off_together_and_different_ones_are_not() {
        let spread = Spread::new([0.0; 2], [1e-6; 2], 0.0);
        let closed = |value: f64| {
            BoundedSum::one(value, 0.0, value)
                .spread(spread)
                .closed(Added::ONE, F32)
        };
        let of = |different: bool| {
            let (mut rows, mut sum) = (Rows::default(), BoundedSum::default());
            for k in 0..64 {
                let value = if different { 1.0 + f64::from(k) / 64.0 } else { 1.5 };
                rows.add(&mut sum, closed(value), F32);
            }
            (rows.added().repeats, sum.spread.deviations()[0])
        };
        let ((once, apart), (often, together)) = (of(true), of(false));
        assert!((once - 1.0).abs() < 1e-12 && (often - 64.0).abs() < 1e-12);
        assert!((apart - 8e-6).abs() < 1e-12, "{apart}");
        assert!((together - 64e-6).abs() < 1e-12, "{together}");
    }

    #[test]
    fn a_tiny_deviation_is_not_lost_and_a_large_one_grows() {
        let tiny = BoundedSum::one(1e-180, 0.0, 1e-180).spread(Spread::new([0.0; 2], [1e-190; 2], 1e-190));
        assert!(bound(tiny, Way::Blocks, 1.0).expect("a bound") > 7.0 * 1e-190);
        assert!((grown(1e-9) - 1e-9).abs() < 1e-15);
        assert!(8.0 * grown(0.05) > (8.0_f64 * 0.05).exp_m1());
        assert!(deviations(1e7) > deviations(1.0) && deviations(1.0) > 7.5);
    }
}
