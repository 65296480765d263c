//! From tensors to worlds: names, types and shapes first, then one world at a time.

use half::{bf16, f16};
use ndarray::{Array, Array1, Dimension, ShapeBuilder};
use reference::vocab::{Beta, Error, LogProbs, UNIT_ROUNDOFF_F64};
use reference::world::{Tables, World};
use safetensors::Dtype;

use super::error::CaseError;
use super::header::Header;

/// The names of the format and the shapes that go with them.
const NAMES: [(&str, &str); 7] = [
    ("ln_p_x_given_yz", "a tensor [B, Y, Z]"),
    ("ln_p_yz", "a tensor [Y, Z] or [B, Y, Z]"),
    ("ln_q_z_given_x", "a tensor [B, Z]"),
    (
        "ln_q_y_given_x",
        "a tensor [B, Y] beside the free joint ln_q_yz_given_x",
    ),
    ("ln_q_yz_given_x", "a tensor [B, Y, Z]"),
    ("y", "a tensor of integers [B]"),
    ("beta", "a scalar"),
];

/// A tensor of the file whose type and shape have been checked; the bytes may lie at any address.
#[derive(Clone, Copy)]
struct Tensor<'a> {
    name: &'static str,
    dtype: Dtype,
    shape: &'a [usize],
    data: &'a [u8],
}

/// The tensors of a file.
struct File<'a> {
    header: &'a Header,
    data: &'a [u8],
}

/// Every world of the file, validated.
pub(super) fn worlds(header: &Header, data: &[u8]) -> Result<Vec<World>, CaseError> {
    if let Some(name) = header
        .tensors
        .keys()
        .find(|name| !name.starts_with("x_") && NAMES.iter().all(|(known, _)| known != name))
    {
        return Err(CaseError::Unknown {
            name: name.clone(),
            expected: NAMES.map(|(known, _)| known).join(", "),
        });
    }
    let file = File { header, data };
    let likelihood = file.required("ln_p_x_given_yz")?.floats()?;
    let &[batch, captions, codes] = likelihood.shape else {
        return Err(likelihood.misshapen("[B, Y, Z]"));
    };
    if likelihood.shape.contains(&0) {
        return Err(likelihood.misshapen("at least one world, caption and code"));
    }
    let prior = file.required("ln_p_yz")?.floats()?;
    if prior.shape != [captions, codes] && prior.shape != [batch, captions, codes] {
        return Err(prior.misshapen(&format!("[{captions}, {codes}] or [{batch}, {captions}, {codes}]")));
    }
    let encoder = file.required("ln_q_z_given_x")?.floats()?.shaped(&[batch, codes])?;
    let shaped = |tensor: Tensor<'_>, shape: &[usize]| tensor.floats()?.shaped(shape).map(|_| ());
    let joint = file.optional("ln_q_yz_given_x");
    joint.map_or(Ok(()), |joint| shaped(joint, &[batch, captions, codes]))?;
    let caption_model = match joint {
        Some(_) => Some(file.required("ln_q_y_given_x")?),
        None => file.optional("ln_q_y_given_x"),
    };
    caption_model.map_or(Ok(()), |tensor| shaped(tensor, &[batch, captions]))?;
    let observed = file.required("y")?;
    let observed = observed.integers(batch)?;
    let beta = match file.optional("beta") {
        Some(beta) => beta.scalar()?,
        None => Beta::ONE,
    };
    let parts = Parts {
        likelihood,
        prior,
        encoder,
        caption_model,
        joint,
        captions,
        codes,
        beta,
    };
    observed
        .into_iter()
        .enumerate()
        .map(|(index, value)| {
            let y = usize::try_from(value).ok().filter(|&y| y < captions);
            let y = y.ok_or_else(|| CaseError::Caption {
                index: vec![index],
                value,
                captions,
            })?;
            parts.world(index, y)
        })
        .collect()
}

