//! Logits normalised over the wrong numbers, or in a way that overflows.

use super::number::{Number, Order};
use super::tokens::{Sizes, Style};

/// `[B, K, S]` in memory, cut into rows of `K` as if it were `[B, S, K]`; or the reverse. Taken and given as `[B, S, K]`.
pub(crate) fn reshaped<T: Number>(x: &[T], sizes: Sizes, style: Style) -> Vec<T> {
    let (positions, k) = (sizes.positions(), sizes.codes);
    let each = |i: usize| {
        let (item, s, j) = (i / k / positions, i / k % positions, i % k);
        let (from, code) = if style.planes {
            let flat = s * k + j;
            (flat % positions, flat / positions)
        } else {
            let flat = j * positions + s;
            (flat / k, flat % k)
        };
        x[(item * positions + from) * k + code]
    };
    (0..x.len()).map(each).collect()
}

/// `ln(e^x / sum)` with no maximum subtracted.
pub(crate) fn unshifted<T: Number>(x: &[T], k: usize, style: Style) -> Vec<T> {
    let row = |row: &[T]| -> Vec<T> {
        let weights: Vec<T> = row.iter().map(|x| x.exp()).collect();
        let sum = style.order.sum(&weights);
        weights.iter().map(|weight| (*weight / sum).ln()).collect()
    };
    x.chunks(k).flat_map(row).collect()
}

/// Log-softmax over the image's height, position by position and code by code.
pub(crate) fn over_height<T: Number>(x: &[T], sizes: Sizes) -> Vec<T> {
    across(x, sizes, |b, s| {
        (0..sizes.height)
            .map(|h| (b, h * sizes.width + s % sizes.width))
            .collect()
    })
}

pub(crate) fn over_batch<T: Number>(x: &[T], sizes: Sizes) -> Vec<T> {
    across(x, sizes, |_, s| (0..sizes.batch).map(|b| (b, s)).collect())
}

fn across<T: Number>(x: &[T], sizes: Sizes, others: impl Fn(usize, usize) -> Vec<(usize, usize)>) -> Vec<T> {
    let (positions, k) = (sizes.positions(), sizes.codes);
    let mut found = Vec::new();
    for i in 0..x.len() {
        let (b, s, j) = (i / k / positions, i / k % positions, i % k);
        let column: Vec<T> = others(b, s)
            .into_iter()
            .map(|(b, s)| x[(b * positions + s) * k + j])
            .collect();
        let max = column.iter().copied().fold(column[0], T::larger);
        let weights: Vec<T> = column.iter().map(|x| (*x - max).exp()).collect();
        found.push((x[i] - max) - Order::Sequential.sum(&weights).ln());
    }
    found
}
