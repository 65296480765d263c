//! Exports a small trained model as finite worlds: all its codes are enumerated, and captions are conditioned on a
//! list.
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

/// The largest number of codes of an image that are enumerated.
pub const MOST_CODES: usize = 1 << 16;

/// The exported worlds, and the probability mass that conditioning on the captions removed.
#[derive(Debug, Clone)]
pub struct Exported {
    /// One world for each image, which is observed with its own caption.
    pub worlds: Vec<World>,
    /// The list of captions, `C`.
    pub captions: Vec<String>,
    /// `ln p(y in C)` under the prior, in nats.
    pub ln_p_captions: f64,
    /// `ln q(y in C)` under the caption model, in nats.
    pub ln_q_captions: f64,
}

/// The number of all codes of an image, `K^(side^2)`.
///
/// # Errors
/// [`ModelError::Lacks`] for a model with more than [`MOST_CODES`] of them.
pub fn codes(model: &Model) -> Result<usize, ModelError> {
    let k = model.config.dvae.vocabulary;
    let total = (0..model.codes()).try_fold(1_usize, |total, _| total.checked_mul(k).filter(|n| *n <= MOST_CODES));
    total.ok_or_else(|| ModelError::Lacks {
        what: format!("the model has {} positions of {k} codes", model.codes()),
        expected: "at most 65,536 codes in all, such as 4 positions of 8 (configuration `tiny`)",
    })
}

/// Exports a world for each of these images. `told` is called after every part of the work.
///
/// # Errors
/// [`ModelError`].
pub fn worlds(model: &Model, data: &Data, images: &[usize], told: &dyn Fn()) -> Result<Exported, ModelError> {
    let (total, positions, k) = (codes(model)?, model.codes(), model.config.dvae.vocabulary);
    let all: Vec<u32> = (0..total).flat_map(|code| digits(code, positions, k)).collect();
    let captions = distinct_captions(data, images);
    let Prior {
        mut ln_p_z,
        ln_p_y,
        ln_q_y,
    } = prior(model, &captions, &all, told)?;
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
        let (ln_q_z, likelihood) = encoder_and_likelihood(model, data, image, &all)?;
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

/// The captions of these images in lower case, each of them once.
fn distinct_captions(data: &Data, images: &[usize]) -> Vec<String> {
    let mut captions: Vec<String> = Vec::new();
    for &image in images {
        let caption = data.caption(image).to_lowercase();
        if !captions.contains(&caption) {
            captions.push(caption);
        }
    }
    captions
}

/// The log-probabilities of the captions, and of all codes given each caption. They do not depend on an image.
struct Prior {
    /// `ln p(z|y)`. It is kept apart from `ln p(y)`, because beside a caption of -1e30 nats it would have no digit
    /// left.
    ln_p_z: Array2<f64>,
    ln_p_y: Array1<f64>,
    ln_q_y: Array1<f64>,
}

/// Evaluates the prior at these captions and all codes, and the caption model at the captions.
fn prior(model: &Model, captions: &[String], all: &[u32], told: &dyn Fn()) -> Result<Prior, ModelError> {
    let positions = model.codes();
    let total = all.len() / positions;
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
            // Text comes before all codes, so `ln p(y)` is the same for all of them.
            ln_p_y[y] = of_text[0];
            row.extend(of_codes);
        }
        ln_p_z.row_mut(y).assign(&Array1::from(row));
        told();
    }
    Ok(Prior { ln_p_z, ln_p_y, ln_q_y })
}

/// `ln q(z|x)` and `ln p(x|z)` of an image at each of the codes, in nats.
fn encoder_and_likelihood(
    model: &Model,
    data: &Data,
    image: usize,
    all: &[u32],
) -> Result<(Array1<f64>, Array1<f64>), ModelError> {
    let (positions, k) = (model.codes(), model.config.dvae.vocabulary);
    let pixels = model.pixels(&evaluated(data.image(image), model.config.seed, image))?;
    let logits = model.encoder_logits(&pixels)?.to_dtype(gpu::DType::F64)?;
    let ln_q = normalised(&logits.flatten_all()?.to_vec1()?, k).map_err(|error| error.at(format!("image {image}")))?;
    let of_code = |code: &[u32]| {
        let parts = code.iter().enumerate();
        parts.map(|(place, code)| ln_q[place * k + *code as usize]).sum::<f64>()
    };
    let ln_q_z: Array1<f64> = all.chunks(positions).map(of_code).collect();
    let mut ln_p_x = Vec::with_capacity(ln_q_z.len());
    for part in all.chunks(CHUNK * positions) {
        let count = part.len() / positions;
        let values = model.log_likelihood(&pixels, &model.tokens(part, count)?);
        ln_p_x.extend(values.map_err(|error| error.at(format!("image {image}")))?);
    }
    Ok((ln_q_z, Array1::from(ln_p_x)))
}

/// The codes at all positions for a number of the enumeration. The last position varies fastest.
fn digits(code: usize, positions: usize, k: usize) -> Vec<u32> {
    let mut digits = vec![0; positions];
    let mut left = code;
    for digit in digits.iter_mut().rev() {
        *digit = u32::try_from(left % k).unwrap_or(u32::MAX);
        left /= k;
    }
    digits
}

/// Normalises a table of log-probabilities. The second result is the logarithm of their sum.
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
