//! The simplest fractions that still break a claim: fewest states first, then the smallest denominators.

use std::ops::ControlFlow;

use ndarray::{Array, Array1, Array2, Dimension};
use reference::vocab::Error;
use reference::world::World;

use crate::cases::tiny::compositions;
use crate::fractions::{Fraction, FractionWorld};
use crate::refute::{Grade, Target};

/// What the search came to.
#[derive(Debug)]
pub struct Simplest {
    /// The world, if one was found within the budget.
    pub world: Option<FractionWorld>,
    /// Worlds tried.
    pub tried: u64,
}

/// Candidates tried before the search gives up on a shape.
const BUDGET: u64 = 200_000;

/// Tries every world with the fewest states, in the order of the sum of its denominators, up to the shape that the
/// shrinker reached.
///
/// # Errors
/// None that a validated world can cause.
pub fn search(target: &Target, grade: Grade, captions: usize, codes: usize, free: bool) -> Result<Simplest, Error> {
    let mut shapes: Vec<(usize, usize)> = (1..=captions).flat_map(|y| (1..=codes).map(move |z| (y, z))).collect();
    shapes.sort_by_key(|(y, z)| (y * z, *y));
    let mut tried = 0;
    for shape in shapes {
        let world = simplest_of_shape(target, grade, shape, free && shape.0 * shape.1 >= 4, &mut tried)?;
        if world.is_some() {
            return Ok(Simplest { world, tried });
        }
    }
    Ok(Simplest { world: None, tried })
}

/// Denominators of the four tables: prior, decoder, `q(z|x)`, `q(y|x)`; of a free joint, the third alone.
type Denominators = [u8; 4];

fn simplest_of_shape(
    target: &Target,
    grade: Grade,
    shape: (usize, usize),
    free: bool,
    tried: &mut u64,
) -> Result<Option<FractionWorld>, Error> {
    let give_up = *tried + BUDGET;
    let zeros = grade < Grade::ConditionalPositive;
    for cost in 4..=24_u8 {
        for denominators in splits(cost) {
            if free && denominators[3] != 1 {
                continue;
            }
            let searched = each_world(shape, denominators, free, zeros, |world| {
                *tried += 1;
                match breaking(target, grade, &world).transpose() {
                    Some(found) => ControlFlow::Break(found.map(Some)),
                    None if *tried >= give_up => ControlFlow::Break(Ok(None)),
                    None => ControlFlow::Continue(()),
                }
            });
            if let ControlFlow::Break(ended) = searched {
                return ended;
            }
        }
    }
    Ok(None)
}

/// The world at the first beta at which it breaks the claim.
fn breaking(target: &Target, grade: Grade, world: &FractionWorld) -> Result<Option<FractionWorld>, Error> {
    for beta in betas(target) {
        let world = FractionWorld { beta, ..world.clone() };
        if let Ok(exact) = world.to_world()
            && target.grade(&exact)? >= Some(grade)
        {
            return Ok(Some(world));
        }
    }
    Ok(None)
}

/// The beta asked for, as a fraction; where none is asked for and the claim depends on it, a few simple ones.
fn betas(target: &Target) -> Vec<Fraction> {
    match target.beta {
        Some(beta) => Fraction::approximate_float(beta.get()).into_iter().collect(),
        None if matches!(target.claim.to, "14b" | "1") => {
            vec![Fraction::new(1, 2), Fraction::new(2, 1), Fraction::new(0, 1)]
        }
        None => vec![Fraction::new(1, 1)],
    }
}

fn splits(cost: u8) -> Vec<Denominators> {
    compositions(cost, 4)
        .into_iter()
        .filter(|parts| parts.iter().all(|part| *part > 0))
        .filter_map(|parts| parts.try_into().ok())
        .collect()
}

/// Visits every world of that shape and those denominators until the visitor breaks off.
fn each_world<B>(
    (captions, codes): (usize, usize),
    [prior, decoder, q_z, q_y]: Denominators,
    free: bool,
    zeros: bool,
    mut visit: impl FnMut(FractionWorld) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let states = captions * codes;
    let priors = distributions(prior, states, zeros);
    let decoders = decoders(decoder, states, zeros);
    // A free joint brings its own marginals.
    let (encoders, caption_models) = if free {
        (distributions(q_z, states, zeros), vec![Vec::new()])
    } else {
        (distributions(q_z, codes, zeros), distributions(q_y, captions, zeros))
    };
    for p_yz in &priors {
        for p_x_given_yz in &decoders {
            for encoder in &encoders {
                for caption_model in &caption_models {
                    let joint = free.then(|| matrix(encoder, q_z, codes));
                    let (q_z_given_x, q_y_given_x) = match &joint {
                        Some(joint) => sums(joint),
                        None => (vector(encoder, q_z), vector(caption_model, q_y)),
                    };
                    visit(FractionWorld {
                        p_x_given_yz: matrix(p_x_given_yz, decoder, codes),
                        p_yz: matrix(p_yz, prior, codes),
                        q_z_given_x,
                        q_y_given_x,
                        q_yz_given_x: joint,
                        y: 0,
                        beta: Fraction::new(1, 1),
                        note: None,
                    })?;
                }
            }
        }
    }
    ControlFlow::Continue(())
}

