//! Convolutions of stride 1, as the encoder and the decoder of the first stage have them.

use ndarray::{Array1, Array3, Array4, ArrayD};

use super::{NetworkError, Parameters, Traced, axes, count};

/// A convolution of stride 1 that keeps height and width. Its kernel is odd, and zeros surround the image.
///
/// ```text
/// y[o,i,j] = b[o] + sum_{c,u,v} w[o,c,u,v] x[c, i + u - r, j + v - r],   r = (k - 1) / 2
/// ```
///
/// Mass: `|b| + sum |w| |x|`. Each addend is rounded once when it is multiplied, and at most `C k^2` times when it is
/// added.
/// Source: openai/DALL-E's `Conv2d`, whose parameters are called `w` and `b`.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv2d {
    weight: Array4<f64>,
    bias: Array1<f64>,
}

impl Conv2d {
    /// The convolution whose parameters are called `name.w` and `name.b`.
    ///
    /// # Errors
    /// [`NetworkError::Missing`] for a parameter that is not there; [`NetworkError::Shape`] for one of another shape.
    pub fn named(
        name: &str,
        outputs: usize,
        inputs: usize,
        kernel: usize,
        parameters: &Parameters,
    ) -> Result<Self, NetworkError> {
        Ok(Self {
            weight: parameters.get(&format!("{name}.w"), (outputs, inputs, kernel, kernel))?,
            bias: parameters.get(&format!("{name}.b"), outputs)?,
        })
    }

    /// Applies the convolution to an image or a map.
    ///
    /// Shapes: `x` is `[C, H, W]`; returns `[O, H, W]`.
    ///
    /// # Errors
    /// [`NetworkError::Shape`] for another number of channels.
    pub fn apply(&self, x: &ArrayD<f64>) -> Result<Traced, NetworkError> {
        let (outputs, inputs, kernel, _) = self.weight.dim();
        let x: Array3<f64> = axes("a convolution's input", x, &[inputs, 0, 0])?;
        let (channels, height, width) = x.dim();
        if channels != inputs {
            return Err(NetworkError::Shape {
                name: "a convolution's input".to_owned(),
                found: vec![channels, height, width],
                expected: vec![inputs, height, width],
            });
        }
        let margin = (kernel - 1) / 2;
        // The pixel that lies under entry `u` of a kernel that stands at `i`. There is none outside the image.
        let below = |i: usize, u: usize, size: usize| (i + u).checked_sub(margin).filter(|&at| at < size);
        let (mut value, mut mass) = (
            Array3::zeros((outputs, height, width)),
            Array3::zeros((outputs, height, width)),
        );
        for o in 0..outputs {
            for i in 0..height {
                for j in 0..width {
                    let (mut sum, mut size) = (self.bias[o], self.bias[o].abs());
                    for c in 0..inputs {
                        for u in 0..kernel {
                            for v in 0..kernel {
                                if let (Some(row), Some(column)) = (below(i, u, height), below(j, v, width)) {
                                    let term = self.weight[[o, c, u, v]] * x[[c, row, column]];
                                    sum += term;
                                    size += term.abs();
                                }
                            }
                        }
                    }
                    (value[[o, i, j]], mass[[o, i, j]]) = (sum, size);
                }
            }
        }
        Ok(Traced {
            value: value.into_dyn(),
            mass: mass.into_dyn(),
            roundings: count(inputs * kernel * kernel + 1),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ndarray::{Array3, array};

    use super::Conv2d;

    #[test]
    fn a_kernel_is_laid_over_the_image_and_not_turned_around() {
        // One channel; the kernel's entries are told apart, and so are the pixels.
        let conv = Conv2d {
            weight: array![[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]],
            bias: array![0.5],
        };
        let x = Array3::from_shape_vec((1, 2, 3), vec![1.0, -10.0, 100.0, 2.0, 20.0, 200.0]).unwrap();
        let y = conv.apply(&x.into_dyn()).unwrap();
        // At (0,0): 5*1 + 6*(-10) + 8*2 + 9*20 + 1/2; at (1,2): 1*(-10) + 2*100 + 4*20 + 5*200 + 1/2.
        assert!((y.value[[0, 0, 0]] - 141.5).abs() < f64::EPSILON);
        assert!((y.value[[0, 1, 2]] - 1270.5).abs() < f64::EPSILON);
        assert!((y.mass[[0, 0, 0]] - (5.0 + 60.0 + 16.0 + 180.0 + 0.5)).abs() < f64::EPSILON);
        assert!((y.roundings - 10.0).abs() < f64::EPSILON);
    }

    #[test]
    fn channels_in_and_out_are_told_apart() {
        let conv = Conv2d {
            weight: array![[[[1.0]], [[10.0]]], [[[100.0]], [[1000.0]]], [[[0.5]], [[-0.25]]]],
            bias: array![0.0, 0.0, 1.0],
        };
        let x = Array3::from_shape_vec((2, 1, 1), vec![2.0, 3.0]).unwrap();
        assert_eq!(
            conv.apply(&x.into_dyn()).unwrap().value.into_raw_vec_and_offset().0,
            [32.0, 3200.0, 1.25]
        );
        let turned = Array3::<f64>::zeros((3, 1, 1));
        let message = conv.apply(&turned.into_dyn()).unwrap_err().to_string();
        assert_eq!(message, "a convolution's input has shape [3, 1, 1], expected [2, 1, 1]");
    }
}
