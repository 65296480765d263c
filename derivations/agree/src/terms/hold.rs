//! What was found, held against what is expected.

use gpu::fused::{Numbers, Real as _};

use super::call::Call;
use super::expected::Expected;
use super::report::Row;
use crate::bounds::Storage;

/// What an engine found of a call.
pub(super) struct Found<'a, E> {
    /// A value a row.
    pub(super) values: &'a [f64],
    /// The gradients, times the weight.
    pub(super) grads: &'a [&'a [E]],
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
