//! The search for the simplest linear-Gaussian counterexample. It first tries the one-dimensional worlds with small
//! parameters. If none of them breaks the claim, it rounds the world that was found, first as a whole, and then
//! parameter by parameter as far as the claim allows.

use reference::gaussian::Gaussian;
use reference::vocab::Error;
use worlds::case::as_decimal;
use worlds::fractions::{Fraction, FractionGaussian};

use super::lattice::one_dimensional;
use super::round::{parts_of, summing_to_one};
use super::tables::betas;
use crate::counterexample::target::{Grade, Target};

/// The denominators to which a world is rounded. The first one with which it still breaks the claim is taken.
const WHOLES: [i64; 5] = [10, 100, 1000, 10_000, 1_000_000];

/// The denominators to which a single parameter is rounded.
const SMALL: [i64; 7] = [1, 2, 3, 4, 5, 10, 100];

/// The cheapest world of [`one_dimensional`] that breaks the claim, or else what [`simplify`] makes of the world that
/// was found. The second result is the number of worlds that were tried.
pub(crate) fn parameters(
    target: &Target,
    grade: Grade,
    small: &Gaussian,
) -> Result<(Option<FractionGaussian>, u64), Error> {
    let mut lattice = one_dimensional(&betas(target));
    lattice.sort_by_cached_key(|world| (world.p_y.len(), cost(world)));
    let mut tried = 0;
    for world in lattice {
        tried += 1;
        if breaks(target, grade, &world)? {
            return Ok((Some(world), tried));
        }
    }
    let (world, more) = simplify(target, grade, small)?;
    Ok((world, tried + more))
}

fn breaks(target: &Target, grade: Grade, world: &FractionGaussian) -> Result<bool, Error> {
    let Ok(exact) = world.to_world() else { return Ok(false) };
    Ok(target.grade(&exact)? >= Some(grade))
}

/// Rounds a world as coarsely as [`WHOLES`] and the claim allow. Then it changes one parameter at a time, as long as
/// the world gets cheaper and still breaks the claim.
fn simplify(target: &Target, grade: Grade, small: &Gaussian) -> Result<(Option<FractionGaussian>, u64), Error> {
    let (mut found, mut tried) = (None, 0);
    for rounded in WHOLES.iter().filter_map(|whole| rounded(target, small, *whole)) {
        tried += 1;
        if breaks(target, grade, &rounded)? {
            found = Some(rounded);
            break;
        }
    }
    let Some(mut world) = found else {
        return Ok((None, tried));
    };
    'again: loop {
        for candidate in simpler(target, &world) {
            if cost(&candidate) < cost(&world) {
                tried += 1;
                if breaks(target, grade, &candidate)? {
                    world = candidate;
                    continue 'again;
                }
            }
        }
        return Ok((Some(world), tried));
    }
}

fn rounded(target: &Target, world: &Gaussian, whole: i64) -> Option<FractionGaussian> {
    let parts = world.parts();
    let number = |value: f64| nearest(value, whole);
    let vector =
        |values: ndarray::ArrayView1<f64>| values.iter().map(|value| number(*value)).collect::<Option<Vec<_>>>();
    let matrix = |table: ndarray::ArrayView2<f64>| table.rows().into_iter().map(vector).collect::<Option<Vec<_>>>();
    // Rounding may make the two halves of a covariance differ, so the lower one is taken for both.
    let covariance = |table: ndarray::ArrayView2<f64>| {
        let entry = |row: usize, column: usize| number(table[[row.max(column), row.min(column)]]);
        let n = table.nrows();
        (0..n)
            .map(|row| (0..n).map(|column| entry(row, column)).collect())
            .collect::<Option<Vec<Vec<_>>>>()
    };
    Some(FractionGaussian {
        p_y: parts_of(&parts.ln_p_y, whole),
        prior_mean: matrix(parts.prior_mean.view())?,
        prior_covariance: parts
            .prior_covariance
            .outer_iter()
            .map(covariance)
            .collect::<Option<_>>()?,
        decoder_weight: matrix(parts.decoder_weight.view())?,
        decoder_offset: matrix(parts.decoder_offset.view())?,
        decoder_covariance: covariance(parts.decoder_covariance.view())?,
        encoder_weight: matrix(parts.encoder_weight.view())?,
        encoder_offset: vector(parts.encoder_offset.view())?,
        encoder_covariance: covariance(parts.encoder_covariance.view())?,
        q_y_given_x: parts_of(&parts.ln_q_y_given_x, whole),
        x: vector(parts.x.view())?,
        y: parts.y,
        beta: match target.beta {
            Some(beta) => as_decimal(beta.get())?,
            None => Fraction::approximate_float(parts.beta)?,
        },
        note: None,
    })
}

/// The nearest multiple of `1 / whole`. It is `None` where the numerator is too large for an `f64` to count exactly.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "at most 2^52"
)]
fn nearest(value: f64, whole: i64) -> Option<Fraction> {
    let parts = (value * whole as f64).round();
    (parts.abs() < 1.0 / f64::EPSILON).then(|| Fraction::new(parts as i64, whole))
}

/// A parameter of the world: how to reach its entries, and which of its values is the simplest.
struct Parameter {
    entries: fn(&mut FractionGaussian) -> Vec<&mut Fraction>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Its entries are free. Zeros are the simplest.
    Free,
    /// It is one or more symmetric matrices of this many rows. The identity is the simplest.
    Square(usize),
    /// It is a distribution, which sums to 1. Equal probabilities are the simplest.
    Distribution,
}

