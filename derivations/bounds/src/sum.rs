//! Sums of numbers with bounds on their errors: how far a correct program's sum may be off, and is likely to be.

use crate::addend::{Addend, partial};
use crate::conclusion::Conclusion;
use crate::implementation::Arithmetic;
use crate::range::Range;
use crate::repeats::{deviation, mean_repeats, rounded_alike};
use crate::spread::{BLOCK, NARROW, Way, in_blocks, lost};

/// The sum of the numbers of which a claim consists, with what is needed to bound the error of somebody's sum: their
/// own errors, their size and their count.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BoundedSum {
    value: f64,
    /// The rounding error of the sum so far, which is added at the end (Neumaier).
    lost: f64,
    /// A bound on the sum of the errors that the addends themselves have.
    pub error: f64,
    /// The sum of the absolute values of the addends.
    pub mass: f64,
    /// The number of addends.
    pub count: f64,
    /// The values that the sum can have at all.
    pub range: Range,
    /// What rounding makes likely.
    spread: SumSpread,
}

/// The error of a correct program's sum, as a random number.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct SumSpread {
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

impl SumSpread {
    /// The spread of a multiple.
    fn times(self, factor: f64) -> Self {
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
    fn rounded(mut self, size: f64, u: f64) -> Self {
        for variance in &mut self.variance {
            *variance += (u * size).powi(2) / 3.0;
        }
        self
    }
}

impl From<Addend> for BoundedSum {
    fn from(one: Addend) -> Self {
        let ([blocks, in_turn], variance) = (one.spread.bias, one.spread.variance);
        Self {
            value: one.value,
            lost: 0.0,
            error: one.error,
            mass: one.mass,
            count: 1.0,
            range: one.range,
            spread: SumSpread {
                bias: [blocks, in_turn, in_turn, in_turn],
                shared: one.spread.shared,
                variance: [variance; 4],
                walk: [0.0; 2],
                largest: 0.0,
                run: [1.0, 0.0],
            },
        }
    }
}

/// The sum of a row's addends while they are added up. It is a [`BoundedSum`] of which only that is kept which differs
/// from row to row.
struct Row {
    value: f64,
    digits: f64,
    error: f64,
    mass: f64,
    count: f64,
    range: Range,
    bias: [f64; 2],
    shared: [f64; 2],
    variance: f64,
    /// The size of the partial sums that lead to the sum so far.
    partial: f64,
    walk: f64,
    largest: f64,
    /// The size of the addends that are too small for the sum.
    lost: f64,
    /// The unit roundoff of the accumulator.
    a: f64,
    values: Vec<f64>,
}

impl Row {
    fn new(room: usize, w: Arithmetic) -> Self {
        Self {
            value: 0.0,
            digits: 0.0,
            error: 0.0,
            mass: 0.0,
            count: 0.0,
            range: Range::default(),
            bias: [0.0; 2],
            shared: [0.0; 2],
            variance: 0.0,
            partial: 0.0,
            walk: 0.0,
            largest: 0.0,
            lost: 0.0,
            a: w.usual.unit_roundoff(),
            values: Vec::with_capacity(room),
        }
    }

    #[inline]
    fn add(&mut self, one: &Addend) {
        let size = one.partial();
        self.lost += lost(self.partial, size, self.a);
        self.values.push(one.value);
        let first = self.count == 0.0;
        (self.value, self.digits) = compensated([self.value, self.digits], one.value);
        self.error += one.error;
        self.mass += one.mass;
        self.count += 1.0;
        if one.range.is_any() {
            self.range = Range::ANY;
        } else {
            self.range += one.range;
        }
        if one.mass == 0.0 && one.value == 0.0 {
            return; // Adding 0 rounds nothing.
        }
        for way in 0..2 {
            self.bias[way] += one.spread.bias[way];
            self.shared[way] += one.spread.shared[way];
        }
        self.variance += one.spread.variance;
        self.partial = partial(whole(self.value, self.digits), self.mass);
        if !first {
            self.walk += self.partial * self.partial;
        }
        self.largest = self.largest.max(size);
    }

