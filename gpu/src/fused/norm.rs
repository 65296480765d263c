//! Layer normalisation of many rows, and its gradients.

use rayon::prelude::*;

use super::matrix::{Multiplied, PARTS};

/// The number added to the variance, which keeps a constant row from dividing by 0.
pub(crate) const EPSILON: f64 = 1e-5;

/// Layer normalisation of every row, `g (x - mean) / sd + b`. The variance is computed from centred numbers.
///
/// Shapes: `x` is `[n, d]`, and `gain` and `bias` are `[d]`; returns `[n, d]`. Limits: NaN for a row with a number that
/// lies further from the mean than the largest of `f64`, which no number of a narrower type does. Reference:
/// `reference::network::LayerNorm`.
///
/// # Panics
/// When the slices are not whole rows.
pub fn layer_norm<T: Multiplied>(x: &[T], gain: &[T], bias: &[T]) -> Vec<T> {
    let d = gain.len();
    assert!(d > 0 && d == bias.len() && x.len().is_multiple_of(d), "whole rows");
    let mut y = vec![T::default(); x.len()];
    x.par_chunks_exact(d).zip(y.par_chunks_exact_mut(d)).for_each(|(x, y)| {
        let (mean, deviation) = moments(x);
        for (((y, x), gain), bias) in y.iter_mut().zip(x).zip(gain).zip(bias) {
            *y = T::of((x.to_f64() - mean) / deviation * gain.to_f64() + bias.to_f64());
        }
    });
    y
}

/// The gradients of `sum pull y` with respect to rows, gain and bias, where `y` is the result of [`layer_norm`].
///
/// ```text
/// dx = (g pull - mean(g pull) - n mean(g pull n)) / sd,   n = (x - mean) / sd
/// dg = sum pull n        db = sum pull
/// ```
///
/// # Panics
/// When the slices are not whole rows.
pub fn layer_norm_gradients<T: Multiplied>(x: &[T], gain: &[T], pull: &[T]) -> [Vec<T>; 3] {
    let d = gain.len();
    assert!(
        d > 0 && x.len() == pull.len() && x.len().is_multiple_of(d),
        "whole rows"
    );
    let mut slopes = vec![T::default(); x.len()];
    let rows = (x.len() / d).div_ceil(PARTS).max(1) * d;
    let parts = x
        .par_chunks(rows)
        .zip(pull.par_chunks(rows))
        .zip(slopes.par_chunks_mut(rows));
    let sums: Vec<[Vec<f64>; 2]> = parts
        .map(|((x, pull), slopes)| {
            let mut sums = [vec![0.0; d], vec![0.0; d]];
            let each = x.chunks_exact(d).zip(pull.chunks_exact(d));
            for ((x, pull), slopes) in each.zip(slopes.chunks_exact_mut(d)) {
                let (mean, deviation) = moments(x);
                let normal = |i: usize| (x[i].to_f64() - mean) / deviation;
                let (mut one, mut other) = (0.0, 0.0);
                for i in 0..d {
                    let pulled = gain[i].to_f64() * pull[i].to_f64();
                    one += pulled;
                    other += pulled * normal(i);
                    sums[0][i] += pull[i].to_f64() * normal(i);
                    sums[1][i] += pull[i].to_f64();
                }
                #[expect(clippy::cast_precision_loss, reason = "a width")]
                let width = d as f64;
                let (one, other) = (one / width, other / width);
                for (i, slope) in slopes.iter_mut().enumerate() {
                    *slope = T::of((gain[i].to_f64() * pull[i].to_f64() - one - normal(i) * other) / deviation);
                }
            }
            sums
        })
        .collect();
    let total = |which: usize| {
        let column = |i: usize| sums.iter().map(|part| part[which][i]).sum::<f64>();
        (0..d).map(|i| T::of(column(i))).collect()
    };
    [slopes, total(0), total(1)]
}

/// The mean and the standard deviation of a row, the latter with [`EPSILON`] in the variance.
fn moments<T: Multiplied>(row: &[T]) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "a width")]
    let d = row.len() as f64;
    let sum = row.iter().map(|x| x.to_f64()).sum::<f64>();
    let mean = if sum.is_finite() {
        sum / d
    } else {
        // A sum of finite numbers may exceed the largest one, but the sum of their shares does not. NaN and infinite
        // numbers stay.
        row.iter().map(|x| x.to_f64() / d).sum()
    };
    let variance = |unit: f64| {
        let squares = row.iter().map(|x| ((x.to_f64() - mean) / unit).powi(2));
        squares.sum::<f64>() / d
    };
    let squares = variance(1.0);
    if squares.is_infinite() {
        // Squares of finite numbers may exceed the largest one. In units of the farthest number they do not.
        let farthest = row.iter().fold(0.0, |most: f64, x| (x.to_f64() - mean).abs().max(most));
        return (mean, farthest * variance(farthest).sqrt());
    }
    (mean, (squares + EPSILON).sqrt())
}

#[cfg(test)]
mod tests {
    use super::layer_norm;

    #[test]
    fn a_row_of_numbers_whose_squares_overflow_is_normalised_as_any_other() {
        for size in [1.0, 1e30, 1e160, 1e307] {
            let y = layer_norm(&[size, -size, size, -size], &[1.0; 4], &[0.0; 4]);
            assert!(y.iter().all(|y: &f64| (y.abs() - 1.0).abs() < 1e-5), "{size:e}: {y:?}");
        }
        // Their sum overflows too.
        let [y, small] = [1e308, 1.0].map(|size| layer_norm(&[size, size, 0.1 * size, 0.0], &[1.0; 4], &[0.0; 4]));
        let off = |(y, small): (&f64, &f64)| (y - small).abs();
        // The smaller row's variance, 0.23, has 1e-5 more.
        assert!(y.iter().zip(&small).all(|both| off(both) < 1e-4), "{y:?} {small:?}");
    }
}
