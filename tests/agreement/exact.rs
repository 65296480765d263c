//! The fused sides over a family of worlds: one prior for all images, `q(y,z|x)` the product of the encoders, every set of instructions.

use derivations::pairs::exact;
use derivations::precision::Arithmetic;
use gpu::fused::exact::{Exact, Sides, sides};
use gpu::fused::{Isa, Rows};
use reference::vocab::{Beta, Error, Reading};
use reference::world::{Tables, World};

use crate::dense::{Worlds, seed};

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

/// Images that share a prior; a code that makes the image impossible, one that makes it far more likely than all others.
fn family(images: usize, captions: usize, codes: usize) -> Vec<Tables> {
    let mut source = Worlds::new(seed());
    let mut tables: Vec<Tables> = (0..images).map(|_| source.dense(captions, codes, -20.0)).collect();
    let (prior, nothing) = (tables[0].ln_p_yz.clone(), f64::NEG_INFINITY);
    for (image, tables) in tables.iter_mut().enumerate() {
        tables.ln_p_yz.clone_from(&prior);
        tables.ln_q_yz_given_x = None;
        tables.ln_p_x_given_yz[[image % captions, image % codes]] = nothing;
        // Far above what a row starts with: the largest cannot be guessed.
        tables.ln_p_x_given_yz[[captions - 1, codes - 1]] += 60.0;
    }
    tables
}

#[test]
fn a_family_with_one_prior_agrees_at_every_image_and_caption() {
    for (images, captions, codes) in [(1, 1, 1), (3, 2, 5), (2, 7, 131), (5, 3, 33)] {
        let family = family(images, captions, codes);
        let flat = |of: fn(&Tables) -> Vec<f64>| -> Vec<f64> { family.iter().flat_map(of).collect() };
        let likelihood = flat(|t| t.ln_p_x_given_yz.iter().copied().collect());
        let encoder = flat(|t| t.ln_q_z_given_x.to_vec());
        let caption = flat(|t| t.ln_q_y_given_x.to_vec());
        let prior: Vec<f64> = family[0].ln_p_yz.iter().copied().collect();
        let tables = Exact::new(
            Rows::new("ln_p_x_given_yz", &likelihood, codes).unwrap(),
            Rows::new("ln_p_yz", &prior, codes).unwrap(),
            Rows::new("ln_q_z_given_x", &encoder, codes).unwrap(),
            Rows::new("ln_q_y_given_x", &caption, captions).unwrap(),
        )
        .unwrap();
        let betas: Vec<Beta> = (0..images)
            .map(|image| Beta::new([6.6, 0.0, 1.0][image % 3]).unwrap())
            .collect();
        for isa in Isa::available() {
            for (pair, side) in exact().iter().zip(SIDES) {
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