fn all_parameters((_, d, pixels): (usize, usize, usize)) -> [Parameter; 11] {
    let of = |kind, entries| Parameter { entries, kind };
    [
        of(Kind::Distribution, |w| w.p_y.iter_mut().collect()),
        of(Kind::Distribution, |w| w.q_y_given_x.iter_mut().collect()),
        of(Kind::Free, |w| w.decoder_weight.iter_mut().flatten().collect()),
        of(Kind::Free, |w| w.decoder_offset.iter_mut().flatten().collect()),
        of(Kind::Free, |w| w.prior_mean.iter_mut().flatten().collect()),
        of(Kind::Free, |w| w.encoder_weight.iter_mut().flatten().collect()),
        of(Kind::Free, |w| w.encoder_offset.iter_mut().collect()),
        of(Kind::Free, |w| w.x.iter_mut().collect()),
        of(Kind::Square(d), |w| {
            w.prior_covariance.iter_mut().flatten().flatten().collect()
        }),
        of(Kind::Square(pixels), |w| {
            w.decoder_covariance.iter_mut().flatten().collect()
        }),
        of(Kind::Square(d), |w| w.encoder_covariance.iter_mut().flatten().collect()),
    ]
}

/// The worlds that differ from this one in one parameter, or in one entry of a free parameter, which is simpler or
/// rounder there.
fn simpler(target: &Target, world: &FractionGaussian) -> Vec<FractionGaussian> {
    let betas = betas(target).into_iter();
    let mut worlds: Vec<FractionGaussian> = betas.map(|beta| FractionGaussian { beta, ..world.clone() }).collect();
    for Parameter { entries, kind } in all_parameters(world.sizes()) {
        let mut put = |values: &dyn Fn(usize, &Fraction) -> Fraction| {
            let mut changed = world.clone();
            for (k, entry) in entries(&mut changed).into_iter().enumerate() {
                *entry = values(k, entry);
            }
            worlds.push(changed);
        };
        let count = entries(&mut world.clone()).len();
        put(&|k, _| simplest_entry(kind, k, count));
        for whole in SMALL {
            match kind {
                Kind::Distribution => {
                    let now: Vec<Fraction> = entries(&mut world.clone()).into_iter().map(|entry| *entry).collect();
                    let rounded = summing_to_one(now.iter().map(|entry| round(*entry, whole)).collect());
                    put(&|k, _| rounded[k]);
                }
                Kind::Square(_) => put(&|_, entry| round(*entry, whole)),
                Kind::Free => {
                    put(&|_, entry| round(*entry, whole));
                    for one in 0..count {
                        put(&|k, entry| if k == one { round(*entry, whole) } else { *entry });
                    }
                }
            }
        }
        if kind == Kind::Free {
            for one in 0..count {
                put(&|k, entry| if k == one { Fraction::from(0) } else { *entry });
            }
        }
    }
    worlds
}

fn simplest_entry(kind: Kind, k: usize, count: usize) -> Fraction {
    match kind {
        Kind::Free => Fraction::from(0),
        Kind::Square(n) => Fraction::from(i64::from(k % (n * n) / n == k % n)),
        Kind::Distribution => Fraction::new(1, i64::try_from(count).unwrap_or(1)),
    }
}

fn round(entry: Fraction, whole: i64) -> Fraction {
    // A numerator near the end of its type cannot be rounded and is left as it is.
    let parts = entry
        .numer()
        .checked_mul(whole)
        .map(|numer| Fraction::new(numer, *entry.denom()));
    parts.map_or(entry, |parts| Fraction::new(parts.round().to_integer(), whole))
}

/// The effort of reading a world: the sum of the numerators and denominators of its numbers, without those that are 0.
fn cost(world: &FractionGaussian) -> i128 {
    let mut world = world.clone();
    let sizes = world.sizes();
    let of = |number: &Fraction| match *number.numer() {
        0 => 0,
        numer => i128::from(numer.unsigned_abs()) + i128::from(*number.denom()),
    };
    let beta = of(&world.beta);
    let entries = all_parameters(sizes).into_iter().flat_map(|parameter| {
        (parameter.entries)(&mut world)
            .into_iter()
            .map(|entry| of(entry))
            .collect::<Vec<_>>()
    });
    entries.sum::<i128>() + beta
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use reference::vocab::Reading;

    use super::{breaks, cost, rounded, simplify};
    use crate::counterexample::target::{Grade, Target};
    use note::proposition::proposition;
    use worlds::generate::gaussian;

    #[test]
    fn a_world_becomes_as_simple_as_the_claim_allows_and_breaks_it_still() {
        let claim = proposition("13-14", Reading::Joint).unwrap();
        let target = Target { claim, beta: None };
        let mut simplified = 0;
        for index in 0..80 {
            let world = gaussian::world(1, index);
            if target.grade(&world).unwrap() != Some(Grade::Refutes) {
                continue;
            }
            let (Some(simple), tried) = simplify(&target, Grade::Refutes, &world).unwrap() else {
                continue;
            };
            simplified += 1;
            assert!(tried > 1 && breaks(&target, Grade::Refutes, &simple).unwrap());
            assert!(cost(&simple) < cost(&rounded(&target, &world, 10).unwrap()), "{simple}");
            // This claim needs nothing but a caption that is not certain.
            let zero = |f: &num_rational::Ratio<i64>| *f.numer() == 0;
            assert!(
                simple.x.iter().all(zero) && simple.decoder_weight.iter().flatten().all(zero),
                "{simple}"
            );
        }
        assert!(simplified > 10, "{simplified} worlds");
    }
}
