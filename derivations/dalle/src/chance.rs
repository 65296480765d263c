//! How far a mean of samples may lie from its expectation, where every value that they may take is known with its probability.
//!
//! ```text
//! P(1/n sum_i x_i >= E x + t) <= e^(-n (l t - L(l))),   L(l) = ln E e^(l (x - E x)),   for every l > 0        (Chernoff 1952)
//! t = min_l (ln 1/P + n L(l)) / (n l)
//! ```
//!
//! Every `l` gives a bound; the least one of a row of them is taken, each twice the one before, and where the best lies between two the bound is at most
//! 1.06 times the best for small `t` (`(r + 1/r) / 2` at `r = sqrt 2`). A standard error that is estimated from the samples knows nothing of a value
//! so rare that none of them is it; `L` holds that one too.

/// The chance that a mean lies further above its expectation than it may, and as much for below.
pub const CHANCE: f64 = 1e-7;

/// How many `l`: from 2^-10 to 2^10, in units of the inverse of the values' spread `D`.
///
/// Below the least one no best `l` lies: that of a small `t` is `sqrt(2 ln(1/P) / n) / sigma`, at least `2^-9 / D` up to 10^7 samples. Beyond the
/// largest, the exponential of a value `D` away is not finite unless its probability is 0 as a number; the bound is at most `ln(1/P) D / (1024 n)` better.
const STEPS: usize = 21;

/// A number for every `l`, of the tail above and of the one below.
#[derive(Debug, Clone)]
struct BothTails {
    least: f64,
    above: [f64; STEPS],
    below: [f64; STEPS],
}

impl BothTails {
    const fn zero(least: f64) -> Self {
        Self {
            least,
            above: [0.0; STEPS],
            below: [0.0; STEPS],
        }
    }

    /// Adds so many times the numbers of another.
    fn add(&mut self, times: f64, other: &Self) {
        for (sums, more) in [(&mut self.above, &other.above), (&mut self.below, &other.below)] {
            for (sum, more) in sums.iter_mut().zip(more) {
                *sum += times * more;
            }
        }
    }
}

/// Sums of `p e^(l d)` and `p e^(-l d)` for every `l`.
#[derive(Debug, Clone)]
pub struct Exponentials(BothTails);

impl Exponentials {
    /// Nothing added up yet, of values that lie so far apart at most.
    #[must_use]
    pub fn new(spread: f64) -> Self {
        // One nat more: values that are all alike have a bound, too.
        Self(BothTails::zero((-10.0_f64).exp2() / (1.0 + spread)))
    }

    /// Adds a value, `d` above some number, of positive probability.
    pub fn add(&mut self, p: f64, d: f64) {
        let mut up = (self.0.least * d).exp();
        let mut down = up.recip();
        for (above, below) in self.0.above.iter_mut().zip(&mut self.0.below) {
            *above += p * up;
            *below += p * down;
            // Of an l twice as large: rounding grows as l does, to 2^20 u at the largest.
            up *= up;
            down *= down;
        }
    }

    /// Adds so many times what others have added up, around the same number.
    pub fn merge(&mut self, times: f64, other: &Self) {
        self.0.add(times, &other.0);
    }

    /// `L` of a distribution that has been added up whole, whose mean is so much above that number.
    #[must_use]
    pub fn tails(&self, mean: f64) -> Tails {
        let mut tails = BothTails::zero(self.0.least);
        let mut l = self.0.least;
        for step in 0..STEPS {
            tails.above[step] = cumulant(self.0.above[step], -l * mean);
            tails.below[step] = cumulant(self.0.below[step], l * mean);
            l *= 2.0;
        }
        Tails(tails)
    }
}

/// `ln` of an exponential's mean, shifted: never negative, by Jensen's inequality; no bound comes of a mean that has left the range of numbers.
fn cumulant(mean: f64, shift: f64) -> f64 {
    if (f64::MIN_POSITIVE..f64::INFINITY).contains(&mean) {
        (mean.ln() + shift).max(0.0)
    } else {
        f64::INFINITY
    }
}

/// `L` above and below the mean at every `l`.
#[derive(Debug, Clone)]
pub struct Tails(BothTails);

impl Tails {
    /// Of the sum of independent numbers, of as large a spread at most.
    #[must_use]
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Option<Self> {
        parts.into_iter().reduce(|mut sum, part| {
            sum.0.add(1.0, &part.0);
            sum
        })
    }

