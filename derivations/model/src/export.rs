//! A trained model as finite worlds: every code of a small one enumerated, conditioned on a list of captions.
//!
//! ```text
//! p(y,z | y in C) = p(y) p(z|y) / p(y in C)        q(y|x) renormalised over C        p(x|y,z) = p(x|z), as released
//! ```

use ndarray::{Array1, Array2};
use reference::logits::log_mean_exp;
use reference::world::{Tables, World};

use crate::ModelError;
use crate::data::Data;
use crate::evaluate::{CHUNK, normalised};
use crate::network::Model;
use crate::noise::evaluated;

/// The most codes that are enumerated.
pub const MOST_CODES: usize = 1 << 16;

/// Worlds with what conditioning took away.
#[derive(Debug, Clone)]
pub struct Exported {
    /// One for each image, which is observed with its own caption.
    pub worlds: Vec<World>,
    /// The list of captions, `C`.
    pub captions: Vec<String>,
    /// `ln p(y in C)`.
    pub ln_p_captions: f64,
    /// `ln q(y in C)`.
    pub ln_q_captions: f64,
}

/// The number of codes in all, `K^(side^2)`.
///
/// # Errors
/// [`ModelError::Lacks`] where there are more than [`MOST_CODES`].
pub fn codes(model: &Model) -> Result<usize, ModelError> {
    let k = model.config.dvae.vocabulary;
    let total = (0..model.codes()).try_fold(1_usize, |total, _| total.checked_mul(k).filter(|n| *n <= MOST_CODES));
    total.ok_or_else(|| ModelError::Lacks {
        what: format!("the model has {} positions of {k} codes", model.codes()),
        expected: "at most 65,536 codes in all, such as 4 positions of 8 (configuration `tiny`)",
    })
}

/// The worlds of these images; `told` hears of every part of the work.
///
/// # Errors
/// [`ModelError`].
pub fn worlds(model: &Model, data: &Data, images: &[usize], told: &dyn Fn()) -> Result<Exported, ModelError> {
    let (total, positions, k) = (codes(model)?, model.codes(), model.config.dvae.vocabulary);
    let all: Vec<u32> = (0..total).flat_map(|code| digits(code, positions, k)).collect();
    let mut captions: Vec<String> = Vec::new();
    for &image in images {
        let caption = data.caption(image).to_lowercase();
        if !captions.contains(&caption) {
            captions.push(caption);
        }
    }
    let mut ln_p_yz = Array2::zeros((captions.len(), total));
    let mut ln_q_y = Array1::zeros(captions.len());
    for (y, caption) in captions.iter().enumerate() {
        let tokens = model.vocabulary.encode(caption)?;
        ln_q_y[y] = model.vocabulary.log_prob(&tokens)?;
        let text = model.vocabulary.padded(&tokens);
        let mut row = Vec::with_capacity(total);
        for part in all.chunks(CHUNK * positions) {
            let count = part.len() / positions;
            let [of_text, of_codes] =
                model.log_prior(&model.tokens(&text.repeat(count), count)?, &model.tokens(part, count)?)?;
            // Text is read before any code: the same for all of them.
            row.extend(of_codes.into_iter().map(|ln_p| ln_p + of_text[0]));
        }
        ln_p_yz.row_mut(y).assign(&Array1::from(row));
        told();
    }
    let [ln_p_captions, ln_q_captions] =
        [ln_p_yz.as_slice(), ln_q_y.as_slice()].map(|table| log_sum_exp(table.unwrap_or(&[])));
    let (ln_p_captions, ln_q_captions) = (ln_p_captions?, ln_q_captions?);
    ln_p_yz -= ln_p_captions;
    ln_q_y -= ln_q_captions;
    let mut worlds = Vec::with_capacity(images.len());
    for &image in images {
        let caption = data.caption(image).to_lowercase();
        let y = captions.iter().position(|known| *known == caption).unwrap_or(0);
        let pixels = model.pixels(&evaluated(data.image(image), model.config.seed, image))?;
        let logits = model.encoder_logits(&pixels)?.to_dtype(gpu::DType::F64)?;
        let ln_q =
            normalised(&logits.flatten_all()?.to_vec1()?, k).map_err(|error| error.at(format!("image {image}")))?;
        let of_code = |code: &[u32]| {
            let parts = code.iter().enumerate();
            parts.map(|(place, code)| ln_q[place * k + *code as usize]).sum::<f64>()
        };
        let ln_q_z: Array1<f64> = all.chunks(positions).map(of_code).collect();
        let mut ln_p_x = Vec::with_capacity(total);
        for part in all.chunks(CHUNK * positions) {
            let count = part.len() / positions;
            let values = model.log_likelihood(&pixels, &model.tokens(part, count)?);
            ln_p_x.extend(values.map_err(|error| error.at(format!("image {image}")))?);
        }
        let likelihood = Array1::from(ln_p_x);
        worlds.push(World::new(Tables {
            ln_p_x_given_yz: likelihood
                .broadcast((captions.len(), total))
                .map_or_else(|| Array2::zeros((0, 0)), |table| table.to_owned()),
            ln_p_yz: ln_p_yz.clone(),
            ln_q_z_given_x: ln_q_z,
            ln_q_y_given_x: ln_q_y.clone(),
            ln_q_yz_given_x: None,
            y,
            beta: model.config.dvae.beta.to,
        })?);
        told();
    }
    Ok(Exported {
        worlds,
        captions,
        ln_p_captions,
        ln_q_captions,
    })
}

