//! Draws, runs both sides, compares.

use gpu::fused::{Numbers, Real as _, Target};
use half::{bf16, f16};

use super::cases::{CASES, SHAPES, Shape};
use super::ends;
use super::engine::{Call, Engine, EngineError};
use super::expected::{Expected, expect};
use super::mixing::{self, MIXING};
use super::report::{Report, Row};
use super::table::{TERMS, Term};
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
    Ok(agree_each(std::slice::from_ref(engine), options)?.remove(0))
}

/// The same on several engines, a report each: what is drawn, and what the reference makes of it, is computed once.
///
/// # Errors
/// When an engine refuses what was drawn.
pub fn agree_each<G: Engine>(engines: &[G], options: &Options) -> Result<Vec<Report>, EngineError> {
    let rows = match options.storage.name {
        "f64" => rows::<f64>(engines, options)?,
        "bf16" => rows::<bf16>(engines, options)?,
        "f16" => rows::<f16>(engines, options)?,
        _ => rows::<f32>(engines, options)?,
    };
    let report = |(engine, rows): (&G, Vec<Row>)| Report {
        dtype: options.storage.name,
        engine: engine.name(),
        seed: options.seed,
        agrees: !rows.is_empty() && rows.iter().all(|row| row.failed == 0 && row.compared > 0),
        rows,
    };
    Ok(engines.iter().zip(rows).map(report).collect())
}

/// The rows of each engine.
fn rows<E: Numbers>(engines: &[impl Engine], options: &Options) -> Result<Vec<Vec<Row>>, EngineError> {
    let mut rows = vec![Vec::new(); engines.len()];
    let mut add = |more: Vec<Vec<Row>>| rows.iter_mut().zip(more).for_each(|(rows, more)| rows.extend(more));
    for term in TERMS.iter().filter(|term| options.wants(term.name)) {
        add(term_rows::<E>(engines, term, options)?);
    }
    if options.wants(ELBO) {
        add(whole::rows::<E>(engines, options)?);
    }
    if MIXING.iter().any(|name| options.wants(name)) {
        add(mixing::rows::<E>(engines, options)?);
    }
    Ok(rows)
}

const PARTS: [&str; 2] = ["gradient", "gradient 2"];

fn term_rows<E: Numbers>(
    engines: &[impl Engine],
    term: &'static Term,
    options: &Options,
) -> Result<Vec<Vec<Row>>, EngineError> {
    let row = |part, precision: &TermPrecision| Row::new(term.name, part, precision.reason);
    let mut fresh = vec![row("value", &term.value)];
    fresh.extend(PARTS[..term.gradients].iter().map(|part| row(part, &term.gradient)));
    let mut rows = vec![fresh; engines.len()];
    let shapes = options.shape.map_or(SHAPES.to_vec(), |shape| vec![shape]);
    for shape in shapes {
        for drawn in inputs::<E>(term, shape, options) {
            let expected = expect(term, &drawn, WEIGHT, options.storage);
            for (engine, rows) in engines.iter().zip(&mut rows) {
                compare_case(rows, engine, term, &drawn, &expected, options.storage)?;
            }
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
        let ends = ends::pixels(options.storage, shape).map(|(name, tables)| drawn(name, tables));
        let ordinary = [drawn("pixels", tables), drawn("a pixel at 1", outside)];
        return ordinary.into_iter().chain(ends).collect();
    }
    let cases = CASES
        .iter()
        .map(|case| (case.name, case.tables(seed, shape, term.tables)));
    let ends = ("at the ends", ends::logits(options.storage, shape, term.tables));
    cases.chain([ends]).map(|(name, tables)| drawn(name, tables)).collect()
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

/// What an engine found of a call.
pub(super) struct Found<'a, E> {
    /// A value a row.
    pub(super) values: &'a [f64],
    /// The gradients, times the weight.
    pub(super) grads: &'a [&'a [E]],
}

fn compare_case<E: Numbers>(
    rows: &mut [Row],
    engine: &impl Engine,
    term: &Term,
    drawn: &Call<E>,
    expected: &[Expected],
    storage: Storage,
) -> Result<(), EngineError> {
    let mut values = vec![0.0; expected.len()];
    let mut grads = vec![room(expected.len() * drawn.k); term.gradients];
    engine.run(term.function, drawn, WEIGHT, &mut values, &mut grads)?;
    let grads: Vec<&[E]> = grads.iter().map(Vec::as_slice).collect();
    let found = Found {
        values: &values,
        grads: &grads,
    };
    let [value, gradients @ ..] = rows else { return Ok(()) };
    note(Some(value), gradients, drawn, &found, expected, storage);
    Ok(())
}

/// Room for a gradient, with what no result leaves.
pub(super) fn room<E: Numbers>(n: usize) -> Vec<E> {
    vec![E::narrow(E::Real::of(0.5)); n]
}

/// Holds what was found of a call against what is expected; its values only where there is a row for them.
pub(super) fn note<E: Numbers>(
    mut value_row: Option<&mut Row>,
    gradient_rows: &mut [Row],
    drawn: &Call<E>,
    found: &Found<'_, E>,
    expected: &[Expected],
    storage: Storage,
) {
    let at = || format!("{}, {}x{}", drawn.name, expected.len(), drawn.k);
    for (i, expected) in expected.iter().enumerate() {
        if let Some(row) = &mut value_row {
            let (found, (value, bound)) = (found.values[i], expected.value);
            row.note(
                &at,
                i,
                in_type(value, found, bound, storage.most_computed),
                found,
                bound,
            );
        }
        for ((row, slopes), grads) in gradient_rows.iter_mut().zip(&expected.slopes).zip(found.grads) {
            for (j, (slope, bound)) in slopes.iter().enumerate() {
                let place = i * drawn.k + j;
                let found = grads[place].widen().to_f64();
                row.note(
                    &at,
                    place,
                    in_type(*slope, found, *bound, storage.most_stored),
                    found,
                    *bound,
                );
            }
        }
    }
}

/// What is expected of a type whose largest number is `largest`: the infinity of that sign where the reference may lie beyond and the engine has it.
pub(super) fn in_type(reference: f64, found: f64, bound: f64, largest: f64) -> f64 {
    let beyond = reference.is_finite() && !(reference.abs() + bound <= largest);
    if beyond && found.is_infinite() && found.is_sign_negative() == reference.is_sign_negative() {
        found
    } else {
        reference
    }
}
