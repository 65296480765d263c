//! Gumbel-softmax: a relaxed sample of a code, through which gradients can pass, and the codebook's rows that it mixes.
//!
//! ```text
//! t_k = x_k + g_k,  g_k = -ln(-ln u_k)        y_k = e^(t_k / tau) / sum_j e^(t_j / tau)        e_d = sum_k y_k C_kd
//! ```
//!
//! `argmax_k t_k` is an exact sample of `softmax(x)` (Gumbel). `y` is its relaxation, which becomes one-hot as `tau`
//! goes to 0. *Straight-through* means that the one-hot sample goes forward and the relaxation's derivative comes back.
//! The noise is given, so that both sides of a comparison use the same.
//!
//! Masses hold what rounded exponents cost, as in [`logits`](crate::logits). These are
//! `m_k = (|x_k - c| + 2 |t_k| + 4 |t_k - t*|) / tau` and their mean, with `t_k = x_k - c + g_k`, `c = max x` and
//! `t* = max t`. A part of the row has rounded `t*` at its own distance, which is at most `|t_k| + |t_k - t*|`.

use crate::logits::Softmax;
use crate::vocab::{Error, Nats};

/// One row of logits with its noise, relaxed at a temperature.
#[derive(Debug, Clone)]
pub struct Relaxed {
    softmax: Softmax,
    /// The scores `t_k`.
    scores: Vec<f64>,
    /// The total size of what was rounded on the way to each score.
    rounded: Vec<f64>,
    /// The total size of what is rounded on the way to `t_k / tau`, times `tau`: the larger one of two, since a subject
    /// may take the logits as they are, or centred.
    divided: Vec<f64>,
    /// `m_k` of the module's documentation, what a rounded exponent costs.
    exponents: Vec<f64>,
    /// The mean `E_y[m]`.
    mean_exponent: f64,
    temperature: f64,
    /// The exact sample.
    code: usize,
}

