//! Importance sampling from `q(z|x)`, with standard errors by the jackknife.

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

/// The rule of sampling: the mean over all draws but those that the jackknife leaves out.
#[derive(Debug, Clone)]
pub struct Draws {
    draws: usize,
    left_out: Range<usize>,
}

/// The number of groups of draws that the jackknife leaves out in turn.
const GROUPS: usize = 32;

impl Sample {
    /// The world integrated by the given draws: standard normal numbers, `[d, N]`, each column of which is a draw.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is a row for each coordinate of the code, and the number of draws is a multiple
    /// of 32.
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

/// The estimate of a side by sampling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimated value in nats, without its bias of first order.
    pub value: Nats,
    /// The standard error of the value, in nats.
    pub standard_error: f64,
}

/// Estimates a side by sampling, with its standard error by the jackknife. The side is computed again without each of
/// 32 groups of draws.
///
/// ```text
/// value = g s - (g - 1) mean_k s_k          error^2 = (g - 1) / g sum_k (s_k - mean)^2,   s_k without group k, g = 32
/// ```
///
/// # Errors
/// Those of the side.
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