    fn sum(self, w: Arithmetic) -> BoundedSum {
        let [blocks, in_turn] = self.bias;
        let squares: f64 = self.values.iter().map(|value| value * value).sum();
        let scatter = deviation(self.count, whole(self.value, self.digits), squares);
        let alike = rounded_alike(self.count, scatter, 2.0 * self.a * self.partial);
        let repeats = mean_repeats(&self.values, &self.values).max(alike);
        let added = Added {
            independent: repeats,
            repeats,
            lost: self.lost,
        };
        let sum = BoundedSum {
            value: self.value,
            lost: self.digits,
            error: self.error,
            mass: self.mass,
            count: self.count,
            range: self.range,
            spread: SumSpread {
                bias: [blocks, in_turn, in_turn, in_turn],
                shared: self.shared,
                variance: [self.variance; 4],
                walk: [self.walk; 2],
                largest: self.largest,
                run: [self.count, 0.0],
            },
        };
        sum.closed(added, w)
    }
}

/// A sum and its digits after a number was added (Neumaier).
#[inline]
fn compensated([sum, digits]: [f64; 2], number: f64) -> (f64, f64) {
    let next = sum + number;
    if !next.is_finite() {
        return (next, digits);
    }
    let off = if sum.abs() >= number.abs() {
        (sum - next) + number
    } else {
        (number - next) + sum
    };
    (next, digits + off)
}

/// A sum with its digits.
#[inline]
fn whole(sum: f64, digits: f64) -> f64 {
    if sum.is_finite() { sum + digits } else { sum }
}

impl BoundedSum {
    /// The sum of a row's addends, closed. See [`Self::closed`].
    #[must_use]
    pub fn of_row(addends: impl IntoIterator<Item = Addend>, w: Arithmetic) -> Self {
        let addends = addends.into_iter();
        let mut row = Row::new(addends.size_hint().0, w);
        addends.for_each(|addend| row.add(&addend));
        row.sum(w)
    }

    /// The same sum, with the range of the values that it can have at all.
    #[must_use]
    pub const fn within(self, range: Range) -> Self {
        Self { range, ..self }
    }

    /// The value of the sum.
    #[must_use]
    pub fn value(&self) -> f64 {
        whole(self.value, self.lost)
    }

    /// The same sum with a value that is known better than by adding up.
    #[must_use]
    pub const fn known(self, value: f64) -> Self {
        Self {
            value,
            lost: 0.0,
            ..self
        }
    }

    /// The sum, multiplied by a factor. The subject rounds the product once.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "one is one")]
    pub fn times(self, factor: f64, u: f64) -> Self {
        if factor == 1.0 && u == 0.0 {
            return self;
        }
        let size = factor.abs();
        let scaled = |value: f64| if factor == 0.0 { 0.0 } else { factor * value };
        Self {
            value: scaled(self.value),
            lost: scaled(self.lost),
            error: size * (self.error + 2.0 * u * self.mass),
            mass: size * self.mass,
            count: self.count,
            range: self.range.times(factor),
            spread: self.spread.times(factor).rounded(factor * self.value(), u),
        }
    }

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

    /// The bound on the error of a correct subject's number.
    ///
    /// ```text
    /// (error + adding(n) (mass + error) + 4 u |value| + 32 u_f64 mass) / divisor + u_stored |value| / divisor + tiny
    /// ```
    #[must_use]
    pub fn bound(&self, end: &Conclusion) -> f64 {
        let summed = self.error + end.w.adding(self.count) * (self.mass + self.error);
        end.bound(self.value().abs(), summed, self.mass)
    }

    /// The expected bound on the error of a correct subject's number that it adds up in one way. It is `None` where the
    /// accumulator is too narrow for the model.
    ///
    /// ```text
    /// (bias + L sqrt(variance + a^2/3 sum s_i^2 + 4 u^2/3 value^2)) / divisor + u_stored |value| / divisor + tiny
    /// ```
    ///
    /// `likely.deviations` is `L`, see [`deviations`](crate::deviations).
    #[must_use]
    pub fn expected(&self, way: Way, likely: Likely, end: &Conclusion) -> Option<f64> {
        let [addends, longest] = self.spread.run;
        let additions = match way {
            Way::Blocks | Way::Strided => self.count.max(1.0).log2(),
            Way::InTurn => addends.max(longest),
            Way::Flat => self.count,
        };
        let a = end.w.usual.unit_roundoff();
        if !(additions * a <= NARROW) {
            return None;
        }
        let size = self.value().abs();
        let shared = self.spread.shared[usize::from(way.softmax_in_turn())];
        let variance = self.spread.variance[way as usize] + self.walked(way, likely.added.repeats, end.w);
        let bias = self.spread.bias[way as usize] + way.biased(likely.added.lost, a * self.partial());
        Some(end.expected(size, bias, (variance, shared), likely.deviations))
    }

    /// The least and the largest value that a correct subject's number can have at all, whatever its bound is.
    #[must_use]
    pub fn ends(&self, end: &Conclusion) -> [f64; 2] {
        self.range.ends(self.count, end)
    }

