//! The bytes of a dump's tensors, in the types that their numbers have.

use std::collections::BTreeMap;

use files::header;
use half::{bf16, f16};
use safetensors::Dtype;
use serde_json::{Value, json};

/// A number that a tensor of a dump can hold.
pub trait Element: Copy + sealed::Sealed {
    /// Its type, as a file has it.
    const DTYPE: Dtype;

    /// Writes its bytes behind those that are there, the lowest first.
    fn write(self, bytes: &mut Vec<u8>);
}

mod sealed {
    /// No type but those below is an element.
    pub trait Sealed {}
}

macro_rules! element {
    ($($number:ty: $dtype:ident),*) => {$(
        impl sealed::Sealed for $number {}

        impl Element for $number {
            const DTYPE: Dtype = Dtype::$dtype;

            fn write(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_le_bytes());
            }
        }
    )*};
}

element!(f64: F64, f32: F32, f16: F16, bf16: BF16, i64: I64, u64: U64);

/// Bytes with a type and a shape.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    pub(super) bytes: Vec<u8>,
}

impl Tensor {
    /// A tensor of numbers, in the type that they have.
    pub(super) fn of<T: Element>(shape: &[usize], values: impl Iterator<Item = T>) -> Self {
        let mut bytes = Vec::new();
        values.for_each(|value| value.write(&mut bytes));
        Self {
            dtype: T::DTYPE,
            shape: shape.to_vec(),
            bytes,
        }
    }
}

/// A file of these tensors, with metadata.
pub(super) fn framed(tensors: &BTreeMap<String, Tensor>, metadata: &Value) -> Vec<u8> {
    let (mut entries, mut data) = (json!({"__metadata__": metadata}), Vec::new());
    for (name, tensor) in tensors {
        let begin = data.len();
        data.extend(&tensor.bytes);
        entries[name] = json!({
            "dtype": tensor.dtype.to_string(), "shape": tensor.shape, "data_offsets": [begin, data.len()],
        });
    }
    header::framed(entries.to_string().into_bytes(), &data)
}
