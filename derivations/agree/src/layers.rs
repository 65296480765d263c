//! Compares the layers of a network. The reference computes each layer from the twin's own inputs to it, so that the
//! first layer out of bound is the one that is wrong.

use std::collections::BTreeMap;

use bounds::Agreement;
use ndarray::ArrayD;
use reference::network::{Graph, NetworkError};

use crate::bounds::{Storage, layer_bound};

/// The reason why layers could not be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayersError {
    /// The twin returned no layer with this name.
    #[error("the twin returned nothing for the layer {name}")]
    Missing {
        /// The name of the layer.
        name: String,
    },
    /// The twin has layers that the reference does not have.
    #[error("the twin has {twin} layers, the reference {reference}")]
    Count {
        /// The number of layers of the twin.
        twin: usize,
        /// The number of layers of the reference.
        reference: usize,
    },
    /// A layer has another shape than in the reference.
    #[error("the twin's {name} has shape {found:?}, expected {expected:?}")]
    Shape {
        /// The name of the layer.
        name: String,
        /// The shape in the twin.
        found: Vec<usize>,
        /// The shape in the reference.
        expected: Vec<usize>,
    },
    /// The reference cannot compute a layer from what the twin returned before it.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

/// The comparison of one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerRow {
    /// The name of the layer.
    pub name: String,
    /// The values of the reference and of the twin, by their flat index.
    pub agreement: Agreement<usize>,
}

/// Compares every layer of a graph: what the reference computes from the twin's inputs to the layer, with what the twin
/// computed.
///
/// # Errors
/// [`LayersError`]. A disagreement is not an error, but a finding in the rows.
pub fn layers(
    graph: &Graph,
    input: &ArrayD<f64>,
    twin: &BTreeMap<String, ArrayD<f64>>,
    storage: Storage,
) -> Result<Vec<LayerRow>, LayersError> {
    let nodes = graph.nodes();
    if twin.len() != nodes.len() {
        return Err(LayersError::Count {
            twin: twin.len(),
            reference: nodes.len(),
        });
    }
    let returned = |place: usize| {
        let name = &nodes[place].name;
        twin.get(name)
            .ok_or_else(|| LayersError::Missing { name: name.clone() })
    };
    let mut rows = Vec::with_capacity(nodes.len());
    for (place, node) in nodes.iter().enumerate() {
        let read = |from: &usize| match from.checked_sub(1) {
            None => Ok(input),
            Some(before) => returned(before),
        };
        let inputs: Vec<&ArrayD<f64>> = node.inputs.iter().map(read).collect::<Result<_, _>>()?;
        let (ours, theirs) = (node.layer.apply(&inputs)?, returned(place)?);
        if ours.value.shape() != theirs.shape() {
            return Err(LayersError::Shape {
                name: node.name.clone(),
                found: theirs.shape().to_vec(),
                expected: ours.value.shape().to_vec(),
            });
        }
        let mut row = LayerRow {
            name: node.name.clone(),
            agreement: Agreement::new(),
        };
        for (place, ((value, mass), twin)) in ours.value.iter().zip(&ours.mass).zip(theirs).enumerate() {
            let bound = layer_bound(ours.roundings, *mass, *value, storage);
            row.agreement.note(|| place, *value, *twin, bound);
        }
        rows.push(row);
    }
    Ok(rows)
}
