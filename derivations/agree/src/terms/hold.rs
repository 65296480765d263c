//! Compares the results of an engine with the expected values.

use gpu::fused::{Numbers, Real as _};

use super::call::Call;
use super::expected::Expected;
use super::report::TermRow;
use crate::bounds::Storage;

/// The results of an engine for a call.
pub(super) struct Found<'a, E> {
    /// The value of each row.
    pub(super) values: &'a [f64],
    /// The gradients, multiplied by the weight.
    pub(super) grads: &'a [&'a [E]],
}

/// Compares the results of a call with the expected values. Its values are compared only where there is a row for them.
pub(super) fn note<E: Numbers>(
    mut value_row: Option<&mut TermRow>,
    gradient_rows: &mut [TermRow],
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

/// The expected value in a type whose largest number is `largest`. It is the infinity of the same sign where the
/// reference may lie beyond that number and the engine returned the infinity.
pub(super) fn in_type(reference: f64, found: f64, bound: f64, largest: f64) -> f64 {
    let beyond = reference.is_finite() && !(reference.abs() + bound <= largest);
    if beyond && found.is_infinite() && found.is_sign_negative() == reference.is_sign_negative() {
        found
    } else {
        reference
    }
}
