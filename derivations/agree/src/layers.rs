//! A network's layers, reference against twin, each from the twin's own inputs: the first that leaves its bound is the one that is wrong.

use std::collections::BTreeMap;

use bounds::{Outcome, compare};
use ndarray::ArrayD;
use reference::network::{Graph, NetworkError};

use crate::bounds::{Storage, layer_bound};

/// Why layers could not be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayersError {
    /// The twin has no layer of that name.
    #[error("the twin returned nothing for the layer {name}")]
    Missing {
        /// The layer.
        name: String,
    },
    /// The twin has layers that the reference has not.
    #[error("the twin has {twin} layers, the reference {reference}")]
    Count {
        /// How many the twin has.
        twin: usize,
        /// How many the reference has.
        reference: usize,
    },
    /// A layer returned another shape.
    #[error("the twin's {name} has shape {found:?}, expected {expected:?}")]
    Shape {
        /// The layer.
        name: String,
        /// The twin's.
        found: Vec<usize>,
        /// The reference's.
        expected: Vec<usize>,
    },
    /// The reference cannot compute a layer from what the twin returned before it.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

/// A layer, compared.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerRow {
    /// Its name.
    pub name: String,
    /// How many numbers were compared.
    pub compared: usize,
    /// How many lie further apart than their bound.
    pub failed: usize,
    /// The largest share of a bound that is used.
    pub worst: f64,
}

/// Every layer of the graph: what the reference makes of the twin's inputs, against what the twin made of them.
///
/// # Errors
/// [`LayersError`]; a disagreement is a finding in the rows.
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
            compared: 0,
            failed: 0,
            worst: 0.0,
        };
        for ((value, mass), twin) in ours.value.iter().zip(&ours.mass).zip(theirs) {
            row.compared += 1;
            match compare(*value, *twin, layer_bound(ours.roundings, *mass, *value, storage)) {
                Outcome::SameClass => {}
                Outcome::Within { ratio } => row.worst = row.worst.max(ratio),
                Outcome::Beyond { ratio } => {
                    row.failed += 1;
                    row.worst = row.worst.max(ratio);
                }
                Outcome::OtherClass => {
                    row.failed += 1;
                    row.worst = f64::INFINITY;
                }
            }
        }
        rows.push(row);
    }
    Ok(rows)
}
