//! DALL-E's networks in naive loops: `f64`, one image at a time, one layer a file.
//!
//! # Scope
//!
//! The note's Fig. 1 has three networks. Two are those of the first stage, the image encoder `q_phi(z|x)` and the image
//! decoder `p_theta(x|y,z)`, which, as released, does not look at the caption. They have the architecture of the
//! released model, at any size ([`Dvae`]). The third, the [`Transformer`] `p_psi(y,z)`, was never released and has the
//! architecture of the paper. [`CaptionModel`] is the note's `q(y|x)`.
//!
//! A network is a [`Graph`]: layers with names, each of which is told the values that it reads. Every layer returns a
//! [`Traced`]: its values, and the size of what each of them adds up. So a twin can be judged layer by layer, each from
//! the twin's own inputs. The first layer that leaves its bound is the one that is wrong.
//!
//! Shapes: an image is `[C, H, W]`, a sequence `[S, d]`.

mod attention;
mod caption;
mod conv;
mod dvae;
mod elementwise;
mod embedding;
mod error;
mod graph;
mod linear;
mod mask;
mod norm;
mod parameters;
mod resize;
mod transformer;

pub use attention::Attention;
pub use caption::CaptionModel;
pub use conv::Conv2d;
pub use dvae::Dvae;
pub use elementwise::{add_scaled, gelu, relu};
pub use embedding::Embedding;
pub use error::NetworkError;
pub use graph::{Graph, Layer, Node};
pub use linear::Linear;
pub use mask::Mask;
pub use norm::LayerNorm;
pub use parameters::Parameters;
pub use resize::{max_pool, upsample};
pub use transformer::Transformer;

use ndarray::ArrayD;

/// The values that a layer returns, with a bound on their rounding.
#[derive(Debug, Clone, PartialEq)]
pub struct Traced {
    /// The values: `[C, H, W]` of an image, `[S, d]` of a sequence.
    pub value: ArrayD<f64>,
    /// The total size of what each value adds up, where the layer's inputs count as exact. Its shape is that of the
    /// values.
    pub mass: ArrayD<f64>,
    /// The largest number of roundings of an addend: a value is off by at most `roundings u mass`.
    pub roundings: f64,
}

impl Traced {
    /// The values of a layer whose operations do not round.
    #[must_use]
    pub fn exact(value: ArrayD<f64>) -> Self {
        Self {
            mass: ArrayD::zeros(value.raw_dim()),
            value,
            roundings: 0.0,
        }
    }
}

/// The array with a fixed number of axes. An error gives it `name` and the expected shape.
fn axes<D: ndarray::Dimension>(
    name: &str,
    x: &ArrayD<f64>,
    expected: &[usize],
) -> Result<ndarray::Array<f64, D>, NetworkError> {
    x.clone().into_dimensionality().map_err(|_| NetworkError::Shape {
        name: name.to_owned(),
        found: x.shape().to_vec(),
        expected: expected.to_vec(),
    })
}

#[expect(clippy::cast_precision_loss, reason = "a size of a layer")]
const fn count(n: usize) -> f64 {
    n as f64
}
