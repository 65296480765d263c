//! Tests what a dump gives as noise against its law. Noise that is not drawn from it makes right samples of a wrong
//! distribution, which no claim shows.

// The tests are rigorous for noise that is made from a uniform number on a grid, of any step up to GRID. Together they fail
// with a probability of at most FAILURE a tensor:
//
//   - the largest number m of n: P(all <= m) <= (F(m) + grid)^n; the smallest likewise;
//   - the distribution: P(sup |F_n - F| > t + grid) <= 2 e^(-2 n t^2) (Dvoretzky, Kiefer and Wolfowitz 1956; Massart 1990);
//   - no number lies where no generator of double precision reaches: beyond LEAST and MOST;
//   - equal rows: a row of ROW numbers or more that was there before has been copied.
//
// A number of a type stands for the numbers that are rounded to it, and the test holds for all of them. The ends are those of
// a grid too: a uniform number of 0 is replaced by a tiny one, far more often than the law has it.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher as _;

use bounds::{FAILURE, Float};

/// The number of tests that share [`FAILURE`].
const TESTS: f64 = 3.0;

/// The step of the uniform numbers from which libraries make noise, in single precision. Double precision may hold it.
const GRID: f64 = 1.0 / 8_388_608.0;

/// The bins of the histogram, from which the distribution is compared.
const BINS: usize = 1 << 14;

/// The fewest numbers of a row that two draws do not have in common.
const ROW: usize = 16;

/// The law of noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// The standard Gumbel distribution, `F(g) = e^(-e^(-g))`.
    Gumbel,
    /// The standard normal distribution.
    Normal,
    /// The uniform distribution from 0 to 1.
    Uniform,
}

impl Law {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gumbel => "the standard Gumbel distribution",
            Self::Normal => "the standard normal distribution",
            Self::Uniform => "the uniform distribution from 0 to 1",
        }
    }

    /// The least and the largest number that a generator of double precision gives.
    const fn ends(self) -> [f64; 2] {
        match self {
            Self::Gumbel => [-7.0, 45.0],
            Self::Normal => [-40.0, 40.0],
            Self::Uniform => [0.0, 1.0],
        }
    }

    /// `F(g)`, `1 - F(g)` and the density at `g`.
    fn at(self, g: f64) -> [f64; 3] {
        match self {
            Self::Gumbel => {
                let y = (-g).exp();
                let below = (-y).exp();
                [below, -(-y).exp_m1(), if below > 0.0 { y * below } else { 0.0 }]
            }
            Self::Normal => {
                let scaled = g * std::f64::consts::FRAC_1_SQRT_2;
                let density = (-0.5 * g * g).exp() / (2.0 * std::f64::consts::PI).sqrt();
                [0.5 * libm::erfc(-scaled), 0.5 * libm::erfc(scaled), density]
            }
            Self::Uniform => [g, 1.0 - g, 1.0].map(|share| share.clamp(0.0, 1.0)),
        }
    }
}

/// The verdict on a tensor of noise.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NoiseVerdict {
    /// The tensor's name.
    pub tensor: &'static str,
    /// The law that it is held against.
    pub law: Law,
    /// The number of its numbers.
    pub numbers: usize,
    /// A sentence about why it is not drawn from its law, if it is not.
    pub failed: Option<String>,
    /// A sentence about what the type in which it was drawn made of it.
    pub note: Option<String>,
}

/// A tensor of noise while its items are read.
#[derive(Debug)]
pub(super) struct Noise {
    tensor: &'static str,
    law: Law,
    /// The unit roundoff of its type.
    u: f64,
    count: u64,
    least: f64,
    largest: f64,
    /// How many numbers are certainly below the upper end of each bin, and how many may be.
    certain: Vec<u64>,
    possible: Vec<u64>,
    rows: HashMap<u128, [usize; 2]>,
    copied: Option<[[usize; 2]; 2]>,
}

impl Noise {
    pub(super) fn new(tensor: &'static str, law: Law, stored: Float) -> Self {
        Self {
            tensor,
            law,
            u: stored.unit_roundoff(),
            count: 0,
            least: f64::INFINITY,
            largest: f64::NEG_INFINITY,
            certain: vec![0; BINS + 1],
            possible: vec![0; BINS + 1],
            rows: HashMap::new(),
            copied: None,
        }
    }

    /// Takes a row of an item.
    pub(super) fn row(&mut self, place: [usize; 2], row: impl Iterator<Item = f64>) {
        let mut hashes = [DefaultHasher::new(), DefaultHasher::new()];
        hashes[1].write_u8(1);
        let mut length = 0;
        for number in row {
            length += 1;
            for hash in &mut hashes {
                hash.write_u64(number.to_bits());
            }
            self.number(number);
        }
        if length < ROW {
            return;
        }
        let [high, low] = hashes.map(|hash| u128::from(hash.finish()));
        if let Some(first) = self.rows.insert(high << 64 | low, place) {
            self.copied.get_or_insert([first, place]);
        }
    }

    fn number(&mut self, number: f64) {
        self.count += 1;
        self.least = self.least.min(number);
        self.largest = self.largest.max(number);
        let [below, _, density] = self.law.at(number);
        // Half a last place on either side; the density is steep where it is small, and twice as much covers it.
        let apart = 2.0 * self.u * number.abs() * density + 1e-15;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 1")]
        let bin = |share: f64| ((share.clamp(0.0, 1.0) * BINS as f64).ceil() as usize).min(BINS);
        self.certain[bin(below + apart)] += 1;
        self.possible[bin(below - apart)] += 1;
    }

