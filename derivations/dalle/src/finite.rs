//! Numbers of the networks that have to be finite.

use crate::ModelError;

/// Refuses numbers of the networks one of which is not finite; `what` names the one at a place.
///
/// Finite parameters bring none about unless they overflow on the way, and then nothing that is computed from it is a result.
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

/// [`expect_finite`] of a network's logits, rows of `k` codes.
pub(crate) fn expect_finite_logits<T: Copy + Into<f64>>(
    logits: &[T],
    k: usize,
    network: &str,
) -> Result<(), ModelError> {
    expect_finite(logits, |place| {
        format!("the {network}'s logit of code {} at position {}", place % k, place / k)
    })
}
