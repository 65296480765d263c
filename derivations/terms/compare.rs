//! Draws, runs both sides, compares.

use gpu::fused::{Numbers, Real as _, Target};
use half::{bf16, f16};
use rayon::prelude::*;
use reference::vocab::Nats;

use super::cases::{CASES, SHAPES, Shape};
use super::engine::{Call, Engine, EngineError};
use super::mixing::{self, MIXING};
use super::report::{Report, Row};
use super::table::{Inputs, TERMS, Term};
use super::whole::{self, ELBO};
use crate::precision::{Storage, TermPrecision};

/// What is compared, and on what.
#[derive(Debug, Clone)]
pub struct Options {
    /// The stored type.
    pub storage: Storage,
    /// Only this function.
    pub function: Option<String>,
    /// Only this shape.
    pub shape: Option<Shape>,
    /// Seed of the logits.
    pub seed: u64,
}

impl Options {
    /// Whether the function is asked for.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.function.as_ref().is_none_or(|wanted| wanted == name)
    }
}

/// The weight that gradients are multiplied by: DALL-E's beta over its positions, and not 1, so that a lost factor shows.
pub(super) const WEIGHT: f64 = 6.6 / 192.0;

/// Compares every fused term that was asked for.
///
/// # Errors
/// When the engine refuses what was drawn.
pub fn agree(engine: &impl Engine, options: &Options) -> Result<Report, EngineError> {
    let rows = match options.storage.name {
        "f64" => rows::<f64>(engine, options)?,
        "bf16" => rows::<bf16>(engine, options)?,
        "f16" => rows::<f16>(engine, options)?,
        _ => rows::<f32>(engine, options)?,
    };
    Ok(Report {
        dtype: options.storage.name,
        engine: engine.name(),
        seed: options.seed,
        agrees: !rows.is_empty() && rows.iter().all(|row| row.failed == 0 && row.compared > 0),
        rows,
    })
}

fn rows<E: Numbers>(engine: &impl Engine, options: &Options) -> Result<Vec<Row>, EngineError> {
    let mut rows = Vec::new();
    for term in TERMS.iter().filter(|term| options.wants(term.name)) {
        rows.extend(term_rows::<E>(engine, term, options)?);
    }
    if options.wants(ELBO) {
        rows.extend(whole::rows::<E>(engine, options)?);
    }
    if MIXING.iter().any(|name| options.wants(name)) {
        rows.extend(mixing::rows::<E>(engine, options)?);
    }
    Ok(rows)
}

const PARTS: [&str; 2] = ["gradient", "gradient 2"];

fn term_rows<E: Numbers>(
    engine: &impl Engine,
    term: &'static Term,
    options: &Options,
) -> Result<Vec<Row>, EngineError> {
    let row = |part, precision: &TermPrecision| Row::new(term.name, part, precision.reason);
    let mut rows = vec![row("value", &term.value)];
    rows.extend(PARTS[..term.gradients].iter().map(|part| row(part, &term.gradient)));
    let shapes = options.shape.map_or(SHAPES.to_vec(), |shape| vec![shape]);
    for shape in shapes {
        for drawn in inputs::<E>(term, shape, options) {
            compare_case(&mut rows, engine, term, shape.0, &drawn, options)?;
        }
    }
    Ok(rows)
}

pub(super) fn inputs<E: Numbers>(term: &Term, shape: Shape, options: &Options) -> Vec<Call<E>> {
    let (seed, most) = (options.seed, 1.0 - options.storage.stored);
    let drawn = |name, tables: Vec<Vec<f64>>| Call {
        name,
        k: shape.1,
        tables: tables.into_iter().map(stored).collect(),
        targets: targets(shape),
    };
    if term.pixels {
        // Pixels between 0.1 and 0.9 (phi's range), some as near to 0 and 1 as the type knows without reaching them; locations and log-scales as a decoder emits them.
        let mut tables = CASES[0].tables(seed, shape, 3);
        for (i, x) in tables[0].iter_mut().enumerate() {
            let spread = if i % 7 == 0 { 2.5 } else { 1.0 };
            *x = (1.0 / (1.0 + (-spread * *x).exp())).min(most);
        }
        let mut outside = tables.clone();
        outside[0][0] = 1.0;
        return vec![drawn("pixels", tables), drawn("a pixel at 1", outside)];
    }
    CASES
        .iter()
        .map(|case| drawn(case.name, case.tables(seed, shape, term.tables)))
        .collect()
}