/// The types of the log-probabilities, `F64` before `F16`, joined by `+`.
pub(super) fn dtypes(header: &Header) -> String {
    let stored = |dtype: Dtype| {
        header
            .tensors
            .iter()
            .any(|(name, info)| name.starts_with("ln_") && info.dtype == dtype)
    };
    [Dtype::F64, Dtype::F32, Dtype::F16, Dtype::BF16]
        .into_iter()
        .filter(|&dtype| stored(dtype))
        .map(|dtype| dtype.to_string().to_lowercase())
        .collect::<Vec<_>>()
        .join("+")
}

/// The checked tensors of one file.
struct Parts<'a> {
    likelihood: Tensor<'a>,
    prior: Tensor<'a>,
    encoder: Tensor<'a>,
    caption_model: Option<Tensor<'a>>,
    joint: Option<Tensor<'a>>,
    captions: usize,
    codes: usize,
    beta: Beta,
}

impl Parts<'_> {
    fn world(&self, batch: usize, y: usize) -> Result<World, CaseError> {
        let square = (self.captions, self.codes);
        let shared = self.prior.shape.len() == 2;
        let place = |error: Error| {
            let without_batch = match error {
                Error::Entry { tensor, .. } | Error::Sum { tensor, .. } => shared && tensor == "ln_p_yz",
                _ => false,
            };
            CaseError::World {
                index: if without_batch { Vec::new() } else { vec![batch] },
                error,
            }
        };
        // Each distribution answers to the type it was stored in, not to the widest bound in the file. The
        // likelihood is no distribution: its type has no part in this.
        let distributions = [Some(self.prior), Some(self.encoder), self.caption_model, self.joint];
        let widest = distributions
            .into_iter()
            .flatten()
            .map(|tensor| tensor.unit_roundoff())
            .fold(UNIT_ROUNDOFF_F64, f64::max);
        for tensor in distributions.into_iter().flatten() {
            if tensor.unit_roundoff() < widest {
                let row = if shared && tensor.name == "ln_p_yz" {
                    tensor.all()
                } else {
                    tensor.row(batch)
                };
                LogProbs::new(tensor.name, Array1::from_vec(row.values()), tensor.unit_roundoff())
                    .map_err(|error| place(row.unflattened(error)))?;
            }
        }
        let prior = if shared {
            self.prior.all()
        } else {
            self.prior.row(batch)
        };
        let ln_q_y_given_x = match self.caption_model {
            Some(tensor) => tensor.row(batch).array(self.captions)?,
            None => Array1::from_shape_fn(self.captions, |k| if k == y { 0.0 } else { f64::NEG_INFINITY }),
        };
        let tables = Tables {
            ln_p_x_given_yz: self.likelihood.row(batch).array(square)?,
            ln_p_yz: prior.array(square)?,
            ln_q_z_given_x: self.encoder.row(batch).array(self.codes)?,
            ln_q_y_given_x,
            ln_q_yz_given_x: self.joint.map(|joint| joint.row(batch).array(square)).transpose()?,
            y,
            beta: self.beta.get(),
        };
        World::from_rounded(tables, widest).map_err(place)
    }
}

impl<'a> File<'a> {
    fn optional(&self, name: &'static str) -> Option<Tensor<'a>> {
        let info = self.header.tensors.get(name)?;
        let (begin, end) = info.data_offsets;
        Some(Tensor {
            name,
            dtype: info.dtype,
            shape: &info.shape,
            data: self.data.get(begin..end).unwrap_or_default(), // there: the header was checked against the data
        })
    }

    fn required(&self, name: &'static str) -> Result<Tensor<'a>, CaseError> {
        let known = NAMES.iter().find(|(known, _)| *known == name);
        let expected = known.map_or("a tensor", |(_, expected)| expected);
        self.optional(name).ok_or(CaseError::Missing { tensor: name, expected })
    }
}

impl<'a> Tensor<'a> {
    fn floats(self) -> Result<Self, CaseError> {
        if matches!(self.dtype, Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::BF16) {
            return Ok(self);
        }
        Err(CaseError::Dtype {
            tensor: self.name,
            found: self.dtype.to_string(),
            expected: "F64, F32, F16 or BF16",
        })
    }

    fn shaped(self, shape: &[usize]) -> Result<Self, CaseError> {
        if self.shape == shape {
            Ok(self)
        } else {
            Err(self.misshapen(&format!("{shape:?}")))
        }
    }

    fn misshapen(self, expected: &str) -> CaseError {
        CaseError::Shape {
            tensor: self.name.to_owned(),
            found: self.shape.to_vec(),
            expected: expected.to_owned(),
        }
    }

    /// Half the distance from 1 to the next number of the type.
    fn unit_roundoff(self) -> f64 {
        match self.dtype {
            Dtype::F32 => f64::from(f32::EPSILON) / 2.0,
            Dtype::F16 => f16::EPSILON.to_f64() / 2.0,
            Dtype::BF16 => bf16::EPSILON.to_f64() / 2.0,
            _ => UNIT_ROUNDOFF_F64,
        }
    }

    fn all(self) -> Row<'a> {
        Row {
            tensor: self,
            shape: self.shape,
            data: self.data,
        }
    }

    /// The part that belongs to one world.
    fn row(self, batch: usize) -> Row<'a> {
        let (&worlds, shape) = self.shape.split_first().unwrap_or((&1, &[]));
        let length = self.data.len() / worlds.max(1);
        let data = self.data.chunks_exact(length.max(1)).nth(batch).unwrap_or_default();
        Row {
            tensor: self,
            shape,
            data,
        }
    }

