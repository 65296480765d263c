//! Layers that halve and double the height and the width of a map.

use ndarray::{Array3, ArrayD};

use super::{NetworkError, Traced, axes};

/// Max-pooling: the largest of every two by two pixels.
///
/// ```text
/// y[c,i,j] = max(x[c,2i,2j], x[c,2i,2j+1], x[c,2i+1,2j], x[c,2i+1,2j+1])
/// ```
///
/// Shapes: `x` is `[C, H, W]`; returns `[C, H/2, W/2]`. Limits: NaN where one of the four pixels is.
/// Source: the released encoder. Max-pooling beats averaging (Ramesh et al. 2021, appendix A.1).
///
/// # Errors
/// [`NetworkError::Shape`] for an array that does not have three axes; [`NetworkError::Size`] for an odd height or
/// width.
pub fn max_pool(x: &ArrayD<f64>) -> Result<Traced, NetworkError> {
    let x: Array3<f64> = axes("a map to pool", x, &[0, 0, 0])?;
    let (channels, height, width) = x.dim();
    for (what, found) in [
        ("the height of a map to pool", height),
        ("the width of a map to pool", width),
    ] {
        if found % 2 != 0 {
            let expected = "an even number";
            return Err(NetworkError::Size { what, found, expected });
        }
    }
    let largest = |(c, i, j): (usize, usize, usize)| {
        let pixel = |u: usize, v: usize| x[[c, 2 * i + u, 2 * j + v]];
        larger(larger(pixel(0, 0), pixel(0, 1)), larger(pixel(1, 0), pixel(1, 1)))
    };
    let pooled = Array3::from_shape_fn((channels, height / 2, width / 2), largest);
    Ok(Traced::exact(pooled.into_dyn()))
}

/// The larger of two numbers, and NaN where one of them is, which `f64::max` would drop.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// Nearest-neighbour upsampling: every pixel becomes a square of two by two.
///
/// ```text
/// y[c,i,j] = x[c, floor(i/2), floor(j/2)]
/// ```
///
/// Shapes: `x` is `[C, H, W]`; returns `[C, 2H, 2W]`.
///
/// # Errors
/// [`NetworkError::Shape`] for an array that does not have three axes.
pub fn upsample(x: &ArrayD<f64>) -> Result<Traced, NetworkError> {
    let x: Array3<f64> = axes("a map to enlarge", x, &[0, 0, 0])?;
    let (channels, height, width) = x.dim();
    let nearest = |(c, i, j): (usize, usize, usize)| x[[c, i / 2, j / 2]];
    let enlarged = Array3::from_shape_fn((channels, 2 * height, 2 * width), nearest);
    Ok(Traced::exact(enlarged.into_dyn()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ndarray::Array3;

    use super::{max_pool, upsample};

    #[test]
    fn pooling_takes_the_largest_and_up_sampling_repeats_it() {
        let x = Array3::from_shape_vec((1, 2, 4), vec![1.0, 8.0, -3.0, -4.0, 2.0, 7.0, -1.0, -2.0])
            .unwrap()
            .into_dyn();
        let pooled = max_pool(&x).unwrap().value;
        assert_eq!(
            pooled,
            Array3::from_shape_vec((1, 1, 2), vec![8.0, -1.0]).unwrap().into_dyn()
        );
        let repeated = upsample(&pooled).unwrap().value;
        assert_eq!(
            repeated,
            Array3::from_shape_vec((1, 2, 4), vec![8.0, 8.0, -1.0, -1.0, 8.0, 8.0, -1.0, -1.0])
                .unwrap()
                .into_dyn()
        );
        for place in 0..4 {
            let mut pixels = [1.0, 2.0, 3.0, 4.0];
            pixels[place] = f64::NAN;
            let map = Array3::from_shape_vec((1, 2, 2), pixels.to_vec()).unwrap().into_dyn();
            assert!(max_pool(&map).unwrap().value[[0, 0, 0]].is_nan(), "{place}");
        }
        let odd = max_pool(&Array3::zeros((1, 3, 2)).into_dyn()).unwrap_err().to_string();
        assert_eq!(odd, "the height of a map to pool is 3, expected an even number");
    }
}
