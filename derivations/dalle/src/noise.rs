//! Noise: of a step, from the seed and the step alone, so that training can be taken up anywhere.

use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::data::VALUES;

/// What noise is for: each purpose has a stream of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The numbers that parameters begin with.
    Parameters,
    /// The order of images in an epoch.
    Order,
    /// Where within its byte a pixel lies.
    Pixels,
    /// Which codes are drawn.
    Codes,
    /// Which merges of a caption are left out.
    Captions,
    /// What is sampled for a person.
    Sample,
    /// Where within its byte a pixel lies that is evaluated; of an image, not of a step.
    EvaluatedPixels,
    /// Which codes are drawn for it.
    EvaluatedCodes,
}

/// The generator for a purpose at a step.
#[must_use]
pub fn stream(seed: u64, purpose: Purpose, step: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(step.wrapping_mul(8).wrapping_add(purpose as u64));
    rng
}

/// A stream as it is once so many numbers of 32 bits have been drawn from it.
#[must_use]
pub fn after(mut rng: ChaCha8Rng, numbers: usize) -> ChaCha8Rng {
    rng.set_word_pos(numbers as u128);
    rng
}

/// Uniform on `(0, 1)`: the middle of one of `2^23` intervals, never 0, never 1, exact in `f32`.
#[must_use]
pub fn open_unit(rng: &mut impl Rng) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "24 bits with the half")]
    let middle = (rng.random::<u32>() >> 9) as f32 + 0.5;
    middle / 8_388_608.0
}

/// Gumbel noise, `-ln(-ln u)`: 2^23 values from -2.8 to 16.6, beyond the largest of 8192.
#[must_use]
pub fn gumbel(rng: &mut ChaCha8Rng, count: usize) -> Vec<f32> {
    let uniform: Vec<f32> = (0..count).map(|_| open_unit(rng)).collect();
    uniform.into_par_iter().map(|u| -(-u.ln()).ln()).collect()
}

/// Pixels `phi((byte + u) / 256)`, `u` uniform: a density's mean over them is at most the logarithm of the byte's probability.
///
/// Without `u`, an image with a plain background has no largest likelihood: the density's scale goes to 0 there.
#[must_use]
pub fn dequantised(image: &[u8], rng: &mut ChaCha8Rng) -> Vec<f32> {
    let phi = |byte: &u8| 0.8 * ((f32::from(*byte) + open_unit(rng)) / 256.0) + 0.1;
    image.iter().map(phi).collect()
}

/// [`dequantised`], of an image that is evaluated: the same whoever looks at it.
#[must_use]
pub fn evaluated(image: &[u8], seed: u64, index: usize) -> Vec<f32> {
    dequantised(image, &mut stream(seed, Purpose::EvaluatedPixels, index as u64))
}

/// What a density over `phi((byte + u) / 256)` lacks to one over bytes: `ln(0.8 / 256)` nats a value.
#[must_use]
pub fn ln_unit() -> f64 {
    (0.8_f64 / 256.0).ln()
}

/// [`ln_unit`] of all of an image's values.
#[must_use]
pub fn ln_unit_of_image() -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "3072 values")]
    let values = VALUES as f64;
    values * ln_unit()
}

/// Which images go into a step: every epoch in an order of its own, its last images, too few for a batch, left out.
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

    /// What a dequantised density comes to over all bytes is its mass between `phi(0)` and `phi(1)`: nothing is missing from the unit.
    #[test]
    fn a_density_over_dequantised_bytes_has_its_mass() {
        use reference::likelihood::logit_laplace;
        let (mu, ln_b) = (0.3, -0.5_f64);
        let mut total = 0.0;
        for byte in 0..=255_u8 {
            // u in the middles of 64 intervals: off by the density's curvature there, some 1e-7 of it.
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
        // Euler's constant; the standard error is pi / sqrt(6 n) = 0.0013.
        assert!((mean - 0.577_215_664_9).abs() < 4.0 * 0.00126, "{mean}");
        let largest = noise.iter().copied().fold(f32::MIN, f32::max);
        assert!(largest > 12.0 && largest.is_finite(), "{largest}");
    }
}
