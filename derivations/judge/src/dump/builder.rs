//! A dump being written: a statement and tensors, in memory.

use std::collections::BTreeMap;

use bounds::Float;
use files::header;
use half::{bf16, f16};
use safetensors::Dtype;
use serde_json::{Value, json};
use worlds::case::FileError;

use super::format::{FORMAT, KEY};
use super::{Dump, from_bytes};

/// A statement and tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct DumpBuilder {
    /// The statement, as JSON.
    pub statement: Value,
    tensors: BTreeMap<String, Tensor>,
}

/// Bytes with a type and a shape.
#[derive(Debug, Clone, PartialEq)]
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
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

    /// A tensor, rounded to a type.
    pub fn floats(&mut self, name: &str, shape: &[usize], values: &[f64], float: Float) {
        let (dtype, bytes): (_, Vec<u8>) = match float {
            Float::F64 => (Dtype::F64, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            Float::F32 | Float::Tf32 => {
                #[expect(clippy::cast_possible_truncation, reason = "this is the rounding")]
                let single = values.iter().flat_map(|v| (*v as f32).to_le_bytes());
                (Dtype::F32, single.collect())
            }
            Float::F16 => (
                Dtype::F16,
                values.iter().flat_map(|v| f16::from_f64(*v).to_le_bytes()).collect(),
            ),
            Float::Bf16 => (
                Dtype::BF16,
                values.iter().flat_map(|v| bf16::from_f64(*v).to_le_bytes()).collect(),
            ),
        };
        self.add(name, dtype, shape, bytes);
    }

    /// A tensor of integers.
    pub fn integers(&mut self, name: &str, shape: &[usize], values: &[usize]) {
        let bytes = values.iter().flat_map(|v| (*v as u64).to_le_bytes()).collect();
        self.add(name, Dtype::U64, shape, bytes);
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
        let (mut entries, mut data) = (json!({"__metadata__": metadata}), Vec::new());
        for (name, tensor) in &self.tensors {
            let begin = data.len();
            data.extend(&tensor.bytes);
            entries[name] = json!({
                "dtype": tensor.dtype.to_string(), "shape": tensor.shape, "data_offsets": [begin, data.len()],
            });
        }
        header::framed(entries.to_string().into_bytes(), &data)
    }

    /// Reads what it would write.
    ///
    /// # Errors
    /// As [`from_bytes`].
    pub fn open(&self, name: &str) -> Result<Dump, FileError> {
        from_bytes(name, self.bytes())
    }
}
