//! Case files: worlds read from and written to safetensors or TOML. The format is described in `case-format.md`.
//!
//! One way in ([`read`], [`from_bytes`], [`embedded`]) and one way out ([`write()`], [`write_toml`]). Whatever the bytes,
//! reading ends in validated worlds or in one sentence that says what stands where and what was expected.

use std::collections::BTreeMap;
use std::path::Path;

#[cfg(feature = "lapack")]
use reference::gaussian::Gaussian;
use reference::world::World;
use sha2::{Digest, Sha256};

#[cfg(feature = "lapack")]
use crate::fractions::FractionGaussian;
use crate::fractions::FractionWorld;
use crate::specimen::Written;
pub use files::disk::MAX_BYTES;
pub(crate) use files::disk::load;
use files::header;
pub(crate) use tensors::{NAMES, worlds};

mod error;
#[cfg(feature = "lapack")]
mod gaussian;
pub(crate) mod storage;
mod tensors;
mod toml;
mod write;

pub use error::CaseError;
pub use toml::as_decimal;
pub use write::to_bytes;

/// The value of the metadata key `format` of finite worlds.
pub const FORMAT: &str = "elbo-case/1";

/// The value of the metadata key `format` of linear-Gaussian worlds.
pub const GAUSSIAN: &str = "elbo-gaussian/1";

/// Worlds with where they came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The worlds, in the order of the file's batch; all of one size, and none in a file of Gaussian ones.
    pub worlds: Vec<World>,
    /// The linear-Gaussian worlds; at least one where there is none of the other kind.
    #[cfg(feature = "lapack")]
    pub gaussian: Vec<Gaussian>,
    /// The metadata's `title`, or a TOML file's `note`.
    pub title: Option<String>,
    /// SHA-256 of the bytes, in hexadecimal.
    pub sha256: String,
    /// The largest correction that renormalising made to a distribution's sum.
    pub correction: f64,
    /// The types the log-probabilities were stored in, narrowest last and joined by `+`; `fractions` for TOML.
    pub dtype: String,
    /// The path, or `embedded`.
    pub source: String,
    /// All metadata, `format` included.
    pub metadata: BTreeMap<String, String>,
}

impl Case {
    /// Number of worlds, of either kind.
    #[must_use]
    pub const fn len(&self) -> usize {
        #[cfg(feature = "lapack")]
        return self.worlds.len() + self.gaussian.len();
        #[cfg(not(feature = "lapack"))]
        return self.worlds.len();
    }

    /// Whether there are none, which no file that was read has.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The captions' names: the lines of the metadata's `categories`, none where it is absent.
    #[must_use]
    pub fn categories(&self) -> Vec<&str> {
        self.metadata
            .get("categories")
            .map(|names| names.lines().collect())
            .unwrap_or_default()
    }
}

/// Reads a case file.
///
/// # Errors
/// [`CaseError::In`] with the path and what is wrong in it.
pub fn read(path: &Path) -> Result<Case, CaseError> {
    let name = path.display().to_string();
    let bytes = load(path).map_err(|error| CaseError::Io { doing: "read", error }.in_file(&name))?;
    from_bytes(&name, &bytes)
}

/// Reads a case from bytes; `name` stands in errors and in [`Case::source`], and its extension decides how they are read:
/// `.toml`, `.safetensors`, and for any other name what the bytes look like.
///
/// # Errors
/// [`CaseError::In`] with the name and what is wrong.
pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Case, CaseError> {
    let case = if is_toml(name, bytes) {
        from_toml(name, bytes)
    } else {
        from_safetensors(name, bytes)
    };
    case.map_err(|error| error.in_file(name))
}

/// The case built into the program: 256 worlds of binarised emoji.
///
/// # Errors
/// As [`from_bytes`]; none, as long as the file is the committed one.
pub fn embedded() -> Result<Case, CaseError> {
    from_bytes("embedded", include_bytes!("data/emoji-mixture.safetensors"))
}

/// The linear-Gaussian case built into the program: 64 worlds of factor analysis fitted to emoji.
///
/// # Errors
/// As [`from_bytes`]; none, as long as the file is the committed one.
#[cfg(feature = "lapack")]
pub fn embedded_gaussian() -> Result<Case, CaseError> {
    from_bytes("embedded, continuous", include_bytes!("data/emoji-factors.safetensors"))
}

/// Writes linear-Gaussian worlds as a safetensors case in `f64`, as [`write()`] does; `categories` names the captions, one a line.
///
/// # Errors
/// As [`write()`].
#[cfg(feature = "lapack")]
pub fn write_gaussian(path: &Path, worlds: &[Gaussian], title: &str, categories: &str) -> Result<(), CaseError> {
    gaussian::to_bytes(worlds, title, categories)
        .and_then(|bytes| replace(path, &bytes))
        .map_err(|error| error.in_file(&path.display().to_string()))
}

