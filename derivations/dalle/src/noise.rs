//! Random numbers. Those of a step depend on the seed and the step alone, so that training can be resumed anywhere.

use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::data::VALUES;

/// The purpose of random numbers. Each purpose has a stream of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The initial values of parameters.
    Parameters,
    /// The order of images in an epoch.
    Order,
    /// The place of a pixel within its byte.
    Pixels,
    /// The codes that are drawn in training.
    Codes,
    /// The merges of a caption that are left out.
    Captions,
    /// The images that are sampled for a user.
    Sample,
    /// The place of a pixel within its byte in evaluation. This stream belongs to an image, not to a step.
    EvaluatedPixels,
    /// The codes that are drawn in evaluation. This stream, too, belongs to an image.
    EvaluatedCodes,
}

/// The generator for a purpose at a step.
#[must_use]
pub fn stream(seed: u64, purpose: Purpose, step: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(step.wrapping_mul(8).wrapping_add(purpose as u64));
    rng
}

/// The stream after `numbers` numbers of 32 bits have been drawn from it.
#[must_use]
pub fn after(mut rng: ChaCha8Rng, numbers: usize) -> ChaCha8Rng {
    rng.set_word_pos(numbers as u128);
    rng
}

/// A uniform number on `(0, 1)`: the middle of one of `2^23` intervals. It is never 0 or 1, and exact in `f32`.
#[must_use]
pub fn open_unit(rng: &mut impl Rng) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "24 bits with the half")]
    let middle = (rng.random::<u32>() >> 9) as f32 + 0.5;
    middle / 8_388_608.0
}

/// Gumbel noise, `-ln(-ln u)`. It takes 2^23 values from -2.8 to 16.6, which is more than the expected largest of 8192
/// such numbers.
#[must_use]
pub fn gumbel(rng: &mut ChaCha8Rng, count: usize) -> Vec<f32> {
    let uniform: Vec<f32> = (0..count).map(|_| open_unit(rng)).collect();
    uniform.into_par_iter().map(|u| -(-u.ln()).ln()).collect()
}

/// Dequantises an image: its pixels are `phi((byte + u) / 256)` with `u` uniform. The mean of a log-density over them,
/// in the unit of [`ln_unit`], is at most the logarithm of the bytes' probability.
///
/// Without `u`, the likelihood of an image with a plain background would have no maximum, because the density's scale
/// could go to 0 there.
#[must_use]
pub fn dequantised(image: &[u8], rng: &mut ChaCha8Rng) -> Vec<f32> {
    let phi = |byte: &u8| 0.8 * ((f32::from(*byte) + open_unit(rng)) / 256.0) + 0.1;
    image.iter().map(phi).collect()
}

/// As [`dequantised`], for evaluation. The noise depends on the seed and the index of the image alone.
#[must_use]
pub fn evaluated(image: &[u8], seed: u64, index: usize) -> Vec<f32> {
    dequantised(image, &mut stream(seed, Purpose::EvaluatedPixels, index as u64))
}

/// The number that turns the log-density of a value `phi((byte + u) / 256)` into a log-probability of its byte:
/// `ln(0.8 / 256)` nats.
#[must_use]
pub fn ln_unit() -> f64 {
    (0.8_f64 / 256.0).ln()
}

/// [`ln_unit`], summed over all values of an image.
#[must_use]
pub fn ln_unit_of_image() -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "3072 values")]
    let values = VALUES as f64;
    values * ln_unit()
}

/// The images of a step. Every epoch has an order of its own. Its last images are left out where they are too few for a
/// batch.
#[must_use]
pub fn batch(seed: u64, step: u64, size: usize, images: &[usize]) -> Vec<usize> {
    let size = size.min(images.len()).max(1);
    let per_epoch = (images.len() / size).max(1) as u64;
    let mut rng = stream(seed, Purpose::Order, step / per_epoch);
    let mut order = images.to_vec();
    for last in (1..order.len()).rev() {
        order.swap(last, rng.random_range(0..=last));
    }
    #[expect(clippy::cast_possible_truncation, reason = "less than the number of images")]
    let first = (step % per_epoch) as usize * size;
    order[first..first + size].to_vec()
}

