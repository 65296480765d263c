//! A world of fractions as TOML text, both ways.

use std::fmt::Write;

use files::header;
use files::words::one_line;
use toml::de::DeTable;

use self::keys::{Keys, LIST, ROWS, missing};
use super::format::{FORMAT, GAUSSIAN};
use crate::error::FileError;
use crate::fractions::fraction::Fraction;
use crate::fractions::world::FractionWorld;

#[cfg(feature = "lapack")]
mod gaussian;
mod keys;
mod number;

pub use number::as_decimal;

const NAMES: [&str; 9] = [
    "format",
    "note",
    "y",
    "beta",
    "p_x_given_yz",
    "p_yz",
    "q_z_given_x",
    "q_y_given_x",
    "q_yz_given_x",
];

impl FractionWorld {
    /// Reads a world written by [`FractionWorld::to_toml`] or by hand, and checks it.
    ///
    /// A number is a string such as `"1/3"`, `"0.25"` or `"1"`, or a TOML integer or float, which means exactly the
    /// decimal that is written.
    ///
    /// # Errors
    /// A [`FileError`] that names the table and the index.
    pub fn from_toml(text: &str) -> Result<Self, FileError> {
        Self::from_table(&table(text)?)
    }

    pub(super) fn from_table(table: &DeTable<'_>) -> Result<Self, FileError> {
        let file = Keys::new(table, FORMAT, &NAMES)?;
        let p_x_given_yz = file.matrix("p_x_given_yz")?.ok_or(missing("p_x_given_yz", ROWS))?;
        let y = file.caption(p_x_given_yz.len())?;
        let q_yz_given_x = file.matrix("q_yz_given_x")?;
        let q_y_given_x = match file.vector("q_y_given_x")? {
            Some(given) => given,
            None if q_yz_given_x.is_some() => return Err(missing("q_y_given_x", BESIDE_JOINT)),
            None => certain(p_x_given_yz.len(), y),
        };
        let world = Self {
            p_x_given_yz,
            p_yz: file.matrix("p_yz")?.ok_or(missing("p_yz", ROWS))?,
            q_z_given_x: file.vector("q_z_given_x")?.ok_or(missing("q_z_given_x", LIST))?,
            q_y_given_x,
            q_yz_given_x,
            y,
            beta: file.number("beta")?.unwrap_or(Fraction::from(1)),
            note: file.string("note")?,
        };
        world.check()?;
        Ok(world)
    }

    /// The world as TOML that [`FractionWorld::from_toml`] reads back equal.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = opening(FORMAT, self.note.as_ref(), self.y, &self.beta);
        write_matrix(&mut text, "p_x_given_yz", &self.p_x_given_yz);
        write_matrix(&mut text, "p_yz", &self.p_yz);
        text += &format!("q_z_given_x = {}\n", list(&self.q_z_given_x));
        text += &format!("q_y_given_x = {}\n", list(&self.q_y_given_x));
        if let Some(joint) = &self.q_yz_given_x {
            write_matrix(&mut text, "q_yz_given_x", joint);
        }
        text
    }
}

const BESIDE_JOINT: &str = "a list of fractions beside the free joint q_yz_given_x";

/// The format that the file names. A file that names none is linear-Gaussian exactly when it has the table `p_y`.
pub(super) fn format_of(table: &DeTable<'_>) -> Result<&'static str, FileError> {
    let named = table.get("format").and_then(|format| format.get_ref().as_str());
    match named {
        Some(GAUSSIAN) => Ok(GAUSSIAN),
        None if table.contains_key("p_y") => Ok(GAUSSIAN),
        None | Some(FORMAT) => Ok(FORMAT), // `Keys::new` refuses a format that is not a string.
        Some(found) => Err(FileError::Format {
            found: Some(found.to_owned()),
            expected: format!("{FORMAT:?} or {GAUSSIAN:?}"),
        }),
    }
}

pub(super) fn table(text: &str) -> Result<DeTable<'_>, FileError> {
    let parsed = DeTable::parse(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = format!(
            "line {}: {}",
            before.matches('\n').count() + 1,
            one_line(error.message())
        );
        FileError::Toml {
            reason: match header::foreign(text.as_bytes()) {
                Some(what) if text.trim_start().starts_with(['{', '[']) => format!("{what} ({line})"),
                _ => line,
            },
        }
    })?;
    Ok(parsed.into_inner())
}

/// The point mass at caption `y`, which `q(y|x)` is where the file does not give it.
fn certain(captions: usize, y: usize) -> Vec<Fraction> {
    (0..captions).map(|k| Fraction::from(i64::from(k == y))).collect()
}

/// The first lines of a file: the keys `format`, `note`, `y` and `beta`.
fn opening(format: &str, note: Option<&String>, y: usize, beta: &Fraction) -> String {
    let mut text = format!("format = \"{format}\"\n");
    if let Some(note) = note {
        text += &format!("note = {}\n", toml::Value::String(note.clone()));
    }
    text + &format!("y = {y}\nbeta = \"{beta}\"\n")
}

fn list(row: &[Fraction]) -> String {
    let entries: Vec<String> = row.iter().map(|entry| format!("\"{entry}\"")).collect();
    format!("[{}]", entries.join(", "))
}

fn write_matrix(text: &mut String, name: &str, table: &[Vec<Fraction>]) {
    let rows: String = table
        .iter()
        .fold(String::new(), |rows, row| rows + "  " + &list(row) + ",\n");
    let _ = write!(text, "{name} = [\n{rows}]\n"); // Writing to a `String` never fails.
}
