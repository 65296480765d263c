//! The arguments that several commands take, and their parsers.

use clap::ValueEnum;
#[cfg(feature = "judge")]
use reference::vocab::Float;
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
    by_name(&Reading::ALL, Reading::name, name)
}

/// Parses the name of a floating-point type.
#[cfg(feature = "judge")]
pub(crate) fn float(name: &str) -> Result<Float, String> {
    by_name(&Float::ALL, Float::name, name)
}

fn by_name<T: Copy>(all: &[T], name_of: fn(T) -> &'static str, name: &str) -> Result<T, String> {
    all.iter().copied().find(|one| name_of(*one) == name).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|one| name_of(*one)).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// Parses lengths with an `x` between them, such as `7x8192`. It is `None` where one is 0 or their product exceeds `most`.
#[cfg(any(feature = "judge", feature = "twin"))]
pub(crate) fn lengths<const N: usize>(text: &str, most: usize) -> Option<[usize; N]> {
    let lengths: Option<Vec<usize>> = text.split('x').map(|part| part.parse().ok()).collect();
    let lengths: [usize; N] = lengths?.try_into().ok()?;
    let product = lengths
        .iter()
        .try_fold(1, |product: usize, n| product.checked_mul(*n))?;
    (1..=most).contains(&product).then_some(lengths)
}

/// Parses a weight on the divergence.
pub(crate) fn beta(text: &str) -> Result<Beta, String> {
    let number: f64 = text.parse().map_err(|_| "expected a number from 0 to 1e6".to_owned())?;
    Beta::new(number).map_err(|error| error.to_string())
}
