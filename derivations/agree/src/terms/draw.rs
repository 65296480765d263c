//! What is compared, and on what.

use gpu::fused::{Numbers, Real as _, Target};

use super::call::Call;
use super::cases::{CASES, Shape};
use super::ends;
use super::table::Term;
use crate::bounds::Storage;

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

/// Room for a gradient, with what no result leaves.
pub(super) fn room<E: Numbers>(n: usize) -> Vec<E> {
    vec![E::narrow(E::Real::of(0.5)); n]
}
