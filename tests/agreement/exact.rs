//! The fused sides over a family of worlds: one prior for all images, `q(y,z|x)` the product of the encoders, every set of instructions.

use derivations::pairs::exact;
use derivations::precision::Arithmetic;
use gpu::fused::exact::{Exact, Sides, sides};
use gpu::fused::{Isa, Rows};
use ndarray::Array2;
use reference::vocab::{Beta, Error, Reading};
use reference::world::{Tables, World};

use crate::dense::{Worlds, certain, seed};

const SIDES: [fn(&Sides) -> f64; 8] = [
    |s| s.log_evidence,
    |s| s.elbo,
    |s| s.split,
    |s| s.joint_encoder,
    |s| s.kl_named,
    |s| s.objective,
    |s| s.reconstruction,
    |s| s.divergence,
];

/// Images that share a prior; a code that makes the image impossible, one that makes it far more likely than all others, a certain caption.
fn family(images: usize, captions: usize, codes: usize) -> Vec<Tables> {
    let mut source = Worlds::new(seed());
    let mut tables: Vec<Tables> = (0..images).map(|_| source.dense(captions, codes, -20.0)).collect();
    let (prior, nothing) = (tables[0].ln_p_yz.clone(), f64::NEG_INFINITY);
    for (image, tables) in tables.iter_mut().enumerate() {
        tables.ln_p_yz.clone_from(&prior);
        tables.ln_q_yz_given_x = None;
        tables.ln_p_x_given_yz[[image % captions, image % codes]] = nothing;
        // Far above what a row starts with: the largest cannot be guessed, and around the guess it would overflow.
        tables.ln_p_x_given_yz[[captions - 1, codes - 1]] += 800.0;
        if image == 1 {
            tables.ln_q_y_given_x = certain(captions, 0);
        }
    }
    tables
}

/// The product of the encoders, but for four states that trade probability: the marginals stay.
fn free_joint(tables: &Tables) -> Vec<f64> {
    let (q_y, q_z) = (&tables.ln_q_y_given_x, &tables.ln_q_z_given_x);
    let mut joint: Vec<Vec<f64>> = q_y
        .iter()
        .map(|y| q_z.iter().map(|z| (y + z).exp()).collect())
        .collect();
    if let [first, second, ..] = &mut joint[..]
        && q_z.len() > 1
    {
        let moved = 0.5 * first[1].min(second[0]);
        first[0] += moved;
        first[1] -= moved;
        second[0] -= moved;
        second[1] += moved;
    }
    joint.into_iter().flatten().map(f64::ln).collect()
}

#[test]
fn a_family_with_one_prior_agrees_at_every_image_and_caption() {
    for (images, captions, codes) in [(1, 1, 1), (3, 2, 5), (2, 7, 131), (5, 3, 33)] {
        let mut family = family(images, captions, codes);
        for joint in [false, true] {
            if joint {
                for tables in &mut family {
                    let free = Array2::from_shape_vec((captions, codes), free_joint(tables)).unwrap();
                    tables.ln_q_yz_given_x = Some(free);
                }
            }
            compare_family(&family, captions, codes);
        }
    }
}

fn compare_family(family: &[Tables], captions: usize, codes: usize) {
    let flat = |of: fn(&Tables) -> Vec<f64>| -> Vec<f64> { family.iter().flat_map(of).collect() };
    let likelihood = flat(|t| t.ln_p_x_given_yz.iter().copied().collect());
    let encoder = flat(|t| t.ln_q_z_given_x.to_vec());
    let caption = flat(|t| t.ln_q_y_given_x.to_vec());
    let joint = flat(|t| t.ln_q_yz_given_x.iter().flatten().copied().collect());
    let prior: Vec<f64> = family[0].ln_p_yz.iter().copied().collect();
    let rows = |name, table, k| Rows::new(name, table, k).unwrap();
    let tables = Exact::new(
        rows("ln_p_x_given_yz", &likelihood, codes),
        rows("ln_p_yz", &prior, codes),
        rows("ln_q_z_given_x", &encoder, codes),
        rows("ln_q_y_given_x", &caption, captions),
    );
    let mut tables = tables.unwrap();
    if !joint.is_empty() {
        tables = tables.with_joint(rows("ln_q_yz_given_x", &joint, codes)).unwrap();
    }
    let beta = |image: usize| Beta::new([6.6, 0.0, 1.0][image % 3]).unwrap();
    let betas: Vec<Beta> = (0..family.len()).map(beta).collect();
    let (pairs, all) = (exact(), Isa::available());
    let every = all
        .iter()
        .flat_map(|isa| pairs.iter().zip(SIDES).map(move |(pair, side)| (*isa, pair, side)));
    for (isa, pair, side) in every {
        for &reading in pair.readings {
            let found = sides(isa, tables, reading, &betas).unwrap();
            for (place, found) in found.iter().enumerate() {
                let (image, y) = (place / captions, place % captions);
                let world = World::new(Tables {
                    y,
                    beta: betas[image].get(),
                    ..family[image].clone()
                });
                let world = world.unwrap().under(reading).unwrap();
                let (expected, bound) = match (pair.reference)(&world, reading) {
                    Ok(nats) => {
                        let tolerance = pair.tolerance(&world, reading, Arithmetic::F64);
                        (nats[0].value(), tolerance.bound(nats[0].mass()))
                    }
                    Err(Error::Indeterminate { .. }) => (f64::NAN, 0.0),
                    Err(error) => panic!("{error}"),
                };
                let outcome = derivations::compare::compare(expected, side(found), bound);
                assert!(
                    outcome.agrees(),
                    "{} {} {} at image {image}, caption {y} of {captions}x{codes}: {} for {expected} within {bound:e}",
                    isa.name(),
                    pair.name,
                    reading.name(),
                    side(found)
                );
            }
        }
    }
}

#[test]
fn the_footnote_and_tables_that_do_not_fit_are_refused() {
    let numbers = [0.0; 6];
    let rows = |k| Rows::new("table", &numbers[..], k).unwrap();
    let fit =
        |likelihood, prior, encoder, captions| Exact::new(rows(likelihood), rows(prior), rows(encoder), rows(captions));
    // One row of six: X = 1, Z = 6, so Y = 6 asks for six rows of the likelihood.
    assert!(fit(6, 6, 6, 6).is_err());
    let whole = Rows::new("table", &numbers[..1], 1).unwrap();
    let tables = Exact::new(whole, whole, whole, whole).unwrap();
    let refused = sides(Isa::best(), tables, Reading::Footnote, &[Beta::ONE]).unwrap_err();
    assert!(refused.to_string().contains("p(z)"), "{refused}");
}
