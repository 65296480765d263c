//! A dump being written: a statement and tensors, in memory.

use std::collections::BTreeMap;

use bounds::Float;
use half::{bf16, f16};
use safetensors::Dtype;
use serde::Serialize;
use serde_json::{Value, json};
use worlds::case::FileError;

use super::element::{Element, Tensor, framed};
use super::format::{FORMAT, KEY};
use super::quantity::Quantity;
use super::statement::ClaimSpec;
use super::words::{Decoder, Form, Layout, Parameter, Prior};
use super::{Dump, from_bytes};

/// A statement and tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct DumpBuilder {
    /// The statement, as JSON.
    pub statement: Value,
    tensors: BTreeMap<String, Tensor>,
}

impl DumpBuilder {
    /// Nothing claimed yet.
    #[must_use]
    pub fn new(statement: Value) -> Self {
        Self {
            statement,
            tensors: BTreeMap::new(),
        }
    }

    /// A dump of discrete codes, DALL-E's first stage, whose numbers were computed in a type.
    #[must_use]
    pub fn tokens(dtype: Float, layout: Layout, prior: Prior) -> Self {
        Self::of(Form::Tokens, dtype)
            .stating("layout", &layout)
            .stating("prior", &prior)
    }

    /// A dump of a continuous code with a diagonal covariance, whose numbers were computed in a type.
    #[must_use]
    pub fn gaussian(dtype: Float, parameter: Parameter, prior: Prior) -> Self {
        Self::of(Form::Gaussian, dtype)
            .stating("parameter", &parameter)
            .stating("prior", &prior)
    }

    /// A dump of finite worlds, whose numbers were computed in a type.
    #[must_use]
    pub fn worlds(dtype: Float) -> Self {
        Self::of(Form::Worlds, dtype)
    }

    fn of(form: Form, dtype: Float) -> Self {
        Self::new(json!({"claims": {}}))
            .stating("inputs", &form)
            .stating("dtype", &dtype)
    }

    /// The same dump with a key of the statement set; what a dump may state is listed in `dump-format.md`.
    #[must_use]
    pub fn stating(mut self, key: &str, value: &impl Serialize) -> Self {
        self.statement[key] = json!(value);
        self
    }

    /// The same dump with sums accumulated in another type.
    #[must_use]
    pub fn accumulating_in(self, float: Float) -> Self {
        self.stating("accumulation", &float)
    }

    /// The same dump with a weight on the divergence.
    #[must_use]
    pub fn with_beta(self, beta: f64) -> Self {
        self.stating("beta", &beta)
    }

    /// The same dump with a decoder.
    #[must_use]
    pub fn with_decoder(self, decoder: Decoder) -> Self {
        self.stating("decoder", &decoder)
    }

    /// The same dump with an input, stored in the type that its numbers have.
    #[must_use]
    pub fn input<T: Element>(mut self, name: &str, shape: &[usize], values: &[T]) -> Self {
        self.put(name, shape, values.iter().copied());
        self
    }

    /// The same dump with claimed numbers, stored in the type that they have.
    #[must_use]
    pub fn claim<T: Element>(self, quantity: Quantity, how: &ClaimSpec, shape: &[usize], values: &[T]) -> Self {
        self.input(&format!("claim.{}", quantity.name()), shape, values)
            .stating_claim(quantity, how)
    }

    /// The same dump with a claim of zeros, stored in a type: a claim that is made to ask what its numbers are.
    #[must_use]
    pub fn asking(mut self, quantity: Quantity, how: &ClaimSpec, shape: &[usize], stored: Float) -> Self {
        let zeros = vec![0.0; shape.iter().product()];
        self.floats(&format!("claim.{}", quantity.name()), shape, &zeros, stored);
        self.stating_claim(quantity, how)
    }

    fn stating_claim(mut self, quantity: Quantity, how: &ClaimSpec) -> Self {
        self.statement["claims"][quantity.name()] = json!(how);
        self
    }

    /// A tensor, rounded to a type.
    pub fn floats(&mut self, name: &str, shape: &[usize], values: &[f64], float: Float) {
        let values = values.iter().copied();
        match float {
            Float::F64 => self.put(name, shape, values),
            #[expect(clippy::cast_possible_truncation, reason = "this is the rounding")]
            Float::F32 | Float::Tf32 => self.put(name, shape, values.map(|value| value as f32)),
            Float::F16 => self.put(name, shape, values.map(f16::from_f64)),
            Float::Bf16 => self.put(name, shape, values.map(bf16::from_f64)),
        }
    }

    /// A tensor of integers.
    pub fn integers(&mut self, name: &str, shape: &[usize], values: &[usize]) {
        self.put(name, shape, values.iter().map(|value| *value as u64));
    }

    /// A tensor in the type that its numbers have.
    fn put<T: Element>(&mut self, name: &str, shape: &[usize], values: impl Iterator<Item = T>) {
        self.tensors.insert(name.to_owned(), Tensor::of(shape, values));
    }

    /// A tensor as it lies in a file.
    pub fn add(&mut self, name: &str, dtype: Dtype, shape: &[usize], bytes: Vec<u8>) {
        let shape = shape.to_vec();
        self.tensors.insert(name.to_owned(), Tensor { dtype, shape, bytes });
    }

    /// Takes a tensor out; its shape and bytes, if it was there.
    pub fn remove(&mut self, name: &str) -> Option<(Vec<usize>, Vec<u8>)> {
        self.tensors.remove(name).map(|tensor| (tensor.shape, tensor.bytes))
    }

    /// A tensor's shape and bytes.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<(&[usize], &[u8])> {
        self.tensors
            .get(name)
            .map(|tensor| (tensor.shape.as_slice(), tensor.bytes.as_slice()))
    }

    /// The items of this one and those of another behind them: two answers in one dump.
    #[must_use]
    pub fn stacked(mut self, other: &Self) -> Self {
        for (name, tensor) in &mut self.tensors {
            let Some(behind) = other.tensors.get(name) else {
                continue;
            };
            let fits = behind.dtype == tensor.dtype && behind.shape.get(1..) == tensor.shape.get(1..);
            if let (true, [items, ..], [more, ..]) = (fits, tensor.shape.as_mut_slice(), behind.shape.as_slice()) {
                *items += more;
                tensor.bytes.extend(&behind.bytes);
            }
        }
        self
    }

    /// The file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.with_metadata(&json!({"format": FORMAT, KEY: self.statement.to_string()}))
    }

    /// The file with other metadata.
    #[must_use]
    pub fn with_metadata(&self, metadata: &Value) -> Vec<u8> {
        framed(&self.tensors, metadata)
    }

    /// Reads what it would write.
    ///
    /// # Errors
    /// As [`from_bytes`].
    pub fn open(&self, name: &str) -> Result<Dump, FileError> {
        from_bytes(name, self.bytes())
    }
}
