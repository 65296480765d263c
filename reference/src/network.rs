//! DALL-E's networks in naive loops: `f64`, one image at a time, one layer a file.
//!
//! # Scope
//!
//! The note's Fig. 1 has three networks. The two of the first stage, the image encoder `q_phi(z|x)` and the image decoder `p_theta(x|y,z)`
//! (which, as released, does not look at the caption), have the architecture of the released model as a function of its sizes ([`Dvae`]). The
//! third, the [`Transformer`] `p_psi(y,z)`, which was never released, has that of the paper. [`CaptionModel`] is the note's `q(y|x)`.
//!
//! A network is a [`Graph`]: layers with names, each told which values it reads. Every layer returns a [`Traced`], its values and what each of
//! them adds up, so that a twin can be judged layer by layer, each from the twin's own inputs: the first that leaves its bound is the one that is
//! wrong.
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

/// What a layer returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Traced {
    /// Its values: `[C, H, W]` of an image, `[S, d]` of a sequence.
    pub value: ArrayD<f64>,
    /// The total size of what each value adds up, given the layer's inputs as exact.
    pub mass: ArrayD<f64>,
    /// Roundings of each addend at most: a value is off by `roundings u mass`.
    pub roundings: f64,
}

impl Traced {
    /// Values that no operation rounds.
    #[must_use]
    pub fn exact(value: ArrayD<f64>) -> Self {
        Self {
            mass: ArrayD::zeros(value.raw_dim()),
            value,
            roundings: 0.0,
        }
    }
}

/// An array of so many axes.
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