/// `L_2` of a world, over all pairs of codes. Unit: nats.
///
/// ```text
/// L_2 = sum_{a,b} q(a) q(b) ln((w_a + w_b) / 2),   w = p(x|y,z) p(y,z) / q(z|x)
/// ```
#[must_use]
pub fn two_samples(world: &World) -> f64 {
    use reference::model::Model as _;
    let y = world.y();
    let ln_q = world.encoder().ln();
    let weights: Vec<(f64, f64)> = (ln_q.iter().enumerate())
        .filter(|(_, ln_q)| **ln_q > -745.0) // below, q is 0 as a number
        .map(|(z, ln_q)| {
            (
                ln_q.exp(),
                world.likelihood()[[y, z]] + world.prior().ln()[[y, z]] - ln_q,
            )
        })
        .collect();
    let pair = |a: f64, b: f64| a.max(b) + (-(a - b).abs()).exp().ln_1p() - std::f64::consts::LN_2;
    // Around the largest weight: what is added up is what the weights differ by.
    let most = weights.iter().map(|(_, w)| *w).fold(f64::NEG_INFINITY, f64::max);
    let of = |(q, w): &(f64, f64)| {
        let others = weights.iter().map(|(p, v)| p * pair(w - most, v - most));
        q * others.sum::<f64>()
    };
    most + weights.iter().map(of).sum::<f64>()
}

/// A code's positions, the last one fastest.
fn digits(code: usize, positions: usize, k: usize) -> Vec<u32> {
    let mut digits = vec![0; positions];
    let mut left = code;
    for digit in digits.iter_mut().rev() {
        *digit = u32::try_from(left % k).unwrap_or(u32::MAX);
        left /= k;
    }
    digits
}

fn log_sum_exp(table: &[f64]) -> Result<f64, ModelError> {
    #[expect(clippy::cast_precision_loss, reason = "at most 2^16 codes of some captions")]
    let ln_count = (table.len() as f64).ln();
    Ok(log_mean_exp(table)?.value() + ln_count)
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn codes_are_counted_with_the_last_position_fastest() {
        assert_eq!(digits(0, 4, 8), [0, 0, 0, 0]);
        assert_eq!(digits(7, 4, 8), [0, 0, 0, 7]);
        assert_eq!(digits(8, 4, 8), [0, 0, 1, 0]);
        assert_eq!(digits(4095, 4, 8), [7, 7, 7, 7]);
    }
}
