//! The values under the keys of a TOML file, or one sentence about why a value cannot be read.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::number::parse;
use crate::error::FileError;
use crate::fractions::fraction::Fraction;

const FRACTION: &str = "a fraction such as \"1/3\", \"0.25\" or \"1\" of 64-bit integers";
pub(super) const ROWS: &str = "a list of rows of fractions";
#[cfg(feature = "lapack")]
pub(super) const MATRICES: &str = "a list of matrices, each a list of rows of fractions";
pub(super) const LIST: &str = "a list of fractions";

pub(super) const fn missing(tensor: &'static str, expected: &'static str) -> FileError {
    FileError::Missing { tensor, expected }
}

fn wrong(tensor: &'static str, index: &[usize], value: &DeValue<'_>, expected: &'static str) -> FileError {
    let found = match value {
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    };
    FileError::Entry {
        tensor,
        index: index.to_vec(),
        found,
        expected,
    }
}

/// The keys and values of a TOML file. Every key is one of the format, or begins with `x_`.
pub(super) struct Keys<'a>(&'a DeTable<'a>);

impl<'a> Keys<'a> {
    /// Checks that every key is in `names` or begins with `x_`, and that the file names this format or none.
    pub(super) fn new(table: &'a DeTable<'a>, format: &str, names: &[&str]) -> Result<Self, FileError> {
        let known = |name: &str| names.contains(&name) || name.starts_with("x_");
        if let Some(name) = table.keys().find(|name| !known(name.get_ref())) {
            return Err(FileError::Unknown {
                name: name.get_ref().to_string(),
                expected: names.join(", "),
            });
        }
        let keys = Self(table);
        match keys.string("format")? {
            Some(found) if found != format => Err(FileError::Format {
                found: Some(found),
                expected: format!("{format:?}"),
            }),
            _ => Ok(keys),
        }
    }

    fn value(&self, name: &str) -> Option<&DeValue<'_>> {
        self.0.get(name).map(Spanned::get_ref)
    }

    pub(super) fn string(&self, name: &'static str) -> Result<Option<String>, FileError> {
        match self.value(name) {
            None => Ok(None),
            Some(DeValue::String(text)) => Ok(Some(text.to_string())),
            Some(other) => Err(wrong(name, &[], other, "a string")),
        }
    }

    pub(super) fn number(&self, name: &'static str) -> Result<Option<Fraction>, FileError> {
        self.value(name).map(|value| fraction(name, &[], value)).transpose()
    }

    pub(super) fn caption(&self, captions: usize) -> Result<usize, FileError> {
        let value = self
            .value("y")
            .ok_or(missing("y", "the observed caption, an integer"))?;
        let number = match value {
            DeValue::Integer(number) => i128::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok(),
            _ => None,
        };
        let number = number.ok_or_else(|| wrong("y", &[], value, "the observed caption, an integer"))?;
        let y = usize::try_from(number).ok().filter(|&y| y < captions);
        y.ok_or(FileError::Caption {
            index: Vec::new(),
            value: number,
            captions,
        })
    }

    pub(super) fn vector(&self, name: &'static str) -> Result<Option<Vec<Fraction>>, FileError> {
        match self.value(name) {
            None => Ok(None),
            Some(DeValue::Array(entries)) => row(name, &[], entries).map(Some),
            Some(other) => Err(wrong(name, &[], other, LIST)),
        }
    }

    pub(super) fn matrix(&self, name: &'static str) -> Result<Option<Vec<Vec<Fraction>>>, FileError> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => matrix(name, &[], value).map(Some),
        }
    }

    /// The list of matrices under a key, or `None` where the key is absent.
    #[cfg(feature = "lapack")]
    pub(super) fn matrices(&self, name: &'static str) -> Result<Option<Vec<Vec<Vec<Fraction>>>>, FileError> {
        let matrices = match self.value(name) {
            None => return Ok(None),
            Some(DeValue::Array(matrices)) => matrices,
            Some(other) => return Err(wrong(name, &[], other, MATRICES)),
        };
        let read = |(k, value): (usize, &Spanned<DeValue<'_>>)| matrix(name, &[k], value.get_ref());
        matrices
            .iter()
            .enumerate()
            .map(read)
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

fn matrix(name: &'static str, at: &[usize], value: &DeValue<'_>) -> Result<Vec<Vec<Fraction>>, FileError> {
    let DeValue::Array(rows) = value else {
        return Err(wrong(name, at, value, ROWS));
    };
    let read = |(k, value): (usize, &Spanned<DeValue<'_>>)| match value.get_ref() {
        DeValue::Array(entries) => row(name, &[at, &[k]].concat(), entries),
        other => Err(wrong(name, &[at, &[k]].concat(), other, LIST)),
    };
    rows.iter().enumerate().map(read).collect()
}

fn row(name: &'static str, at: &[usize], entries: &DeArray<'_>) -> Result<Vec<Fraction>, FileError> {
    let entry = |(k, value): (usize, &Spanned<DeValue<'_>>)| fraction(name, &[at, &[k]].concat(), value.get_ref());
    entries.iter().enumerate().map(entry).collect()
}

fn fraction(name: &'static str, index: &[usize], value: &DeValue<'_>) -> Result<Fraction, FileError> {
    let parsed = match value {
        DeValue::String(text) => parse(text),
        DeValue::Integer(number) if number.radix() == 10 => parse(&number.as_str().replace('_', "")),
        DeValue::Float(number) => parse(&number.as_str().replace('_', "")),
        _ => None,
    };
    parsed.ok_or_else(|| wrong(name, index, value, FRACTION))
}