#[cfg(test)]
mod tests {
    use super::{Purpose, batch, gumbel, open_unit, stream};

    #[test]
    fn an_epoch_shows_every_image_once_and_the_next_one_in_another_order() {
        let images: Vec<usize> = (100..112).collect();
        let epoch = |first: u64| {
            (first..first + 3)
                .flat_map(|step| batch(7, step, 4, &images))
                .collect::<Vec<_>>()
        };
        let (one, two) = (epoch(0), epoch(3));
        let sorted = |mut order: Vec<usize>| {
            order.sort_unstable();
            order
        };
        assert_eq!(sorted(one.clone()), images);
        assert_eq!(sorted(two.clone()), images);
        assert_ne!(one, two);
        assert_eq!(batch(7, 4, 4, &images), two[4..8]);
    }

    #[test]
    fn streams_differ_by_purpose_and_step_and_repeat() {
        let first = |purpose, step| open_unit(&mut stream(3, purpose, step)).to_bits();
        assert_eq!(first(Purpose::Codes, 5), first(Purpose::Codes, 5));
        assert_ne!(first(Purpose::Codes, 5), first(Purpose::Codes, 6));
        assert_ne!(first(Purpose::Codes, 5), first(Purpose::Pixels, 5));
    }

    /// The probabilities of all bytes under a dequantised density sum to its mass between `phi(0)` and `phi(1)`. So the
    /// unit is complete.
    #[test]
    fn a_density_over_dequantised_bytes_has_its_mass() {
        use reference::likelihood::logit_laplace;
        let (mu, ln_b) = (0.3, -0.5_f64);
        let mut total = 0.0;
        for byte in 0..=255_u8 {
            // u takes the middles of 64 intervals. The error comes from the density's curvature, and is about 1e-7 of
            // it.
            for part in 0..64_u8 {
                let u = (f64::from(part) + 0.5) / 64.0;
                let x = 0.8 * ((f64::from(byte) + u) / 256.0) + 0.1;
                let ln_f = logit_laplace(x, mu, ln_b).map_or(f64::NAN, |nats| nats.value());
                total += (ln_f + super::ln_unit()).exp() / 64.0;
            }
        }
        let cumulated = |x: f64| {
            let t = ((x / (1.0 - x)).ln() - mu) / ln_b.exp();
            if t < 0.0 { 0.5 * t.exp() } else { 1.0 - 0.5 * (-t).exp() }
        };
        let mass = cumulated(0.9) - cumulated(0.1);
        assert!((total - mass).abs() < 1e-5, "{total} is not {mass}");
        let image = [0_u8, 255, 7, 128];
        let pixels = super::dequantised(&image, &mut stream(1, Purpose::Pixels, 0));
        for (byte, pixel) in image.iter().zip(pixels) {
            let u = (f64::from(pixel) - 0.1) / 0.8 * 256.0 - f64::from(*byte);
            assert!(u > -1e-4 && u < 1.0 + 1e-4, "{u}");
        }
    }

    #[test]
    fn gumbel_noise_has_its_mean_and_its_tail() {
        let n = 1 << 20;
        let noise = gumbel(&mut stream(1, Purpose::Codes, 0), n);
        let mean = noise.iter().map(|&g| f64::from(g)).sum::<f64>() / n as f64;
        // The mean is Euler's constant. The standard error is pi / sqrt(6 n) = 0.0013.
        assert!((mean - 0.577_215_664_9).abs() < 4.0 * 0.00126, "{mean}");
        let largest = noise.iter().copied().fold(f32::MIN, f32::max);
        assert!(largest > 12.0 && largest.is_finite(), "{largest}");
    }
}
