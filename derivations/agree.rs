//! Reference against twin: every pair, every reading, every world.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gpu::device::{Device, Float};
use gpu::transfer::download;
use gpu::world::Batch;
use rayon::prelude::*;
use reference::vocab::{Beta, Nats, Reading};
use reference::world::World;
use serde::{Serialize, Serializer};

use crate::compare::{Outcome, compare};
use crate::pairs::{PAIRS, Pair, Start, tables};
use crate::precision::Arithmetic;

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

/// What was compared, and how it came out.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `cpu`, or `cuda:` and the ordinal.
    pub device: String,
    /// `f32` or `f64`.
    pub float: &'static str,
    /// How many worlds were compared.
    pub worlds: usize,
    /// Whether something was compared and everything agrees.
    pub agrees: bool,
    /// One row a function and reading.
    pub rows: Vec<Row>,
}

/// One function under one reading.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The function's name on both sides.
    pub name: &'static str,
    /// The reading, where it makes a difference.
    pub reading: Option<&'static str>,
    /// How many values were compared.
    pub compared: usize,
    /// How many of them are infinite or undefined in the reference, and so compared by class.
    pub classed: usize,
    /// How many differ.
    pub failed: usize,
    /// Whether nothing but equality is accepted.
    pub exact: bool,
    /// Why the bound is what it is.
    pub reason: &'static str,
    /// The worst value: the one that uses most of its bound, or the first of the wrong class.
    pub worst: Option<Worst>,
}

/// The worst value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Worst {
    /// Which world, in the order given.
    pub world: usize,
    /// Which of the world's values, row-major.
    pub index: usize,
    /// The reference's value; NaN where it is undefined.
    #[serde(serialize_with = "number")]
    pub reference: f64,
    /// The twin's.
    #[serde(serialize_with = "number")]
    pub twin: f64,
    /// How far apart they may lie.
    #[serde(serialize_with = "number")]
    pub bound: f64,
    /// How much of the bound is used; infinite for a value of the wrong class.
    #[serde(serialize_with = "number")]
    pub ratio: f64,
}

/// Compares every pair under every reading in every world.
///
/// Worlds of equal shape go into one batch. The reference gets each world rounded to the twin's type, so that both sides
/// start from the same numbers ([`Start`]).
///
/// # Errors
/// [`Error`] when a side cannot be evaluated; a disagreement is a finding in the report, not an error.
pub fn agree(worlds: &[World], options: &Options) -> Result<Report, Error> {
    agree_on(PAIRS, worlds, options)
}

/// As [`agree`], for a choice of pairs.
///
/// # Errors
/// As [`agree`].
pub fn agree_on(pairs: &[Pair], worlds: &[World], options: &Options) -> Result<Report, Error> {
    let mut rows: Vec<(Row, &Pair, Reading)> = pairs
        .iter()
        .flat_map(|pair| {
            pair.readings
                .iter()
                .map(move |&reading| (row(pair, reading, options), pair, reading))
        })
        .collect();
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

fn compare_batch(
    row: &mut Row,
    pair: &Pair,
    reading: Reading,
    batch: &[(usize, &World)],
    worlds: &[World],
    twins: &Batch,
    options: &Options,
) -> Result<(), Error> {
    let twin = download(&(pair.twin)(twins, reading)?)?;
    let reference: Vec<_> = worlds
        .par_iter()
        .map(|world| (pair.reference)(world, reading))
        .collect();
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

impl Row {
    fn note(&mut self, world: usize, index: usize, reference: f64, twin: f64, bound: f64) {
        self.compared += 1;
        self.classed += usize::from(!reference.is_finite());
        let outcome = compare(reference, twin, bound);
        self.failed += usize::from(!outcome.agrees());
        let ratio = match outcome {
            Outcome::SameClass => return,
            Outcome::Within { ratio } | Outcome::Beyond { ratio } => ratio,
            Outcome::OtherClass => f64::INFINITY,
        };
        if self.worst.is_none_or(|worst| ratio > worst.ratio) {
            self.worst = Some(Worst {
                world,
                index,
                reference,
                twin,
                bound,
                ratio,
            });
        }
    }
}

impl Report {
    /// The row that uses most of its bound.
    #[must_use]
    pub fn worst(&self) -> Option<&Row> {
        let ratio = |row: &&Row| row.worst.map_or(0.0, |worst| worst.ratio);
        self.rows.iter().max_by(|a, b| ratio(a).total_cmp(&ratio(b)))
    }

    /// An aligned table with the headroom, at most 100 columns wide.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "agreement: {} worlds, {} on {}\n\n",
            self.worlds, self.float, self.device
        );
        line(
            &mut text,
            [
                "function",
                "reading",
                "values",
                "classed",
                "worst/bound",
                "at",
                "verdict",
            ],
        );
        for row in &self.rows {
            let (ratio, at) = row.worst.map_or_else(
                || ("-".to_owned(), "-".to_owned()),
                |worst| {
                    (
                        format!("{:.1e}", worst.ratio),
                        format!("{}[{}]", worst.world, worst.index),
                    )
                },
            );
            let verdict = match (row.failed, row.compared) {
                (_, 0) => "nothing compared".to_owned(),
                (0, _) => "agrees".to_owned(),
                (failed, _) => format!("{failed} differ"),
            };
            line(
                &mut text,
                [
                    row.name,
                    row.reading.unwrap_or("-"),
                    &row.compared.to_string(),
                    &row.classed.to_string(),
                    &ratio,
                    &at,
                    &verdict,
                ],
            );
        }
        self.closing(&mut text);
        text
    }

    fn closing(&self, text: &mut String) {
        let compared: usize = self.rows.iter().map(|row| row.compared).sum();
        let classed: usize = self.rows.iter().map(|row| row.classed).sum();
        let failed: usize = self.rows.iter().map(|row| row.failed).sum();
        text.push('\n');
        // Writing to a String does not fail.
        let _ = match self.worst() {
            _ if compared == 0 => writeln!(text, "compared nothing: that is a failure"),
            Some(row) if failed > 0 => {
                let _ = writeln!(text, "{failed} of {compared} values differ; the worst, {}:", row.name);
                row.worst.map_or(Ok(()), |worst| {
                    writeln!(
                        text,
                        "  world {}, value {}: reference {:e}, twin {:e}, bound {:.2e}",
                        worst.world, worst.index, worst.reference, worst.twin, worst.bound
                    )
                })
            }
            worst => {
                let used = worst.and_then(|row| row.worst).map_or(0.0, |worst| worst.ratio);
                let name = worst.map_or("-", |row| row.name);
                writeln!(
                    text,
                    "{compared} values agree, {classed} of them by class; the worst uses {used:.1e} of its bound ({name})"
                )
            }
        };
    }
}

fn line(text: &mut String, cells: [&str; 7]) {
    let [name, reading, values, classed, ratio, at, verdict] = cells;
    let padded = format!("{name:<25} {reading:<9} {values:>8} {classed:>8} {ratio:>11}  {at:<12} {verdict}");
    text.push_str(padded.trim_end());
    text.push('\n');
}

fn row(pair: &Pair, reading: Reading, options: &Options) -> Row {
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

/// JSON has no infinities and no NaN: they are written as words.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        serializer.serialize_f64(*value)
    } else {
        serializer.serialize_str(&value.to_string())
    }
}
