//! A world of fractions as TOML text, both ways.

use std::fmt::Write;

use num_rational::Ratio;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::FORMAT;
use super::error::{CaseError, one_line};
use crate::fractions::{Fraction, FractionWorld};

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

const FRACTION: &str = "a fraction such as \"1/3\", \"0.25\" or \"1\" of 64-bit integers";

impl FractionWorld {
    /// Reads a world written by [`FractionWorld::to_toml`] or by hand, and checks it.
    ///
    /// Numbers are `"1/3"`, `"0.25"`, `"1"`, or TOML integers and floats, which are taken as the decimals they are written as.
    ///
    /// # Errors
    /// One sentence naming table and index; see [`CaseError`].
    pub fn from_toml(text: &str) -> Result<Self, CaseError> {
        let table = DeTable::parse(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            CaseError::Toml {
                reason: format!(
                    "line {}: {}",
                    before.matches('\n').count() + 1,
                    one_line(error.message())
                ),
            }
        })?;
        let file = Keys(table.get_ref());
        file.check_names()?;
        let p_x_given_yz = file.matrix("p_x_given_yz")?.ok_or(missing("p_x_given_yz", ROWS))?;
        let y = file.caption(p_x_given_yz.len())?;
        let q_yz_given_x = file.matrix("q_yz_given_x")?;
        let q_y_given_x = match file.vector("q_y_given_x")? {
            Some(given) => given,
            None if q_yz_given_x.is_some() => return Err(missing("q_y_given_x", BESIDE_JOINT)),
            None => (0..p_x_given_yz.len())
                .map(|k| Fraction::from(i64::from(k == y)))
                .collect(),
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
        let mut text = format!("format = \"{FORMAT}\"\n");
        if let Some(note) = &self.note {
            text += &format!("note = {}\n", toml::Value::String(note.clone()));
        }
        text += &format!("y = {}\nbeta = \"{}\"\n", self.y, self.beta);
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

fn list(row: &[Fraction]) -> String {
    let entries: Vec<String> = row.iter().map(|entry| format!("\"{entry}\"")).collect();
    format!("[{}]", entries.join(", "))
}

fn write_matrix(text: &mut String, name: &str, table: &[Vec<Fraction>]) {
    let rows: String = table
        .iter()
        .fold(String::new(), |rows, row| rows + "  " + &list(row) + ",\n");
    let _ = write!(text, "{name} = [\n{rows}]\n"); // a String takes everything
}

const ROWS: &str = "a list of rows of fractions";
const LIST: &str = "a list of fractions";
const BESIDE_JOINT: &str = "a list of fractions beside the free joint q_yz_given_x";

const fn missing(tensor: &'static str, expected: &'static str) -> CaseError {
    CaseError::Missing { tensor, expected }
}

fn wrong(tensor: &'static str, index: &[usize], value: &DeValue<'_>, expected: &'static str) -> CaseError {
    let found = match value {
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    };
    CaseError::Entry {
        tensor,
        index: index.to_vec(),
        found,
        expected,
    }
}

/// The keys of a TOML file.
struct Keys<'a>(&'a DeTable<'a>);

impl Keys<'_> {
    fn check_names(&self) -> Result<(), CaseError> {
        let known = |name: &str| NAMES.contains(&name) || name.starts_with("x_");
        if let Some(name) = self.0.keys().find(|name| !known(name.get_ref())) {
            return Err(CaseError::Unknown {
                name: name.get_ref().to_string(),
                expected: NAMES.join(", "),
            });
        }
        match self.string("format")? {
            Some(format) if format != FORMAT => Err(CaseError::Format {
                found: Some(format),
                expected: format!("{FORMAT:?}"),
            }),
            _ => Ok(()),
        }
    }

    fn value(&self, name: &str) -> Option<&DeValue<'_>> {
        self.0.get(name).map(Spanned::get_ref)
    }

    fn string(&self, name: &'static str) -> Result<Option<String>, CaseError> {
        match self.value(name) {
            None => Ok(None),
            Some(DeValue::String(text)) => Ok(Some(text.to_string())),
            Some(other) => Err(wrong(name, &[], other, "a string")),
        }
    }

