//! Tensors as they lie in a file: their numbers are of any float or integer type, little-endian, and at any address.

use files::numbers::{floats, unravel};
use half::{bf16, f16};
use ndarray::{Array, Dimension, ShapeBuilder};
use reference::vocab::{Beta, Error, UNIT_ROUNDOFF_F64};
use safetensors::Dtype;

use crate::error::FileError;

/// The largest finite number in a case, of either sign: products of two of them, and sums of those, stay finite.
const LARGEST: f64 = 1e150;

const SIZE: &str = "a number of at most 1e150 in size";

/// A tensor of the file whose type and shape have been checked; the bytes may lie at any address.
#[derive(Clone, Copy)]
pub(super) struct Tensor<'a> {
    pub(super) name: &'static str,
    pub(super) dtype: Dtype,
    pub(super) shape: &'a [usize],
    pub(super) data: &'a [u8],
}

impl<'a> Tensor<'a> {
    pub(super) fn floats(self) -> Result<Self, FileError> {
        if matches!(self.dtype, Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::BF16) {
            return Ok(self);
        }
        Err(FileError::Dtype {
            tensor: self.name,
            found: self.dtype.to_string(),
            expected: "F64, F32, F16 or BF16",
        })
    }

    pub(super) fn shaped(self, shape: &[usize]) -> Result<Self, FileError> {
        if self.shape == shape {
            Ok(self)
        } else {
            Err(self.misshapen(&format!("{shape:?}")))
        }
    }

    pub(super) fn misshapen(self, expected: &str) -> FileError {
        FileError::Shape {
            tensor: self.name.to_owned(),
            found: self.shape.to_vec(),
            expected: expected.to_owned(),
        }
    }

    /// The unit roundoff of the stored type: half the distance from 1 to the next larger number.
    pub(super) fn unit_roundoff(self) -> f64 {
        match self.dtype {
            Dtype::F32 => f64::from(f32::EPSILON) / 2.0,
            Dtype::F16 => f16::EPSILON.to_f64() / 2.0,
            Dtype::BF16 => bf16::EPSILON.to_f64() / 2.0,
            _ => UNIT_ROUNDOFF_F64,
        }
    }

    pub(super) fn all(self) -> Row<'a> {
        Row {
            tensor: self,
            shape: self.shape,
            data: self.data,
        }
    }

    /// The part of the tensor that belongs to one world of the batch.
    pub(super) fn row(self, batch: usize) -> Row<'a> {
        let (&worlds, shape) = self.shape.split_first().unwrap_or((&1, &[]));
        let length = self.data.len() / worlds.max(1);
        let data = self.data.chunks_exact(length.max(1)).nth(batch).unwrap_or_default();
        Row {
            tensor: self,
            shape,
            data,
        }
    }

    pub(super) fn scalar(self) -> Result<Beta, FileError> {
        let scalar = self.floats()?.shaped(&[])?.all();
        let value = scalar.values().first().copied().unwrap_or(f64::NAN);
        Beta::new(value).map_err(|error| FileError::World {
            index: Vec::new(),
            error,
        })
    }

    pub(super) fn integers(self, count: usize) -> Result<Vec<i128>, FileError> {
        let values = self.all_integers()?;
        self.shaped(&[count]).map(|_| values)
    }

    fn all_integers(self) -> Result<Vec<i128>, FileError> {
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
                return Err(FileError::Dtype {
                    tensor: self.name,
                    found: other.to_string(),
                    expected: "an integer type, I64, I32, I16, I8, U64, U32, U16 or U8",
                });
            }
        };
        Ok(values)
    }
}

/// A part of a tensor, read from the file without the rest of it.
#[derive(Debug, Clone)]
pub struct Part {
    /// The tensor's name.
    pub name: &'static str,
    /// The type that it is stored in.
    pub dtype: Dtype,
    /// The part's shape.
    pub shape: Vec<usize>,
    /// The bytes of its numbers, as they are stored.
    pub bytes: Vec<u8>,
}