    fn scalar(self) -> Result<Beta, CaseError> {
        let values = self.floats()?.shaped(&[])?.all().values();
        Beta::new(values.first().copied().unwrap_or(f64::NAN)).map_err(|error| CaseError::World {
            index: Vec::new(),
            error,
        })
    }

    fn integers(self, count: usize) -> Result<Vec<i128>, CaseError> {
        macro_rules! decode {
            ($integer:ty) => {{
                let (values, _) = self.data.as_chunks::<{ size_of::<$integer>() }>();
                values
                    .iter()
                    .map(|bytes| i128::from(<$integer>::from_le_bytes(*bytes)))
                    .collect()
            }};
        }
        let values = match self.dtype {
            Dtype::U8 => decode!(u8),
            Dtype::I8 => decode!(i8),
            Dtype::U16 => decode!(u16),
            Dtype::I16 => decode!(i16),
            Dtype::U32 => decode!(u32),
            Dtype::I32 => decode!(i32),
            Dtype::U64 => decode!(u64),
            Dtype::I64 => decode!(i64),
            other => {
                return Err(CaseError::Dtype {
                    tensor: self.name,
                    found: other.to_string(),
                    expected: "an integer type, I64, I32, I16, I8, U64, U32, U16 or U8",
                });
            }
        };
        self.shaped(&[count]).map(|_| values)
    }
}

/// A contiguous part of a tensor.
#[derive(Clone, Copy)]
struct Row<'a> {
    tensor: Tensor<'a>,
    shape: &'a [usize],
    data: &'a [u8],
}

impl Row<'_> {
    fn values(self) -> Vec<f64> {
        macro_rules! decode {
            ($float:ty) => {{
                let (values, _) = self.data.as_chunks::<{ size_of::<$float>() }>();
                values
                    .iter()
                    .map(|bytes| <$float>::from_le_bytes(*bytes).into())
                    .collect()
            }};
        }
        match self.tensor.dtype {
            Dtype::F32 => decode!(f32),
            Dtype::F16 => decode!(f16),
            Dtype::BF16 => decode!(bf16),
            _ => decode!(f64),
        }
    }

    fn array<D: Dimension, S: ShapeBuilder<Dim = D>>(self, shape: S) -> Result<Array<f64, D>, CaseError> {
        Array::from_shape_vec(shape.into_shape_with_order(), self.values())
            .map_err(|_| self.tensor.misshapen("rows that fill the world's table"))
    }

    /// An error about the flattened row, with the index that the table has.
    fn unflattened(self, error: Error) -> Error {
        match error {
            Error::Entry { tensor, index, value } => {
                let mut flat = index.first().copied().unwrap_or(0);
                let mut index = Vec::new();
                for &size in self.shape.iter().rev() {
                    index.insert(0, flat % size.max(1));
                    flat /= size.max(1);
                }
                Error::Entry { tensor, index, value }
            }
            other => other,
        }
    }
}
