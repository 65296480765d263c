//! The values of the reference for samples and for the codebook rows that they mix.

use reference::relaxation::Relaxed;
use reference::vocab::Nats;

use crate::bounds::Storage;

/// The values of the forward pass of a row.
pub(super) struct Expected {
    pub(super) sample: Vec<Nats>,
    pub(super) mixed: Vec<Nats>,
}

impl Expected {
    fn undefined(k: usize, d: usize) -> Self {
        let undefined = Nats::with_mass(f64::NAN, 0.0);
        Self {
            sample: vec![undefined; k],
            mixed: vec![undefined; d],
        }
    }

    pub(super) fn relaxed(drawn: Option<&Relaxed>, k: usize, codebook: &[f64]) -> Self {
        let d = codebook.len() / k;
        drawn.map_or_else(
            || Self::undefined(k, d),
            |drawn| Self {
                sample: drawn.sample(),
                mixed: drawn.mix(codebook, d),
            },
        )
    }

    /// The values for a straight-through sample. Two codes may lie so close that rounding decides, and then either
    /// choice is right. Given the choice, nothing is rounded.
    pub(super) fn chosen(drawn: Option<&Relaxed>, found: &[f64], codebook: &[f64], storage: Storage) -> Self {
        let (k, d) = (found.len(), codebook.len() / found.len());
        let Some(drawn) = drawn else {
            return Self::undefined(k, d);
        };
        let chosen = found.iter().position(|y| *y > 0.0);
        let code = chosen
            .filter(|&code| drawn.may_be_sampled(code, storage.computed))
            .unwrap_or(drawn.code());
        let exact = |x: f64| Nats::with_mass(x, 0.0);
        let mut sample = vec![exact(0.0); k];
        sample[code] = exact(1.0);
        let mixed = codebook[code * d..][..d].iter().copied().map(exact).collect();
        Self { sample, mixed }
    }

    /// The sizes of the addends of a mixed row, `sum_k y_k |C_kd|`.
    pub(super) fn sizes(&self, codebook: &[f64], drawn: Option<&Relaxed>) -> Vec<f64> {
        let d = self.mixed.len();
        let magnitudes: Vec<f64> = codebook.iter().map(|c| c.abs()).collect();
        match drawn {
            Some(drawn) => drawn.mix(&magnitudes, d).iter().map(|mixed| mixed.value()).collect(),
            None => vec![0.0; d],
        }
    }
}

/// The derivative with respect to a codebook, `sum_i y_k w_d`, and the sizes of its addends.
pub(super) struct ToCodebook(pub(super) Vec<Nats>, pub(super) Vec<f64>);

impl ToCodebook {
    pub(super) fn nothing(numbers: usize) -> Self {
        Self(vec![Nats::ZERO; numbers], vec![0.0; numbers])
    }

    /// Adds the samples of a row, with the derivative with respect to the row that they mixed.
    pub(super) fn add(&mut self, sample: &[Nats], w: &[f64]) {
        let d = w.len();
        for (code, y) in sample.iter().enumerate() {
            if y.value() == 0.0 && y.mass() == 0.0 {
                continue; // This code was not chosen.
            }
            let slopes = self.0[code * d..].iter_mut().zip(&mut self.1[code * d..]);
            for ((slope, size), w) in slopes.zip(w) {
                // The product is written out, because `*` would leave out a weight of 0, and an undefined row would
                // vanish.
                *slope = *slope + Nats::with_mass(w * y.value(), w.abs() * y.mass().max(y.value()));
                *size += w.abs() * y.value();
            }
        }
    }
}

/// The sizes of the addends of a logit's derivative, `(y_k / tau) (sum_d |w_d C_kd| + sum_d |w_d| sum_j y_j |C_jd|)`.
pub(super) fn pulled(codebook: &[f64], w: &[f64], drawn: Option<&Relaxed>, temperature: f64) -> Vec<f64> {
    let d = w.len();
    let codebook: Vec<f64> = codebook.iter().map(|c| c.abs()).collect();
    let Some(drawn) = drawn else {
        return vec![0.0; codebook.len() / d];
    };
    let along = |row: &[f64]| -> f64 { row.iter().zip(w).map(|(c, w)| c * w.abs()).sum() };
    let mean: Vec<f64> = drawn.mix(&codebook, d).iter().map(|mixed| mixed.value()).collect();
    let mean = along(&mean);
    let rows = codebook.chunks(d).zip(drawn.sample());
    rows.map(|(row, y)| y.value() / temperature * (along(row) + mean))
        .collect()
}
