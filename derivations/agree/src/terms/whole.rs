//! Compares the whole objective, which gets pixels and logits in one call, with the references of its two terms.

use gpu::fused::planes::Planes;
use gpu::fused::{self, Codes, Elbo, ElboGrads, Isa, Numbers, Rows};
use reference::vocab::Beta;

use super::call::{Call, ElboCall, ElboFound, EngineError};
use super::cases::CASES;
use super::draw::{Options, WEIGHT, inputs, room, stored, targets};
use super::engine::Engine;
use super::expected::{Expected, expect};
use super::hold::{Found, note};
use super::report::TermRow;
use super::table::{TERMS, Term};
use crate::bounds::Storage;

/// The name of the objective.
pub const ELBO: &str = "elbo";

/// The numbers of images, of values of an image, of positions of an image, and of codes. They are pairwise distinct in
/// each shape.
const SHAPES: [[usize; 4]; 4] = [[1, 6, 3, 2], [2, 33, 5, 17], [3, 520, 4, 130], [2, 3072, 8, 1031]];

const BETAS: [f64; 3] = [6.6, 1.0, 0.0];

impl<E: Numbers> ElboCall<E> {
    /// Runs the kernels of the CPU.
    pub(super) fn run(&self, isa: Isa, weight: f64, found: &mut ElboFound<E>) -> Result<(), EngineError> {
        let (pixels, logits) = (&self.pixels, &self.logits);
        let pixel = |t: usize| Rows::new("pixels", &pixels.tables[t], pixels.k);
        let [mu, ln_b, slopes] = &mut found.grads;
        let positions = logits.tables[0].len() / logits.k / self.images;
        let planes = logits.in_planes(positions, 0);
        let mut by_planes = planes.clone();
        let codes = if self.by_planes {
            Codes::Planes(Planes::new("logits", &planes, logits.k, positions)?)
        } else {
            Codes::Rows(Rows::new("logits", &logits.tables[0], logits.k)?)
        };
        let grads = ElboGrads {
            mu,
            ln_b,
            logits: if self.by_planes { &mut by_planes } else { slopes },
        };
        let pixels = [pixel(0)?, pixel(1)?, pixel(2)?];
        fused::elbo(isa, pixels, codes, self.beta, weight, &mut found.values, Some(grads))?;
        if self.by_planes {
            logits.from_planes(positions, &by_planes, slopes);
        }
        Ok(())
    }
}

fn term(name: &str) -> &'static Term {
    TERMS
        .iter()
        .find(|term| term.name == name)
        .expect("a term of the table")
}

/// The rows of the report of each engine.
pub(super) fn rows<E: Numbers>(engines: &[impl Engine], options: &Options) -> Result<Vec<Vec<TermRow>>, EngineError> {
    let (likelihood, divergence) = (term("logit_laplace"), term("kl_to_uniform"));
    let row = |part, reason| TermRow::new(ELBO, part, reason);
    let fresh = [
        row(
            "value",
            "the bounds of the two terms, the second times beta, and one addition a position",
        ),
        row("gradient", likelihood.gradient.reason),
        row("gradient 2", likelihood.gradient.reason),
        row("gradient 3", divergence.gradient.reason),
    ];
    let mut rows = vec![fresh; engines.len()];
    let shapes = options
        .shape
        .map_or(SHAPES.to_vec(), |(rows, k)| vec![[rows, 33, 5, k]]);
    for [images, size, positions, k] in shapes {
        let drawn = inputs::<E>(likelihood, (images, size), options);
        for (number, case) in CASES.iter().enumerate() {
            let call = ElboCall {
                pixels: drawn[0].clone(),
                logits: Call {
                    name: case.name,
                    k,
                    tables: vec![stored(case.tables(options.seed, (images * positions, k), 1).remove(0))],
                    targets: targets((images * positions, k)),
                },
                images,
                beta: Beta::new(BETAS[number % BETAS.len()])?,
                by_planes: number % 2 == 1,
            };
            let expected = [
                expect(likelihood, &call.pixels, WEIGHT, options.storage),
                expect(divergence, &call.logits, -call.beta.get() * WEIGHT, options.storage),
            ];
            for (engine, rows) in engines.iter().zip(&mut rows) {
                let mut found = ElboFound {
                    values: vec![Elbo::default(); images],
                    grads: [room(images * size), room(images * size), room(images * positions * k)],
                };
                engine.elbo(&call, WEIGHT, &mut found)?;
                compare(rows, &call, &found, &expected, options.storage);
            }
        }
    }
    Ok(rows.into_iter().map(Vec::from).collect())
}

fn compare<E: Numbers>(
    [value, of_pixels @ .., of_logits]: &mut [TermRow; 4],
    call: &ElboCall<E>,
    found: &ElboFound<E>,
    [reconstructions, divergences]: &[Vec<Expected>; 2],
    storage: Storage,
) {
    let beta = call.beta.get();
    let [mu, ln_b, slopes] = &found.grads;
    let positions = divergences.len() / call.images;
    let gradients = |rows: &mut [TermRow], call: &Call<E>, grads: &[&[E]], expected: &[Expected]| {
        let found = Found { values: &[], grads };
        note(None, rows, call, &found, expected, storage);
    };
    gradients(of_pixels, &call.pixels, &[mu, ln_b], reconstructions);
    gradients(std::slice::from_mut(of_logits), &call.logits, &[slopes], divergences);
    let at = || format!("{}, {}x{}, beta {beta}", call.logits.name, call.images, call.pixels.k);
    for (image, expected) in reconstructions.iter().enumerate() {
        let (reconstruction, bound) = expected.value;
        let parts = || {
            divergences[image * positions..(image + 1) * positions]
                .iter()
                .map(|part| part.value)
        };
        let (divergence, own): (f64, f64) = (parts().map(|part| part.0).sum(), parts().map(|part| part.1).sum());
        let subtracted = if beta > 0.0 { beta * divergence } else { 0.0 };
        // Both sides add up the positions in f64, each in its own order.
        #[expect(clippy::cast_precision_loss, reason = "a count of positions")]
        let added = (positions as f64 + 2.0) * f64::EPSILON * (subtracted + reconstruction.abs());
        let bound = bound + beta * own + added;
        let twin = found.values[image].objective;
        value.note(&at, image, reconstruction - subtracted, twin, bound);
    }
}
