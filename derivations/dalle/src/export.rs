//! A trained model as finite worlds: every code of a small one enumerated, conditioned on a list of captions.
//!
//! ```text
//! p(y,z | y in C) = p(y) p(z|y) / p(y in C)        q(y|x) renormalised over C        p(x|y,z) = p(x|z), as released
//! ```

use ndarray::{Array, Array1, Array2, Dimension};
use reference::logits::Softmax;
use reference::world::{Tables, World};

use crate::ModelError;
use crate::data::Data;
use crate::evaluate::{CHUNK, normalised};
use crate::network::Model;
use crate::noise::evaluated;

mod samples;

pub use samples::{Exact, Weights};

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
    // `ln p(z|y)`, and `ln p(y)` by itself: a caption of -1e30 nats would leave what is added to it no digit.
    let mut ln_p_z = Array2::zeros((captions.len(), total));
    let mut ln_p_y = Array1::zeros(captions.len());
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
            ln_p_y[y] = of_text[0];
            row.extend(of_codes);
        }
        ln_p_z.row_mut(y).assign(&Array1::from(row));
        told();
    }
    let likeliest = largest_of(&ln_p_y);
    for (mut row, ln_p) in ln_p_z.rows_mut().into_iter().zip(&ln_p_y) {
        row += ln_p - likeliest;
    }
    let (ln_p_yz, ln_total) = conditioned(&ln_p_z)?;
    let (ln_q_y, ln_q_captions) = conditioned(&ln_q_y)?;
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
        ln_p_captions: likeliest + ln_total,
        ln_q_captions,
    })
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

/// Log-probabilities given that one of these came about, and the logarithm of the probability that one does.
fn conditioned<D: Dimension>(table: &Array<f64, D>) -> Result<(Array<f64, D>, f64), ModelError> {
    let flat: Vec<f64> = table.iter().copied().collect();
    let ln_s = Softmax::new("captions", &flat)?.ln_s;
    let most = largest_of(table);
    Ok((table.mapv(|ln_p| (ln_p - most) - ln_s), most + ln_s))
}

fn largest_of<D: Dimension>(table: &Array<f64, D>) -> f64 {
    table.iter().copied().fold(f64::NEG_INFINITY, f64::max)
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