/// A sum and what its rounding leaves out (Knuth's two-sum).
fn unrounded(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

impl Relaxed {
    /// Adds the noise to the logits, divides by the temperature and normalises.
    ///
    /// Shapes: `x`, `noise` are `[K]`. Limits: `-inf` among the logits is a masked code.
    ///
    /// # Errors
    /// As [`Softmax::new`]; [`Error::Shape`] for noise of another length; [`Error::Temperature`] unless the temperature
    /// is positive and finite.
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
        // The row is validated before anything is subtracted, so that the largest logit is finite.
        let centred = Softmax::new("logits", x)?.y;
        let t: Vec<f64> = centred.iter().zip(noise).map(|(y, g)| y + g).collect();
        let code = (0..t.len()).fold(0, |best, k| if t[k] > t[best] { k } else { best });
        // A small temperature makes much of a rounding: scores less the largest one are taken from unrounded sums.
        let (largest, its_rest) = unrounded(x[code], noise[code]);
        let less = |k: usize| {
            let (score, rest) = unrounded(x[k], noise[k]);
            let (less, lost) = unrounded(score, -largest);
            less + (lost + (rest - its_rest))
        };
        let scaled = |k: usize| if x[k].is_finite() { less(k) / temperature } else { x[k] };
        let z: Vec<f64> = (0..x.len()).map(scaled).collect();
        let softmax = Softmax::new("logits with noise", &z)?;
        let exponents: Vec<f64> = (0..t.len())
            .map(|k| (centred[k].abs() + 2.0 * t[k].abs()) / temperature - 4.0 * softmax.y[k])
            .collect();
        let mean_exponent = softmax.expect(|k| exponents[k]);
        let rounded = centred.iter().zip(&t).map(|(y, t)| y.abs() + t.abs()).collect();
        let divided = (0..t.len())
            .map(|k| (2.0 * (x[k] + noise[k]).abs()).max(centred[k].abs() + 2.0 * t[k].abs()))
            .collect();
        Ok(Self {
            softmax,
            scores: t,
            rounded,
            divided,
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

    /// Whether arithmetic of unit roundoff `u` may take `code` for the sample, if it centres the logits, adds the noise
    /// and takes the largest score. That is so where the code's score is the largest, up to its roundings. A masked
    /// code never is.
    #[must_use]
    pub fn may_be_sampled(&self, code: usize, u: f64) -> bool {
        let missing = self.missing(code);
        missing.is_finite() && missing <= u * (self.rounded[self.code] + self.rounded[code])
    }

    /// Whether a correct subject, by whatever order of operations, may take `code` for the sample.
    ///
    /// ```text
    /// t_best - t_k <= u (r_best + r_k) + 2 tau (u (EXP + 2 + |ln y_best|) + lost / y_best)
    /// r = max(2 |x + g|, |x - c| + 2 |x - c + g|)
    /// ```
    ///
    /// The second argument is the arithmetic of the subject: `u`, the error `exp` of its exponential in units of `u`, and
    /// `lost`, what its smallest numbers lose near 0. `off` is how far the noise of a code may be off already.
    ///
    /// Most subjects add the noise to the logits as they are, which rounds at the size of `x + g`, however near to 0
    /// `t` is. Some centre the logits before, which rounds `x - c` and `t`. All of them divide by `tau`, which rounds
    /// once more at that size.
    ///
    /// Some, such as `torch`'s `gumbel_softmax`, take the first of the largest *rounded weights*. Codes then tie if
    /// their weights differ by no more than their roundings. A weight is rounded by the exponential (`exp` times `u`),
    /// by the quotient and where it is stored. It is rounded by its exponent, too, if that is a log-probability: that
    /// of the best code is the smallest, and the others' are as large where they tie. Finally, it loses `lost` near 0.
    /// What weights are off relative to themselves is absolute in `z = t / tau`, hence the factor `tau`. The factor 2
    /// is there because two codes are compared.
    #[must_use]
    pub fn may_be_taken(&self, code: usize, [u, exp, lost]: [f64; 3], off: impl Fn(usize) -> f64) -> bool {
        let missing = self.missing(code);
        let scores = u * (self.divided[self.code] + self.divided[code]);
        let best = self.softmax.q[self.code];
        let weights = u * (exp + 2.0 + best.ln().abs()) + lost / best;
        missing.is_finite() && missing <= scores + 2.0 * self.temperature * weights + off(self.code) + off(code)
    }

    /// The distance by which a code's score is below the largest.
    fn missing(&self, code: usize) -> f64 {
        self.scores[self.code] - self.scores[code]
    }

    /// The error of a code's weight, in units of roundoff relative to the weight.
    fn spread(&self, k: usize) -> f64 {
        1.0 + self.exponents[k] + self.mean_exponent
    }

    /// The relaxed sample `y`.
    ///
    /// Shapes: `[K]`. Range: each entry is in `[0, 1]`, and their sum is 1. Twin: `gpu::fused::gumbel_softmax`.
    #[must_use]
    pub fn sample(&self) -> Vec<Nats> {
        self.weighted(|_| Nats::of(1.0), 0.0)
    }

    /// The derivative of a loss with respect to the logits, from its derivative `v` with respect to the sample `y`.
    ///
    /// ```text
    /// dL/dx_k = (y_k / tau) (v_k - E_y[v])
    /// ```
    ///
    /// Shapes: `v` is `[K]`, and so is the result. Straight-through takes the same with `v` at the one-hot sample.
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

    /// The mean of the codebook's rows, weighted by the relaxed sample. Row [`code`](Self::code) of the codebook is the
    /// straight-through value.
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

    /// The products `y_k f_k`, 0 for a masked code, whose masses hold that of the mean inside `f`.
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

/// The derivative of a loss with respect to the sample, from its derivative with respect to the mixed row of the
/// codebook.
///
/// ```text
/// v_k = dL/dy_k = sum_d w_d C_kd,   w_d = dL/de_d
/// ```
///
/// Shapes: `codebook` is `[K, D]`, row-major, and `w` is `[D]`; returns `[K]`.
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
    fn a_tie_is_as_wide_as_what_is_rounded_on_the_way_to_it() {
        let u = 2.0_f64.powi(-8);
        let types = [u, 1.0, 0.0];
        // Centred, these are near 0, and so are their roundings; as they are, they are rounded at the size of 100.
        let near = |gap: f64| Relaxed::new(&[100.0, 100.0], &[0.0, -gap], 1e-3).expect("a row");
        assert!(!near(1.0).may_be_sampled(1, u));
        assert!(near(1.0).may_be_taken(1, types, |_| 0.0));
        assert!(!near(2.0).may_be_taken(1, types, |_| 0.0)); // 4 u 100 = 1.6
        // Scores that are exact, weights that are not: 2 tau u (1 + 2 + ln 2) is 0.0289 at tau = 1, and tau times that.
        let exact = |gap: f64, tau: f64| Relaxed::new(&[gap, 0.0], &[-gap, -gap], tau).expect("a row");
        for tau in [0.25, 1.0, 4.0] {
            assert!(exact(0.02 * tau, tau).may_be_taken(1, types, |_| 0.0), "{tau}");
            assert!(!exact(0.04 * tau, tau).may_be_taken(1, types, |_| 0.0), "{tau}");
        }
        assert!(
            exact(0.04, 1.0).may_be_taken(1, [u, 1.0, 0.01], |_| 0.0),
            "what is lost near 0"
        );
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
        assert!(masked.may_be_sampled(1, 0.5) && !masked.may_be_sampled(0, 0.5));
        assert!(masked.may_be_taken(1, [0.5, 1.0, 0.0], |_| 0.0) && !masked.may_be_taken(0, [0.5, 1.0, 0.0], |_| 0.0));
        assert!(masked.sample()[0].value() <= 0.0);
        for temperature in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Relaxed::new(&[0.0], &[0.0], temperature).is_err());
        }
        assert!(Relaxed::new(&[0.0], &[0.0, 1.0], 1.0).is_err());
        assert!(Relaxed::new(&[0.0], &[f64::NAN], 1.0).is_err());
    }
}
