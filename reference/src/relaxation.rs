//! Gumbel-softmax: the sample of a code that gradients can pass, and the codebook that it mixes.
//!
//! ```text
//! t_k = x_k + g_k,  g_k = -ln(-ln u_k)        y_k = e^(t_k / tau) / sum_j e^(t_j / tau)        e_d = sum_k y_k C_kd
//! ```
//!
//! `argmax_k t_k` is an exact sample of `softmax(x)` (Gumbel); `y` is its relaxation, one-hot as `tau` goes to 0. *Straight-through*: the
//! one-hot sample goes forward, the relaxation's derivative comes back. The noise is given, so that both sides of a comparison use the same.
//!
//! Masses hold what rounded exponents cost, as in [`logits`](crate::logits): `m_k = (|x_k - c| + 2 |t_k| + 4 |t_k - t*|) / tau`, `t_k = x_k - c + g_k`,
//! `c = max x`, `t* = max t` (which a part of the row has rounded at its own distance, at most `|t_k| + |t_k - t*|`), and their mean.

use crate::logits::Softmax;
use crate::vocab::{Error, Nats};

/// One row of logits with its noise at a temperature.
#[derive(Debug, Clone)]
pub struct Relaxed {
    softmax: Softmax,
    /// `t_k`, and the size of what was rounded on the way to it.
    scores: Vec<f64>,
    rounded: Vec<f64>,
    /// `m_k` and `E_y[m]`.
    exponents: Vec<f64>,
    mean_exponent: f64,
    temperature: f64,
    code: usize,
}

impl Relaxed {
    /// Adds the noise and normalises.
    ///
    /// Shapes: `x`, `noise` are `[K]`. Limits: `-inf` among the logits is a masked code.
    ///
    /// # Errors
    /// As [`Softmax::new`]; [`Error::Shape`] for noise of another length; [`Error::Temperature`] unless it is positive and finite.
    pub fn new(x: &[f64], noise: &[f64], temperature: f64) -> Result<Self, Error> {
        if !(temperature > 0.0 && temperature.is_finite()) {
            return Err(Error::Temperature { value: temperature });
        }
        if x.len() != noise.len() {
            return Err(Error::Shape {
                tensor: "noise",
                found: vec![noise.len()],
                expected: vec![x.len()],
            });
        }
        // Validated before anything is subtracted: the largest logit is finite.
        let centred = Softmax::new("logits", x)?.y;
        let t: Vec<f64> = centred.iter().zip(noise).map(|(y, g)| y + g).collect();
        let z: Vec<f64> = t.iter().map(|t| t / temperature).collect();
        let softmax = Softmax::new("logits with noise", &z)?;
        let code = (0..t.len()).fold(0, |best, k| if t[k] > t[best] { k } else { best });
        let exponents: Vec<f64> = (0..t.len())
            .map(|k| (centred[k].abs() + 2.0 * t[k].abs()) / temperature - 4.0 * softmax.y[k])
            .collect();
        let mean_exponent = softmax.expect(|k| exponents[k]);
        let rounded = centred.iter().zip(&t).map(|(y, t)| y.abs() + t.abs()).collect();
        Ok(Self {
            softmax,
            scores: t,
            rounded,
            exponents,
            mean_exponent,
            temperature,
            code,
        })
    }

    /// The exact sample: the first code with the largest `t`.
    #[must_use]
    pub const fn code(&self) -> usize {
        self.code
    }

    /// Whether arithmetic of unit roundoff `u` may take another code for the sample: where `t` is as large, up to its roundings.
    #[must_use]
    pub fn may_be_sampled(&self, code: usize, u: f64) -> bool {
        let missing = self.scores[self.code] - self.scores[code];
        missing <= u * (self.rounded[self.code] + self.rounded[code])
    }

    /// How many times its own roundoff a weight is off.
    fn spread(&self, k: usize) -> f64 {
        1.0 + self.exponents[k] + self.mean_exponent
    }

    /// The relaxed sample `y`.
    ///
    /// Range: `[0, 1]`, sum 1. Twin: `gpu::fused::gumbel_softmax`.
    #[must_use]
    pub fn sample(&self) -> Vec<Nats> {
        self.weighted(|_| Nats::of(1.0), 0.0)
    }

    /// What the relaxation hands back to the logits of a derivative `v` with respect to `y`.
    ///
    /// ```text
    /// dL/dx_k = (y_k / tau) (v_k - E_y[v])
    /// ```
    ///
    /// Shapes: `v` is `[K]`. Straight-through takes the same with `v` at the one-hot sample.
    /// Twin: `gpu::fused::gumbel_softmax_gradient`.
    #[must_use]
    pub fn gradient(&self, v: &[Nats]) -> Vec<Nats> {
        let mean = self.softmax.expect(|k| v[k].value());
        let mean_mass = self.softmax.expect(|k| v[k].mass() * self.spread(k)) + mean.abs();
        let slopes = self.weighted(|k| v[k] - Nats::of(mean), mean_mass);
        slopes
            .into_iter()
            .map(|slope| (1.0 / self.temperature) * slope)
            .collect()
    }

