//! The tensors of a network, by name.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};

use crate::Error;

/// The parameters of a network: tensors by name, as the released model names them where there is one.
#[derive(Debug, Clone, Default)]
pub struct Parameters(BTreeMap<String, Tensor>);

impl Parameters {
    /// Wraps tensors as they are. A layer finds out whether they fit when it asks for them.
    #[must_use]
    pub const fn new(tensors: BTreeMap<String, Tensor>) -> Self {
        Self(tensors)
    }

    /// A copy of the tensors on another device.
    ///
    /// # Errors
    /// [`Error::Device`] when the device refuses.
    pub fn to_device(&self, device: &crate::device::Device) -> Result<Self, Error> {
        let moved = |(name, tensor): (&String, &Tensor)| Ok((name.clone(), tensor.to_device(device.candle())?));
        Ok(Self(self.0.iter().map(moved).collect::<Result<_, Error>>()?))
    }

    /// The tensors rounded to another type. Gradients of the result flow back to these.
    ///
    /// # Errors
    /// [`Error::Device`] when the device refuses.
    pub fn to_dtype(&self, dtype: DType) -> Result<Self, Error> {
        let cast = |(name, tensor): (&String, &Tensor)| Ok((name.clone(), tensor.to_dtype(dtype)?));
        Ok(Self(self.0.iter().map(cast).collect::<Result<_, Error>>()?))
    }

    /// The names with their tensors, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// The union of these parameters and others. Where both have a name, the other's tensor is taken.
    #[must_use]
    pub fn joined(&self, others: &Self) -> Self {
        let both = self.0.iter().chain(&others.0);
        Self(both.map(|(name, tensor)| (name.clone(), tensor.clone())).collect())
    }

    /// The parameters whose names begin with a prefix, under the rest of their names.
    #[must_use]
    pub fn under(&self, prefix: &str) -> Self {
        let part = |(name, tensor): (&String, &Tensor)| Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone()));
        Self(self.0.iter().filter_map(part).collect())
    }

    /// Whether there is a tensor of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The tensor of that name.
    ///
    /// # Errors
    /// [`Error::Parameter`] where there is none.
    pub fn get(&self, name: &str) -> Result<&Tensor, Error> {
        self.0
            .get(name)
            .ok_or_else(|| Error::Parameter { name: name.to_owned() })
    }
}
