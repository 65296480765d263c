//! The tensors of a network, by name.

use std::collections::BTreeMap;

use ndarray::{Array, ArrayD, Dimension as _, IntoDimension};

use super::NetworkError;

/// The parameters of a network: tensors by name, as the released model names them where there is one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters(BTreeMap<String, ArrayD<f64>>);

impl Parameters {
    /// Accepts tensors whose names and shapes are exactly those given, and all of whose entries are finite.
    ///
    /// # Errors
    /// [`NetworkError::Missing`] or [`NetworkError::Shape`] for a tensor that is absent or does not fit;
    /// [`NetworkError::Unknown`] for one that the architecture does not have; [`NetworkError::Number`] for an entry
    /// that is not finite.
    pub fn new(tensors: BTreeMap<String, ArrayD<f64>>, shapes: &[(String, Vec<usize>)]) -> Result<Self, NetworkError> {
        for (name, expected) in shapes {
            let tensor = tensors.get(name).ok_or_else(|| NetworkError::Missing {
                name: name.clone(),
                expected: expected.clone(),
            })?;
            if tensor.shape() != expected {
                return Err(NetworkError::Shape {
                    name: name.clone(),
                    found: tensor.shape().to_vec(),
                    expected: expected.clone(),
                });
            }
            if let Some((index, &value)) = tensor.indexed_iter().find(|(_, value)| !value.is_finite()) {
                return Err(NetworkError::Number {
                    name: name.clone(),
                    index: index.slice().to_vec(),
                    value,
                });
            }
        }
        match tensors
            .keys()
            .find(|name| !shapes.iter().any(|(known, _)| known == *name))
        {
            None => Ok(Self(tensors)),
            Some(name) => Err(NetworkError::Unknown {
                name: name.clone(),
                expected: shapes.len(),
            }),
        }
    }

    /// The tensor of that name, which has to have that shape.
    pub(super) fn get<S: IntoDimension>(&self, name: &str, shape: S) -> Result<Array<f64, S::Dim>, NetworkError> {
        let shape = shape.into_dimension();
        let expected = shape.slice().to_vec();
        let tensor = self.0.get(name).ok_or_else(|| NetworkError::Missing {
            name: name.to_owned(),
            expected: expected.clone(),
        })?;
        tensor
            .clone()
            .into_shape_with_order(shape)
            .map_err(|_| NetworkError::Shape {
                name: name.to_owned(),
                found: tensor.shape().to_vec(),
                expected,
            })
    }
}
