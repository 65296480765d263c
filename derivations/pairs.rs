//! Reference and twin, pair by pair: the same name on both sides, the readings they differ in, and how close they come.

use gpu::transfer::Tables;
use gpu::world::Batch;
use gpu::{Tensor, categorical as twin_categorical, equations as twin};
use ndarray::Axis;
use reference::categorical;
use reference::equations::{bound, joint, objective, split};
use reference::special::log_sum_exp;
use reference::vocab::{Error, Nats, Reading};
use reference::world::{Joint, World};

use crate::precision::{self, Arithmetic, Precision, Size, Tolerance};

/// One function on both sides.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// The name that both sides bear.
    pub name: &'static str,
    /// The readings in which the values differ; the worlds and the batch are put under each (`World::under`).
    pub readings: &'static [Reading],
    /// What the two sides start from.
    pub start: Start,
    /// The reference: the values of one world, each with its mass.
    pub reference: fn(&World, Reading) -> Result<Vec<Nats>, Error>,
    /// The twin: as many values for every world of the batch, `[B]` or `[B, ..]`.
    pub twin: fn(&Batch, Reading) -> Result<Tensor, gpu::Error>,
    /// The precision row under each reading.
    pub precision: fn(Reading) -> &'static Precision,
}

/// What the two sides of a pair start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The world under the reading, then rounded to the twin's type, on both sides.
    Rounded,
    /// The world itself: each side puts it under the reading, the twin after rounding.
    World,
}

impl Pair {
    /// Whether more than one reading is compared.
    #[must_use]
    pub const fn depends_on_reading(&self) -> bool {
        self.readings.len() > 1
    }

    /// How close the two have to come in this world.
    #[must_use]
    pub fn tolerance(&self, world: &World, reading: Reading, arithmetic: Arithmetic) -> Tolerance {
        let size = size(world);
        let floor = precision::floor(size, arithmetic, largest(world), world.beta().get());
        (self.precision)(reading).tolerance(size, arithmetic, floor)
    }
}

/// Eqs. 2 to 9 do not mention `q(y,z|x)`: one comparison, in the world as it is.
const ANY: &[Reading] = &[Reading::Pointwise];
/// Eqs. 10 to 12 see the reading through the world's tables only, which `Joint` and `Expected` leave as `Pointwise` does.
const TABLES: &[Reading] = &[Reading::Observed, Reading::Pointwise, Reading::Footnote];
/// The readings that derive `q(y,z|x)`.
const DERIVED: &[Reading] = &[Reading::Observed, Reading::Footnote];