    /// The verdict.
    pub(super) fn verdict(&self) -> NoiseVerdict {
        NoiseVerdict {
            tensor: self.tensor,
            law: self.law,
            numbers: usize::try_from(self.count).unwrap_or(usize::MAX),
            failed: self.failed(),
            note: self.note(),
        }
    }

    /// The step of the uniform numbers from which it was made.
    fn grid(&self) -> f64 {
        GRID.max(2.0 * self.u)
    }

    /// Of noise that a half type cuts off, what it lacks.
    fn note(&self) -> Option<String> {
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let n = self.count as f64;
        let [_, above, _] = self.law.at(self.largest);
        let cut_off = self.grid() > GRID && -n * above < (FAILURE / TESTS).ln();
        cut_off.then(|| {
            format!(
                "{} ends at {:.4}, where {} has {:.0} of {n} numbers beyond: it was drawn in a half type",
                self.tensor,
                self.largest,
                self.law.name(),
                n * above
            )
        })
    }

    fn failed(&self) -> Option<String> {
        #[expect(clippy::cast_precision_loss, reason = "a count")]
        let n = self.count as f64;
        if n == 0.0 {
            return None;
        }
        if let Some([[item, row], [other, at]]) = self.copied {
            return Some(format!("row {at} of item {other} is row {row} of item {item} again"));
        }
        let (rare, grid) = (FAILURE / TESTS, self.grid());
        let [low, high] = self.law.ends();
        if let Some(number) = [self.least, self.largest]
            .into_iter()
            .find(|number| !(low..=high).contains(number))
        {
            return Some(format!("it has the number {number:.4}, which no generator gives"));
        }
        let moved = |number: f64, by: f64| number + by * 2.0 * self.u * number.abs();
        // (F(m) + grid)^n is the probability that no number is larger.
        let beyond = |share: f64| -n * (share - grid).max(0.0);
        let [_, above, _] = self.law.at(moved(self.largest, 1.0));
        let [below, ..] = self.law.at(moved(self.least, -1.0));
        for (number, ln, which) in [
            (self.largest, beyond(above), "largest"),
            (self.least, beyond(below), "smallest"),
        ] {
            if ln < rare.ln() {
                return Some(format!(
                    "its {which} number of {n} is {number:.4}, and the probability that none goes further is e^{ln:.0}: it is cut off"
                ));
            }
        }
        let most = ((2.0 / rare).ln() / (2.0 * n)).sqrt();
        let (mut certain, mut possible) = (0, 0);
        for bin in 0..=BINS {
            certain += self.certain[bin];
            possible += self.possible[bin];
            #[expect(clippy::cast_precision_loss, reason = "counts")]
            let [share, least, most_there] = [bin as f64 / BINS as f64, certain as f64 / n, possible as f64 / n];
            let apart = (least - share).max(share - most_there);
            if apart > most + grid {
                return Some(format!(
                    "{:.2} % of its {n} numbers lie where {:.2} % should: it has another distribution",
                    100.0 * if least > share { least } else { most_there },
                    100.0 * share
                ));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use bounds::Float;

    use super::{Law, Noise};

    fn verdict(law: Law, rows: impl Iterator<Item = Vec<f64>>) -> Option<String> {
        let mut noise = Noise::new("noise", law, Float::F32);
        for (at, row) in rows.enumerate() {
            noise.row([0, at], row.into_iter());
        }
        noise.verdict().failed
    }

    /// Gumbel noise by the inverse of its distribution, at evenly spread shares: as near to its law as numbers can be.
    fn even(n: usize) -> Vec<f64> {
        (0..n).map(|k| -(-((k as f64 + 0.5) / n as f64).ln()).ln()).collect()
    }

    #[test]
    fn noise_of_its_law_stands_and_what_is_cut_off_scaled_or_copied_does_not() {
        let n = 1 << 14;
        let rows = |change: fn(f64) -> f64| {
            let numbers: Vec<f64> = even(n).into_iter().map(change).collect();
            numbers.chunks(64).map(<[f64]>::to_vec).collect::<Vec<_>>().into_iter()
        };
        assert_eq!(verdict(Law::Gumbel, rows(|g| g)), None);
        let told = |rows, word: &str| {
            let failed = verdict(Law::Gumbel, rows).unwrap_or_default();
            assert!(failed.contains(word), "{failed}");
        };
        told(rows(|g| g.min(5.0)), "cut off");
        told(rows(|g| -g), "number");
        told(rows(|g| 1.3 * g), "another distribution");
        told(rows(|g| g + 0.3), "another distribution");
        told(rows(|_| 0.0), "again");
        let uniform = |change: fn(f64) -> f64| {
            let numbers: Vec<f64> = (0..n).map(|k| change((k as f64 + 0.5) / n as f64)).collect();
            numbers.chunks(64).map(<[f64]>::to_vec).collect::<Vec<_>>().into_iter()
        };
        assert_eq!(verdict(Law::Uniform, uniform(|u| u)), None);
        let clamped = verdict(Law::Uniform, uniform(|u| u.min(0.9975))).unwrap_or_default();
        assert!(clamped.contains("cut off"), "{clamped}");
        let squared = verdict(Law::Uniform, uniform(|u| u * u)).unwrap_or_default();
        assert!(squared.contains("another distribution"), "{squared}");
        let first = even(64);
        told(vec![first.clone(), first].into_iter(), "again");
    }
}
