//! Checks that tables of fractions have the right shape and are distributions, in exact arithmetic that cannot
//! overflow.

use num_rational::Ratio;
use num_traits::CheckedAdd;

use super::fraction::Fraction;
use crate::error::FileError;

pub(super) fn shape(tensor: &str, found: &[usize], expected: &str) -> FileError {
    FileError::Shape {
        tensor: tensor.to_owned(),
        found: found.to_vec(),
        expected: expected.to_owned(),
    }
}

pub(super) fn check_length(name: &str, found: usize, expected: usize) -> Result<(), FileError> {
    if found == expected {
        return Ok(());
    }
    Err(shape(name, &[found], &format!("[{expected}]")))
}

pub(super) fn check_matrix(
    name: &str,
    table: &[Vec<Fraction>],
    captions: usize,
    codes: usize,
) -> Result<(), FileError> {
    if table.len() != captions {
        let columns = table.first().map_or(0, Vec::len);
        return Err(shape(name, &[table.len(), columns], &format!("[{captions}, {codes}]")));
    }
    for (y, row) in table.iter().enumerate() {
        check_length(&format!("{name}[{y}]"), row.len(), codes)?;
    }
    Ok(())
}

pub(super) fn check_entry(
    tensor: &'static str,
    index: Vec<usize>,
    entry: &Fraction,
    valid: impl Fn(&Fraction) -> bool,
    expected: &'static str,
) -> Result<(), FileError> {
    if valid(entry) {
        return Ok(());
    }
    Err(FileError::Entry {
        tensor,
        index,
        found: entry.to_string(),
        expected,
    })
}

pub(super) fn check_entries(
    tensor: &'static str,
    table: &[Vec<Fraction>],
    valid: impl Fn(&Fraction) -> bool,
    expected: &'static str,
) -> Result<(), FileError> {
    for (y, row) in table.iter().enumerate() {
        for (z, entry) in row.iter().enumerate() {
            check_entry(tensor, vec![y, z], entry, &valid, expected)?;
        }
    }
    Ok(())
}

const PROBABILITY: &str = "a probability, a fraction from 0 to 1";

fn is_probability(entry: &Fraction) -> bool {
    (0..=*entry.denom()).contains(entry.numer()) && *entry.denom() > 0
}

pub(super) fn check_distribution(name: &'static str, table: &[Vec<Fraction>]) -> Result<(), FileError> {
    check_entries(name, table, is_probability, PROBABILITY)?;
    check_sum(format!("the sum of {name}"), table.iter().flatten(), &Fraction::from(1))
}

pub(super) fn check_vector(name: &'static str, vector: &[Fraction]) -> Result<(), FileError> {
    for (k, entry) in vector.iter().enumerate() {
        check_entry(name, vec![k], entry, is_probability, PROBABILITY)?;
    }
    check_sum(format!("the sum of {name}"), vector, &Fraction::from(1))
}

/// Checks that the terms add up to `expected`, in `i128`. Two denominators below `2^63` have a common one below
/// `2^126`, so a sum of two terms never overflows. A longer sum that would need more than 127 bits is refused.
pub(super) fn check_sum<'a>(
    what: String,
    terms: impl IntoIterator<Item = &'a Fraction>,
    expected: &Fraction,
) -> Result<(), FileError> {
    let wide = |entry: &Fraction| Ratio::new(i128::from(*entry.numer()), i128::from(*entry.denom()));
    let sum = terms
        .into_iter()
        .try_fold(Ratio::from(0), |sum: Ratio<i128>, term| sum.checked_add(&wide(term)));
    if sum == Some(wide(expected)) {
        return Ok(());
    }
    Err(FileError::Sum {
        what,
        found: sum.map_or_else(|| "a fraction of more than 127 bits".to_owned(), |sum| sum.to_string()),
        expected: expected.to_string(),
    })
}
