//! Computes the comparison. It needs LAPACK.

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
use reference::vocab::{Error, Nats, Reading, closure_bound};

use super::Integrals;
use crate::progress::Progress;

/// The number of draws from `q(z|x)`.
const DRAWS: usize = 4096;

/// The numbers of nodes per axis. The first that suffices for a ratio of densities is used. Where none does, the first
/// one is used, because expectations are exact with any of them.
const NODES: [usize; 5] = [16, 32, 64, 128, 256];

/// The largest ratio of the fourth moment of `p(x,y,z) / q(z|x)` to the fourth power of its mean for which samples are
/// trusted. Above it a few draws decide the estimate, and their spread does not tell how wrong it is.
const HEAVY: f64 = 256.0;

/// Compares every line on every world. `seed` decides the samples. `progress` is told the number of worlds, and each
/// one that is done.
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

/// The lines to compare, each with a reading: all that have a closed form. A line that does not depend on the reading
/// occurs once.
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
            // The value is infinite or undefined, for example where p(y) = 0. Quadrature has to find the same.
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
            // An infinite bound would be met by anything, so the value is not counted as compared.
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

/// The error of an estimate beyond `room`, which is the bound for rounding, in standard errors. It is NaN where that
/// cannot be computed, and NaN never passes.
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
        (Ok(a), Ok(b)) => a.value().total_cmp(&b.value()).is_eq(), // Both are the same infinity.
        (a, b) => a.is_err() && b.is_err(),
    }
}

/// Whether `E_q[r^4] <= HEAVY E_q[r]^4` holds for the ratio `r = p(x,y,z) / q(z|x)` at every caption, with the decoder
/// of that caption and with that of the observed one. Both moments are in closed form.
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

/// The larger of two numbers, where NaN counts as the largest.
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
