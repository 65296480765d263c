//! A draft of a dump in the types of a subject.

use std::ops::{Deref, DerefMut};

use bounds::Float;
use judge::dump::{self, Dump};
use serde_json::{Value, json};

use super::number::Number;

/// Tensors and a statement.
#[derive(Debug, Clone)]
pub(crate) struct Draft(dump::DumpBuilder);

impl Draft {
    pub(crate) fn new(inputs: &str, statement: &Value) -> Self {
        let mut whole = json!({"inputs": inputs, "claims": {}});
        for (key, value) in statement.as_object().unwrap() {
            whole[key] = value.clone();
        }
        Self(dump::DumpBuilder::new(whole))
    }

    /// A tensor in the type of the numbers.
    pub(crate) fn tensor<T: Number>(&mut self, name: &str, shape: &[usize], values: &[T]) {
        let float = match T::NAME {
            "f64" => Float::F64,
            "f32" => Float::F32,
            _ => Float::Bf16,
        };
        let values: Vec<f64> = values.iter().map(|value| value.get()).collect();
        self.floats(name, shape, &values, float);
    }

    pub(crate) fn claim<T: Number>(&mut self, name: &str, shape: &[usize], values: &[T], made: &Value) {
        self.statement["claims"][name] = made.clone();
        self.tensor(&format!("claim.{name}"), shape, values);
    }

    /// A tensor's shape and its numbers, single ones.
    pub(crate) fn values(&self, name: &str) -> (Vec<usize>, Vec<f64>) {
        let (shape, bytes) = self.get(name).unwrap();
        let numbers = bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f64::from(f32::from_le_bytes(*bytes)));
        (shape.to_vec(), numbers.collect())
    }

    pub(crate) fn opened(&self) -> Dump {
        self.open("a draft")
            .unwrap_or_else(|error| panic!("{error}: {}", self.statement))
    }
}

impl Deref for Draft {
    type Target = dump::DumpBuilder;

    fn deref(&self) -> &dump::DumpBuilder {
        &self.0
    }
}

impl DerefMut for Draft {
    fn deref_mut(&mut self) -> &mut dump::DumpBuilder {
        &mut self.0
    }
}

/// Compares a generated file below `derivations` with the committed one, or writes it where `UPDATE_DOCS` is set.
pub(crate) fn expect_committed(name: &str, text: &str) {
    let path = format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, text).unwrap();
    } else {
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(committed, text, "{name} is stale: UPDATE_DOCS=1");
    }
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    for (name, schema) in [
        ("dump.schema.json", schemars::schema_for!(judge::dump::Statement)),
        ("judgement.schema.json", schemars::schema_for!(judge::report::Report)),
    ] {
        expect_committed(name, &(serde_json::to_string_pretty(&schema).unwrap() + "\n"));
    }
}
