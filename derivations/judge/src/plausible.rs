//! Decides which mistakes are plausible as the cause of wrong numbers. Numbers that lie within a wide bound are no
//! evidence.

use bounds::{MOST_OF_CLAIMED, compare};

use super::hypothesis::{Hypothesis, Lengths, Padding, PartWeights, Slope, Terms, Weight};
use crate::dump::{Claim, Input, Quantity};

/// The numbers of a claim by mistakes, in the order of the claimed numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mistaken<'a> {
    /// The numbers and their bounds.
    pub(super) numbers: &'a [[f64; 2]],
    /// The same numbers without a factor or a length, where that is one of two mistakes. A factor makes the bounds
    /// smaller, too, and whatever the other mistake is, some factor brings its numbers near the claimed ones.
    pub(super) unscaled: Option<&'a [[f64; 2]]>,
    /// Whether there is a single mistake.
    pub(super) is_alone: bool,
    /// The largest part of the errors that the bounds may be.
    pub(super) most_of_error: f64,
}

/// Whether the numbers by mistakes, with their bounds, are evidence for the mistakes. `stated` are the numbers by the
/// definition.
///
/// Over the numbers that are out of bound, the bounds may sum to at most the stated part of the errors. For this, a factor
/// beside another mistake does not count as making the bounds smaller. The bounds may also sum to at most the claimed
/// numbers, or anything so small would be explained. Numbers that are all 0 within their bounds are evidence for one
/// mistake, whose numbers are 0, but not for a second one, which would be 0 times something. An infinite claim must be
/// infinite by the mistake itself, because a factor makes no infinity of a number.
pub(super) fn tells(stated: &[[f64; 2]], mistaken: Mistaken<'_>, claimed: &[f64]) -> bool {
    let (mut errors, mut bounds, mut before, mut sizes) = (0.0, 0.0, 0.0, 0.0);
    let (mut any, mut nothing) = (false, true);
    let each = stated.iter().zip(mistaken.numbers).zip(claimed).enumerate();
    for (at, ((&[expected, off], &[number, bound]), &found)) in each {
        if (!off.is_finite() && expected.is_finite()) || compare(expected, found, off).agrees() {
            continue;
        }
        any = true;
        if found.is_infinite() && number.is_finite() {
            return false;
        }
        let error = (found - expected).abs();
        if error.is_finite() {
            errors += error;
            sizes += found.abs();
            bounds += bound;
            before += match mistaken.unscaled.and_then(|numbers| numbers.get(at)) {
                Some(&[_, unscaled]) if !(unscaled <= bound) => unscaled, // It is larger, or NaN.
                _ => bound,
            };
            nothing &= number.abs() <= bound;
        }
    }
    let of_claimed = bounds <= MOST_OF_CLAIMED * sizes || (nothing && mistaken.is_alone);
    any && before <= mistaken.most_of_error * errors && of_claimed
}

/// The hypothesis without the factors and lengths that multiply its numbers.
pub(super) fn unscaled(hypothesis: &Hypothesis) -> Hypothesis {
    Hypothesis {
        factor: 1.0,
        offset: 0.0,
        claim_lengths: Lengths::default(),
        divergence_lengths: Lengths::default(),
        reconstruction_lengths: Lengths::default(),
        ..*hypothesis
    }
}

/// The part of a hypothesis that must show in another claim, too, if it is the cause in this one.
///
/// A factor of a claim belongs to that claim alone. So does the way in which a bound or a loss consists of its parts,
/// but a gradient shares that of its value. A change of a gradient on its way back may concern one input and not the
/// other.
pub(super) fn shared(hypothesis: &Hypothesis, claim: &Claim, other: &Claim) -> Hypothesis {
    let own = Hypothesis {
        factor: 1.0,
        offset: 0.0,
        claim_lengths: Lengths::default(),
        ..*hypothesis
    };
    match (claim.quantity, other.quantity) {
        (Quantity::Gradient(_), Quantity::Gradient(_)) => Hypothesis {
            slope: Slope::Whole,
            ..own
        },
        (Quantity::Gradient(_), _) => own,
        _ => Hypothesis {
            divergence_lengths: Lengths::default(),
            reconstruction_lengths: Lengths::default(),
            weight: Weight::AsStated,
            terms: Terms::Both,
            part_weights: PartWeights::AsStated,
            padding: Padding::AsStated,
            ..own
        },
    }
}