    /// The standard deviations of a row that was closed, by each way.
    #[must_use]
    pub fn deviations(&self) -> [f64; 4] {
        self.spread.variance.map(f64::sqrt)
    }

    /// The size of the partial sums that lead to this sum.
    fn partial(&self) -> f64 {
        partial(self.value(), self.mass)
    }

    /// Adds the spread of an addend or of a closed row, after its value was added. `before` is the sum without it.
    fn add_spread(&mut self, before: &Self, other: &Self) {
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
        let SumSpread {
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
        self.spread = SumSpread {
            bias,
            variance,
            run: [1.0, longest.max(addends)],
            ..SumSpread::default()
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

    /// What adding another sum to the sum so far may err, always the same way.
    pub(crate) fn loses(&self, other: &Self, w: Arithmetic) -> f64 {
        lost(self.partial(), other.partial(), w.usual.unit_roundoff())
    }
}

impl std::ops::AddAssign for BoundedSum {
    fn add_assign(&mut self, other: Self) {
        let before = *self;
        (self.value, self.lost) = compensated([self.value, self.lost], other.value);
        self.lost += other.lost;
        self.error += other.error;
        self.mass += other.mass;
        self.count += other.count;
        self.range += other.range;
        self.add_spread(&before, &other);
    }
}

impl std::ops::AddAssign<Addend> for BoundedSum {
    fn add_assign(&mut self, other: Addend) {
        *self += Self::from(other);
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
    /// The number of standard deviations, see [`deviations`](crate::deviations).
    pub deviations: f64,
    /// What is known of the addends.
    pub added: Added,
}

#[cfg(test)]
mod tests {
    use crate::conclusion::Conclusion;
    use crate::rows::Rows;
    use crate::spread::{Spread, Way, deviations, grown};
    use crate::sum::{Added, BoundedSum, Likely};
    use crate::{Addend, Arithmetic, Float, Order};

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
        let one = |x: &f32| Addend::new(f64::from(*x), 0.0, f64::from(*x)).spread(Spread::new([0.0; 2], [0.0; 2], 0.0));
        BoundedSum::of_row(numbers.iter().map(one), F32)
    }

    fn bound(sum: BoundedSum, way: Way, repeats: f64) -> Option<f64> {
        let likely = Likely {
            deviations: deviations(1.0),
            added: Added { repeats, ..Added::ONE },
        };
        sum.expected(way, likely, &Conclusion::new(1.0, F32, Float::F64))
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
        let one = |x: &f32| Addend::new(f64::from(*x), 0.0, f64::from(*x));
        let sum = BoundedSum::of_row(numbers.iter().map(one), narrow);
        let likely = Likely {
            deviations: deviations(1.0),
            added: Added::ONE,
        };
        let by = |way| sum.expected(way, likely, &Conclusion::new(1.0, narrow, Float::F64));
        assert!(by(Way::InTurn).is_none() && by(Way::Flat).is_none());
        assert!(by(Way::Blocks).is_some());
    }

    #[test]
    fn equal_rows_are_off_together_and_different_ones_are_not() {
        let spread = Spread::new([0.0; 2], [1e-6; 2], 0.0);
        let closed =
            |value: f64| BoundedSum::from(Addend::new(value, 0.0, value).spread(spread)).closed(Added::ONE, F32);
        let of = |different: bool| {
            let (mut rows, mut sum) = (Rows::default(), BoundedSum::default());
            for k in 0..64 {
                let value = if different { 1.0 + f64::from(k) / 64.0 } else { 1.5 };
                rows.add(&mut sum, closed(value), F32);
            }
            (rows.added().repeats, sum.deviations()[0])
        };
        let ((once, apart), (often, together)) = (of(true), of(false));
        assert!((once - 1.0).abs() < 1e-12 && (often - 64.0).abs() < 1e-12);
        assert!((apart - 8e-6).abs() < 1e-12, "{apart}");
        assert!((together - 64e-6).abs() < 1e-12, "{together}");
    }

    #[test]
    fn a_tiny_deviation_is_not_lost_and_a_large_one_grows() {
        let tiny =
            BoundedSum::from(Addend::new(1e-180, 0.0, 1e-180).spread(Spread::new([0.0; 2], [1e-190; 2], 1e-190)));
        assert!(bound(tiny, Way::Blocks, 1.0).expect("a bound") > 7.0 * 1e-190);
        assert!((grown(1e-9) - 1e-9).abs() < 1e-15);
        assert!(8.0 * grown(0.05) > (8.0_f64 * 0.05).exp_m1());
        assert!(deviations(1e7) > deviations(1.0) && deviations(1.0) > 7.5);
    }
}
