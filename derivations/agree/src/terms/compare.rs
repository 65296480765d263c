//! Draws the arguments, runs both sides and compares them.

use gpu::fused::Numbers;
use half::{bf16, f16};

use super::call::{Call, EngineError};
use super::cases::SHAPES;
use super::draw::{Options, WEIGHT, inputs, room};
use super::engine::Engine;
use super::expected::{Expected, expect};
use super::hold::{Found, note};
use super::mixing::{self, MIXING};
use super::report::{Report, TermRow};
use super::table::{TERMS, Term};
use super::whole::{self, ELBO};
use crate::bounds::{Storage, TermPrecision};

/// Compares the fused terms that were asked for with the reference.
///
/// # Errors
/// When the engine refuses its arguments.
pub fn agree(engine: &impl Engine, options: &Options) -> Result<Report, EngineError> {
    Ok(agree_each(std::slice::from_ref(engine), options)?.remove(0))
}

/// As [`agree`], on several engines, with a report for each. The arguments and the values of the reference are computed
/// once.
///
/// # Errors
/// When an engine refuses its arguments.
pub fn agree_each<G: Engine>(engines: &[G], options: &Options) -> Result<Vec<Report>, EngineError> {
    let rows = match options.storage.name {
        "f64" => rows::<f64>(engines, options)?,
        "bf16" => rows::<bf16>(engines, options)?,
        "f16" => rows::<f16>(engines, options)?,
        _ => rows::<f32>(engines, options)?,
    };
    let report = |(engine, rows): (&G, Vec<TermRow>)| Report {
        dtype: options.storage.name,
        engine: engine.name(),
        seed: options.seed,
        agrees: !rows.is_empty() && rows.iter().all(|row| row.agreement.agrees()),
        rows,
    };
    Ok(engines.iter().zip(rows).map(report).collect())
}

/// The rows of the report of each engine.
fn rows<E: Numbers>(engines: &[impl Engine], options: &Options) -> Result<Vec<Vec<TermRow>>, EngineError> {
    let mut rows = vec![Vec::new(); engines.len()];
    let mut add = |more: Vec<Vec<TermRow>>| rows.iter_mut().zip(more).for_each(|(rows, more)| rows.extend(more));
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
) -> Result<Vec<Vec<TermRow>>, EngineError> {
    let row = |part, precision: &TermPrecision| TermRow::new(term.name, part, precision.reason);
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

fn compare_case<E: Numbers>(
    rows: &mut [TermRow],
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
