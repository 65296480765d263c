//! How often numbers repeat: roundings of equal numbers are equal.

/// Weights count as at most so large.
const LARGEST: f64 = 1e15;

/// The mean number of addends that are equal to an addend, `sum n_g^2 / n` over the values that they have, but at least
/// `sum (sum of weights)^2 / sum weight^2`. Addends of weight 0 are not counted, since nothing is rounded where they are
/// added.
///
/// Values of equal hashes count as equal. Where values are different, that makes the result too large by a hundredth.
pub(crate) fn mean_repeats(values: &[f64], weights: &[f64]) -> f64 {
    let again = Again::of(values, weights);
    let mut sums = Sums::default();
    let mut groups = vec![[0.0_f32; 2]; again.count];
    for (value, weight) in values.iter().zip(weights).filter(|(_, weight)| **weight != 0.0) {
        #[expect(clippy::cast_possible_truncation, reason = "seven digits are enough")]
        let weight = weight.clamp(-LARGEST, LARGEST) as f32;
        let hash = hash(*value);
        if !again.has(hash) {
            sums.add(weight, [0.0; 2]);
        } else if let Some(group) = groups.get_mut(again.group(hash)) {
            sums.add(weight, *group);
            *group = [group[0] + 1.0, group[1] + weight];
        }
    }
    sums.mean()
}

/// How often `n` addends repeat that deviate from each other by `deviation`, where the last place of their sum is `place`:
/// numbers that differ by less than that are rounded alike, equal or not.
///
/// ```text
/// 1 + (n - 1) e^(-4 pi^2 (deviation / place)^2)
/// ```
///
/// The rounding error of an addition is a function of the addend with the period `place`; its mean over normally
/// distributed addends is damped by `e^(-2 pi^2 (deviation / place)^2)`, the first term of its Fourier series.
pub(crate) fn rounded_alike(n: f64, deviation: f64, place: f64) -> f64 {
    if !(place > 0.0) {
        return 1.0;
    }
    let share = 2.0 * std::f64::consts::PI * deviation / place;
    1.0 + (n - 1.0).max(0.0) * (-share * share).exp()
}

/// The deviation of `n` numbers from their mean, by their sum and the sum of their squares.
pub(crate) fn deviation(n: f64, sum: f64, squares: f64) -> f64 {
    let mean = sum / n;
    (squares / n - mean * mean).max(0.0).sqrt()
}

/// Fibonacci hashing: the high bits of a product with 2^64 over the golden ratio.
const fn hash(value: f64) -> u64 {
    value.to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The hashes that occur more than once. Few do where numbers are different, and only these have to be counted.
struct Again {
    /// A bit for each hash.
    bits: Vec<u64>,
    shift: u32,
    /// The number of groups that values with such a hash are counted in, a power of 2.
    count: usize,
}

impl Again {
    fn of(values: &[f64], weights: &[f64]) -> Self {
        let size = (16 * values.len()).next_power_of_two().max(64);
        let shift = 64 - size.trailing_zeros();
        let (mut once, mut bits, mut count) = (vec![0_u64; size / 64], vec![0_u64; size / 64], 0);
        for (value, weight) in values.iter().zip(weights) {
            let (word, bit) = place(hash(*value) >> shift);
            if let (Some(once), Some(again)) = (once.get_mut(word), bits.get_mut(word)) {
                let bit = if *weight == 0.0 { 0 } else { bit };
                count += usize::from(*once & bit != 0);
                *again |= *once & bit;
                *once |= bit;
            }
        }
        // Of each hash that occurs again, the first value is counted too.
        let count = if count > 0 { (8 * count).next_power_of_two() } else { 0 };
        Self { bits, shift, count }
    }

    #[inline]
    fn has(&self, hash: u64) -> bool {
        let (word, bit) = place(hash >> self.shift);
        self.bits.get(word).is_some_and(|bits| bits & bit != 0)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "as many bits as there are groups")]
    const fn group(&self, hash: u64) -> usize {
        (hash >> (64 - self.count.trailing_zeros())) as usize
    }
}

#[inline]
const fn place(hash: u64) -> (usize, u64) {
    ((hash >> 6) as usize, 1 << (hash & 63))
}

/// The sums of which the mean is made.
#[derive(Default)]
struct Sums {
    n: f64,
    squares: f64,
    weighted: f64,
    own: f64,
}

impl Sums {
    /// Adds a weight to a group of so many addends with this sum of weights.
    #[inline]
    fn add(&mut self, weight: f32, [number, sum]: [f32; 2]) {
        let own = f64::from(weight);
        self.n += 1.0;
        self.own += own * own;
        self.squares += f64::from(2.0 * number + 1.0);
        self.weighted += own * (2.0 * f64::from(sum) + own);
    }

    fn mean(&self) -> f64 {
        let shares = if self.own > 0.0 { self.weighted / self.own } else { 1.0 };
        if self.n > 0.0 {
            shares.max(self.squares / self.n)
        } else {
            1.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{deviation, mean_repeats, rounded_alike};

    fn mean(values: &[f64]) -> f64 {
        mean_repeats(values, values)
    }

    #[test]
    fn copies_count_by_their_number_and_different_numbers_by_themselves() {
        assert!((mean(&[0.1; 8192]) - 8192.0).abs() < 1e-9);
        let different: Vec<f64> = (0..8192).map(|k| 0.5 + f64::from(k) / 3e4).collect();
        assert!((1.0..1.05).contains(&mean(&different)), "{}", mean(&different));
        // Half of all numbers are four values.
        let some: Vec<f64> = (0..8192)
            .map(|k| {
                if k % 2 == 0 {
                    f64::from(k % 8) + 1.0
                } else {
                    different[k as usize]
                }
            })
            .collect();
        let ones = vec![1.0; 8192];
        let expected = (4096.0 + 4.0 * 1024.0 * 1024.0) / 8192.0;
        assert!((1.0..1.05).contains(&(mean_repeats(&some, &ones) / expected)));
    }

    #[test]
    fn numbers_that_are_nearly_equal_are_rounded_alike() {
        let about = |value: f64, expected: f64| assert!((value / expected - 1.0).abs() < 1e-3, "{value} {expected}");
        about(rounded_alike(8192.0, 0.0, 1e-3), 8192.0);
        about(rounded_alike(8192.0, 1e-3, 1e-3), 1.0);
        about(rounded_alike(8192.0, 1e-3, 0.0), 1.0);
        about(deviation(4.0, 10.0, 30.0), 1.25_f64.sqrt());
        assert!(deviation(3.0, 3e8, 3e16) <= 1e8 * 1e-7);
    }

    #[test]
    fn what_weighs_most_decides_and_what_weighs_nothing_does_not_count() {
        let (values, mut weights) = (vec![0.5; 100], vec![0.0; 100]);
        weights[7] = 1.0;
        assert!((mean_repeats(&values, &weights) - 1.0).abs() < 1e-12);
        let values: Vec<f64> = (0..100).map(|k| if k < 10 { 1.0 } else { f64::from(k) }).collect();
        let weights: Vec<f64> = (0..100).map(|k| if k < 10 { 1.0 } else { 1e-6 }).collect();
        assert!((mean_repeats(&values, &weights) - 10.0).abs() < 0.1);
        assert!((mean(&[]) - 1.0).abs() < 1e-12 && (mean(&[3.0]) - 1.0).abs() < 1e-12);
    }
}
