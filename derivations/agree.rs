//! Reference against twin: every pair, every reading, every world.

use std::collections::BTreeMap;

use gpu::Tensor;
use gpu::device::{Device, Float};
use gpu::transfer::download;
use gpu::world::Batch;
use rayon::prelude::*;
use reference::model::Model as _;
use reference::vocab::{Beta, Nats, Reading};
use reference::world::World;

use crate::pairs::{Pair, Start, on, tables};
use crate::precision::Arithmetic;

mod report;

pub use report::{Report, Row, Worst};

/// Table entries in one batch: 32 MiB a table in `f64`.
const BATCH_ENTRIES: usize = 1 << 22;

/// Why the two could not be compared at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The reference refused a world for another reason than an indeterminate line.
    #[error("world {world}: {source}")]
    Reference {
        /// Which world.
        world: usize,
        /// The refusal.
        source: reference::vocab::Error,
    },
    /// A log-probability whose sums the twin's type cannot hold.
    #[error(
        "world {world}: {table} holds {value:e}, expected at most {limit:.1e} in size, so that a line's sum stays within {float}"
    )]
    Overflow {
        /// Which world.
        world: usize,
        /// Which of its tables.
        table: &'static str,
        /// The number.
        value: f64,
        /// The largest size that leaves a line room at this world's beta.
        limit: f64,
        /// The twin's type.
        float: &'static str,
    },
    /// The twin refused a batch.
    #[error(transparent)]
    Twin(#[from] gpu::Error),
    /// Reference and twin return different numbers of values.
    #[error("{name} returns {twin} values for {worlds} worlds, the reference {reference} for world {world}")]
    Count {
        /// The pair.
        name: &'static str,
        /// Which world.
        world: usize,
        /// How many values the reference has for it.
        reference: usize,
        /// How many the twin has for the batch.
        twin: usize,
        /// How many worlds the batch has.
        worlds: usize,
    },
}

/// Where the twin runs, and in which type.
#[derive(Debug, Clone)]
pub struct Options {
    /// The device, opened.
    pub device: Device,
    /// The type.
    pub float: Float,
}

/// Compares every pair under every reading in every world.
///
/// Worlds of equal shape go into one batch. The reference gets each world rounded to the twin's type, so that both sides
/// start from the same numbers ([`Start`]).
///
/// # Errors
/// [`Error`] when a side cannot be evaluated; a disagreement is a finding in the report, not an error.
pub fn agree(worlds: &[World], options: &Options) -> Result<Report, Error> {
    agree_on(&on(&options.device)?, worlds, options)
}

/// As [`agree`], for a choice of pairs.
///
/// # Errors
/// As [`agree`].
pub fn agree_on<T>(pairs: &[Pair<T>], worlds: &[World], options: &Options) -> Result<Report, Error>
where
    T: Fn(&Batch, Reading) -> Result<Tensor, gpu::Error>,
{
    let mut rows: Vec<(Row, &Pair<T>, Reading)> = pairs
        .iter()
        .flat_map(|pair| {
            pair.readings
                .iter()
                .map(move |&reading| (row(pair, reading, options), pair, reading))
        })
        .collect();
    for (place, world) in worlds.iter().enumerate() {
        fits(place, world, options.float)?;
    }
    for batch in batches(worlds) {
        let mut prepared = BTreeMap::new();
        for (row, pair, reading) in &mut rows {
            let key = (*reading, pair.start == Start::World);
            let (worlds, twins) = match prepared.get(&key) {
                Some(made) => made,
                None => prepared
                    .entry(key)
                    .or_insert(prepare(&batch, *reading, pair.start, options)?),
            };
            compare_batch(row, pair, *reading, &batch, worlds, twins, options)?;
        }
    }
    let rows: Vec<Row> = rows.into_iter().map(|(row, ..)| row).collect();
    let compared: usize = rows.iter().map(|row| row.compared).sum();
    Ok(Report {
        device: options.device.name(),
        float: options.float.name(),
        worlds: worlds.len(),
        agrees: compared > 0 && rows.iter().all(|row| row.failed == 0 && row.compared > 0),
        rows,
    })
}

/// Table entries that a line adds up at most: Eq. 10 has five; weights sum to 1 and make nothing larger. A power of two above.
const ADDENDS: f64 = 8.0;

