//! Checks of the shapes and types of tensors.

use bounds::Float;
use safetensors::Dtype;
use worlds::case::FileError;

use super::tensors::TensorFile;

/// The shape of a tensor, which must hold floating-point numbers.
pub(super) fn floats<'a>(source: &'a TensorFile, name: &'static str) -> Result<&'a [usize], FileError> {
    let info = source.info(name)?;
    expect_float(name, info.dtype)?;
    Ok(&info.shape)
}

/// The floating-point type of a tensor. It is an error where the tensor has another type.
pub(super) fn expect_float(name: &'static str, dtype: Dtype) -> Result<Float, FileError> {
    float(dtype).ok_or_else(|| FileError::Dtype {
        tensor: name,
        found: dtype.to_string(),
        expected: "F64, F32, F16 or BF16",
    })
}

pub(super) fn misshapen(tensor: &str, found: &[usize], expected: &str) -> FileError {
    FileError::Shape {
        tensor: tensor.to_owned(),
        found: found.to_vec(),
        expected: expected.to_owned(),
    }
}

pub(super) fn same(source: &TensorFile, name: &'static str, shape: &[usize]) -> Result<(), FileError> {
    let found = floats(source, name)?;
    if found == shape {
        Ok(())
    } else {
        Err(misshapen(name, found, &format!("{shape:?}")))
    }
}

/// Refuses a tensor that has neither this shape nor that of one item, which is then the same for all.
pub(super) fn of_each_or_of_all(source: &TensorFile, name: &'static str, shape: &[usize]) -> Result<(), FileError> {
    let found = floats(source, name)?;
    let of_all: Vec<usize> = std::iter::once(1).chain(shape.iter().skip(1).copied()).collect();
    if found == shape || found == of_all {
        Ok(())
    } else {
        Err(misshapen(
            name,
            found,
            &format!("{shape:?}, or {of_all:?} for all items"),
        ))
    }
}

pub(super) fn forbid(source: &TensorFile, name: &'static str, expected: &str) -> Result<(), FileError> {
    if source.has(name) {
        Err(misshapen(name, floats(source, name)?, expected))
    } else {
        Ok(())
    }
}

/// The type of a stored tensor, or `None` where that is not a floating-point type.
const fn float(dtype: Dtype) -> Option<Float> {
    match dtype {
        Dtype::F64 => Some(Float::F64),
        Dtype::F32 => Some(Float::F32),
        Dtype::F16 => Some(Float::F16),
        Dtype::BF16 => Some(Float::Bf16),
        _ => None,
    }
}
