//! A network as a list of named layers, each of which is told the values that it reads.

use std::ops::Range;

use ndarray::{ArrayD, Axis};

use super::{
    Attention, Conv2d, Embedding, LayerNorm, Linear, NetworkError, Traced, add_scaled, gelu, max_pool, relu, upsample,
};

/// One layer of a network, with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    /// A convolution, [`Conv2d`].
    Conv2d(Conv2d),
    /// The rectified linear unit, [`relu`].
    Relu,
    /// The largest of every two by two pixels, [`max_pool`].
    MaxPool,
    /// Twice the height and width, [`upsample`].
    Upsample,
    /// The sum of two paths, [`add_scaled`] with this gain. Its inputs are the identity path, then the residual one.
    AddScaled(f64),
    /// A linear map at every position, [`Linear`].
    Linear(Linear),
    /// A layer normalisation, [`LayerNorm`].
    LayerNorm(LayerNorm),
    /// The Gaussian error linear unit, [`gelu`].
    Gelu,
    /// Causal attention, [`Attention`]. Its inputs are the queries, the keys and the values.
    Attention(Attention),
    /// The vectors of tokens, [`Embedding`].
    Embedding(Box<Embedding>),
    /// The positions of a sequence that lie in this range.
    Rows(Range<usize>),
}

impl Layer {
    /// Applies the layer to its inputs.
    ///
    /// # Errors
    /// [`NetworkError::Shape`] and [`NetworkError::Size`] for inputs that do not fit; [`NetworkError::Number`] for a
    /// number that is no token.
    pub fn apply(&self, inputs: &[&ArrayD<f64>]) -> Result<Traced, NetworkError> {
        match (self, inputs) {
            (Self::Conv2d(conv), [x]) => conv.apply(x),
            (Self::Relu, [x]) => Ok(relu(x)),
            (Self::MaxPool, [x]) => max_pool(x),
            (Self::Upsample, [x]) => upsample(x),
            (Self::AddScaled(gain), [a, b]) => add_scaled(a, b, *gain),
            (Self::Linear(linear), [x]) => linear.apply(x),
            (Self::LayerNorm(norm), [x]) => norm.apply(x),
            (Self::Gelu, [x]) => Ok(gelu(x)),
            (Self::Attention(attention), [q, k, v]) => attention.apply(q, k, v),
            (Self::Embedding(embedding), [tokens]) => embedding.apply(tokens),
            (Self::Rows(rows), [x]) if x.ndim() == 2 && rows.end <= x.shape()[0] => {
                Ok(Traced::exact(x.slice_axis(Axis(0), rows.clone().into()).to_owned()))
            }
            _ => Err(NetworkError::Size {
                what: "the number of a layer's inputs",
                found: inputs.len(),
                expected: "1, of a sum 2, of attention 3",
            }),
        }
    }
}

/// A layer in its place in a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The name of the layer: that of the released module, where there is one.
    pub name: String,
    /// The layer itself.
    pub layer: Layer,
    /// The values that it reads: 0 is the network's input, and `k + 1` is what node `k` returns.
    pub inputs: Vec<usize>,
}

/// A network: layers in an order in which each reads only what comes before it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    nodes: Vec<Node>,
}

impl Graph {
    /// The layers, in the order in which they run.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Adds a layer, and returns the place of its value, which later layers may read.
    pub(super) fn push(&mut self, name: String, layer: Layer, inputs: Vec<usize>) -> usize {
        self.nodes.push(Node { name, layer, inputs });
        self.nodes.len()
    }

    /// Runs the network. It returns what every layer returns, in their order; the last is the network's output.
    ///
    /// # Errors
    /// As [`Layer::apply`].
    pub fn run(&self, x: &ArrayD<f64>) -> Result<Vec<Traced>, NetworkError> {
        let mut values: Vec<Traced> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let read = |place: &usize| if *place == 0 { x } else { &values[place - 1].value };
            let inputs: Vec<&ArrayD<f64>> = node.inputs.iter().map(read).collect();
            values.push(node.layer.apply(&inputs)?);
        }
        Ok(values)
    }
}
