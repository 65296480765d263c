//! A dump in memory.

use std::collections::BTreeMap;

use derivations::dump::{self, Dump};
use safetensors::Dtype;
use serde_json::{Value, json};

use super::number::Number;

/// Tensors and a statement.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub statement: Value,
    tensors: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>,
}

impl Draft {
    pub(crate) fn new(inputs: &str, statement: &Value) -> Self {
        let mut whole = json!({"inputs": inputs, "claims": {}});
        for (key, value) in statement.as_object().unwrap() {
            whole[key] = value.clone();
        }
        Self {
            statement: whole,
            tensors: BTreeMap::new(),
        }
    }

    /// A tensor in the type of the numbers.
    pub(crate) fn tensor<T: Number>(&mut self, name: &str, shape: &[usize], values: &[T]) {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "{name}");
        let (dtype, bytes): (Dtype, Vec<u8>) = match T::NAME {
            "f64" => (Dtype::F64, values.iter().flat_map(|v| v.get().to_le_bytes()).collect()),
            "f32" => (
                Dtype::F32,
                values.iter().flat_map(|v| f32::of(v.get()).to_le_bytes()).collect(),
            ),
            _ => (
                Dtype::BF16,
                values
                    .iter()
                    .flat_map(|v| half::bf16::of(v.get()).to_le_bytes())
                    .collect(),
            ),
        };
        self.tensors.insert(name.to_owned(), (dtype, shape.to_vec(), bytes));
    }

    pub(crate) fn integers(&mut self, name: &str, shape: &[usize], values: &[usize]) {
        let bytes = values.iter().flat_map(|v| (*v as u64).to_le_bytes()).collect();
        self.tensors
            .insert(name.to_owned(), (Dtype::U64, shape.to_vec(), bytes));
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.tensors.remove(name).unwrap();
    }

    pub(crate) fn claim<T: Number>(&mut self, name: &str, shape: &[usize], values: &[T], made: &Value) {
        self.statement["claims"][name] = made.clone();
        self.tensor(&format!("claim.{name}"), shape, values);
    }

    /// A tensor's shape and its numbers, single ones.
    pub(crate) fn values(&self, name: &str) -> (Vec<usize>, Vec<f64>) {
        let (dtype, shape, bytes) = &self.tensors[name];
        assert_eq!(*dtype, Dtype::F32, "{name}");
        let numbers = bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f64::from(f32::from_le_bytes(*bytes)));
        (shape.clone(), numbers.collect())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.with_metadata(&json!({"format": dump::FORMAT, "dump": self.statement.to_string()}))
    }

    pub(crate) fn with_metadata(&self, metadata: &Value) -> Vec<u8> {
        let (mut header, mut data) = (json!({"__metadata__": metadata}), Vec::new());
        for (name, (dtype, shape, bytes)) in &self.tensors {
            let begin = data.len();
            data.extend(bytes);
            header[name] = json!({"dtype": dtype.to_string(), "shape": shape, "data_offsets": [begin, data.len()]});
        }
        let mut json = header.to_string().into_bytes();
        json.resize(json.len().next_multiple_of(8), b' ');
        [&(json.len() as u64).to_le_bytes()[..], &json, &data].concat()
    }

    pub(crate) fn open(&self) -> Dump {
        dump::from_bytes("a draft", self.bytes()).unwrap_or_else(|error| panic!("{error}: {}", self.statement))
    }
}
