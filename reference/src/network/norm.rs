//! Layer normalisation of a sequence's positions.

use ndarray::{Array1, Array2, ArrayD};

use super::{NetworkError, Parameters, Traced, axes, count};

/// Layer normalisation: each position is brought to mean 0 and variance 1, and then has a gain and a bias.
///
/// ```text
/// y[s,i] = g[i] (x[s,i] - m[s]) / sqrt(v[s] + epsilon) + b[i],   m = mean x,   v = mean (x - m)^2,   epsilon = 1e-5
/// ```
///
/// The variance is computed from centred numbers, since `mean x^2 - m^2` loses them where `m` is large.
///
/// The mass has `c_i = |x_i| + mean |x|` for what is rounded when `x_i` is centred, and `t = |g (x - m)| / sd`:
///
/// ```text
/// |g| c_i / sd + t (1 + mean(|x - m| c) / sd^2) + |b|
/// ```
///
/// Source: Ba, Kiros and Hinton 2016.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerNorm {
    gain: Array1<f64>,
    bias: Array1<f64>,
}

/// The number added to the variance, which keeps a constant row from dividing by 0.
const EPSILON: f64 = 1e-5;

impl LayerNorm {
    /// The normalisation whose gain is called `name.weight` and whose bias is called `name.bias`.
    ///
    /// # Errors
    /// [`NetworkError::Missing`] for a parameter that is not there; [`NetworkError::Shape`] for one of another shape.
    pub fn named(name: &str, width: usize, parameters: &Parameters) -> Result<Self, NetworkError> {
        Ok(Self {
            gain: parameters.get(&format!("{name}.weight"), width)?,
            bias: parameters.get(&format!("{name}.bias"), width)?,
        })
    }

    /// Normalises every position.
    ///
    /// Shapes: `x` is `[S, d]`; returns `[S, d]`.
    ///
    /// # Errors
    /// [`NetworkError::Shape`] for another width.
    pub fn apply(&self, x: &ArrayD<f64>) -> Result<Traced, NetworkError> {
        let d = self.gain.len();
        let x: Array2<f64> = axes("a normalisation's input", x, &[0, d])?;
        if x.ncols() != d {
            return Err(NetworkError::Shape {
                name: "a normalisation's input".to_owned(),
                found: x.shape().to_vec(),
                expected: vec![x.nrows(), d],
            });
        }
        let (mut value, mut mass) = (Array2::zeros(x.dim()), Array2::zeros(x.dim()));
        for (s, row) in x.rows().into_iter().enumerate() {
            let mean = row.sum() / count(d);
            let size = row.mapv(f64::abs).sum() / count(d);
            let centred = row.mapv(|x| x - mean);
            let rounded = row.mapv(|x| x.abs() + size);
            let variance = centred.mapv(|c| c * c).sum() / count(d) + EPSILON;
            let deviation = variance.sqrt();
            let spread = (centred.mapv(f64::abs) * &rounded).sum() / count(d) / variance;
            for i in 0..d {
                let scaled = self.gain[i] * centred[i] / deviation;
                value[[s, i]] = scaled + self.bias[i];
                mass[[s, i]] =
                    self.gain[i].abs() * rounded[i] / deviation + scaled.abs() * (1.0 + spread) + self.bias[i].abs();
            }
        }
        Ok(Traced {
            value: value.into_dyn(),
            mass: mass.into_dyn(),
            // These are two means of d terms, and eight operations around them.
            roundings: count(d) + 8.0,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ndarray::array;

    use super::{EPSILON, LayerNorm};

    #[test]
    fn a_row_is_centred_scaled_and_moved() {
        let norm = LayerNorm {
            gain: array![1.0, 2.0, -1.0, 0.5],
            bias: array![0.0, 10.0, 0.0, 1.0],
        };
        // Mean 1e6 + 2.5, centred -1.5, -0.5, 0.5, 1.5, variance 1.25.
        let row = array![[1e6 + 1.0, 1e6 + 2.0, 1e6 + 3.0, 1e6 + 4.0], [7.0, 7.0, 7.0, 7.0]];
        let y = norm.apply(&row.into_dyn()).unwrap();
        let deviation = (1.25 + EPSILON).sqrt();
        let expected = [
            -1.5 / deviation,
            -1.0 / deviation + 10.0,
            -0.5 / deviation,
            0.75 / deviation + 1.0,
        ];
        for (i, expected) in expected.into_iter().enumerate() {
            let bound = y.roundings * f64::EPSILON * y.mass[[0, i]];
            assert!((y.value[[0, i]] - expected).abs() <= bound);
        }
        assert_eq!(
            y.value.iter().skip(4).copied().collect::<Vec<_>>(),
            [0.0, 10.0, 0.0, 1.0]
        );
    }
}
