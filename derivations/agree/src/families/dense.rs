//! Random worlds of a given shape in which everything is possible. They depend on the seed alone. Families, tests and
//! benches begin with them. Worlds of any kind and shape are drawn by `worlds::generate::random`.

use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reference::world::Tables;

/// The default seed.
pub const SEED: u64 = 20;

/// The seed in the environment variable `ELBO_SEED`, or else [`SEED`].
#[must_use]
pub fn seed() -> u64 {
    std::env::var("ELBO_SEED").map_or(SEED, |asked| asked.parse().expect("ELBO_SEED is a whole number"))
}

/// A stream of random worlds.
#[derive(Debug)]
pub struct Worlds(ChaCha8Rng);

impl Worlds {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn number(&mut self, low: f64, high: f64) -> f64 {
        self.0.random_range(low..high)
    }

    /// The logarithms of a distribution over `n` states that spread over `width` nats. No probability is 0.
    fn ln_distribution(&mut self, n: usize, width: f64) -> Vec<f64> {
        let weights: Vec<f64> = (0..n).map(|_| self.number(-width, -0.125)).collect();
        normalised(&weights)
    }

    /// Draws a world in which everything is possible. Its `ln p(x|y,z)` lies around `offset`, and beta between 0.25 and
    /// 4.
    pub fn dense(&mut self, captions: usize, codes: usize, offset: f64) -> Tables {
        let likelihood = (0..captions * codes)
            .map(|_| offset + self.number(-9.0, -0.5))
            .collect();
        Tables {
            ln_p_x_given_yz: table(captions, codes, likelihood),
            ln_p_yz: table(captions, codes, self.ln_distribution(captions * codes, 6.0)),
            ln_q_z_given_x: Array1::from(self.ln_distribution(codes, 5.0)),
            ln_q_y_given_x: Array1::from(self.ln_distribution(captions, 3.0)),
            ln_q_yz_given_x: None,
            y: self.0.random_range(0..captions),
            beta: self.number(0.25, 4.0),
        }
    }
}

/// The point mass at `place` among `n` states, as logarithms.
#[must_use]
pub fn certain(n: usize, place: usize) -> Array1<f64> {
    Array1::from_shape_fn(n, |k| if k == place { 0.0 } else { f64::NEG_INFINITY })
}

/// Normalises logarithms of weights. The maximum is subtracted first, which is exact where it matters.
#[must_use]
pub fn normalised(ln_weights: &[f64]) -> Vec<f64> {
    let max = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let ln_total = ln_weights.iter().map(|ln| (ln - max).exp()).sum::<f64>().ln();
    ln_weights.iter().map(|ln| (ln - max) - ln_total).collect()
}

fn table(captions: usize, codes: usize, entries: Vec<f64>) -> Array2<f64> {
    Array2::from_shape_vec((captions, codes), entries).expect("as many entries as the shape asks for")
}