    /// The codebook's rows, mixed by the relaxed sample; row [`code`](Self::code) of it is the straight-through value.
    ///
    /// ```text
    /// e_d = sum_k y_k C_kd
    /// ```
    ///
    /// Shapes: `codebook` is `[K, D]`, row-major; returns `[D]`. Twin: `gpu::fused::codebook_mix`.
    #[must_use]
    pub fn mix(&self, codebook: &[f64], d: usize) -> Vec<Nats> {
        let y = self.sample();
        let entry = |j: usize| self.softmax.support().map(|k| codebook[k * d + j] * y[k]).sum();
        (0..d).map(entry).collect()
    }

    /// `y_k (f_k + mass of the mean)`, 0 for a masked code.
    fn weighted(&self, f: impl Fn(usize) -> Nats, mean_mass: f64) -> Vec<Nats> {
        let entry = |k: usize| {
            if self.softmax.y[k] == f64::NEG_INFINITY {
                return Nats::ZERO;
            }
            let (q, f) = (self.softmax.q[k], f(k));
            Nats::with_mass(q * f.value(), q * (f.mass() * self.spread(k) + mean_mass))
        };
        (0..self.softmax.y.len()).map(entry).collect()
    }
}

/// Derivative of a loss with respect to the sample, from the one with respect to the mixed codebook row.
///
/// ```text
/// v_k = dL/dy_k = sum_d w_d C_kd,   w_d = dL/de_d
/// ```
///
/// Shapes: `codebook` `[K, D]`, `w` `[D]`; returns `[K]`.
#[must_use]
pub fn through_codebook(codebook: &[f64], w: &[f64]) -> Vec<Nats> {
    let row = |row: &[f64]| row.iter().zip(w).map(|(c, w)| Nats::of(c * w)).sum();
    codebook.chunks(w.len().max(1)).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::{Relaxed, through_codebook};
    use crate::vocab::Nats;
    use approx::assert_relative_eq;

    #[test]
    fn by_hand() {
        // t = (ln 2, 0, 0) at tau = 1/2: weights 4, 1, 1.
        let relaxed = Relaxed::new(&[7.0, 7.0, 7.5], &[2.0_f64.ln(), 0.0, -0.5], 0.5).expect("a row");
        assert_eq!(relaxed.code(), 0);
        let y: Vec<f64> = relaxed.sample().iter().map(|y| y.value()).collect();
        for (y, expected) in y.iter().zip([2.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0]) {
            assert_relative_eq!(*y, expected, max_relative = 1e-14);
        }
        let codebook = [3.0, 0.0, 0.0, 6.0, 6.0, -6.0];
        let e = relaxed.mix(&codebook, 2);
        assert_relative_eq!(e[0].value(), 3.0, max_relative = 1e-14);
        assert_relative_eq!(e[1].value(), 0.0, epsilon = 1e-14);
        // v = C w = (3, 0, 6) for w = (1, 0): the mean is 3, so dL/dx = 2 y (v - 3) = (0, -1, 1).
        let slopes = relaxed.gradient(&through_codebook(&codebook, &[1.0, 0.0]));
        for (slope, expected) in slopes.iter().zip([0.0, -1.0, 1.0]) {
            assert_relative_eq!(slope.value(), expected, epsilon = 1e-14);
        }
    }

    #[test]
    fn the_gradient_is_the_difference_quotient() {
        let (x, noise, v) = ([0.3, -1.2, 0.9, 0.1], [0.4, 1.1, -0.7, 2.0], [1.5, -2.0, 0.25, 3.0]);
        let loss = |x: &[f64]| -> f64 {
            let y = Relaxed::new(x, &noise, 0.7).expect("a row").sample();
            y.iter().zip(v).map(|(y, v)| y.value() * v).sum()
        };
        let slopes = Relaxed::new(&x, &noise, 0.7).expect("a row").gradient(&v.map(Nats::of));
        for (k, slope) in slopes.iter().enumerate() {
            let moved = |h: f64| {
                let mut x = x;
                x[k] += h;
                loss(&x)
            };
            let h = 1e-5;
            assert_relative_eq!(slope.value(), (moved(h) - moved(-h)) / (2.0 * h), max_relative = 1e-8);
        }
    }

    #[test]
    fn a_masked_code_is_never_sampled_and_bad_input_is_refused() {
        let masked = Relaxed::new(&[f64::NEG_INFINITY, 0.0], &[50.0, 0.0], 1.0).expect("a row");
        assert_eq!(masked.code(), 1);
        assert!(masked.sample()[0].value() <= 0.0);
        for temperature in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Relaxed::new(&[0.0], &[0.0], temperature).is_err());
        }
        assert!(Relaxed::new(&[0.0], &[0.0, 1.0], 1.0).is_err());
        assert!(Relaxed::new(&[0.0], &[f64::NAN], 1.0).is_err());
    }
}
