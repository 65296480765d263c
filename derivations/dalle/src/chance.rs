//! Bounds on how far a mean of samples may lie from its expectation, where every value that a sample can take is known
//! with its probability.
//!
//! ```text
//! P(1/n sum_i x_i >= E x + t) <= e^(-n (l t - L(l))),   L(l) = ln E e^(l (x - E x)),   l > 0   (Chernoff 1952)
//! t = min_l (ln 1/P + n L(l)) / (n l)
//! ```
//!
//! Every `l` gives a bound. Here `l` runs through a row of values, each twice the one before, and the smallest bound is
//! taken. Where the best `l` lies between two of them, the bound is at most 1.06 times the best one for small `t`,
//! which is `(r + 1/r) / 2` at `r = sqrt 2`. A standard error that is estimated from the samples knows nothing of a
//! value so rare that no sample has it. `L` includes that value, too.

/// The probability with which a correct mean lies further above its expectation than its margin. The same holds for
/// below.
pub const CHANCE: f64 = 1e-7;

/// The number of values of `l`. They run from 2^-10 to 2^10 in units of `1 / D`, where `D` is the spread of the
/// samples' values.
///
/// The best `l` does not lie below the least one: for a small `t` it is `sqrt(2 ln(1/P) / n) / sigma`, which is at
/// least `2^-9 / D` up to 10^7 samples. Beyond the largest one, the exponential of a value that lies `D` away is not
/// finite, unless its probability is 0 in floating point. Such an `l` would improve the bound by at most
/// `ln(1/P) D / (1024 n)`.
const STEPS: usize = 21;

/// One number for every `l`, for the upper tail and for the lower one.
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

    /// Adds `times` the numbers of another.
    fn add(&mut self, times: f64, other: &Self) {
        for (sums, more) in [(&mut self.above, &other.above), (&mut self.below, &other.below)] {
            for (sum, more) in sums.iter_mut().zip(more) {
                *sum += times * more;
            }
        }
    }
}

/// The sums of `p e^(l d)` and `p e^(-l d)` over the values of a distribution, for every `l`.
#[derive(Debug, Clone)]
pub struct Exponentials(BothTails);

impl Exponentials {
    /// Empty sums, for values that lie at most `spread` apart.
    #[must_use]
    pub fn new(spread: f64) -> Self {
        // The spread is increased by one nat, so that values that are all equal have a bound, too.
        Self(BothTails::zero((-10.0_f64).exp2() / (1.0 + spread)))
    }

    /// Adds a value of positive probability `p`. `d` is the value minus a centre, which is the same in all calls.
    pub fn add(&mut self, p: f64, d: f64) {
        let mut up = (self.0.least * d).exp();
        let mut down = up.recip();
        for (above, below) in self.0.above.iter_mut().zip(&mut self.0.below) {
            *above += p * up;
            *below += p * down;
            // Squaring goes on to an l twice as large. The rounding error doubles with l, up to 2^20 u at the largest.
            up *= up;
            down *= down;
        }
    }

    /// Adds `times` the sums of another, which has the same centre.
    pub fn merge(&mut self, times: f64, other: &Self) {
        self.0.add(times, &other.0);
    }

    /// `L` of a distribution of which all values have been added. `mean` is its mean minus the centre.
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

/// The logarithm of the mean of an exponential, shifted. By Jensen's inequality it is never negative. It is infinite,
/// and gives no bound, where the mean has underflowed or overflowed.
fn cumulant(mean: f64, shift: f64) -> f64 {
    if (f64::MIN_POSITIVE..f64::INFINITY).contains(&mean) {
        (mean.ln() + shift).max(0.0)
    } else {
        f64::INFINITY
    }
}

/// The function `L` of a distribution at every `l`, above its mean and below it.
#[derive(Debug, Clone)]
pub struct Tails(BothTails);

impl Tails {
    /// `L` of the sum of independent numbers, which must share the same row of `l`. It is `None` for an empty sum.
    #[must_use]
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Option<Self> {
        parts.into_iter().reduce(|mut sum, part| {
            sum.0.add(1.0, &part.0);
            sum
        })
    }

    /// The largest distance of the mean of `samples` samples from its expectation. A correct mean lies further away, in
    /// either direction, with a probability of at most twice [`CHANCE`].
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

/// The largest distance, in nats, by which the mean of the logarithms of independent non-negative numbers may lie above
/// the logarithm of their common expectation. A correct mean lies higher with a probability of at most [`CHANCE`].
///
/// ```text
/// P(1/n sum_i ln w_i >= ln E w + t) = P(prod_i w_i >= (E w)^n e^(n t)) <= e^(-n t)        (Markov)
/// ```
///
/// This holds whatever their distribution is, because the expectation of their product is the product of their
/// expectations.
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

    /// The probability of at least this many events of `n`.
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
            // This is the least count that is so unlikely, and the room that the bound and its row of l need.
            let least = (0..=n).find(|k| at_least(*k, n, p) <= CHANCE).unwrap();
            assert!(most <= f64::from(least) * 1.1 + 3.0, "{n}, {p}: {most}, {least}");
        }
    }

    #[test]
    fn a_value_that_no_sample_meets_is_in_the_margin() {
        // No sample has the rare value, so that the standard error of the samples is 0.
        let [rare, frequent] = [1e-5, 1e-3].map(|p| event(p).margin(100.0));
        assert!(rare > 5e-5 && frequent > 1.5 * rare, "{rare}, {frequent}");
        // A certain number has no margin but the one that the largest l leaves.
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
