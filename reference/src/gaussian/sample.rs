//! Importance sampling from `q(z|x)`, with a standard error.

use std::ops::Range;

use ndarray::Array2;

use super::Gaussian;
use super::points::{AtPoints, Rule};
use super::uncertain::count;
use crate::special::log_sum_exp;
use crate::vocab::{Error, Nats};
use crate::world::Codes;

/// A linear-Gaussian world integrated by draws from `q(z|x)`.
pub type Sample = AtPoints<Draws>;

/// The rule: the mean over the draws, all but those left out.
#[derive(Debug, Clone)]
pub struct Draws {
    draws: usize,
    left_out: Range<usize>,
}

/// Groups of draws that are left out in turn.
const GROUPS: usize = 32;

impl Sample {
    /// From standard normal numbers, `[d, N]`, a draw a column.
    ///
    /// # Errors
    /// [`Error::Shape`] when the numbers are not as many as the code has coordinates, or the draws not a multiple of 32.
    pub fn of(world: &Gaussian, normals: &Array2<f64>) -> Result<Self, Error> {
        let (rows, draws) = normals.dim();
        if rows != world.dimension() || draws == 0 || draws % GROUPS != 0 {
            return Err(Error::Shape {
                tensor: "normals",
                found: vec![rows, draws],
                expected: vec![world.dimension(), draws.max(1).next_multiple_of(GROUPS)],
            });
        }
        Ok(Self::new(world, Draws { draws, left_out: 0..0 }, normals))
    }

    fn without(&self, group: usize) -> Self {
        let size = self.rule.draws / GROUPS;
        let mut other = self.clone();
        other.rule.left_out = group * size..(group + 1) * size;
        other
    }
}

impl Draws {
    fn kept<'a>(&'a self, f: &'a Codes) -> impl Iterator<Item = Nats> + 'a {
        f.iter()
            .enumerate()
            .filter(|(draw, _)| !self.left_out.contains(draw))
            .map(|(_, nats)| nats)
    }

    fn count(&self) -> f64 {
        count(self.draws - self.left_out.len())
    }
}

impl Rule for Draws {
    fn expect(&self, f: &Codes) -> Nats {
        self.count().recip() * self.kept(f).sum::<Nats>()
    }

    fn log_expect(&self, f: &Codes) -> Nats {
        log_sum_exp(&self.kept(f).collect::<Vec<_>>()) - Nats::of(self.count().ln())
    }

    fn moved_to(&self, _: &Gaussian) -> Option<(Self, Array2<f64>)> {
        None // draws from q serve every caption
    }
}

/// What sampling makes of a side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The value, its first-order bias taken off.
    pub value: Nats,
    /// The standard error.
    pub standard_error: f64,
}

/// A side by sampling, its standard error by the jackknife: the side is computed again without each of 32 groups of draws.
///
/// ```text
/// value = g s - (g - 1) mean_k s_k          error^2 = (g - 1) / g sum_k (s_k - mean)^2,   s_k without group k, g = 32
/// ```
///
/// # Errors
/// The side's.
pub fn estimate(sample: &Sample, side: impl Fn(&Sample) -> Result<Nats, Error>) -> Result<Estimate, Error> {
    let whole = side(sample)?;
    let parts: Vec<Nats> = (0..GROUPS)
        .map(|group| side(&sample.without(group)))
        .collect::<Result<_, _>>()?;
    let groups = count(GROUPS);
    let mean = parts.iter().map(|part| part.value()).sum::<f64>() / groups;
    let spread: f64 = parts.iter().map(|part| (part.value() - mean).powi(2)).sum();
    Ok(Estimate {
        value: Nats::with_mass(
            groups * whole.value() - (groups - 1.0) * mean,
            (2.0 * groups - 1.0) * whole.mass(),
        ),
        standard_error: ((groups - 1.0) / groups * spread).sqrt(),
    })
}
