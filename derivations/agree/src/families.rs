//! Families of worlds, on which the exact tables of `gpu` are compared with the reference. A family has one prior for
//! all images, or one for each. Its `q(y,z|x)` is the product of the encoders, or a free joint. The sides are compared
//! at every image and caption.

pub mod dense;

use bounds::{Float, compare};
use gpu::fused::Rows;
use gpu::fused::exact::{Adder, Exact, sides};
use ndarray::Array2;
use reference::model::Model as _;
use reference::vocab::{Beta, Error, Reading};
use reference::world::{Tables, World};

use self::dense::{Worlds, certain, seed};
use crate::pairs::{Pair, SIDES};

/// A family of images that share a prior. One code makes the image impossible, one makes it far more likely than all
/// others do, and one caption is certain.
fn family(images: usize, captions: usize, codes: usize) -> Vec<Tables> {
    let mut source = Worlds::new(seed());
    let mut tables: Vec<Tables> = (0..images).map(|_| source.dense(captions, codes, -20.0)).collect();
    let (prior, nothing) = (tables[0].ln_p_yz.clone(), f64::NEG_INFINITY);
    for (image, tables) in tables.iter_mut().enumerate() {
        tables.ln_p_yz.clone_from(&prior);
        tables.ln_q_yz_given_x = None;
        tables.ln_p_x_given_yz[[image % captions, image % codes]] = nothing;
        // This entry lies far above the beginning of its row. A guess of the row's largest entry from its beginning
        // would let the exponential overflow.
        tables.ln_p_x_given_yz[[captions - 1, codes - 1]] += 800.0;
        if image == 1 {
            tables.ln_q_y_given_x = certain(captions, 0);
        }
    }
    tables
}

/// A free joint: the product of the encoders, in which four states exchange probability so that the marginals stay the
/// same.
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

/// All families of the tests, with and without a free joint.
#[must_use]
pub fn families() -> Vec<Vec<Tables>> {
    let shapes = [(1, 1, 1), (3, 2, 5), (2, 7, 131), (5, 3, 33), (2, 5, 1030)];
    let mut families = Vec::new();
    for (images, captions, codes) in shapes {
        let product = family(images, captions, codes);
        let mut free = product.clone();
        for tables in &mut free {
            let joint = Array2::from_shape_vec((captions, codes), free_joint(tables))
                .expect("a family is drawn so that nothing refuses it");
            tables.ln_q_yz_given_x = Some(joint);
        }
        // In this family each image has a prior of its own, beside the product of the encoders.
        let mut apart = product.clone();
        for (image, tables) in apart.iter_mut().enumerate() {
            tables.ln_p_yz = Worlds::new(seed() + image as u64).dense(captions, codes, 0.0).ln_p_yz;
        }
        families.extend([product, free, apart]);
    }
    families
}

/// Sentences about the sides that differ from the reference at some image and caption, or about why there are no sides.
/// The list is empty where all agree.
pub fn differences(by: &impl Adder, family: &[Tables]) -> Vec<String> {
    let flat = |of: fn(&Tables) -> Vec<f64>| -> Vec<f64> { family.iter().flat_map(of).collect() };
    let (captions, codes) = family[0].ln_p_yz.dim();
    let likelihood = flat(|t| t.ln_p_x_given_yz.iter().copied().collect());
    let encoder = flat(|t| t.ln_q_z_given_x.to_vec());
    let caption = flat(|t| t.ln_q_y_given_x.to_vec());
    let joint = flat(|t| t.ln_q_yz_given_x.iter().flatten().copied().collect());
    let shared = family.iter().all(|tables| tables.ln_p_yz == family[0].ln_p_yz);
    let of_prior = if shared { &family[..1] } else { family };
    let prior: Vec<f64> = of_prior.iter().flat_map(|t| t.ln_p_yz.iter().copied()).collect();
    let rows = |name, table, k| Rows::new(name, table, k).expect("a family is drawn so that nothing refuses it");
    let tables = Exact::new(
        rows("ln_p_x_given_yz", &likelihood, codes),
        rows("ln_p_yz", &prior, codes),
        rows("ln_q_z_given_x", &encoder, codes),
        rows("ln_q_y_given_x", &caption, captions),
    );
    let mut tables = tables.expect("a family is drawn so that nothing refuses it");
    if !joint.is_empty() {
        tables = tables
            .with_joint(rows("ln_q_yz_given_x", &joint, codes))
            .expect("a family is drawn so that nothing refuses it");
    }
    let beta =
        |image: usize| Beta::new([6.6, 0.0, 1.0][image % 3]).expect("a family is drawn so that nothing refuses it");
    let betas: Vec<Beta> = (0..family.len()).map(beta).collect();
    let mut differences = Vec::new();
    for (side, pair) in SIDES.iter().map(|side| (side, side.row())) {
        for &reading in pair.readings {
            let found = match sides(by, tables, reading, &betas) {
                Ok(found) => found,
                Err(error) => return vec![error.to_string()],
            };
            for (place, found) in found.iter().enumerate() {
                let (image, y) = (place / captions, place % captions);
                let world = World::new(Tables {
                    y,
                    beta: betas[image].get(),
                    ..family[image].clone()
                });
                let world = world
                    .expect("a family is drawn so that nothing refuses it")
                    .under(reading)
                    .expect("a family is drawn so that nothing refuses it");
                let (expected, bound) = expected(&pair, &world, reading);
                let found = (side.of)(found);
                if !compare(expected, found, bound).agrees() {
                    differences.push(format!(
                        "{} {} at image {image}, caption {y} of {captions}x{codes}: {found} for {expected} within {bound:e}",
                        pair.name,
                        Reading::name(reading),
                    ));
                }
            }
        }
    }
    differences
}

/// The value of the reference for a side, and how far the side may be off. The value is NaN where there is none.
fn expected(pair: &Pair, world: &World, reading: Reading) -> (f64, f64) {
    match (pair.reference)(world, reading) {
        Ok(nats) => {
            let tolerance = pair.tolerance(world, reading, Float::F64);
            (nats[0].value(), tolerance.bound(nats[0].mass()))
        }
        Err(Error::Indeterminate { .. }) => (f64::NAN, 0.0),
        Err(error) => panic!("{error}"),
    }
}
