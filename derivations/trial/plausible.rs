//! Which mistakes may stand as the cause of what is wrong: numbers that lie within a wide bound are no evidence.

use super::recipe::{Lengths, Padding, PartWeights, Recipe, Terms, Weight};
use crate::compare::compare;
use crate::dump::{Claim, Quantity};
use crate::precision::subject::MOST_OF_ERROR;

/// Whether a mistake's numbers, with their bounds, tell what is wrong. Both are `[number, bound]` by the index of the claimed one.
///
/// The bounds of all numbers that are out of bound come to a tenth of their errors at most, and what is claimed to be infinite is so by the
/// mistake itself: a factor makes no infinity of a number.
pub(super) fn tells(stated: &[[f64; 2]], mistaken: &[[f64; 2]], claimed: &[f64]) -> bool {
    let (mut errors, mut bounds, mut any) = (0.0, 0.0, false);
    for ((&[expected, off], &[number, bound]), &found) in stated.iter().zip(mistaken).zip(claimed) {
        if !off.is_finite() || compare(expected, found, off).agrees() {
            continue;
        }
        any = true;
        if found.is_infinite() && number.is_finite() {
            return false;
        }
        let error = (found - expected).abs();
        if error.is_finite() {
            errors += error;
            bounds += bound;
        }
    }
    any && bounds <= MOST_OF_ERROR * errors
}

/// What of a recipe must show in another claim, too, were it the cause in this one.
///
/// What a claim is multiplied by is its own. So is how a bound or a loss is put together of its parts; but a gradient has its own value's.
pub(super) fn shared(recipe: &Recipe, claim: &Claim) -> Recipe {
    let own = Recipe {
        factor: 1.0,
        claim_lengths: Lengths::default(),
        ..*recipe
    };
    match claim.quantity {
        Quantity::Gradient(_) => own,
        _ => Recipe {
            divergence_lengths: Lengths::default(),
            reconstruction_lengths: Lengths::default(),
            weight: Weight::Stated,
            terms: Terms::Both,
            part_weights: PartWeights::Stated,
            padding: Padding::Stated,
            ..own
        },
    }
}

/// Whether a claim that is right shows what another was computed from: a gradient's value and all before it, a total's parts.
pub(super) fn is_witness(right: &Claim, claim: &Claim) -> bool {
    match claim.quantity {
        Quantity::Gradient(_) => !matches!(right.quantity, Quantity::Gradient(_)),
        quantity => quantity.upstream().contains(&right.quantity),
    }
}

/// Whether numbers differ among themselves by a fifth of their size.
pub(super) fn varies(numbers: &[f64]) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let n = numbers.len().max(1) as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let spread = (numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / n).sqrt();
    spread > 0.2 * mean.abs()
}

#[cfg(test)]
mod tests {
    use super::tells;

    #[test]
    fn a_bound_as_wide_as_the_error_tells_nothing() {
        let stated = [[1.0, 0.001], [0.0, 0.001]];
        assert!(
            tells(&stated, &[[2.0, 0.01], [0.0, 9.0]], &[2.0, 0.0]),
            "what is right needs no explanation"
        );
        assert!(!tells(&stated, &[[2.0, 0.2], [0.0, 0.0]], &[2.0, 0.0]));
        assert!(!tells(&stated, &[[2.0, f64::NAN], [0.0, 0.0]], &[2.0, 0.0]));
    }

    #[test]
    fn no_factor_makes_an_infinity() {
        assert!(!tells(&[[1.0, 2.0]], &[[2.0, 0.0]], &[2.0]), "nothing is out of bound");
        let stated = [[2e38, 1e30]];
        assert!(!tells(&stated, &[[4e38, 1e30]], &[f64::INFINITY]));
        assert!(tells(&stated, &[[f64::INFINITY, f64::INFINITY]], &[f64::INFINITY]));
        assert!(tells(&stated, &[[f64::NAN, 0.0]], &[f64::NAN]));
    }
}
