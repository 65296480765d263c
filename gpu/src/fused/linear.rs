//! Affine maps of many rows, and their gradients.

use rayon::prelude::*;

use super::matrix::{Multiplied, PARTS, Side, add_product};

/// The affine map `w x + b` of every row.
///
/// Shapes: rows are `[n, I]`, weights `[O, I]` and biases `[O]`; returns `[n, O]`. Reference:
/// `reference::network::Linear`.
///
/// # Panics
/// When the slices do not fit each other.
pub fn linear<T: Multiplied>(x: &[T], weight: &[T], bias: &[T]) -> Vec<T> {
    let (outputs, inputs) = sizes(weight, bias.len());
    let n = x.len() / inputs;
    let mut y = vec![T::default(); n * outputs];
    let rows = n.div_ceil(PARTS).max(1);
    let parts = x.par_chunks(rows * inputs).zip(y.par_chunks_mut(rows * outputs));
    parts.for_each(|(x, y)| {
        y.chunks_exact_mut(outputs).for_each(|row| row.copy_from_slice(bias));
        let sizes = [x.len() / inputs, inputs, outputs];
        add_product(
            sizes,
            Side::rows(x, inputs),
            Side::columns(weight, inputs),
            (y, outputs),
        );
    });
    y
}

/// The gradients of `sum pull y` with respect to rows, weights and biases, where `y` is the result of [`linear`].
///
/// ```text
/// dx = pull w        dw = pull^T x        db = sum_rows pull
/// ```
///
/// # Panics
/// When the slices do not fit each other.
pub fn linear_gradients<T: Multiplied>(x: &[T], weight: &[T], outputs: usize, pull: &[T]) -> [Vec<T>; 3] {
    let (outputs, inputs) = sizes(weight, outputs);
    let n = x.len() / inputs;
    assert_eq!(pull.len(), n * outputs, "a pull for every value");
    let mut of_rows = vec![T::default(); x.len()];
    let rows = n.div_ceil(PARTS).max(1);
    let parts = pull
        .par_chunks(rows * outputs)
        .zip(of_rows.par_chunks_mut(rows * inputs));
    parts.for_each(|(pull, slopes)| {
        let sizes = [pull.len() / outputs, outputs, inputs];
        add_product(
            sizes,
            Side::rows(pull, outputs),
            Side::rows(weight, inputs),
            (slopes, inputs),
        );
    });
    // Every weight's sum runs over all rows, so that its bits do not depend on the parts.
    let mut of_weights = vec![T::default(); weight.len()];
    let some = outputs.div_ceil(PARTS).max(1);
    of_weights
        .par_chunks_mut(some * inputs)
        .enumerate()
        .for_each(|(part, slopes)| {
            let pull = Side::columns(&pull[part * some..], outputs);
            let sizes = [slopes.len() / inputs, n, inputs];
            add_product(sizes, pull, Side::rows(x, inputs), (slopes, inputs));
        });
    let mut sums = vec![0.0; outputs];
    for row in pull.chunks_exact(outputs) {
        sums.iter_mut().zip(row).for_each(|(sum, pull)| *sum += pull.to_f64());
    }
    [of_rows, of_weights, sums.into_iter().map(T::of).collect()]
}

fn sizes<T>(weight: &[T], outputs: usize) -> (usize, usize) {
    assert!(
        outputs > 0 && !weight.is_empty() && weight.len().is_multiple_of(outputs),
        "weights of every output"
    );
    (outputs, weight.len() / outputs)
}
