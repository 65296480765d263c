//! A network as named layers, each told what it reads.

use std::ops::Range;

use ndarray::{ArrayD, Axis};

use super::{
    Attention, Conv2d, Embedding, LayerNorm, Linear, NetworkError, Traced, add_scaled, gelu, max_pool, relu, upsample,
};

/// A layer.
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    /// [`Conv2d`].
    Conv2d(Conv2d),
    /// [`relu`].
    Relu,
    /// [`max_pool`].
    MaxPool,
    /// [`upsample`].
    Upsample,
    /// [`add_scaled`] with this gain: the identity's path, then the residual one.
    AddScaled(f64),
    /// [`Linear`].
    Linear(Linear),
    /// [`LayerNorm`].
    LayerNorm(LayerNorm),
    /// [`gelu`].
    Gelu,
    /// [`Attention`]: queries, keys, values.
    Attention(Attention),
    /// [`Embedding`] of tokens.
    Embedding(Box<Embedding>),
    /// Some of a sequence's positions.
    Rows(Range<usize>),
}

impl Layer {
    /// The layer's values from its inputs'.
    ///
    /// # Errors
    /// [`NetworkError::Shape`], [`NetworkError::Size`].
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

/// A layer in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name, that of the released module where there is one.
    pub name: String,
    /// What it does.
    pub layer: Layer,
    /// Which values it reads: 0 is the network's input, `k + 1` what node `k` returns.
    pub inputs: Vec<usize>,
}

/// Layers in an order in which each reads only what is before it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    nodes: Vec<Node>,
}

impl Graph {
    /// The layers.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Adds a layer; returns the place of its value.
    pub(super) fn push(&mut self, name: String, layer: Layer, inputs: Vec<usize>) -> usize {
        self.nodes.push(Node { name, layer, inputs });
        self.nodes.len()
    }

    /// What every layer returns, in their order; the last is the network's output.
    ///
    /// # Errors
    /// [`NetworkError::Shape`], [`NetworkError::Size`].
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