/// Whether every finite number of a world is finite in the twin's type, and stays so in a line's sum: a tiny probability must not
/// become an impossible one.
fn fits(place: usize, world: &World, float: Float) -> Result<(), Error> {
    let named = |table: &'static str| move |value: &f64| (table, *value);
    let free = world.is_free().then(|| world.joint_encoder().ln());
    let mut entries = (world.likelihood().iter().map(named("ln_p_x_given_yz")))
        .chain(world.prior().ln().iter().map(named("ln_p_yz")))
        .chain(world.encoder().ln().iter().map(named("ln_q_z_given_x")))
        .chain(world.caption_model().ln().iter().map(named("ln_q_y_given_x")))
        .chain(free.into_iter().flatten().map(named("ln_q_yz_given_x")));
    let largest = match float {
        Float::F32 => f64::from(f32::MAX),
        Float::F64 => f64::MAX,
    };
    let limit = largest / (ADDENDS * world.beta().get().max(1.0));
    let lost = |(_, value): &(_, f64)| value.is_finite() && value.abs() > limit;
    match entries.find(lost) {
        None => Ok(()),
        Some((table, value)) => Err(Error::Overflow {
            world: place,
            table,
            value,
            limit,
            float: float.name(),
        }),
    }
}

/// The reference's worlds and the twin's batch, from the same numbers.
fn prepare(
    batch: &[(usize, &World)],
    reading: Reading,
    start: Start,
    options: &Options,
) -> Result<(Vec<World>, Batch), Error> {
    let round = |value| options.float.round(value);
    let at = |world: usize| move |source| Error::Reference { world, source };
    let rounded = |index: usize, world: &World| {
        let beta = Beta::new(round(world.beta().get())).map_err(at(index))?;
        Ok::<World, Error>(world.rounded(round).with_beta(beta))
    };
    let mut ours = Vec::with_capacity(batch.len());
    let mut theirs = Vec::with_capacity(batch.len());
    for &(index, world) in batch {
        match start {
            Start::Rounded => {
                let world = rounded(index, &world.under(reading).map_err(at(index))?)?;
                ours.push(world.clone());
                theirs.push(world);
            }
            Start::World => {
                ours.push(world.clone());
                theirs.push(rounded(index, world)?);
            }
        }
    }
    let twins = Batch::new(&tables(&theirs), &options.device, options.float)?;
    Ok((ours, twins))
}

fn compare_batch<T>(
    row: &mut Row,
    pair: &Pair<T>,
    reading: Reading,
    batch: &[(usize, &World)],
    worlds: &[World],
    twins: &Batch,
    options: &Options,
) -> Result<(), Error>
where
    T: Fn(&Batch, Reading) -> Result<Tensor, gpu::Error>,
{
    let twin = download(&(pair.twin)(twins, reading)?)?;
    let of = pair.reference;
    let reference: Vec<_> = worlds.par_iter().map(|world| of(world, reading)).collect();
    let per_world = twin.len() / worlds.len();
    let undefined = Nats::with_mass(f64::NAN, 0.0);
    for (place, values) in reference.into_iter().enumerate() {
        let world = batch[place].0;
        let values = match values {
            Ok(values) => values,
            Err(reference::vocab::Error::Indeterminate { .. }) => vec![undefined; per_world],
            Err(source) => return Err(Error::Reference { world, source }),
        };
        if values.len() * worlds.len() != twin.len() {
            return Err(Error::Count {
                name: pair.name,
                world,
                reference: values.len(),
                twin: twin.len(),
                worlds: worlds.len(),
            });
        }
        let tolerance = pair.tolerance(&worlds[place], reading, arithmetic(options.float));
        for (index, (nats, &twin)) in values.iter().zip(&twin[place * per_world..]).enumerate() {
            row.note(world, index, nats.value(), twin, tolerance.bound(nats.mass()));
        }
    }
    Ok(())
}

fn row<T>(pair: &Pair<T>, reading: Reading, options: &Options) -> Row {
    let precision = (pair.precision)(reading);
    Row {
        name: pair.name,
        reading: pair.depends_on_reading().then(|| reading.name()),
        compared: 0,
        classed: 0,
        failed: 0,
        exact: precision.exact_in_f64 && options.float == Float::F64,
        reason: precision.reason,
        worst: None,
    }
}

/// Worlds of equal shape, with their places, at most [`BATCH_ENTRIES`] entries a table.
fn batches(worlds: &[World]) -> Vec<Vec<(usize, &World)>> {
    let mut shapes: BTreeMap<(usize, usize), Vec<(usize, &World)>> = BTreeMap::new();
    for (place, world) in worlds.iter().enumerate() {
        shapes
            .entry((world.captions(), world.codes()))
            .or_default()
            .push((place, world));
    }
    shapes
        .into_iter()
        .flat_map(|((captions, codes), worlds)| {
            let most = (BATCH_ENTRIES / (captions * codes)).max(1);
            worlds.chunks(most).map(<[_]>::to_vec).collect::<Vec<_>>()
        })
        .collect()
}

const fn arithmetic(float: Float) -> Arithmetic {
    match float {
        Float::F32 => Arithmetic::F32,
        Float::F64 => Arithmetic::F64,
    }
}
