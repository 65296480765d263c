//! Archives of `NumPy`: `NAME.npz` with the statement beside it, in `NAME.json`.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use half::f16;
use npyz::npz::NpzArchive;
use npyz::{DType, NpyFile, Order, TypeChar};
use serde_json::json;
use worlds::case::FileError;

use super::element::{Element, Tensor, framed};
use super::format::{FORMAT, KEY};
use super::statement::refuse;
use super::tensors::TensorFile;

/// Whether a path names an archive of `NumPy`.
pub(super) fn is_npz(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("npz"))
}

/// Reads the arrays of an archive, and the statement beside it.
pub(super) fn read(path: &Path) -> Result<TensorFile, FileError> {
    let beside = path.with_extension("json");
    let statement = std::fs::read_to_string(&beside).map_err(|error| {
        refuse(
            "dump",
            &format!("not in {} ({error})", beside.display()),
            "a statement beside the archive, a JSON document (dump-format.md)",
        )
    })?;
    let io = |error| FileError::Io { doing: "read", error };
    let mut archive = NpzArchive::open(path).map_err(io)?;
    let names: Vec<String> = archive.array_names().map(str::to_owned).collect();
    let mut tensors = BTreeMap::new();
    for name in names {
        if let Some(array) = archive.by_name(&name).map_err(io)? {
            tensors.insert(name.clone(), tensor(&name, array)?);
        }
    }
    TensorFile::of(framed(&tensors, &json!({"format": FORMAT, KEY: statement})))
}

/// An array in the order of C, whatever its own is.
fn tensor<R: Read>(name: &str, array: NpyFile<R>) -> Result<Tensor, FileError> {
    let DType::Plain(kind) = array.dtype() else {
        return Err(no_type(name, "a record"));
    };
    match (kind.type_char(), kind.size_field()) {
        (TypeChar::Float, 8) => of::<f64, R>(array),
        (TypeChar::Float, 4) => of::<f32, R>(array),
        (TypeChar::Float, 2) => of::<f16, R>(array),
        (TypeChar::Int, 8) => of::<i64, R>(array),
        (TypeChar::Uint, 8) => of::<u64, R>(array),
        (TypeChar::Int, 4) => {
            let (shape, numbers) = numbers::<i32, R>(array)?;
            Ok(Tensor::of(&shape, numbers.into_iter().map(i64::from)))
        }
        (TypeChar::RawData, _) => Err(no_type(name, &format!("{kind}, as .npz writes bfloat16"))),
        _ => Err(no_type(name, &kind.to_string())),
    }
}

fn of<T: Element + npyz::Deserialize, R: Read>(array: NpyFile<R>) -> Result<Tensor, FileError> {
    let (shape, numbers) = numbers::<T, R>(array)?;
    Ok(Tensor::of(&shape, numbers.into_iter()))
}

/// The shape and the numbers of an array, the last axis running fastest.
fn numbers<T: Copy + npyz::Deserialize, R: Read>(array: NpyFile<R>) -> Result<(Vec<usize>, Vec<T>), FileError> {
    let shape: Vec<usize> = array
        .shape()
        .iter()
        .map(|length| usize::try_from(*length).unwrap_or(usize::MAX))
        .collect();
    let order = array.order();
    let stored = array
        .into_vec::<T>()
        .map_err(|error| FileError::Io { doing: "read", error })?;
    if order == Order::C || shape.len() < 2 {
        return Ok((shape, stored));
    }
    let mut numbers = Vec::with_capacity(stored.len());
    let mut index = vec![0; shape.len()];
    for _ in 0..stored.len() {
        let place = index
            .iter()
            .zip(&shape)
            .rev()
            .fold(0, |place, (at, length)| place * length + at);
        numbers.push(stored[place]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    Ok((shape, numbers))
}

fn no_type(name: &str, found: &str) -> FileError {
    refuse(
        &format!("array {name}"),
        &format!("of type {found}"),
        "f8, f4 or f2, or integers; elbo_dump.py writes every type",
    )
}