/// Stored numbers in `f64`.
pub(super) fn widened<E: Numbers>(table: &[E]) -> Vec<f64> {
    table.iter().map(|x| x.widen().to_f64()).collect()
}

/// Numbers rounded to the type.
pub(super) fn stored<E: Numbers>(table: Vec<f64>) -> Vec<E> {
    table.into_iter().map(|x| E::narrow(E::Real::of(x))).collect()
}

/// Every row its own token and weight; the third to fifth allow only a part of the vocabulary, inside, behind and before the rest, also without
/// the token.
pub(super) fn targets((rows, k): Shape) -> Vec<Target> {
    (0..rows)
        .map(|i| {
            let (from, to) = match i {
                2 if k > 4 => (1, k - 2),
                3 if k > 4 => (k / 2, k),
                4 if k > 4 => (0, k / 3 + 1),
                _ => (0, k),
            };
            Target {
                token: (7 * i + k / 2) % k,
                from,
                to,
                weight: [0.125, 0.875, 0.0, -2.0, 1.0][i % 5],
            }
        })
        .collect()
}

/// What one side found of a call.
pub(super) struct Found<'a, E> {
    /// A value a row.
    pub(super) values: &'a [f64],
    /// The gradients, times `weight`.
    pub(super) grads: &'a [&'a [E]],
    /// What gradients were multiplied by.
    pub(super) weight: f64,
}

fn compare_case<E: Numbers>(
    rows: &mut [Row],
    engine: &impl Engine,
    term: &Term,
    count: usize,
    drawn: &Call<E>,
    options: &Options,
) -> Result<(), EngineError> {
    let mut values = vec![0.0; count];
    let mut grads = vec![room(count * drawn.k); term.gradients];
    engine.run(term.function, drawn, WEIGHT, &mut values, &mut grads)?;
    let grads: Vec<&[E]> = grads.iter().map(Vec::as_slice).collect();
    let found = Found {
        values: &values,
        grads: &grads,
        weight: WEIGHT,
    };
    let [value, gradients @ ..] = rows else { return Ok(()) };
    judge(Some(value), gradients, term, drawn, &found, options.storage);
    Ok(())
}

/// Room for a gradient, with what no result leaves.
pub(super) fn room<E: Numbers>(n: usize) -> Vec<E> {
    vec![E::narrow(E::Real::of(0.5)); n]
}

