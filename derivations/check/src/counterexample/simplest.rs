//! The search for the simplest world in fractions that breaks a claim: with the fewest states, and then with the
//! smallest denominators.

#[cfg(feature = "lapack")]
mod lattice;
#[cfg(feature = "lapack")]
mod parameters;
mod round;
mod tables;

use std::ops::ControlFlow;

use reference::vocab::Error;

#[cfg(feature = "lapack")]
pub(crate) use parameters::parameters;
pub use round::round;
pub(crate) use round::{marginals, normalised};
use worlds::fractions::{Fraction, FractionWorld};
use worlds::generate::tiny::compositions;

use self::tables::{betas, sums};
use crate::counterexample::target::{Grade, Target};

/// The result of the search.
#[derive(Debug)]
pub struct Simplest {
    /// The world, if one was found within the budget.
    pub world: Option<FractionWorld>,
    /// The number of worlds that were tried.
    pub tried: u64,
}

/// The number of candidates after which the search gives up on a shape.
const BUDGET: u64 = 200_000;

/// Tries the worlds of at most 2 x 2 x 2 states (captions x codes x images), and those of the shape that the shrinker
/// reached. Shapes with the fewest states come first, and within a shape the worlds with the smallest sum of
/// denominators.
///
/// # Errors
/// None that a validated world can cause.
pub fn search(target: &Target, grade: Grade, captions: usize, codes: usize, free: bool) -> Result<Simplest, Error> {
    let mut tried = 0;
    for shape in shapes(captions, codes) {
        // With one caption or one code, a joint is always the product of its marginals.
        let free = free && shape.captions > 1 && shape.codes > 1;
        let world = simplest_of_shape(target, grade, shape, free, &mut tried)?;
        if world.is_some() {
            return Ok(Simplest { world, tried });
        }
    }
    Ok(Simplest { world: None, tried })
}

/// The shapes to try, with the fewest states first: those up to 2 x 2 x 2, and the one that was reached where it is
/// larger.
fn shapes(captions: usize, codes: usize) -> Vec<Shape> {
    let small = [(1, 1), (1, 2), (2, 1), (2, 2)];
    let mut shapes: Vec<Shape> = small
        .into_iter()
        .chain((captions > 2 || codes > 2).then_some((captions, codes)))
        .flat_map(|(captions, codes)| {
            [1, 2].map(|images| Shape {
                captions,
                codes,
                images,
            })
        })
        .collect();
    shapes.sort_by_key(|shape| {
        (
            shape.captions * shape.codes * shape.images,
            shape.images,
            shape.captions,
        )
    });
    shapes
}

/// The numbers of states of a world. Where there is a single image, every likelihood is 1.
#[derive(Debug, Clone, Copy)]
struct Shape {
    captions: usize,
    codes: usize,
    images: usize,
}

/// The denominators of the four tables: prior, decoder, `q(z|x)` and `q(y|x)`. A free joint uses the third one, and the
/// fourth is not used.
type Denominators = [u8; 4];

fn simplest_of_shape(
    target: &Target,
    grade: Grade,
    shape: Shape,
    free: bool,
    tried: &mut u64,
) -> Result<Option<FractionWorld>, Error> {
    let give_up = *tried + BUDGET;
    let zeros = grade < Grade::ConditionalPositive;
    for cost in 4..=24_u8 {
        for denominators in splits(cost) {
            let one_image = denominators[1] == 1;
            if (free && denominators[3] != 1) || one_image != (shape.images == 1) {
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

/// The world with the first of the betas at which it breaks the claim, if there is one.
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

fn splits(cost: u8) -> Vec<Denominators> {
    compositions(cost, 4)
        .into_iter()
        .filter(|parts| parts.iter().all(|part| *part > 0))
        .filter_map(|parts| parts.try_into().ok())
        .collect()
}

/// Visits every world of a shape with these denominators, until the visitor breaks off.
fn each_world<B>(
    Shape { captions, codes, .. }: Shape,
    [prior, decoder, q_z, q_y]: Denominators,
    free: bool,
    zeros: bool,
    mut visit: impl FnMut(FractionWorld) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let states = captions * codes;
    let priors = distributions(prior, states, zeros);
    let decoders = decoders(decoder, states, zeros);
    // The marginals of a free joint follow from it.
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

/// All distributions whose probabilities are multiples of `1 / whole`. All of them are positive unless zeros are
/// allowed.
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

/// All tables of likelihoods that are multiples of `1 / whole`. For a single image all are 1. Otherwise each lies
/// strictly between 0 and 1, or may be 0 or 1 if zeros are allowed.
fn decoders(whole: u8, states: usize, zeros: bool) -> Vec<Vec<u8>> {
    if whole == 1 {
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

#[cfg(test)]
mod tests {
    use super::shapes;

    #[test]
    fn shapes_come_with_the_fewest_states_first_and_the_one_reached_if_it_is_larger() {
        let of = |captions, codes| {
            let shapes = shapes(captions, codes).into_iter();
            shapes.map(|s| (s.captions, s.codes, s.images)).collect::<Vec<_>>()
        };
        let small = [
            (1, 1, 1),
            (1, 2, 1),
            (2, 1, 1),
            (1, 1, 2),
            (2, 2, 1),
            (1, 2, 2),
            (2, 1, 2),
            (2, 2, 2),
        ];
        assert_eq!(of(1, 1), small);
        assert_eq!(of(2, 2), small);
        assert_eq!(
            of(1, 3),
            [&small[..4], &[(1, 3, 1)], &small[4..7], &[(1, 3, 2)], &small[7..]].concat()
        );
        assert_eq!(of(3, 1).len(), 10);
        assert_eq!(of(3, 5)[8..], [(3, 5, 1), (3, 5, 2)]);
    }
}
