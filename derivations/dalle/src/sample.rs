//! Samples images along the graphical model, `y -> z -> x`, and reconstructs images.

use gpu::DType;
use rand::{Rng, RngExt as _};

use crate::ModelError;
use crate::config::Load;
use crate::data::VALUES;
use crate::evaluate::largest;
use crate::finite::{expect_finite, expect_finite_logits};
use crate::network::Model;
use crate::noise::{Purpose, stream};
use crate::objective::token_logits;

/// The way in which codes are drawn from logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    /// The number by which logits are divided. 0 takes the most probable code.
    pub temperature: f64,
    /// The number of most probable codes from which one is drawn. 0 means all of them.
    pub top_k: usize,
    /// The seed of the noise.
    pub seed: u64,
}

/// Samples images for a caption, each `[3, 32, 32]` of numbers in `[0, 1]`. Codes are drawn from `p(z|y)`, and each
/// pixel is the median of `p(x|z)`.
///
/// # Errors
/// [`ModelError::Caption`]. [`ModelError::Lacks`] for a model without a prior. [`ModelError::Overflow`] when a network
/// gives a number that is not finite.
pub fn sample(model: &Model, caption: &str, count: usize, draw: Draw) -> Result<Vec<Vec<f32>>, ModelError> {
    let text = model.text(caption)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    model
        .config
        .expect_memory(Load::Forward { at_once: count }, &model.device)?;
    let mut codes: Vec<Vec<u32>> = vec![Vec::new(); count];
    let mut rng = stream(draw.seed, Purpose::Sample, 0);
    let text = model.tokens(&text.repeat(count), count)?;
    let k = model.config.dvae.vocabulary;
    for known in 0..model.codes() {
        let so_far = model.tokens(&codes.concat(), count)?;
        let logits = token_logits(model.transformer()?, &model.parameters, &text, &so_far)?;
        let next = logits.narrow(1, known, 1)?.to_dtype(DType::F64)?;
        let rows: Vec<f64> = next.flatten_all()?.to_vec1()?;
        expect_finite(&rows, |place| {
            format!("the prior's logit of code {} at position {known}", place % k)
        })?;
        for (codes, row) in codes.iter_mut().zip(rows.chunks_exact(k)) {
            codes.push(u32::try_from(drawn(row, draw, &mut rng)).unwrap_or(u32::MAX));
        }
    }
    let decoded = images(model, &codes.concat(), count)?;
    Ok(decoded
        .chunks_exact(decoded.len() / count)
        .map(<[f32]>::to_vec)
        .collect())
}

/// Draws a code from its logits.
fn drawn(row: &[f64], draw: Draw, rng: &mut impl Rng) -> usize {
    if !(draw.temperature > 0.0) {
        return largest(row.iter().copied());
    }
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
    if draw.top_k > 0 {
        order.truncate(draw.top_k);
    }
    let most = row[order[0]];
    let weights: Vec<f64> = order
        .iter()
        .map(|&code| ((row[code] - most) / draw.temperature).exp())
        .collect();
    let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
    for (code, weight) in order.iter().zip(&weights) {
        left -= weight;
        if left < 0.0 {
            return *code;
        }
    }
    order[0]
}

/// The most probable codes of an image, and the image that they decode to.
///
/// # Errors
/// [`ModelError::Twin`], and [`ModelError::Overflow`] when a network gives a number that is not finite.
pub fn reconstruction(model: &Model, bytes: &[u8]) -> Result<(Vec<u32>, Vec<f32>), ModelError> {
    // Each pixel is at the middle of its byte, without noise.
    let pixels: Vec<f32> = bytes
        .iter()
        .map(|byte| 0.8 * ((f32::from(*byte) + 0.5) / 256.0) + 0.1)
        .collect();
    let logits = model.encoder_logits(&model.pixels(&pixels)?)?;
    // Among numbers one of which is NaN, there is no largest.
    let table: Vec<f32> = logits.flatten_all()?.to_vec1()?;
    expect_finite_logits(&table, model.config.dvae.vocabulary, "encoder")?;
    let codes = logits.argmax(2)?.flatten_all()?.to_vec1::<u32>()?;
    let pixels = images(model, &codes, 1)?;
    Ok((codes, pixels))
}

/// Decodes codes to images: `clamp((sigmoid(mu) - 0.1) / 0.8)`.
fn images(model: &Model, codes: &[u32], count: usize) -> Result<Vec<f32>, ModelError> {
    let [mu, _] = model.decoded(&model.tokens(codes, count)?)?;
    let mu: Vec<f32> = mu.flatten_all()?.to_vec1()?;
    expect_finite(&mu, |place| {
        format!(
            "the decoder's mu of value {} of image {}",
            place % VALUES,
            place / VALUES
        )
    })?;
    let pixel = |mu: f32| (((1.0 / (1.0 + (-mu).exp())) - 0.1) / 0.8).clamp(0.0, 1.0);
    Ok(mu.into_iter().map(pixel).collect())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::{Draw, drawn};

    #[test]
    fn codes_are_drawn_as_often_as_they_are_probable() {
        let row = [0.0, 3.0_f64.ln(), f64::NEG_INFINITY, 0.0];
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut count = |temperature, top_k| {
            let draw = Draw {
                temperature,
                top_k,
                seed: 0,
            };
            let mut counts = [0_usize; 4];
            for _ in 0..20_000 {
                counts[drawn(&row, draw, &mut rng)] += 1;
            }
            counts
        };
        // The probabilities are 1/5, 3/5, 0 and 1/5. Four standard errors of 20,000 draws are at most 283.
        let counts = count(1.0, 0);
        assert!(counts[2] == 0 && counts[1].abs_diff(12_000) < 283 && counts[0].abs_diff(4_000) < 283);
        // At half the temperature they are 1/11, 9/11, 0 and 1/11.
        assert!(count(0.5, 0)[1].abs_diff(16_364) < 283);
        assert_eq!(count(0.0, 0)[1], 20_000);
        assert_eq!(count(1.0, 1)[1], 20_000);
        let two = count(1.0, 2);
        assert!(two[3] == 0 && two[0].abs_diff(5_000) < 283);
    }
}