/// Whether a claim that is right is a witness for another: it shows the numbers from which the other was computed. For
/// a gradient, the witnesses are its value and everything before it, and the gradient of the same value with respect to
/// the other input of the code or of the decoder. For a total, they are its parts. There are no witnesses between code
/// and decoder, because the gradient that the subject's decoder returned lies between them, with any mistakes in it.
pub(super) fn is_witness(right: &Claim, claim: &Claim) -> bool {
    let objective = |claim: &Claim| claim.of.as_deref().map(|of| of.quantity);
    let is_of_decoder = |input: Input| matches!(input, Input::Mu | Input::LnB);
    match (claim.quantity, right.quantity) {
        (Quantity::Gradient(input), Quantity::Gradient(other)) => {
            objective(right) == objective(claim) && is_of_decoder(input) == is_of_decoder(other)
        }
        (Quantity::Gradient(_), _) => true,
        (quantity, right) => quantity.upstream().contains(&right),
    }
}

/// Whether numbers vary by at least a fifth of their size.
pub(super) fn varies(numbers: &[f64]) -> bool {
    let [mean, spread] = mean_and_spread(numbers);
    spread > 0.2 * mean.abs()
}

/// Whether errors may be random: their mean is 0 up to four standard errors, and at least one in eight has the other
/// sign.
pub(super) fn is_of_chance(errors: &[f64]) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let n = errors.len().max(1) as f64;
    let [mean, spread] = mean_and_spread(errors);
    let [below, above] = [-1.0, 1.0].map(|sign| errors.iter().filter(|error| sign * **error > 0.0).count());
    let rarer = below.min(above);
    mean.abs() <= 4.0 * spread / n.sqrt() && rarer > 0 && 8 * rarer >= errors.len()
}

fn mean_and_spread(numbers: &[f64]) -> [f64; 2] {
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let n = numbers.len().max(1) as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let spread = (numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / n).sqrt();
    [mean, spread]
}

#[cfg(test)]
mod tests {
    use bounds::MOST_OF_ERROR;

    use super::{Mistaken, is_of_chance};

    fn tells(stated: &[[f64; 2]], numbers: &[[f64; 2]], claimed: &[f64]) -> bool {
        let mistaken = Mistaken {
            numbers,
            unscaled: None,
            is_alone: false,
            most_of_error: MOST_OF_ERROR,
        };
        super::tells(stated, mistaken, claimed)
    }

    #[test]
    fn a_factor_that_makes_a_bound_smaller_tells_no_more_by_it() {
        let stated = [[1.0, 0.01]];
        let judged = |before: f64| {
            let mistaken = Mistaken {
                numbers: &[[0.25, 0.01]],
                unscaled: Some(&[[1.0, before]]),
                is_alone: false,
                most_of_error: MOST_OF_ERROR,
            };
            super::tells(&stated, mistaken, &[0.25])
        };
        assert!(judged(0.04) && !judged(0.2) && !judged(f64::NAN));
    }

    #[test]
    fn what_is_0_within_its_bound_tells_of_one_mistake() {
        let stated = [[1.0, 1e-6]];
        let judged = |number: f64, found: f64, is_alone: bool| {
            let mistaken = Mistaken {
                numbers: &[[number, 0.01]],
                unscaled: None,
                is_alone,
                most_of_error: MOST_OF_ERROR,
            };
            super::tells(&stated, mistaken, &[found])
        };
        assert!(judged(0.0, 0.002, true) && !judged(0.0, 0.002, false));
        assert!(!judged(0.011, 0.008, true), "anything as small is within the bound");
        assert!(judged(0.03, 0.03, false));
    }

    #[test]
    fn errors_of_one_sign_are_not_of_chance() {
        let turned = |k: usize| if k.is_multiple_of(3) { -1.0 } else { 1.0 };
        let errors = |sign: fn(usize) -> f64| -> Vec<f64> { (0..12).map(|k| sign(k) * (1.0 + k as f64)).collect() };
        assert!(is_of_chance(&errors(turned)));
        assert!(!is_of_chance(&errors(|_| 1.0)) && !is_of_chance(&errors(|_| -1.0)));
        assert!(!is_of_chance(&errors(|k| if k == 0 { -1.0 } else { 1.0 })));
        let growing: Vec<f64> = (0..8).map(|k| f64::from(1 << k)).collect();
        assert!(!is_of_chance(&growing), "a mean that chance may give, and one sign");
        assert!(!is_of_chance(&[f64::NAN; 12]) && !is_of_chance(&[0.0; 12]));
    }

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
