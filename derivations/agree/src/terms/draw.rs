//! Draws the arguments with which the fused terms are compared.

use gpu::fused::{Numbers, Real as _, Target};

use super::call::Call;
use super::cases::{CASES, Shape};
use super::ends;
use super::table::Term;
use crate::bounds::Storage;

/// The terms that are compared, and the numbers on which.
#[derive(Debug, Clone)]
pub struct Options {
    /// The type in which tables are stored.
    pub storage: Storage,
    /// The only function to compare, if one was asked for.
    pub function: Option<String>,
    /// The only shape to compare, if one was asked for.
    pub shape: Option<Shape>,
    /// The seed of the logits.
    pub seed: u64,
}

impl Options {
    /// Whether the function was asked for.
    pub(super) fn wants(&self, name: &str) -> bool {
        self.function.as_ref().is_none_or(|wanted| wanted == name)
    }
}

/// The factor of all gradients: DALL-E's beta, divided by a number of positions. It is not 1, so that a lost factor
/// shows.
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
        // The pixels lie between 0.1 and 0.9, the range of phi. Some are as close to 0 and 1 as the type allows. The
        // locations and log-scales are like those that a decoder emits.
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

/// Widens stored numbers to `f64`.
pub(super) fn widened<E: Numbers>(table: &[E]) -> Vec<f64> {
    table.iter().map(|x| x.widen().to_f64()).collect()
}

/// Rounds numbers to the stored type.
pub(super) fn stored<E: Numbers>(table: Vec<f64>) -> Vec<E> {
    table.into_iter().map(|x| E::narrow(E::Real::of(x))).collect()
}

/// The targets of rows. Every row has its own token and weight. The third to fifth row allow only a part of the
/// vocabulary: one in its middle, at its end or at its beginning. That part may lack the token.
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

/// A buffer for a gradient, filled with a number that no result has, so that an entry that is not written shows.
pub(super) fn room<E: Numbers>(n: usize) -> Vec<E> {
    vec![E::narrow(E::Real::of(0.5)); n]
}