/// Every function that has a twin.
pub static PAIRS: &[Pair] = &[
    Pair {
        name: "eq02_graphical_model",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| {
            Ok(joint::eq02_graphical_model(&Joint::of_world(world))
                .into_iter()
                .collect())
        },
        twin: |batch, _| twin::eq02_graphical_model(batch),
        precision: |_| &precision::GRAPHICAL_MODEL,
    },
    Pair {
        name: "eq02_networks",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| Ok(joint::eq02_networks(&Joint::of_world(world)).into_iter().collect()),
        twin: |batch, _| twin::eq02_networks(batch),
        precision: |_| &precision::SUM_OF_TWO,
    },
    Pair {
        name: "eq03_log_evidence",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(bound::eq03_log_evidence(world)),
        twin: |batch, _| twin::eq03_log_evidence(batch),
        precision: |_| &precision::EVIDENCE,
    },
    Pair {
        name: "eq04_multiplied_by_one",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(bound::eq04_multiplied_by_one(world)),
        twin: |batch, _| twin::eq04_multiplied_by_one(batch),
        precision: |_| &precision::EVIDENCE,
    },
    Pair {
        name: "eq05_log_expected_ratio",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(bound::eq05_log_expected_ratio(world)),
        twin: |batch, _| twin::eq05_log_expected_ratio(batch),
        precision: |_| &precision::EVIDENCE,
    },
    Pair {
        name: "eq06_expected_log_ratio",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(bound::eq06_expected_log_ratio(world)),
        twin: |batch, _| twin::eq06_expected_log_ratio(batch),
        precision: |_| &precision::EXPECTED_JOINT,
    },
    Pair {
        name: "eq07_log_quotient",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(bound::eq07_log_quotient(world)),
        twin: |batch, _| twin::eq07_log_quotient(batch),
        precision: |_| &precision::EXPECTED_JOINT,
    },
    Pair {
        name: "eq08_networks",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(bound::eq08_networks(world)),
        twin: |batch, _| twin::eq08_networks(batch),
        precision: |_| &precision::EXPECTED_TERMS,
    },
    Pair {
        name: "eq09_log_product",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(bound::eq09_log_product(world)),
        twin: |batch, _| twin::eq09_log_product(batch),
        precision: |_| &precision::EXPECTED_TERMS,
    },
    Pair {
        name: "eq10_add_and_subtract",
        readings: TABLES,
        start: Start::Rounded,
        reference: |world, _| one(split::eq10_add_and_subtract(world)),
        twin: |batch, _| twin::eq10_add_and_subtract(batch),
        precision: |_| &precision::EXPECTED_TERMS,
    },
    Pair {
        name: "eq11_product_of_encoders",
        readings: TABLES,
        start: Start::Rounded,
        reference: |world, _| one(split::eq11_product_of_encoders(world)),
        twin: |batch, _| twin::eq11_product_of_encoders(batch),
        precision: |_| &precision::EXPECTED_TERMS,
    },
    Pair {
        name: "eq12_joint_encoder",
        readings: TABLES,
        start: Start::Rounded,
        reference: |world, _| one(split::eq12_joint_encoder(world)),
        twin: |batch, _| twin::eq12_joint_encoder(batch),
        precision: |_| &precision::EXPECTED_TERMS,
    },
    Pair {
        name: "eq13_kl_named",
        readings: &Reading::ALL,
        start: Start::Rounded,
        reference: |world, reading| {
            one(objective::eq13_kl_named(world, reading).map(|nats| with_prior_mass(world, reading, 1.0, nats)))
        },
        twin: twin::eq13_kl_named,
        precision: objective_row,
    },
    Pair {
        name: "eq14_objective",
        readings: &Reading::ALL,
        start: Start::Rounded,
        reference: |world, reading| {
            let beta = world.beta();
            let value = objective::eq14_objective(world, reading, beta);
            one(value.map(|nats| with_prior_mass(world, reading, beta.get(), nats)))
        },
        twin: twin::eq14_objective,
        precision: objective_row,
    },
    Pair {
        name: "eq01_objective",
        readings: &Reading::ALL,
        start: Start::Rounded,
        reference: |world, reading| {
            let beta = world.beta();
            let value = objective::eq01_objective(world, reading, beta);
            one(value.map(|nats| with_prior_mass(world, reading, beta.get(), nats)))
        },
        twin: twin::eq01_objective,
        precision: objective_row,
    },
    Pair {
        name: "expected_log_likelihood",
        readings: &[Reading::Pointwise, Reading::Expected],
        start: Start::Rounded,
        reference: |world, reading| one(Ok(objective::expected_log_likelihood(world, reading))),
        twin: twin::expected_log_likelihood,
        precision: |reading| match reading {
            Reading::Expected => &precision::OVER_BOTH,
            _ => &precision::OVER_CODES,
        },
    },
    Pair {
        name: "divergence",
        readings: &[Reading::Observed, Reading::Pointwise, Reading::Joint, Reading::Footnote],
        start: Start::Rounded,
        reference: |world, reading| {
            one(objective::divergence(world, reading).map(|nats| with_prior_mass(world, reading, 1.0, nats)))
        },
        twin: twin::divergence,
        precision: |reading| match reading {
            Reading::Observed | Reading::Pointwise => &precision::OVER_CODES,
            Reading::Joint | Reading::Expected => &precision::OVER_BOTH,
            Reading::Footnote => &precision::FROM_CODE_PRIOR,
        },
    },
    Pair {
        name: "entropy",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(Ok(categorical::entropy(world.joint_encoder()))),
        twin: |batch, _| twin_categorical::entropy(batch.ln_q_yz()),
        precision: |_| &precision::OVER_BOTH,
    },
    Pair {
        name: "cross_entropy",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(categorical::cross_entropy(world.joint_encoder(), world.prior())),
        twin: |batch, _| twin_categorical::cross_entropy(batch.ln_q_yz(), batch.ln_p_yz()),
        precision: |_| &precision::OVER_BOTH,
    },
    Pair {
        name: "kl_divergence",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(categorical::kl_divergence(world.joint_encoder(), world.prior())),
        twin: |batch, _| twin_categorical::kl_divergence(batch.ln_q_yz(), batch.ln_p_yz()),
        precision: |_| &precision::OVER_BOTH,
    },
    Pair {
        name: "under",
        readings: DERIVED,
        start: Start::World,
        reference: derived_joint,
        twin: |batch, reading| {
            let under = batch.under(reading)?;
            let joint = under.ln_q_yz().flatten_from(1)?;
            Ok(Tensor::cat(&[&joint, under.ln_q_y()], 1)?)
        },
        precision: |reading| match reading {
            Reading::Footnote => &precision::FOOTNOTE_JOINT,
            _ => &precision::OBSERVED_JOINT,
        },
    },
];

