//! Archives of `NumPy`: `NAME.npz` with the statement beside it, in `NAME.json`.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use files::disk::MAX_BYTES;
use files::words::one_line;
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
        if name.starts_with("x_") {
            continue; // It is the user's own, and ignored.
        }
        let array = archive.by_name(&name).map_err(|error| unreadable(&name, &error))?;
        if let Some(array) = array
            && tensors.insert(name.clone(), tensor(&name, array)?).is_some()
        {
            return Err(refuse(
                &format!("array {name}"),
                "twice in the archive",
                "one array of a name",
            ));
        }
    }
    let statement = statement.trim_start_matches('\u{feff}');
    TensorFile::of(framed(&tensors, &json!({"format": FORMAT, KEY: statement})))
}

/// An array in the order of C, whatever its own is.
fn tensor<R: Read>(name: &str, array: NpyFile<R>) -> Result<Tensor, FileError> {
    let DType::Plain(kind) = array.dtype() else {
        return Err(no_type(name, "a record"));
    };
    let count = array
        .shape()
        .iter()
        .try_fold(1_u64, |count, length| count.checked_mul(*length));
    let bytes = count.and_then(|count| count.checked_mul(kind.num_bytes().unwrap_or(1) as u64));
    if bytes.is_none_or(|bytes| bytes > MAX_BYTES) {
        let found = format!(
            "of {} numbers",
            count.map_or_else(|| "too many".to_owned(), |count| count.to_string())
        );
        return Err(refuse(
            &format!("array {name}"),
            &found,
            &format!("at most {MAX_BYTES} bytes"),
        ));
    }
    match (kind.type_char(), kind.size_field()) {
        (TypeChar::Float, 8) => of::<f64, R>(name, array),
        (TypeChar::Float, 4) => of::<f32, R>(name, array),
        (TypeChar::Float, 2) => of::<f16, R>(name, array),
        (TypeChar::Int, 8) => of::<i64, R>(name, array),
        (TypeChar::Uint, 8) => of::<u64, R>(name, array),
        (TypeChar::Int, 4) => {
            let (shape, numbers) = numbers::<i32, R>(name, array)?;
            Ok(Tensor::of(&shape, numbers.into_iter().map(i64::from)))
        }
        (TypeChar::RawData, _) => Err(no_type(name, &format!("{kind}, as .npz writes bfloat16"))),
        _ => Err(no_type(name, &kind.to_string())),
    }
}

fn of<T: Element + npyz::Deserialize, R: Read>(name: &str, array: NpyFile<R>) -> Result<Tensor, FileError> {
    let (shape, numbers) = numbers::<T, R>(name, array)?;
    Ok(Tensor::of(&shape, numbers.into_iter()))
}

/// The shape and the numbers of an array, the last axis running fastest.
fn numbers<T: Copy + npyz::Deserialize, R: Read>(
    name: &str,
    array: NpyFile<R>,
) -> Result<(Vec<usize>, Vec<T>), FileError> {
    let shape: Vec<usize> = array
        .shape()
        .iter()
        .map(|length| usize::try_from(*length).unwrap_or(usize::MAX))
        .collect();
    let order = array.order();
    let stored = array.into_vec::<T>().map_err(|error| unreadable(name, &error))?;
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

/// An array that is none, or that is cut short.
fn unreadable(name: &str, error: &std::io::Error) -> FileError {
    let found = format!("cannot be read: {}", one_line(&error.to_string()));
    refuse(&format!("array {name}"), &found, "a whole array of `numpy.savez`")
}

fn no_type(name: &str, found: &str) -> FileError {
    refuse(
        &format!("array {name}"),
        &format!("of type {found}"),
        "f8, f4 or f2, or integers; elbo_dump.py writes every type",
    )
}
