//! The list of all one-dimensional linear-Gaussian worlds whose parameters are small numbers.

use itertools::iproduct;
use worlds::fractions::{Fraction, FractionGaussian};

/// All worlds with codes of one coordinate, images of one pixel, and one or two captions that differ in the mean of
/// their codes. Their parameters are small numbers.
pub(super) fn one_dimensional(betas: &[Fraction]) -> Vec<FractionGaussian> {
    let number = |numer, denom| Fraction::new(numer, denom);
    let (zero, half, one, two) = (number(0, 1), number(1, 2), number(1, 1), number(2, 1));
    let captions = [
        (vec![one], vec![one], vec![vec![zero]]),
        (vec![half; 2], vec![half; 2], vec![vec![zero]; 2]),
        (vec![half; 2], vec![one, zero], vec![vec![zero]; 2]),
        (vec![half; 2], vec![zero, one], vec![vec![zero]; 2]),
        (vec![half; 2], vec![half; 2], vec![vec![zero], vec![one]]),
        (vec![half; 2], vec![one, zero], vec![vec![zero], vec![one]]),
    ];
    let mut worlds = Vec::new();
    let (scales, slopes) = ([one, half, two], [zero, half, one]);
    for (p_y, q_y_given_x, prior_mean) in captions {
        for (prior, noise, spread) in iproduct!(scales, scales, scales) {
            for (weight, slope, offset, x, beta) in iproduct!([zero, one], slopes, [zero, one], [zero, one], betas) {
                worlds.push(FractionGaussian {
                    prior_covariance: vec![vec![vec![prior]]; p_y.len()],
                    decoder_weight: vec![vec![weight]],
                    decoder_offset: vec![vec![zero]; p_y.len()],
                    decoder_covariance: vec![vec![noise]],
                    encoder_weight: vec![vec![slope]],
                    encoder_offset: vec![offset],
                    encoder_covariance: vec![vec![spread]],
                    x: vec![x],
                    p_y: p_y.clone(),
                    prior_mean: prior_mean.clone(),
                    q_y_given_x: q_y_given_x.clone(),
                    y: 0,
                    beta: *beta,
                    note: None,
                });
            }
        }
    }
    worlds
}
