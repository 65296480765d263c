//! Helpers of the searches for simple fractions: the values of beta that they try, and the marginals of a joint.

use worlds::case::as_decimal;
use worlds::fractions::Fraction;

use crate::counterexample::target::Target;

/// The values of beta to try, as fractions: the one that was asked for, or else a few simple ones where the claim
/// depends on beta.
pub(super) fn betas(target: &Target) -> Vec<Fraction> {
    match target.beta {
        Some(beta) => as_decimal(beta.get()).into_iter().collect(),
        None if target.claim.to.depends_on_beta() => [(1, 1), (1, 2), (2, 1), (0, 1)]
            .map(|(n, d)| Fraction::new(n, d))
            .to_vec(),
        None => vec![Fraction::new(1, 1)],
    }
}

/// The two marginals of a joint of fractions: that of the captions, and that of the codes.
pub(super) fn sums(joint: &[Vec<Fraction>]) -> (Vec<Fraction>, Vec<Fraction>) {
    let codes = joint.first().map_or(0, Vec::len);
    let over_captions = (0..codes).map(|z| joint.iter().map(|row| row[z]).sum()).collect();
    (over_captions, joint.iter().map(|row| row.iter().sum()).collect())
}
