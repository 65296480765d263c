//! From the bytes of a case file to a [`Case`]: which of the two formats they are in, the digest, the title and the
//! largest correction. The tables themselves are read in `tensors`, `gaussian` and `toml`.

use std::collections::BTreeMap;
use std::path::Path;

use files::header::{self, Header};
#[cfg(feature = "lapack")]
use reference::gaussian::Gaussian;
use reference::world::World;
use sha2::{Digest, Sha256};

use super::format::{FORMAT, GAUSSIAN, MOST_TOML};
#[cfg(feature = "lapack")]
use super::gaussian;
use super::loaded::Case;
use super::{tensors, toml};
use crate::error::FileError;
#[cfg(feature = "lapack")]
use crate::fractions::gaussian::FractionGaussian;
use crate::fractions::world::FractionWorld;

pub(super) fn of_bytes(name: &str, bytes: &[u8]) -> Result<Case, FileError> {
    if is_toml(name, bytes) {
        return from_toml(name, bytes);
    }
    let (header, data) = header::read(bytes)?;
    from_tensors(name, header, data, digest(bytes))
}

pub(super) fn is_toml(name: &str, bytes: &[u8]) -> bool {
    match Path::new(name).extension().and_then(|extension| extension.to_str()) {
        Some("toml") => true,
        Some("safetensors") => false,
        // A safetensors file begins with eight bytes of length and the brace of its JSON header.
        _ => !bytes.is_empty() && bytes.get(8) != Some(&b'{') && std::str::from_utf8(bytes).is_ok(),
    }
}

/// Refuses a TOML text that is longer than [`MOST_TOML`], because a parsed number takes a hundred times the memory of
/// its text.
pub(super) const fn expect_toml_size(found: u64) -> Result<(), FileError> {
    if found > MOST_TOML {
        return Err(FileError::TomlSize { found });
    }
    Ok(())
}

fn from_toml(name: &str, bytes: &[u8]) -> Result<Case, FileError> {
    expect_toml_size(bytes.len() as u64)?;
    let text = std::str::from_utf8(bytes).map_err(|error| FileError::Toml {
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
    let table = toml::table(text)?;
    let format = match toml::format_of(&table)? {
        #[cfg(feature = "lapack")]
        GAUSSIAN => {
            let fractions = FractionGaussian::from_table(&table)?;
            let world = fractions.to_world()?;
            case.correction = world.correction();
            (case.gaussian, case.title) = (vec![world], fractions.note);
            GAUSSIAN
        }
        #[cfg(not(feature = "lapack"))]
        GAUSSIAN => return Err(FileError::WithoutLapack),
        _ => {
            let fractions = FractionWorld::from_table(&table)?;
            let world = fractions.to_world()?;
            case.correction = world.correction();
            (case.worlds, case.title) = (vec![world], fractions.note);
            FORMAT
        }
    };
    case.metadata.insert("format".to_owned(), format.to_owned());
    Ok(case)
}

/// The format that a safetensors file names in its metadata: [`FORMAT`] or [`GAUSSIAN`].
pub(super) fn format_of(header: &Header) -> Result<&'static str, FileError> {
    let found = header.metadata.get("format");
    match found.map(String::as_str) {
        Some(FORMAT) => Ok(FORMAT),
        Some(GAUSSIAN) if !cfg!(feature = "lapack") => Err(FileError::WithoutLapack),
        Some(GAUSSIAN) => Ok(GAUSSIAN),
        _ => Err(FileError::Format {
            found: found.cloned(),
            expected: format!("{FORMAT:?} or {GAUSSIAN:?}"),
        }),
    }
}

pub(super) fn from_tensors(name: &str, header: Header, data: &[u8], sha256: String) -> Result<Case, FileError> {
    let worlds = match format_of(&header)? {
        FORMAT => tensors::worlds(&header, data)?,
        _ => Vec::new(),
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
        sha256,
        dtype: tensors::dtypes(&header),
        source: name.to_owned(),
        metadata: header.metadata,
    })
}

/// The SHA-256 of the bytes, as 64 lower-case hexadecimal digits.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    hexadecimal(Sha256::new_with_prefix(bytes))
}

pub(super) fn hexadecimal(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