impl Part {
    fn tensor(&self) -> Tensor<'_> {
        Tensor {
            name: self.name,
            dtype: self.dtype,
            shape: &self.shape,
            data: &self.bytes,
        }
    }

    /// The part's numbers, widened to `f64` and not checked.
    #[must_use]
    pub fn values(&self) -> Vec<f64> {
        self.tensor().all().values()
    }

    /// The same part, if its numbers are floating-point.
    ///
    /// # Errors
    /// [`FileError::Dtype`] for another type.
    pub fn floats(self) -> Result<Self, FileError> {
        self.tensor().floats()?;
        Ok(self)
    }

    /// The unit roundoff of the type that it is stored in.
    #[must_use]
    pub fn unit_roundoff(&self) -> f64 {
        self.tensor().unit_roundoff()
    }

    /// The number of its numbers.
    #[must_use]
    pub fn count(&self) -> usize {
        self.bytes.len() / self.dtype.bitsize().div_ceil(8).max(1)
    }

    /// `count` of the part's numbers from `first` on, widened to `f64`; each lies `step` after the one before. Numbers that
    /// the part does not have are left out.
    #[must_use]
    pub fn some(&self, first: usize, step: usize, count: usize) -> Vec<f64> {
        match self.dtype {
            Dtype::F32 => strided(&self.bytes, [first, step, count], |bytes| {
                f32::from_le_bytes(bytes).into()
            }),
            Dtype::F16 => strided(&self.bytes, [first, step, count], |bytes| {
                f16::from_le_bytes(bytes).into()
            }),
            Dtype::BF16 => strided(&self.bytes, [first, step, count], |bytes| {
                bf16::from_le_bytes(bytes).into()
            }),
            _ => strided(&self.bytes, [first, step, count], f64::from_le_bytes),
        }
    }

    /// The same numbers with columns for rows: they lie in rows of `columns` numbers now.
    #[must_use]
    pub fn transposed(mut self, columns: usize) -> Self {
        self.bytes = match self.dtype {
            Dtype::F32 => transposed::<4>(&self.bytes, columns),
            Dtype::F16 | Dtype::BF16 => transposed::<2>(&self.bytes, columns),
            _ => transposed::<8>(&self.bytes, columns),
        };
        self
    }

    /// Other numbers, in double precision, each of which is a function of one of the part's.
    #[must_use]
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        let bytes = |first: usize| {
            self.some(first, 1, BLOCK)
                .into_iter()
                .flat_map(|number| f(number).to_le_bytes())
        };
        Self {
            name: self.name,
            dtype: Dtype::F64,
            shape: self.shape.clone(),
            bytes: (0..self.count()).step_by(BLOCK).flat_map(bytes).collect(),
        }
    }

    /// Checks each of the part's numbers with `may`, as [`Self::checked`].
    ///
    /// # Errors
    /// [`FileError::Entry`] for the first number that `may` refuses.
    pub fn check(
        &self,
        batch: Option<usize>,
        may: impl Fn(f64) -> bool,
        expected: &'static str,
    ) -> Result<(), FileError> {
        for first in (0..self.count()).step_by(BLOCK) {
            let values = self.some(first, 1, BLOCK);
            if let Some(at) = values.iter().position(|value| !may(*value)) {
                return Err(FileError::Entry {
                    tensor: self.name,
                    index: batch.into_iter().chain(unravel(&self.shape, first + at)).collect(),
                    found: values[at].to_string(),
                    expected,
                });
            }
        }
        Ok(())
    }

    /// The part's numbers, each of which is checked with `may`. In an error, `batch` stands before the index within the
    /// part, so that the reader sees the index within the whole tensor.
    ///
    /// # Errors
    /// [`FileError::Entry`] for the first number that `may` refuses.
    pub fn checked(
        &self,
        batch: Option<usize>,
        may: impl Fn(f64) -> bool,
        expected: &'static str,
    ) -> Result<Vec<f64>, FileError> {
        self.check(batch, may, expected).map(|()| self.values())
    }

    /// The part's numbers as integers.
    ///
    /// # Errors
    /// [`FileError::Dtype`] when the stored type is not an integer type.
    pub fn integers(&self) -> Result<Vec<i128>, FileError> {
        self.tensor().all_integers()
    }
}

/// The numbers that are widened at once where all are checked.
const BLOCK: usize = 1 << 12;

/// Some numbers of `N` bytes each: from `first` on, each `step` after the one before.
fn strided<const N: usize>(
    bytes: &[u8],
    [first, step, count]: [usize; 3],
    number: impl Fn([u8; N]) -> f64,
) -> Vec<f64> {
    let (numbers, _) = bytes.as_chunks::<N>();
    let from = numbers.get(first..).unwrap_or_default();
    if step == 1 {
        from.iter().take(count).map(|bytes| number(*bytes)).collect()
    } else {
        from.iter()
            .step_by(step.max(1))
            .take(count)
            .map(|bytes| number(*bytes))
            .collect()
    }
}

/// Numbers of `N` bytes each, of which `columns` lie in a row afterwards. It works on squares that fit into the cache.
fn transposed<const N: usize>(bytes: &[u8], columns: usize) -> Vec<u8> {
    const SIDE: usize = 32;
    let (numbers, _) = bytes.as_chunks::<N>();
    let rows = numbers.len() / columns.max(1);
    let mut turned = vec![[0; N]; numbers.len()];
    for top in (0..columns).step_by(SIDE) {
        for left in (0..rows).step_by(SIDE) {
            for column in top..columns.min(top + SIDE) {
                for row in left..rows.min(left + SIDE) {
                    turned[row * columns + column] = numbers[column * rows + row];
                }
            }
        }
    }
    turned.into_flattened()
}

/// A contiguous part of a tensor.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) tensor: Tensor<'a>,
    pub(super) shape: &'a [usize],
    pub(super) data: &'a [u8],
}

impl Row<'_> {
    pub(super) fn values(self) -> Vec<f64> {
        floats(self.tensor.dtype, self.data).unwrap_or_else(|| {
            let (values, _) = self.data.as_chunks();
            values.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
        })
    }

    pub(super) fn array<D: Dimension, S: ShapeBuilder<Dim = D>>(self, shape: S) -> Result<Array<f64, D>, FileError> {
        Array::from_shape_vec(shape.into_shape_with_order(), self.values())
            .map_err(|_| self.tensor.misshapen("rows that fill the world's table"))
    }

    /// Refuses finite numbers beyond [`LARGEST`].
    pub(super) fn check_size(self, batch: Option<usize>) -> Result<(), FileError> {
        let values = self.values();
        let Some((flat, value)) = (values.iter().enumerate()).find(|(_, v)| v.is_finite() && v.abs() > LARGEST) else {
            return Ok(());
        };
        Err(FileError::Entry {
            tensor: self.tensor.name,
            index: batch.into_iter().chain(self.unravel(flat)).collect(),
            found: format!("{value:e}"),
            expected: SIZE,
        })
    }

    fn unravel(self, flat: usize) -> Vec<usize> {
        unravel(self.shape, flat)
    }

    /// Replaces the index within the flattened row, in an error about an entry, by the index within the table.
    pub(super) fn unflattened(self, error: Error) -> Error {
        match error {
            Error::Entry { tensor, index, value } => Error::Entry {
                tensor,
                index: self.unravel(index.first().copied().unwrap_or(0)),
                value,
            },
            other => other,
        }
    }
}
