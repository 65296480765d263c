//! Case files: worlds read from and written to safetensors or TOML. The format is described in `case-format.md`.
//!
//! [`read`], [`from_bytes`] and [`embedded`] read a case; [`write()`] and [`write_toml`] write one. Whatever the bytes,
//! reading ends in validated worlds or in one sentence that says what stands where and what was expected.

use std::path::Path;

use bytes::of_bytes;
#[cfg(feature = "lapack")]
use reference::gaussian::Gaussian;
use reference::world::World;

use crate::fractions::written::InFractions;

pub use bytes::digest;
pub use files::disk::MAX_BYTES;
pub use files::disk::load;
pub use tensors::{NAMES, worlds};

mod bytes;
pub(crate) mod format;
#[cfg(feature = "lapack")]
mod gaussian;
pub mod large;
pub(crate) mod loaded;
mod renormalised;
pub mod storage;
mod tensors;
mod toml;
mod write;

pub use crate::error::FileError;
pub use format::{FORMAT, GAUSSIAN, MOST_TOML};
pub use loaded::Case;
pub use renormalised::{Renormalised, renormalised};
pub use toml::as_decimal;
pub use write::to_bytes;

/// Reads a case file.
///
/// # Errors
/// [`FileError::In`] with the path and what is wrong in it.
pub fn read(path: &Path) -> Result<Case, FileError> {
    let name = path.display().to_string();
    large::case(&name, path)
        .transpose()
        .unwrap_or_else(|| {
            let bytes = load(path).map_err(|error| FileError::Io { doing: "read", error })?;
            of_bytes(&name, &bytes)
        })
        .map_err(|error| error.in_file(&name))
}

/// Reads a case from bytes. `name` stands in the errors and in [`Case::source`]. Its extension decides how the bytes
/// are read: `.toml` as TOML, `.safetensors` as tensors. For any other name the first bytes decide.
///
/// # Errors
/// [`FileError::In`] with the name and what is wrong.
pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Case, FileError> {
    of_bytes(name, bytes).map_err(|error| error.in_file(name))
}

/// The case built into the program: 256 worlds of binarised emoji.
///
/// # Errors
/// Those of [`from_bytes`]. There are none as long as the file is the committed one.
pub fn embedded() -> Result<Case, FileError> {
    from_bytes("embedded", include_bytes!("../../data/emoji-mixture.safetensors"))
}

/// The linear-Gaussian case built into the program: 64 worlds of factor analysis fitted to emoji.
///
/// # Errors
/// Those of [`from_bytes`]. There are none as long as the file is the committed one.
#[cfg(feature = "lapack")]
pub fn embedded_gaussian() -> Result<Case, FileError> {
    from_bytes(
        "embedded, continuous",
        include_bytes!("../../data/emoji-factors.safetensors"),
    )
}

/// Writes linear-Gaussian worlds as a safetensors case in `f64`, in the same way as [`write()`]. `categories` names the
/// captions, one a line.
///
/// # Errors
/// As [`write()`].
#[cfg(feature = "lapack")]
pub fn write_gaussian(path: &Path, worlds: &[Gaussian], title: &str, categories: &str) -> Result<(), FileError> {
    gaussian::to_bytes(worlds, title, categories)
        .and_then(|bytes| replace(path, &bytes))
        .map_err(|error| error.in_file(&path.display().to_string()))
}

/// Writes worlds as a safetensors case in `f64`. The bytes first go into a file beside the target, which is then
/// renamed, so that a reader sees either the old file or the new one. The same worlds give the same bytes.
///
/// # Errors
/// As [`to_bytes`], and [`FileError::Io`]; both within [`FileError::In`].
pub fn write(path: &Path, worlds: &[World], title: &str) -> Result<(), FileError> {
    to_bytes(worlds, title)
        .and_then(|bytes| replace(path, &bytes))
        .map_err(|error| error.in_file(&path.display().to_string()))
}

/// Writes a world of fractions as TOML. It replaces the target in one step, as [`write()`] does.
///
/// # Errors
/// What [`InFractions::to_world`] refuses, and [`FileError::Io`]; both within [`FileError::In`].
pub fn write_toml(path: &Path, world: &impl InFractions) -> Result<(), FileError> {
    world
        .to_world()
        .and_then(|_| replace(path, world.to_toml().as_bytes()))
        .map_err(|error| error.in_file(&path.display().to_string()))
}

/// Writes a text file. It replaces the target in one step, as [`write()`] does.
///
/// # Errors
/// [`FileError::Io`] within [`FileError::In`].
pub fn write_text(path: &Path, text: &str) -> Result<(), FileError> {
    write_bytes(path, text.as_bytes())
}

/// Writes a file of bytes. It replaces the target in one step, as [`write()`] does.
///
/// # Errors
/// [`FileError::Io`] within [`FileError::In`].
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace(path, bytes).map_err(|error| error.in_file(&path.display().to_string()))
}

/// Refuses a path where nothing can be written. A command calls it before it starts long work.
///
/// # Errors
/// [`FileError::Io`] within [`FileError::In`].
pub fn expect_writable(path: &Path) -> Result<(), FileError> {
    let found = files::disk::expect_writable(path);
    found.map_err(|error| unwritten(error).in_file(&path.display().to_string()))
}

fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    files::disk::replace(path, bytes).map_err(unwritten)
}

const fn unwritten(error: std::io::Error) -> FileError {
    FileError::Io {
        doing: "written",
        error,
    }
}