/// Writes worlds as a safetensors case in `f64`, beside the target first and then renamed, so that a reader sees the old
/// file or the new one. The same worlds give the same bytes.
///
/// # Errors
/// As [`to_bytes`], and [`CaseError::Io`]; both within [`CaseError::In`].
pub fn write(path: &Path, worlds: &[World], title: &str) -> Result<(), CaseError> {
    to_bytes(worlds, title)
        .and_then(|bytes| replace(path, &bytes))
        .map_err(|error| error.in_file(&path.display().to_string()))
}

/// Writes a world of fractions as TOML, beside the target first and then renamed.
///
/// # Errors
/// What [`Written::to_world`] refuses, and [`CaseError::Io`]; both within [`CaseError::In`].
pub fn write_toml(path: &Path, world: &impl Written) -> Result<(), CaseError> {
    world
        .to_world()
        .and_then(|_| replace(path, world.to_toml().as_bytes()))
        .map_err(|error| error.in_file(&path.display().to_string()))
}

/// Writes a text, beside the target first and then renamed.
///
/// # Errors
/// [`CaseError::Io`] within [`CaseError::In`].
pub fn write_text(path: &Path, text: &str) -> Result<(), CaseError> {
    write_bytes(path, text.as_bytes())
}

/// Writes bytes, beside the target first and then renamed.
///
/// # Errors
/// [`CaseError::Io`] within [`CaseError::In`].
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), CaseError> {
    replace(path, bytes).map_err(|error| error.in_file(&path.display().to_string()))
}

/// Refuses, before any work is done, a place where nothing can be written.
///
/// # Errors
/// [`CaseError::Io`] within [`CaseError::In`].
pub fn expect_writable(path: &Path) -> Result<(), CaseError> {
    let found = files::disk::expect_writable(path);
    found.map_err(|error| unwritten(error).in_file(&path.display().to_string()))
}

fn replace(path: &Path, bytes: &[u8]) -> Result<(), CaseError> {
    files::disk::replace(path, bytes).map_err(unwritten)
}

const fn unwritten(error: std::io::Error) -> CaseError {
    CaseError::Io {
        doing: "written",
        error,
    }
}

fn is_toml(name: &str, bytes: &[u8]) -> bool {
    match Path::new(name).extension().and_then(|extension| extension.to_str()) {
        Some("toml") => true,
        Some("safetensors") => false,
        // A safetensors file begins with eight bytes of length and the brace of its JSON header.
        _ => !bytes.is_empty() && bytes.get(8) != Some(&b'{') && std::str::from_utf8(bytes).is_ok(),
    }
}

fn from_toml(name: &str, bytes: &[u8]) -> Result<Case, CaseError> {
    let text = std::str::from_utf8(bytes).map_err(|error| CaseError::Toml {
        reason: format!("byte {} is not UTF-8", error.valid_up_to()),
    })?;
    let mut case = Case {
        worlds: Vec::new(),
        #[cfg(feature = "lapack")]
        gaussian: Vec::new(),
        title: None,
        sha256: digest(bytes),
        correction: 0.0,
        dtype: "fractions".to_owned(),
        source: name.to_owned(),
        metadata: BTreeMap::new(),
    };
    let format = match toml::format_of(text)?.as_str() {
        #[cfg(feature = "lapack")]
        GAUSSIAN => {
            let fractions = FractionGaussian::from_toml(text)?;
            let world = fractions.to_world()?;
            case.correction = world.correction();
            (case.gaussian, case.title) = (vec![world], fractions.note);
            GAUSSIAN
        }
        #[cfg(not(feature = "lapack"))]
        GAUSSIAN => return Err(CaseError::WithoutLapack),
        _ => {
            let fractions = FractionWorld::from_toml(text)?;
            let world = fractions.to_world()?;
            case.correction = world.correction();
            (case.worlds, case.title) = (vec![world], fractions.note);
            FORMAT
        }
    };
    case.metadata.insert("format".to_owned(), format.to_owned());
    Ok(case)
}

fn from_safetensors(name: &str, bytes: &[u8]) -> Result<Case, CaseError> {
    let (header, data) = header::read(bytes)?;
    let found = header.metadata.get("format");
    let worlds = match found.map(String::as_str) {
        Some(FORMAT) => tensors::worlds(&header, data)?,
        Some(GAUSSIAN) if !cfg!(feature = "lapack") => return Err(CaseError::WithoutLapack),
        Some(GAUSSIAN) => Vec::new(),
        _ => {
            return Err(CaseError::Format {
                found: found.cloned(),
                expected: format!("{FORMAT:?} or {GAUSSIAN:?}"),
            });
        }
    };
    let correction = worlds.iter().map(World::correction).fold(0.0, f64::max);
    #[cfg(feature = "lapack")]
    let (gaussian, correction) = if worlds.is_empty() {
        let gaussian = gaussian::worlds(&header, data)?;
        let correction = gaussian.iter().map(Gaussian::correction).fold(0.0, f64::max);
        (gaussian, correction)
    } else {
        (Vec::new(), correction)
    };
    Ok(Case {
        correction,
        worlds,
        #[cfg(feature = "lapack")]
        gaussian,
        title: header.metadata.get("title").cloned(),
        sha256: digest(bytes),
        dtype: tensors::dtypes(&header),
        source: name.to_owned(),
        metadata: header.metadata,
    })
}

/// SHA-256 in hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
