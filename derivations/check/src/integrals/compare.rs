//! The comparison, where LAPACK is.

use ndarray::Array2;
use note::checkable::Checkable;
use note::line::{LINES, Line};
use note::under_reading::UnderReading;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use reference::gaussian::{Gaussian, Quadrature, Sample, estimate, nodes_needed};
use reference::model::Model;
use reference::vocab::closure_bound;
use reference::vocab::{Error, Nats, Reading};

use super::Integrals;
use crate::progress::Progress;

/// Draws from `q(z|x)`.
const DRAWS: usize = 4096;

/// Nodes an axis: as many as settle a ratio of densities, or the first where none of them do; expectations are exact with any.
const NODES: [usize; 5] = [16, 32, 64, 128, 256];

/// The most that the fourth moment of `p(x,y,z) / q(z|x)` may exceed the fourth power of its mean by: above it a few draws decide, and their
/// spread does not tell how wrong they are.
const HEAVY: f64 = 256.0;

/// Compares every side of every world; `seed` draws the samples, `progress` is told how many worlds there are and how many are done.
///
/// # Errors
/// None on validated worlds.
pub fn compare(worlds: &[Gaussian], seed: u64, progress: &(dyn Fn(Progress) + Sync)) -> Result<Integrals, Error> {
    progress(Progress::Begins {
        what: "worlds integrated three ways",
        total: worlds.len() as u64,
    });
    let each = worlds.par_iter().enumerate().map(|(place, world)| {
        let seen = one(world, seed, place as u64);
        progress(Progress::Done(1));
        seen
    });
    each.try_reduce(Integrals::default, |a, b| Ok(a.and(b)))
}

/// The sides to compare, each under a reading: all that have a closed form, once where the reading does not matter.
fn sides() -> impl Iterator<Item = (&'static Line, Reading)> {
    let closed = LINES
        .iter()
        .filter(|side| !Gaussian::NO_CLOSED_FORM.contains(&side.id) && !side.id.is_probability());
    closed.flat_map(|side| {
        let readings = if side.id.depends_on_reading() {
            Gaussian::READINGS
        } else {
            &[Reading::Pointwise]
        };
        readings.iter().map(move |&reading| (side, reading))
    })
}

fn one(world: &Gaussian, seed: u64, place: u64) -> Result<Integrals, Error> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(place);
    let normals = Array2::from_shape_simple_fn((world.dimension(), DRAWS), || StandardNormal.sample(&mut rng));
    let sample = Sample::of(world, &normals)?;
    let needed = nodes_needed(world);
    #[expect(clippy::cast_precision_loss, reason = "at most 256")]
    let settling = NODES.into_iter().find(|&nodes| nodes as f64 >= needed);
    let rule = Quadrature::of(world, settling.unwrap_or(NODES[0]))?;
    let light = light(world);
    let mut seen = Integrals {
        worlds: 1,
        ..Integrals::default()
    };
    for (side, reading) in sides() {
        let closed = match value(side, reading, world) {
            Ok(closed) if closed.is_finite() => closed,
            // Infinite or undefined, as where p(y) = 0: the rule has to find the same.
            other => {
                if !same_class(&other, &value(side, reading, &rule)) {
                    seen.worst_quadrature = f64::INFINITY;
                }
                continue;
            }
        };
        let ratio = side.id.is_log_integral();
        if ratio && settling.is_none() {
            seen.unsettled += 1;
        } else {
            let found = value(side, reading, &rule)?;
            let bound = closure_bound(&[found, closed]);
            // A bound without an end is none that anything could miss: the side is counted, and not called compared.
            if bound == f64::INFINITY {
                seen.unsettled += 1;
            } else {
                let miss = (found - closed).value().abs() / bound;
                seen.by_quadrature += 1;
                seen.worst_quadrature = worse(seen.worst_quadrature, miss);
            }
        }
        if ratio && !light {
            seen.heavy += 1;
            continue;
        }
        let found = estimate(&sample, |sample| value(side, reading, sample))?;
        let room = closure_bound(&[found.value, closed]);
        if room == f64::INFINITY {
            seen.heavy += 1;
            continue;
        }
        let error = (found.value - closed).value().abs();
        seen.by_sampling += 1;
        seen.worst_sampling = worse(seen.worst_sampling, missed(error, room, found.standard_error));
    }
    Ok(seen)
}

/// By how many standard errors an estimate misses, beyond what rounding has room for; NaN where that cannot be told, which nothing passes.
fn missed(error: f64, room: f64, standard_error: f64) -> f64 {
    let beyond = error - room;
    if beyond <= 0.0 { 0.0 } else { beyond / standard_error }
}

fn value<M: Model>(side: &Line, reading: Reading, world: &M) -> Result<Nats, Error> {
    let cells = side.value(&UnderReading::new(world, reading)?)?;
    Ok(cells.into_iter().sum())
}

fn same_class(a: &Result<Nats, Error>, b: &Result<Nats, Error>) -> bool {
    match (a, b) {
        (Ok(a), Ok(b)) => a.value().total_cmp(&b.value()).is_eq(), // the same infinity
        (a, b) => a.is_err() && b.is_err(),
    }
}

/// Whether at every caption `E_q[r^4] <= HEAVY E_q[r]^4` for the ratio `r = p(x,y,z) / q(z|x)`, in closed form, its decoder the caption's own and
/// the observed one's.
fn light(world: &Gaussian) -> bool {
    let captions = (0..world.captions()).filter(|&y| world.ln_p_y(y).is_finite());
    let mut pairs = captions.flat_map(|y| [(y, y), (y, world.y())]);
    pairs.all(|(y, decoder)| {
        let ratio = world.ln_p_yz(y) + world.ln_p_x_given_yz(decoder) - world.ln_q_z();
        let twice = ratio.clone() + ratio.clone();
        let fourth = world.log_expect(&(twice.clone() + twice)).value();
        fourth - 4.0 * world.log_expect(&ratio).value() <= HEAVY.ln()
    })
}

impl Integrals {
    fn and(self, other: Self) -> Self {
        Self {
            worlds: self.worlds + other.worlds,
            by_quadrature: self.by_quadrature + other.by_quadrature,
            worst_quadrature: worse(self.worst_quadrature, other.worst_quadrature),
            unsettled: self.unsettled + other.unsettled,
            by_sampling: self.by_sampling + other.by_sampling,
            worst_sampling: worse(self.worst_sampling, other.worst_sampling),
            heavy: self.heavy + other.heavy,
        }
    }
}

/// The larger, NaN above all.
fn worse(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::{missed, worse};

    #[test]
    fn an_estimate_that_is_no_number_is_beyond_every_chance() {
        assert!(missed(f64::NAN, 1e-12, 1e-3).is_nan());
        assert!(missed(1e-9, f64::NAN, 1e-3).is_nan());
        assert!(missed(1e-3, 1e-12, f64::NAN).is_nan());
        assert!(worse(2.0, f64::NAN).is_nan() && worse(f64::NAN, 2.0).is_nan());
        assert!(missed(1e-13, 1e-12, 0.0) <= 0.0 && missed(3.0, 1.0, 0.0) >= f64::INFINITY);
        assert!((missed(3.0, 1.0, 0.5) - 4.0).abs() < 1e-12);
    }
}
