//! The table of pairs on finite worlds.

use gpu::{Tensor, categorical as twin_categorical, equations as twin};
use reference::categorical;
use reference::equations::{bound, joint, objective, split};
use reference::model::Model as _;
use reference::vocab::{Error, Nats, Reading};
use reference::world::{Codes, World};

use super::masses::{derived_joint, with_normaliser_mass};
use super::pair::{Pair, Start};
use crate::bounds::{self, Precision};

/// The readings of Eqs. 2 to 9. They do not contain `q(y,z|x)`, so they are compared once, on the world as it is.
const ANY: &[Reading] = &[Reading::Pointwise];
/// The readings of Eqs. 10 to 12. They depend on the reading through the tables of the world only, and `Joint` and
/// `Expected` leave these as `Pointwise` does.
const TABLES: &[Reading] = &[Reading::Observed, Reading::Pointwise, Reading::Footnote];
/// The readings that derive another `q(y,z|x)`.
const DERIVED: &[Reading] = &[Reading::Observed, Reading::Footnote];

/// Every function on finite worlds that has a twin.
pub static PAIRS: &[Pair] = &[
    Pair {
        name: "eq02_graphical_model",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| Ok(cells(world, joint::eq02_graphical_model)),
        twin: |batch, _| twin::eq02_graphical_model(batch),
        precision: |_| &bounds::GRAPHICAL_MODEL,
    },
    Pair {
        name: "eq02_networks",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| Ok(cells(world, joint::eq02_networks)),
        twin: |batch, _| twin::eq02_networks(batch),
        precision: |_| &bounds::SUM_OF_TWO,
    },
    Pair {
        name: "eq03_log_evidence",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(bound::eq03_log_evidence(world)),
        twin: |batch, _| twin::eq03_log_evidence(batch),
        precision: |_| &bounds::EVIDENCE,
    },
    Pair {
        name: "eq04_multiplied_by_one",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(bound::eq04_multiplied_by_one(world)),
        twin: |batch, _| twin::eq04_multiplied_by_one(batch),
        precision: |_| &bounds::EVIDENCE,
    },
    Pair {
        name: "eq05_log_expected_ratio",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(bound::eq05_log_expected_ratio(world)),
        twin: |batch, _| twin::eq05_log_expected_ratio(batch),
        precision: |_| &bounds::EVIDENCE,
    },
    Pair {
        name: "eq06_expected_log_ratio",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(bound::eq06_expected_log_ratio(world)),
        twin: |batch, _| twin::eq06_expected_log_ratio(batch),
        precision: |_| &bounds::EXPECTED_JOINT,
    },
    Pair {
        name: "eq07_log_quotient",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(bound::eq07_log_quotient(world)),
        twin: |batch, _| twin::eq07_log_quotient(batch),
        precision: |_| &bounds::EXPECTED_JOINT,
    },
    Pair {
        name: "eq08_networks",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(bound::eq08_networks(world)),
        twin: |batch, _| twin::eq08_networks(batch),
        precision: |_| &bounds::EXPECTED_TERMS,
    },
    Pair {
        name: "eq09_log_product",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(bound::eq09_log_product(world)),
        twin: |batch, _| twin::eq09_log_product(batch),
        precision: |_| &bounds::EXPECTED_TERMS,
    },
    Pair {
        name: "eq10_add_and_subtract",
        readings: TABLES,
        start: Start::Rounded,
        reference: |world, _| one(split::eq10_add_and_subtract(world)),
        twin: |batch, _| twin::eq10_add_and_subtract(batch),
        precision: |_| &bounds::EXPECTED_TERMS,
    },
    Pair {
        name: "eq11_product_of_encoders",
        readings: TABLES,
        start: Start::Rounded,
        reference: |world, _| one(split::eq11_product_of_encoders(world)),
        twin: |batch, _| twin::eq11_product_of_encoders(batch),
        precision: |_| &bounds::EXPECTED_TERMS,
    },
    Pair {
        name: "eq12_joint_encoder",
        readings: TABLES,
        start: Start::Rounded,
        reference: |world, _| one(split::eq12_joint_encoder(world)),
        twin: |batch, _| twin::eq12_joint_encoder(batch),
        precision: |_| &bounds::EXPECTED_TERMS,
    },
    Pair {
        name: "eq13_kl_named",
        readings: &Reading::ALL,
        start: Start::Rounded,
        reference: |world, reading| {
            one(objective::eq13_kl_named(world, reading)
                .and_then(|nats| with_normaliser_mass(world, reading, 1.0, nats)))
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
            one(value.and_then(|nats| with_normaliser_mass(world, reading, beta.get(), nats)))
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
            one(value.and_then(|nats| with_normaliser_mass(world, reading, beta.get(), nats)))
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
        precision: |reading| {
            if reading.averages_captions() {
                &bounds::OVER_BOTH
            } else {
                &bounds::OVER_CODES
            }
        },
    },
    Pair {
        name: "divergence",
        readings: &[Reading::Observed, Reading::Pointwise, Reading::Joint, Reading::Footnote],
        start: Start::Rounded,
        reference: |world, reading| {
            one(objective::divergence(world, reading).and_then(|nats| with_normaliser_mass(world, reading, 1.0, nats)))
        },
        twin: twin::divergence,
        precision: |reading| match reading {
            Reading::Observed | Reading::Pointwise => &bounds::OVER_CODES,
            Reading::Joint | Reading::Expected => &bounds::OVER_BOTH,
            Reading::Footnote => &bounds::FROM_CODE_PRIOR,
        },
    },
    Pair {
        name: "entropy",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(Ok(categorical::entropy(world.joint_encoder()))),
        twin: |batch, _| twin_categorical::entropy(batch.ln_q_yz()),
        precision: |_| &bounds::OVER_BOTH,
    },
    Pair {
        name: "cross_entropy",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(categorical::cross_entropy(world.joint_encoder(), world.prior())),
        twin: |batch, _| twin_categorical::cross_entropy(batch.ln_q_yz(), batch.ln_p_yz()),
        precision: |_| &bounds::OVER_BOTH,
    },
    Pair {
        name: "kl_divergence",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(categorical::kl_divergence(world.joint_encoder(), world.prior())),
        twin: |batch, _| twin_categorical::kl_divergence(batch.ln_q_yz(), batch.ln_p_yz()),
        precision: |_| &bounds::OVER_BOTH,
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
            Reading::Footnote => &bounds::FOOTNOTE_JOINT,
            Reading::Observed | Reading::Pointwise | Reading::Joint | Reading::Expected => &bounds::OBSERVED_JOINT,
        },
    },
];

fn cells(world: &World, side: fn(&World, usize) -> Codes) -> Vec<Nats> {
    let rows = (0..world.captions()).map(|y| side(world, y));
    rows.flat_map(|row| row.iter().collect::<Vec<_>>()).collect()
}

fn one(value: Result<Nats, Error>) -> Result<Vec<Nats>, Error> {
    value.map(|nats| vec![nats])
}

fn objective_row(reading: Reading) -> &'static Precision {
    match reading {
        Reading::Observed | Reading::Pointwise => &bounds::OBJECTIVE_OVER_CODES,
        Reading::Joint | Reading::Expected => &bounds::OBJECTIVE_OVER_BOTH,
        Reading::Footnote => &bounds::OBJECTIVE_FOOTNOTE,
    }
}
