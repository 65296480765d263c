//! Linear maps of a sequence's positions.

use ndarray::{Array1, Array2, ArrayD};

use super::{NetworkError, Parameters, Traced, axes, count};

/// An affine map, which is the same at every position of a sequence.
///
/// ```text
/// y[s,o] = b[o] + sum_i w[o,i] x[s,i]
/// ```
///
/// Mass: `|b| + sum |w| |x|`.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    weight: Array2<f64>,
    bias: Array1<f64>,
}

impl Linear {
    /// The map whose parameters are called `name.weight` and `name.bias`.
    ///
    /// # Errors
    /// [`NetworkError::Missing`] for a parameter that is not there; [`NetworkError::Shape`] for one of another shape.
    pub fn named(name: &str, outputs: usize, inputs: usize, parameters: &Parameters) -> Result<Self, NetworkError> {
        Ok(Self {
            weight: parameters.get(&format!("{name}.weight"), (outputs, inputs))?,
            bias: parameters.get(&format!("{name}.bias"), outputs)?,
        })
    }

    /// Applies the map to every position.
    ///
    /// Shapes: `x` is `[S, I]`; returns `[S, O]`.
    ///
    /// # Errors
    /// [`NetworkError::Shape`] for another width.
    pub fn apply(&self, x: &ArrayD<f64>) -> Result<Traced, NetworkError> {
        let (outputs, inputs) = self.weight.dim();
        let x: Array2<f64> = axes("a linear map's input", x, &[0, inputs])?;
        let (length, width) = x.dim();
        if width != inputs {
            return Err(NetworkError::Shape {
                name: "a linear map's input".to_owned(),
                found: vec![length, width],
                expected: vec![length, inputs],
            });
        }
        let add = |of: fn(f64) -> f64| {
            Array2::from_shape_fn((length, outputs), |(s, o)| {
                let terms = (0..inputs).map(|i| of(self.weight[[o, i]] * x[[s, i]]));
                terms.fold(of(self.bias[o]), |sum, term| sum + term)
            })
        };
        Ok(Traced {
            value: add(|term| term).into_dyn(),
            mass: add(f64::abs).into_dyn(),
            roundings: count(inputs + 1),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ndarray::array;

    use super::Linear;

    #[test]
    fn rows_of_the_weight_are_outputs() {
        let linear = Linear {
            weight: array![[1.0, -2.0, 4.0], [10.0, 20.0, 40.0]],
            bias: array![0.5, -0.5],
        };
        let y = linear
            .apply(&array![[1.0, 2.0, 3.0], [0.0, -1.0, 0.0]].into_dyn())
            .unwrap();
        assert_eq!(y.value, array![[9.5, 169.5], [2.5, -20.5]].into_dyn());
        assert_eq!(y.mass, array![[17.5, 170.5], [2.5, 20.5]].into_dyn());
        let message = linear.apply(&array![[1.0, 2.0]].into_dyn()).unwrap_err().to_string();
        assert_eq!(message, "a linear map's input has shape [1, 2], expected [1, 3]");
    }
}
