//! Compares every pair of functions of reference and twin, under every reading, on many worlds.

use std::collections::BTreeMap;

use bounds::{Agreement, Float};
use gpu::Tensor;
use gpu::device::Device;
use gpu::transfer::download;
use rayon::prelude::*;
use reference::vocab::{Nats, Reading};
use reference::world::World;

use crate::pairs::{Batchable, Pair, Start, TooLarge, on};

mod report;

pub use report::{PairRow, Report, ValuePlace};

/// The largest number of entries of a table in one batch, which takes 32 MiB in `f64`.
const BATCH_ENTRIES: usize = 1 << 22;

/// The types that worlds are compared in, the narrow one first.
pub const FLOATS: [Float; 2] = [Float::F32, Float::F64];

/// The reason why the two sides could not be compared at all.
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
    /// Worlds are not compared in that type.
    #[error("worlds are compared in f32 and f64, not in {float}")]
    Type {
        /// The type that was asked for.
        float: &'static str,
    },
    /// A log-probability is so large that the twin's type cannot hold sums of it.
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

/// The device on which the twin runs, and the type in which it computes.
#[derive(Debug, Clone)]
pub struct Options {
    /// The open device.
    pub device: Device,
    /// The type of computation.
    pub float: Float,
}

/// Compares every pair under every reading in every world.
///
/// Worlds of equal shape go into one batch. The reference gets each world rounded to the twin's type, so that both
/// sides start from the same numbers (see [`Start`]).
///
/// # Errors
/// [`Error`] when a side cannot be evaluated. A disagreement is not an error, but a finding in the report.
pub fn agree(worlds: &[World], options: &Options) -> Result<Report, Error> {
    agree_on(&on(&options.device)?, worlds, options)
}

/// As [`agree`], for a list of pairs.
///
/// # Errors
/// Those of [`agree`].
pub fn agree_on<W, T>(pairs: &[Pair<W, T>], worlds: &[W], options: &Options) -> Result<Report, Error>
where
    W: Batchable,
    T: Fn(&W::Batch, Reading) -> Result<Tensor, gpu::Error>,
{
    if !FLOATS.contains(&options.float) {
        return Err(Error::Type {
            float: options.float.name(),
        });
    }
    let mut rows: Vec<(PairRow, &Pair<W, T>, Reading)> = pairs
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
    let known = W::comparable(worlds, options.float);
    let comparable: Vec<(usize, &W)> = (worlds.iter().enumerate().zip(known))
        .filter_map(|(placed, known)| known.then_some(placed))
        .collect();
    let left_out = worlds.len() - comparable.len();
    for batch in batches(&comparable) {
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
    let rows: Vec<PairRow> = rows.into_iter().map(|(row, ..)| row).collect();
    let compared: usize = rows.iter().map(|row| row.agreement.compared).sum();
    Ok(Report {
        device: options.device.name(),
        float: options.float.name(),
        continuous: W::CONTINUOUS,
        worlds: comparable.len(),
        left_out,
        agrees: compared > 0 && rows.iter().all(|row| row.agreement.agrees()),
        rows,
    })
}

/// Checks that every finite number of a world is finite in the twin's type, and stays so in the sum of a line.
fn fits<W: Batchable>(place: usize, world: &W, float: Float) -> Result<(), Error> {
    let Some(TooLarge { table, value, limit }) = world.too_large(float) else {
        return Ok(());
    };
    Err(Error::Overflow {
        world: place,
        table,
        value,
        limit,
        float: float.name(),
    })
}

/// Prepares the worlds of the reference and the batch of the twin, from the same numbers.
fn prepare<W: Batchable>(
    batch: &[(usize, &W)],
    reading: Reading,
    start: Start,
    options: &Options,
) -> Result<(Vec<W>, W::Batch), Error> {
    let worlds: Vec<&W> = batch.iter().map(|(_, world)| *world).collect();
    let placed = |worlds: Vec<Result<W, reference::vocab::Error>>| {
        let places = batch.iter().map(|(place, _)| *place);
        let at = |(world, made): (usize, Result<W, _>)| made.map_err(|source| Error::Reference { world, source });
        places.zip(worlds).map(at).collect::<Result<Vec<W>, Error>>()
    };
    let theirs = placed(match start {
        Start::Rounded => W::prepared(&worlds, reading, options.float),
        Start::World => W::rounded(&worlds, options.float),
    })?;
    let twins = W::batch(&theirs, &options.device, options.float)?;
    let ours = match start {
        Start::Rounded => theirs,
        Start::World => worlds.into_iter().cloned().collect(),
    };
    Ok((ours, twins))
}

fn compare_batch<W, T>(
    row: &mut PairRow,
    pair: &Pair<W, T>,
    reading: Reading,
    batch: &[(usize, &W)],
    worlds: &[W],
    twins: &W::Batch,
    options: &Options,
) -> Result<(), Error>
where
    W: Batchable,
    T: Fn(&W::Batch, Reading) -> Result<Tensor, gpu::Error>,
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
        let tolerance = pair.tolerance(&worlds[place], reading, options.float);
        for (index, (nats, &twin)) in values.iter().zip(&twin[place * per_world..]).enumerate() {
            let place = || ValuePlace { world, index };
            row.agreement
                .note(place, nats.value(), twin, tolerance.bound(nats.mass()));
        }
    }
    Ok(())
}

fn row<W: Batchable, T>(pair: &Pair<W, T>, reading: Reading, options: &Options) -> PairRow {
    let precision = (pair.precision)(reading);
    PairRow {
        name: pair.name,
        reading: pair.depends_on_reading().then(|| reading.name()),
        agreement: Agreement::new(),
        exact: precision.exact_in_f64 && options.float == Float::F64,
        reason: precision.reason,
    }
}

/// Groups worlds of equal shape, with their places in the list, into batches of at most [`BATCH_ENTRIES`] entries a
/// table.
fn batches<'a, W: Batchable>(worlds: &[(usize, &'a W)]) -> Vec<Vec<(usize, &'a W)>> {
    let mut shapes: BTreeMap<[usize; 3], Vec<(usize, &W)>> = BTreeMap::new();
    for (place, world) in worlds {
        shapes.entry(world.shape()).or_default().push((*place, world));
    }
    let chunks = shapes.into_values().flat_map(|worlds| {
        let entries = worlds.first().map_or(1, |(_, world)| world.entries());
        let most = (BATCH_ENTRIES / entries).max(1);
        worlds.chunks(most).map(<[_]>::to_vec).collect::<Vec<_>>()
    });
    chunks.collect()
}