/// Distributions in parts of `whole`, every one of them positive unless zeros are allowed.
fn distributions(whole: u8, parts: usize, zeros: bool) -> Vec<Vec<u8>> {
    if !zeros && usize::from(whole) < parts {
        return Vec::new();
    }
    let mut distributions = compositions(whole, parts);
    distributions.retain(|distribution| zeros || distribution.iter().all(|part| *part > 0));
    distributions
}

fn vector(parts: &[u8], whole: u8) -> Vec<Fraction> {
    parts.iter().map(|part| fraction(*part, whole)).collect()
}

fn matrix(parts: &[u8], whole: u8, codes: usize) -> Vec<Vec<Fraction>> {
    parts.chunks(codes).map(|row| vector(row, whole)).collect()
}

/// Likelihoods in parts of `whole`: all 1 (a single image), or each strictly between 0 and 1 unless zeros are allowed.
fn decoders(whole: u8, states: usize, zeros: bool) -> Vec<Vec<u8>> {
    if whole == 1 && !zeros {
        return vec![vec![1; states]];
    }
    let entries: Vec<u8> = if zeros {
        (0..=whole).collect()
    } else {
        (1..whole).collect()
    };
    (0..states).fold(vec![Vec::new()], |tuples, _| {
        tuples
            .into_iter()
            .flat_map(|tuple: Vec<u8>| {
                entries
                    .iter()
                    .map(move |entry| [tuple.clone(), vec![*entry]].concat())
                    .collect::<Vec<_>>()
            })
            .collect()
    })
}

fn fraction(part: u8, whole: u8) -> Fraction {
    Fraction::new(i64::from(part), i64::from(whole))
}

/// Marginals of a joint of fractions: over the captions, over the codes.
fn sums(joint: &[Vec<Fraction>]) -> (Vec<Fraction>, Vec<Fraction>) {
    let codes = joint.first().map_or(0, Vec::len);
    let over_captions = (0..codes).map(|z| joint.iter().map(|row| row[z]).sum()).collect();
    (over_captions, joint.iter().map(|row| row.iter().sum()).collect())
}

/// Rounds a world's tables to the smallest denominators that still break the claim, table by table.
#[must_use]
pub fn round(target: &Target, grade: Grade, world: &World) -> Option<FractionWorld> {
    for whole in [12, 24, 60, 120, 360, 1000, 10_000] {
        let tables = world.tables();
        let joint = tables.ln_q_yz_given_x.as_ref().map(|joint| parts_of(joint, whole));
        let rows = |table: Vec<Fraction>| {
            table
                .chunks(world.codes())
                .map(<[Fraction]>::to_vec)
                .collect::<Vec<_>>()
        };
        let joint = joint.map(rows);
        let (q_z_given_x, q_y_given_x) = match &joint {
            Some(joint) => sums(joint),
            None => (
                parts_of(&tables.ln_q_z_given_x, whole),
                parts_of(&tables.ln_q_y_given_x, whole),
            ),
        };
        let likelihood = tables
            .ln_p_x_given_yz
            .iter()
            .map(|ln_p| nearest(ln_p.exp(), whole))
            .collect();
        let candidate = FractionWorld {
            p_x_given_yz: rows(likelihood),
            p_yz: rows(parts_of(&tables.ln_p_yz, whole)),
            q_z_given_x,
            q_y_given_x,
            q_yz_given_x: joint,
            y: world.y(),
            beta: Fraction::approximate_float(target.beta.map_or(tables.beta, reference::vocab::Beta::get))?,
            note: None,
        };
        if let Ok(exact) = candidate.to_world()
            && target.grade(&exact).ok().flatten() >= Some(grade)
        {
            return Some(candidate);
        }
    }
    None
}

#[expect(clippy::cast_possible_truncation, reason = "a probability times at most 10 000")]
#[expect(clippy::cast_precision_loss, reason = "a denominator of at most 10 000")]
fn nearest(p: f64, whole: i64) -> Fraction {
    let parts = (p * whole as f64).round() as i64;
    Fraction::new(if p > 0.0 { parts.clamp(1, whole - 1) } else { 0 }, whole)
}

/// A distribution in parts of `whole`: nearest parts, the largest entry takes what is left over.
fn parts_of<D: Dimension>(ln_p: &Array<f64, D>, whole: i64) -> Vec<Fraction> {
    let mut parts: Vec<Fraction> = ln_p.iter().map(|ln_p| nearest(ln_p.exp(), whole)).collect();
    let rest = Fraction::new(1, 1) - parts.iter().sum::<Fraction>();
    if let Some(largest) = parts.iter_mut().max() {
        *largest += rest;
    }
    parts
}

/// A table of log-weights, normalised; none when it has no mass.
pub(crate) fn normalised<D: Dimension>(ln_weights: Array<f64, D>) -> Option<Array<f64, D>> {
    let max = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total = max + ln_weights.iter().map(|w| (w - max).exp()).sum::<f64>().ln();
    total.is_finite().then(|| ln_weights.mapv(|w| w - total))
}

/// Marginals of a joint of logarithms: over the captions, over the codes.
pub(crate) fn marginals(joint: &Array2<f64>) -> (Array1<f64>, Array1<f64>) {
    let ln_sum = |lane: ndarray::ArrayView1<f64>| {
        let max = lane.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if max == f64::NEG_INFINITY {
            max
        } else {
            max + lane.iter().map(|w| (w - max).exp()).sum::<f64>().ln()
        }
    };
    (
        joint.columns().into_iter().map(ln_sum).collect(),
        joint.rows().into_iter().map(ln_sum).collect(),
    )
}