    fn number(&self, name: &'static str) -> Result<Option<Fraction>, CaseError> {
        self.value(name).map(|value| fraction(name, &[], value)).transpose()
    }

    fn caption(&self, captions: usize) -> Result<usize, CaseError> {
        let value = self
            .value("y")
            .ok_or(missing("y", "the observed caption, an integer"))?;
        let number = match value {
            DeValue::Integer(number) => i128::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok(),
            _ => None,
        };
        let number = number.ok_or_else(|| wrong("y", &[], value, "the observed caption, an integer"))?;
        let y = usize::try_from(number).ok().filter(|&y| y < captions);
        y.ok_or(CaseError::Caption {
            index: Vec::new(),
            value: number,
            captions,
        })
    }

    fn vector(&self, name: &'static str) -> Result<Option<Vec<Fraction>>, CaseError> {
        match self.value(name) {
            None => Ok(None),
            Some(DeValue::Array(entries)) => row(name, &[], entries).map(Some),
            Some(other) => Err(wrong(name, &[], other, LIST)),
        }
    }

    fn matrix(&self, name: &'static str) -> Result<Option<Vec<Vec<Fraction>>>, CaseError> {
        let rows = match self.value(name) {
            None => return Ok(None),
            Some(DeValue::Array(rows)) => rows,
            Some(other) => return Err(wrong(name, &[], other, ROWS)),
        };
        let read = |(y, value): (usize, &Spanned<DeValue<'_>>)| match value.get_ref() {
            DeValue::Array(entries) => row(name, &[y], entries),
            other => Err(wrong(name, &[y], other, LIST)),
        };
        rows.iter().enumerate().map(read).collect::<Result<_, _>>().map(Some)
    }
}

fn row(name: &'static str, at: &[usize], entries: &DeArray<'_>) -> Result<Vec<Fraction>, CaseError> {
    let entry = |(k, value): (usize, &Spanned<DeValue<'_>>)| fraction(name, &[at, &[k]].concat(), value.get_ref());
    entries.iter().enumerate().map(entry).collect()
}

fn fraction(name: &'static str, index: &[usize], value: &DeValue<'_>) -> Result<Fraction, CaseError> {
    let parsed = match value {
        DeValue::String(text) => parse(text),
        DeValue::Integer(number) if number.radix() == 10 => parse(&number.as_str().replace('_', "")),
        DeValue::Float(number) => parse(&number.as_str().replace('_', "")),
        _ => None,
    };
    parsed.ok_or_else(|| wrong(name, index, value, FRACTION))
}

/// The fraction that a number is in its shortest decimal form: 0.1 is 1/10. None where its parts do not fit 64 bits.
#[must_use]
pub fn as_decimal(number: f64) -> Option<Fraction> {
    parse(&number.to_string())
}

/// `1/3`, `0.25`, `2.5e-1`, `1`, with a sign or without.
fn parse(text: &str) -> Option<Fraction> {
    let text = text.trim();
    let (sign, size) = match text.strip_prefix('-') {
        Some(size) => (-1, size),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (numerator, denominator) = match size.split_once('/') {
        Some((numerator, denominator)) => (digits(numerator.trim())?, digits(denominator.trim())?),
        None => decimal(size)?,
    };
    if denominator == 0 {
        return None;
    }
    let lowest = Ratio::new(numerator, denominator);
    let narrow = |number: i128| i64::try_from(number).ok();
    Some(Fraction::new(sign * narrow(*lowest.numer())?, narrow(*lowest.denom())?))
}

fn digits(text: &str) -> Option<i128> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// A decimal as numerator and denominator.
fn decimal(text: &str) -> Option<(i128, i128)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    digits(whole)?;
    digits(part)?;
    let part = part.trim_end_matches('0');
    let numerator = digits(&format!("{whole}{part}"))?;
    let places = i32::try_from(part.len()).ok()?.checked_sub(exponent)?;
    let power = 10_i128.checked_pow(places.unsigned_abs());
    match (numerator, places) {
        (0, _) => Some((0, 1)),
        (_, 0..) => Some((numerator, power?)),
        _ => Some((numerator.checked_mul(power?)?, 1)),
    }
}