    /// How far from its expectation the mean of so many samples may lie, either way: further in two of [`CHANCE`] cases at most.
    #[must_use]
    pub fn margin(&self, samples: f64) -> f64 {
        let of = |cumulants: &[f64; STEPS]| {
            let ls = std::iter::successors(Some(self.0.least), |l| Some(2.0 * l));
            let bounds = cumulants
                .iter()
                .zip(ls)
                .map(|(cumulant, l)| (surprise() / samples + cumulant) / l);
            bounds.fold(f64::INFINITY, f64::min)
        };
        of(&self.0.above).max(of(&self.0.below))
    }
}

/// How far the mean of the logarithms of so many independent numbers, none negative, may lie above the logarithm of what each is in the mean.
///
/// ```text
/// P(1/n sum_i ln w_i >= ln E w + t) = P(prod_i w_i >= (E w)^n e^(n t)) <= e^(-n t)        (Markov)
/// ```
///
/// Whatever the numbers are: the mean of their product is the product of their means.
#[must_use]
pub fn excess_of_logarithms(samples: f64) -> f64 {
    surprise() / samples
}

fn surprise() -> f64 {
    -CHANCE.ln()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::cast_precision_loss, reason = "tests")]
mod tests {
    use super::{CHANCE, Exponentials, Tails};

    /// A number that is 1 with probability `p`, and 0 otherwise.
    fn event(p: f64) -> Tails {
        let mut sums = Exponentials::new(1.0);
        sums.add(p, 1.0);
        sums.add(1.0 - p, 0.0);
        sums.tails(p)
    }

    /// The chance of so many events or more, of `n`.
    fn at_least(many: u32, n: u32, p: f64) -> f64 {
        let mut ln_choose = 0.0;
        let mut sum = 0.0;
        for k in 0..=n {
            if k > 0 {
                ln_choose += f64::from(n - k + 1).ln() - f64::from(k).ln();
            }
            if k >= many {
                sum += (ln_choose + f64::from(k) * p.ln() + f64::from(n - k) * (-p).ln_1p()).exp();
            }
        }
        sum
    }

    #[test]
    fn events_are_counted_within_their_margin_and_it_is_no_wider_than_it_need_be() {
        for (n, p) in [(1000_u32, 0.3), (1000, 0.01), (16_384, 1e-5), (16_384, 1e-12)] {
            let margin = event(p).margin(f64::from(n));
            let most = f64::from(n) * (p + margin);
            let beyond = (0..=n).find(|k| f64::from(*k) > most).unwrap();
            assert!(at_least(beyond, n, p) <= CHANCE, "{n}, {p}: {margin}");
            // The least count that is as unlikely, and the room that the bound and its l's take.
            let least = (0..=n).find(|k| at_least(*k, n, p) <= CHANCE).unwrap();
            assert!(most <= f64::from(least) * 1.1 + 3.0, "{n}, {p}: {most}, {least}");
        }
    }

    #[test]
    fn a_value_that_no_sample_meets_is_in_the_margin() {
        // In 100 of 16,384 samples not one is the rare one; their own standard error is 0.
        let [rare, frequent] = [1e-5, 1e-3].map(|p| event(p).margin(100.0));
        assert!(rare > 5e-5 && frequent > 1.5 * rare, "{rare}, {frequent}");
        // Of a certain number nothing is left to chance but what the largest l leaves.
        let mut certain = Exponentials::new(0.0);
        certain.add(1.0, 0.0);
        assert!(certain.tails(0.0).margin(1.0) <= -CHANCE.ln() / 1024.0 * (1.0 + f64::EPSILON));
    }

    #[test]
    fn a_sum_is_as_far_off_as_its_parts_together_and_its_centre_is_no_matter() {
        let sum = Tails::sum([event(0.5), event(0.5)]).unwrap();
        let mut direct = Exponentials::new(1.0);
        // 0, 1, 2 around 7.
        for (p, d) in [(0.25, -7.0), (0.5, -6.0), (0.25, -5.0)] {
            direct.add(p, d);
        }
        let [sum, direct] = [sum, direct.tails(-6.0)].map(|tails| tails.margin(50.0));
        assert!((sum - direct).abs() <= 1e-9 * sum, "{sum}, {direct}");
    }
}
