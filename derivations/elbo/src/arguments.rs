//! The arguments that several commands take, and their parsers.

use clap::ValueEnum;
use reference::vocab::{Beta, Reading};

/// The largest number of random worlds that may be asked for. A billion worlds are weeks of work.
pub(crate) const MOST_WORLDS: u64 = 1_000_000_000;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a person.
    Text,
    /// For a program.
    Json,
}

/// Parses the name of a reading.
pub(crate) fn reading(name: &str) -> Result<Reading, String> {
    Reading::ALL
        .into_iter()
        .find(|reading| reading.name() == name)
        .ok_or_else(|| {
            let names: Vec<&str> = Reading::ALL.iter().map(|reading| reading.name()).collect();
            format!("expected one of {}", names.join(", "))
        })
}

/// Parses a weight on the divergence.
pub(crate) fn beta(text: &str) -> Result<Beta, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number from 0 to 1e6".to_owned())?;
    Beta::new(number).map_err(|error| error.to_string())
}
