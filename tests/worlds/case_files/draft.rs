//! A safetensors file to be spoilt: tensors as names, types, shapes and bytes, the header formed last.

use half::{bf16, f16};

/// How a test stores a number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Store {
    F64,
    F32,
    F16,
    Bf16,
}

impl Store {
    pub(crate) const ALL: [Self; 4] = [Self::F64, Self::F32, Self::F16, Self::Bf16];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
        }
    }

    pub(crate) fn unit_roundoff(self) -> f64 {
        match self {
            Self::F64 => 2f64.powi(-53),
            Self::F32 => 2f64.powi(-24),
            Self::F16 => 2f64.powi(-11),
            Self::Bf16 => 2f64.powi(-8),
        }
    }

    pub(crate) fn bytes(self, value: f64) -> Vec<u8> {
        match self {
            Self::F64 => value.to_le_bytes().to_vec(),
            Self::F32 => (value as f32).to_le_bytes().to_vec(),
            Self::F16 => f16::from_f64(value).to_le_bytes().to_vec(),
            Self::Bf16 => bf16::from_f64(value).to_le_bytes().to_vec(),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) dtype: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<u8>,
}

impl Tensor {
    /// Its writer's own, which the format ignores.
    pub(crate) fn ignored(name: &str, bytes: usize) -> Self {
        Self {
            name: name.to_owned(),
            dtype: "U8".to_owned(),
            shape: vec![bytes],
            data: (0..bytes).map(|k| (k % 251) as u8).collect(),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) metadata: String,
    pub(crate) tensors: Vec<Tensor>,
}

pub(crate) const WORLDS: usize = 4;
pub(crate) const CAPTIONS: usize = 2;
pub(crate) const CODES: usize = 3;

impl Draft {
    /// Four worlds of two captions and three codes.
    pub(crate) fn valid() -> Self {
        let mut draft = Self {
            metadata: r#"{"format":"elbo-case/1","title":"a draft"}"#.to_owned(),
            tensors: Vec::new(),
        };
        let ln = |weights: &[f64]| weights.iter().map(|p: &f64| p.ln()).collect::<Vec<_>>();
        let each = |row: &[f64]| ln(row).repeat(WORLDS);
        draft.floats(
            "ln_p_x_given_yz",
            &[WORLDS, CAPTIONS, CODES],
            &each(&[0.9, 0.1, 0.5, 0.2, 1.0, 0.0]),
        );
        draft.floats(
            "ln_p_yz",
            &[CAPTIONS, CODES],
            &ln(&[0.125, 0.25, 0.125, 0.0, 0.375, 0.125]),
        );
        draft.floats("ln_q_z_given_x", &[WORLDS, CODES], &each(&[0.5, 0.25, 0.25]));
        draft.floats("ln_q_y_given_x", &[WORLDS, CAPTIONS], &each(&[0.75, 0.25]));
        draft.put(
            "y",
            "I64",
            &[WORLDS],
            [0_i64, 1, 1, 0].iter().flat_map(|y| y.to_le_bytes()).collect(),
        );
        draft.put("beta", "F64", &[], 2f64.to_le_bytes().to_vec());
        draft
    }

    /// The same with a free joint.
    pub(crate) fn free() -> Self {
        let mut draft = Self::valid();
        let joint = [0.5, 0.25, 0.0, 0.0, 0.0, 0.25].map(f64::ln).repeat(WORLDS);
        draft.floats("ln_q_yz_given_x", &[WORLDS, CAPTIONS, CODES], &joint);
        draft
    }

    /// Adds or replaces a tensor.
    pub(crate) fn put(&mut self, name: &str, dtype: &str, shape: &[usize], data: Vec<u8>) {
        self.tensors.retain(|tensor| tensor.name != name);
        self.tensors.push(Tensor {
            name: name.to_owned(),
            dtype: dtype.to_owned(),
            shape: shape.to_vec(),
            data,
        });
    }

    pub(crate) fn floats(&mut self, name: &str, shape: &[usize], values: &[f64]) {
        self.stored(Store::F64, name, shape, values);
    }

    pub(crate) fn stored(&mut self, store: Store, name: &str, shape: &[usize], values: &[f64]) {
        let data = values.iter().flat_map(|&value| store.bytes(value)).collect();
        self.put(name, store.name(), shape, data);
    }

    pub(crate) fn tensor(&mut self, name: &str) -> &mut Tensor {
        self.tensors.iter_mut().find(|tensor| tensor.name == name).unwrap()
    }

    /// Replaces one eight-byte number.
    pub(crate) fn set(mut self, name: &str, flat: usize, value: f64) -> Self {
        self.tensor(name).data[8 * flat..8 * flat + 8].copy_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.tensors.retain(|tensor| tensor.name != name);
        self
    }

    /// The JSON header, tensors in the order they were put.
    pub(crate) fn header(&self) -> String {
        let mut at = 0;
        let mut entries = vec![format!("\"__metadata__\":{}", self.metadata)];
        for Tensor {
            name,
            dtype,
            shape,
            data,
        } in &self.tensors
        {
            let end = at + data.len();
            entries.push(format!(
                "\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[{at},{end}]}}"
            ));
            at = end;
        }
        format!("{{{}}}", entries.join(","))
    }

    pub(crate) fn data(&self) -> Vec<u8> {
        self.tensors.iter().flat_map(|tensor| tensor.data.clone()).collect()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        assemble(self.header().as_bytes(), &self.data())
    }
}

/// Length, header, data.
pub(crate) fn assemble(header: &[u8], data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header, data].concat()
}
