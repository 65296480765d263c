//! A network's tensors, by name.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};

use crate::Error;

/// Tensors by the names that the released model gives them.
#[derive(Debug, Clone, Default)]
pub struct Parameters(BTreeMap<String, Tensor>);

impl Parameters {
    /// These tensors.
    #[must_use]
    pub const fn new(tensors: BTreeMap<String, Tensor>) -> Self {
        Self(tensors)
    }

    /// The same numbers on another device.
    ///
    /// # Errors
    /// [`Error::Device`] when the device refuses.
    pub fn to_device(&self, device: &crate::device::Device) -> Result<Self, Error> {
        let moved = |(name, tensor): (&String, &Tensor)| Ok((name.clone(), tensor.to_device(device.candle())?));
        Ok(Self(self.0.iter().map(moved).collect::<Result<_, Error>>()?))
    }

    /// The same numbers in another type; gradients go back to these.
    ///
    /// # Errors
    /// [`Error::Device`] when the device refuses.
    pub fn to_dtype(&self, dtype: DType) -> Result<Self, Error> {
        let cast = |(name, tensor): (&String, &Tensor)| Ok((name.clone(), tensor.to_dtype(dtype)?));
        Ok(Self(self.0.iter().map(cast).collect::<Result<_, Error>>()?))
    }

    /// Names and tensors, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// These and others; of two of one name the other's.
    #[must_use]
    pub fn joined(&self, others: &Self) -> Self {
        let both = self.0.iter().chain(&others.0);
        Self(both.map(|(name, tensor)| (name.clone(), tensor.clone())).collect())
    }

    /// Those whose names begin so, without that beginning.
    #[must_use]
    pub fn under(&self, prefix: &str) -> Self {
        let part = |(name, tensor): (&String, &Tensor)| Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone()));
        Self(self.0.iter().filter_map(part).collect())
    }

    /// Whether there is one of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The tensor of that name.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn get(&self, name: &str) -> Result<&Tensor, Error> {
        self.0
            .get(name)
            .ok_or_else(|| Error::Parameter { name: name.to_owned() })
    }
}