/// Holds what was found of a call against the reference; its values only where there is a row for them. Returns the reference's values and their
/// bounds.
pub(super) fn judge<E: Numbers>(
    mut value_row: Option<&mut Row>,
    gradient_rows: &mut [Row],
    term: &Term,
    drawn: &Call<E>,
    found: &Found<'_, E>,
    storage: Storage,
) -> Vec<(f64, f64)> {
    let Call {
        name,
        k,
        tables,
        targets,
    } = drawn;
    let (k, count, weight) = (*k, found.values.len(), found.weight);
    let mut bounded = Vec::with_capacity(count);
    let wide: Vec<Vec<f64>> = tables.iter().map(|table| widened(table)).collect();
    let outcomes: Vec<_> = (0..count)
        .into_par_iter()
        .map(|i| {
            let rows: Vec<&[f64]> = wide.iter().map(|table| &table[i * k..(i + 1) * k]).collect();
            (term.reference)(Inputs {
                rows: &rows,
                target: targets[i],
            })
        })
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a row's length")]
    let length = k as f64;
    let at = || format!("{name}, {count}x{k}");
    for (i, outcome) in outcomes.into_iter().enumerate() {
        // Weights below the smallest normal number are 0: each costs that number times what it weighs.
        let floor = length * storage.tiny * 8.0 * (spread(&wide, i, k) + length.ln() + 1.0);
        // Where q is near p, log-ratios are taken around a centre that is computed in f64 and held in two numbers of the type: that far it is off.
        // A gradient is off by as much; a divergence by the rounding of the square that a wrong centre adds and takes away again.
        let centre = 4.0 * largest(&wide, i, k) * storage.computed.powi(2).max(Storage::F64.computed);
        let centre_floor = term.value.bound(length, storage, centre.powi(2), 0.0, floor);
        // The reference rounds its exponents in f64, so every log-ratio is off by `wrong`; a divergence by that times E_q|d| <= sqrt(2 D).
        let wrong = 4.0 * Storage::F64.computed * (spread(&wide, i, k) + length.ln() + 1.0);
        let undefined = Nats::with_mass(f64::NAN, 0.0);
        let (value, slopes) = outcome.unwrap_or_else(|_| (undefined, Vec::new()));
        // Values leave the kernel in f64: nothing is stored in the type.
        let own = wrong * (2.0 * value.mass()).sqrt();
        let bound = term.value.bound(length, storage, value.mass(), 0.0, centre_floor + own);
        bounded.push((value.value(), bound));
        if let Some(row) = &mut value_row {
            row.note(&at, i, value.value(), found.values[i], bound);
        }
        for (which, slopes) in slopes.into_iter().enumerate() {
            for (j, slope) in slopes.into_iter().enumerate() {
                let (slope, place) = (weight * slope, i * k + j);
                let stored = floor + storage.smallest + weight.abs() * (centre + wrong);
                let kink = if term.pixels && which == 0 {
                    weight.abs() * kink(&wide, place, term, storage)
                } else {
                    0.0
                };
                let bound = term
                    .gradient
                    .bound(length, storage, slope.mass(), slope.value(), stored)
                    + kink;
                let twin = found.grads[which][place].widen().to_f64();
                gradient_rows[which].note(&at, place, slope.value(), twin, bound);
            }
        }
    }
    bounded
}

/// Where `logit x - mu` is smaller than its own error, the derivative's sign is not known: it may be off by `2 / b`.
fn kink(tables: &[Vec<f64>], place: usize, term: &Term, storage: Storage) -> f64 {
    let [x, mu, ln_b] = [tables[0][place], tables[1][place], tables[2][place]];
    let (ln_x, ln_rest) = (x.ln(), (-x).ln_1p());
    let error = term
        .value
        .bound(1.0, storage, ln_x.abs() + ln_rest.abs() + mu.abs(), 0.0, 0.0);
    if (ln_x - ln_rest - mu).abs() <= error {
        2.0 / ln_b.exp()
    } else {
        0.0
    }
}

/// The finite numbers of row `i` of every table.
fn finite(tables: &[Vec<f64>], i: usize, k: usize) -> impl Iterator<Item = f64> {
    let rows = tables.iter().flat_map(move |table| &table[i * k..(i + 1) * k]);
    rows.copied().filter(|x| x.is_finite())
}

/// The largest distance between two finite numbers of row `i`.
fn spread(tables: &[Vec<f64>], i: usize, k: usize) -> f64 {
    let most = finite(tables, i, k).fold(f64::NEG_INFINITY, f64::max);
    (most - finite(tables, i, k).fold(f64::INFINITY, f64::min)).max(0.0)
}

/// The largest size of a finite number of row `i`.
pub(super) fn largest(tables: &[Vec<f64>], i: usize, k: usize) -> f64 {
    finite(tables, i, k).fold(0.0, |most, x| x.abs().max(most))
}
