//! Shapes and types of tensors, as they must be.

use bounds::Float;
use safetensors::Dtype;
use worlds::case::FileError;

use super::claim::Kept;
use super::words::Form;
use super::{Axis, Sizes, Source};

/// The shape of a float tensor.
pub(super) fn floats<'a>(source: &'a Source, name: &'static str) -> Result<&'a [usize], FileError> {
    let info = source.info(name)?;
    expect_float(name, info.dtype)?;
    Ok(&info.shape)
}

/// The type of a tensor of floats.
pub(super) fn expect_float(name: &'static str, dtype: Dtype) -> Result<Float, FileError> {
    Float::of(dtype).ok_or_else(|| FileError::Dtype {
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

pub(super) fn same(source: &Source, name: &'static str, shape: &[usize]) -> Result<(), FileError> {
    let found = floats(source, name)?;
    if found == shape {
        Ok(())
    } else {
        Err(misshapen(name, found, &format!("{shape:?}")))
    }
}

pub(super) fn forbid(source: &Source, name: &'static str, expected: &str) -> Result<(), FileError> {
    if source.has(name) {
        Err(misshapen(name, floats(source, name)?, expected))
    } else {
        Ok(())
    }
}

/// The shapes that a claim may have: positions in raster order, or as the grid that the logits have.
pub(super) fn shapes(kept: &[(Axis, Kept)], form: Form, sizes: &Sizes) -> Vec<Vec<usize>> {
    let keeps = |axis: Axis| kept.contains(&(axis, Kept::Each));
    let mut flat = Vec::new();
    let mut grid = Vec::new();
    let planes = form == Form::Tokens && sizes.grid.is_some();
    for (axis, kept) in kept {
        if *kept != Kept::Each {
            continue;
        }
        match axis {
            Axis::Pixel => {
                flat.extend(&sizes.image);
                grid.extend(&sizes.image);
            }
            // In planes the codes come before the positions.
            Axis::Position if planes => {
                if keeps(Axis::Code) {
                    flat.push(sizes.codes);
                    grid.push(sizes.codes);
                }
                flat.push(sizes.positions);
                grid.extend(sizes.grid.iter().flatten());
            }
            Axis::Code if planes && keeps(Axis::Position) => {}
            other => {
                flat.push(sizes.of_axis(*other));
                grid.push(sizes.of_axis(*other));
            }
        }
    }
    if flat == grid { vec![flat] } else { vec![grid, flat] }
}
