//! Layers that treat each number, or each pair of numbers, by itself.

use ndarray::{ArrayD, Zip};

use super::{NetworkError, Traced};

/// The rectified linear unit, applied to each number.
///
/// ```text
/// y = max(x, 0)
/// ```
///
/// Shapes: returns that of `x`. Limits: NaN stays NaN, which `f64::max` would make 0.
#[must_use]
pub fn relu(x: &ArrayD<f64>) -> Traced {
    Traced::exact(x.mapv(|x| if x <= 0.0 { 0.0 } else { x }))
}

/// The Gaussian error linear unit, applied to each number.
///
/// ```text
/// y = x Phi(x) = x erfc(-x / sqrt 2) / 2
/// ```
///
/// Shapes: returns that of `x`. Limits: at `-inf`, which no finite network returns, `-inf 0` is NaN.
/// Mass: `|x|`, which is what `x (1 + erf)` adds up, and `x^2 phi(x)` for the rounding of the function's argument.
/// Source: Hendrycks and Gimpel 2016.
#[must_use]
pub fn gelu(x: &ArrayD<f64>) -> Traced {
    let phi = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    let value = x.mapv(|x| 0.5 * x * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2));
    let mass = x.mapv(|x| x.abs() + x * x * phi(x));
    Traced {
        value,
        mass,
        roundings: ERF + 3.0,
    }
}

/// The relative error of `erf` and `erfc` in units of roundoff. A library of single precision documents at most 4 ulp,
/// which is 8 `u`.
const ERF: f64 = 8.0;

/// The sum of a block's identity path `a` and its residual path `b`, with a gain on the latter.
///
/// ```text
/// y = a + g b
/// ```
///
/// Shapes: `a` and `b` have the same one, and so has the result. Mass: `|a| + |g b|`, which is rounded by the gain, the
/// product and the sum.
///
/// # Errors
/// [`NetworkError::Shape`] for paths of different shapes.
pub fn add_scaled(a: &ArrayD<f64>, b: &ArrayD<f64>, gain: f64) -> Result<Traced, NetworkError> {
    if a.shape() != b.shape() {
        return Err(NetworkError::Shape {
            name: "a residual path".to_owned(),
            found: b.shape().to_vec(),
            expected: a.shape().to_vec(),
        });
    }
    Ok(Traced {
        value: Zip::from(a).and(b).map_collect(|a, b| a + gain * b),
        mass: Zip::from(a).and(b).map_collect(|a, b| a.abs() + (gain * b).abs()),
        roundings: 3.0,
    })
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::{gelu, relu};

    #[test]
    fn the_rectifier_keeps_what_is_positive_and_what_is_no_number() {
        let y = relu(&array![-1.0, 0.0, 2.0, f64::NEG_INFINITY, f64::NAN].into_dyn()).value;
        let y: Vec<f64> = y.into_iter().collect();
        assert_eq!(y[..4], [0.0, 0.0, 2.0, 0.0]);
        assert!(y[4].is_nan());
    }

    #[test]
    fn gelu_is_x_times_the_normal_distribution_function() {
        // Phi(1) = 0.8413447460685429, Phi(-3) = 0.0013498980316300946 (tables of the normal distribution).
        let y = gelu(&array![0.0, 1.0, -1.0, -3.0, 40.0, -40.0].into_dyn());
        let expected = [
            0.0,
            0.841_344_746_068_542_9,
            -0.158_655_253_931_457_1,
            -0.004_049_694_094_890_284,
            40.0,
            0.0,
        ];
        // A rounded argument moves the tail by x^2 roundings.
        for (found, expected) in y.value.iter().zip(expected) {
            let bound = (4.0 + 9.0) * f64::EPSILON * f64::abs(expected);
            assert!((found - expected).abs() <= bound, "{found} is not {expected}");
        }
        assert!(y.mass.iter().all(|mass| mass.is_finite()));
    }
}
