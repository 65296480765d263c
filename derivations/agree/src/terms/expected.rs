//! The values of the reference for a call, with bounds on the errors of an engine.

use gpu::fused::Numbers;
use rayon::prelude::*;
use reference::vocab::Nats;

use super::call::Call;
use super::draw::widened;
use super::table::{Inputs, Term};
use crate::bounds::Storage;

/// The values of the reference for a row, each with the bound on an engine's distance from it.
pub(super) struct Expected {
    pub(super) value: (f64, f64),
    /// The gradients, multiplied by the weight.
    pub(super) slopes: Vec<Vec<(f64, f64)>>,
}

/// Evaluates the reference on every row of a call. The gradients are multiplied by `weight`.
pub(super) fn expect<E: Numbers>(term: &Term, drawn: &Call<E>, weight: f64, storage: Storage) -> Vec<Expected> {
    let k = drawn.k;
    let wide: Vec<Vec<f64>> = drawn.tables.iter().map(|table| widened(table)).collect();
    #[expect(clippy::cast_precision_loss, reason = "a row's length")]
    let length = k as f64;
    let of_row = |i: usize| {
        let rows: Vec<&[f64]> = wide.iter().map(|table| &table[i * k..(i + 1) * k]).collect();
        let outcome = (term.reference)(Inputs {
            rows: &rows,
            target: drawn.targets[i],
        });
        // In a single table, a weight e^-y that underflows has the factor y, and y e^-y decreases beyond -ln tiny. A
        // quotient by b is not a product with a weight.
        let spread = match term.tables {
            1 => spread(&wide, i, k).min(1.0 - storage.tiny.ln()),
            2 => spread(&wide, i, k),
            _ => 0.0,
        };
        // Weights below the smallest normal number are 0. The error of each is that number times its factor.
        let floor = length * storage.tiny * 8.0 * (spread + length.ln() + 1.0);
        // Where q is near p, log-ratios are taken around a centre. It is computed in f64 and stored in two numbers of
        // the type, which gives its error. A gradient has the same error. A divergence has the rounding error of the
        // square that a wrong centre adds and takes away again. Logits closer to the largest one than ln K are rounded
        // to it.
        let centre = 4.0 * largest(&wide, i, k) * storage.computed.powi(2).max(Storage::F64.computed);
        let centre = centre.min(length.ln() + 1.0);
        let centre_floor = term.value.bound(length, storage, centre.powi(2), 0.0, floor);
        // The reference rounds its exponents in f64, so every log-ratio may be off by `wrong`, and a divergence by that
        // times E_q|d| <= sqrt(2 D).
        let wrong = 4.0 * Storage::F64.computed * (spread + length.ln() + 1.0);
        let undefined = Nats::with_mass(f64::NAN, 0.0);
        // Where one of two tables is undefined, all gradients are undefined. In a row of another kind some may be
        // defined.
        let none = vec![undefined; if term.tables == 2 { k } else { 0 }];
        let (value, slopes) = outcome.unwrap_or_else(|_| (undefined, vec![none; term.gradients]));
        // Values leave the kernel in f64, so they are not rounded to the stored type.
        let own = wrong * (2.0 * value.mass()).sqrt();
        let bound = term.value.bound(length, storage, value.mass(), 0.0, centre_floor + own);
        let stored = floor + storage.smallest + weight.abs() * (centre + wrong);
        let bounded = |which: usize, j: usize, slope: Nats| {
            let slope = weight * slope;
            let kink = if term.pixels && which == 0 {
                weight.abs() * kink(&wide, i * k + j, term, storage)
            } else {
                0.0
            };
            let bound = term
                .gradient
                .bound(length, storage, slope.mass(), slope.value(), stored);
            (slope.value(), bound + kink)
        };
        let slopes = slopes.into_iter().enumerate().map(|(which, slopes)| {
            let numbered = slopes.into_iter().enumerate();
            numbered.map(|(j, slope)| bounded(which, j, slope)).collect()
        });
        Expected {
            value: (value.value(), bound),
            slopes: slopes.collect(),
        }
    };
    (0..drawn.tables[0].len() / k).into_par_iter().map(of_row).collect()
}

/// The additional bound at the kink of the absolute value. Where `logit x - mu` is smaller than its own error, the sign
/// of the derivative is not known, and it may be off by `2 / b`.
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

/// The largest absolute value of a finite number of row `i`.
pub(super) fn largest(tables: &[Vec<f64>], i: usize, k: usize) -> f64 {
    finite(tables, i, k).fold(0.0, |most, x| x.abs().max(most))
}
