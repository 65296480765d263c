//! Checks that the numbers of the networks are finite.

use crate::ModelError;

/// Refuses a list of numbers one of which is not finite. `what` describes the number at an index.
///
/// Finite parameters give such numbers only by an overflow on the way, and then nothing that is computed from them is a
/// result.
pub(crate) fn expect_finite<T: Copy + Into<f64>>(
    numbers: &[T],
    what: impl Fn(usize) -> String,
) -> Result<(), ModelError> {
    let mut numbers = numbers.iter().map(|number| (*number).into()).enumerate();
    match numbers.find(|(_, number): &(usize, f64)| !number.is_finite()) {
        None => Ok(()),
        Some((place, value)) => Err(ModelError::Overflow {
            what: what(place),
            value,
        }),
    }
}

/// As [`expect_finite`], for the logits of a network in rows of `k` codes.
pub(crate) fn expect_finite_logits<T: Copy + Into<f64>>(
    logits: &[T],
    k: usize,
    network: &str,
) -> Result<(), ModelError> {
    expect_finite(logits, |place| {
        format!("the {network}'s logit of code {} at position {}", place % k, place / k)
    })
}