/// The tables of worlds of one shape, one after the other, as a batch takes them.
#[must_use]
pub fn tables(worlds: &[World]) -> Tables {
    let mut tables = Tables {
        captions: worlds.first().map_or(0, World::captions),
        codes: worlds.first().map_or(0, World::codes),
        ..Tables::default()
    };
    for world in worlds {
        tables.ln_p_x_given_yz.extend(world.likelihood());
        tables.ln_p_yz.extend(world.prior().ln());
        tables.ln_q_z.extend(world.encoder().ln());
        tables.ln_q_y.extend(world.caption_model().ln());
        tables.ln_q_yz.extend(world.joint_encoder().ln());
        tables.y.push(world.y());
        tables.beta.push(world.beta());
    }
    tables
}

fn one(value: Result<Nats, Error>) -> Result<Vec<Nats>, Error> {
    value.map(|nats| vec![nats])
}

fn objective_row(reading: Reading) -> &'static Precision {
    match reading {
        Reading::Observed | Reading::Pointwise => &precision::OBJECTIVE_OVER_CODES,
        Reading::Joint | Reading::Expected => &precision::OBJECTIVE_OVER_BOTH,
        Reading::Footnote => &precision::OBJECTIVE_FOOTNOTE,
    }
}

/// The footnote's divergence starts from `ln p(z)`, which the reference normalises as plain numbers: what was added up
/// inside it, and inside its normaliser, is missing from the mass.
///
/// ```text
/// mass + beta (E_{z ~ q(z|x)}[mass of ln p(z)] + mass of ln sum_z p(z))
/// ```
fn with_prior_mass(world: &World, reading: Reading, beta: f64, nats: Nats) -> Nats {
    if reading != Reading::Footnote {
        return nats;
    }
    let ln_p_z = world.marginal_prior(Axis(0));
    let inside = world.encoder().expect(|z| Nats::with_mass(0.0, ln_p_z[z].mass()));
    let missing = inside.mass() + log_sum_exp(&ln_p_z).mass();
    Nats::with_mass(nats.value(), nats.mass() + beta * missing)
}

/// `ln q(y,z|x)` and then `ln q(y|x)` under the reading, with the masses of what they were derived from.
fn derived_joint(world: &World, reading: Reading) -> Result<Vec<Nats>, Error> {
    let under = world.under(reading)?;
    let (captions, codes) = (world.captions(), world.codes());
    let row = |y: usize| -> Vec<Nats> {
        let given_z = |z| match reading {
            Reading::Footnote => objective::ln_p_y_given_z(world, y, z),
            _ => under.ln_q_y(y),
        };
        (0..codes).map(|z| world.ln_q_z(z) + given_z(z)).collect()
    };
    let joint: Vec<Vec<Nats>> = (0..captions).map(row).collect();
    let marginal: Vec<Nats> = joint.iter().map(|row| log_sum_exp(row)).collect();
    let total = log_sum_exp(&marginal);
    let from = |value: Nats, mass: f64| Nats::with_mass(value.value(), mass);
    let ln_q_yz = (0..captions).flat_map(|y| (0..codes).map(move |z| (y, z)));
    let joint = ln_q_yz.map(|(y, z)| from(under.ln_q_yz(y, z), joint[y][z].mass() + total.mass()));
    // The observed caption's distribution is a point mass: 0 and -inf on both sides, nothing was added up. The footnote's is
    // a log-sum-exp of normalised terms (the row's mass and the total's), less that of all rows (the total's mass for the
    // rows, once more for their normalising, and once for the shift of the maximum that normalising is).
    let caption = (0..captions).map(|y| match reading {
        Reading::Footnote => from(under.ln_q_y(y), marginal[y].mass() + 4.0 * total.mass()),
        _ => under.ln_q_y(y),
    });
    Ok(joint.chain(caption).collect())
}

fn size(world: &World) -> Size {
    #[expect(clippy::cast_precision_loss, reason = "counts of captions and codes")]
    let count = |n: usize| n as f64;
    Size {
        captions: count(world.captions()),
        codes: count(world.codes()),
    }
}

/// The largest finite entry of a world's tables, by size.
fn largest(world: &World) -> f64 {
    let tables = [world.likelihood(), world.prior().ln(), world.joint_encoder().ln()];
    let matrices = tables.into_iter().flatten();
    let vectors = world.encoder().ln().iter().chain(world.caption_model().ln());
    matrices
        .chain(vectors)
        .filter(|entry| entry.is_finite())
        .fold(0.0, |largest, entry| entry.abs().max(largest))
}
