//! The distribution that a row of logits stands for, with its expectations.

use crate::vocab::{Error, Nats};

/// A row of logits and its softmax.
///
/// ```text
/// y_k = x_k - max x        q_k = e^(y_k) / s,  s = sum_k e^(y_k)
/// ```
#[derive(Debug, Clone)]
pub struct Softmax {
    /// The logits less the largest of them, `y_k`. They are at most 0, and `-inf` for a masked code.
    pub y: Vec<f64>,
    /// The probabilities `q_k`, which are 0 for a masked code.
    pub q: Vec<f64>,
    /// The normaliser `ln s`, in `[0, ln K]`. Its relative error is a few roundings.
    pub ln_s: f64,
}

impl Softmax {
    /// Validates a row of logits and normalises it. `tensor` is the name that an error gives to the row.
    ///
    /// Shapes: `x` is `[K]`. Limits: an entry of `-inf` masks its code.
    ///
    /// ```
    /// use reference::logits::Softmax;
    ///
    /// // Weights 3 and 1.
    /// let softmax = Softmax::new("logits", &[3.0_f64.ln(), 0.0])?;
    /// assert!((softmax.q[0] - 0.75).abs() < 1e-15);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::Entry`] (NaN or `+inf`), [`Error::Sum`] when every logit is `-inf`.
    pub fn new(tensor: &'static str, x: &[f64]) -> Result<Self, Error> {
        if x.is_empty() {
            return Err(Error::Empty { tensor });
        }
        if let Some(k) = x.iter().position(|x| x.is_nan() || *x == f64::INFINITY) {
            return Err(Error::Entry {
                tensor,
                index: vec![k],
                value: x[k],
            });
        }
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if max == f64::NEG_INFINITY {
            return Err(Error::Sum {
                tensor,
                sum: 0.0,
                bound: 0.0,
            });
        }
        let y: Vec<f64> = x.iter().map(|x| x - max).collect();
        // The largest weight is 1. Left out and put back by ln(1 + rest), a certain code's ln s keeps its digits.
        let largest = y.iter().position(|y| *y == 0.0);
        let others = (0..y.len()).filter(|&k| Some(k) != largest);
        let ln_s = others.map(|k| Nats::of(y[k].exp())).sum::<Nats>().value().ln_1p();
        let q = y.iter().map(|y| (y - ln_s).exp()).collect();
        Ok(Self { y, q, ln_s })
    }

    /// The log-probability of a code, `ln q_k = y_k - ln s`. It is `-inf` for a masked code.
    ///
    /// ```
    /// # use reference::logits::Softmax;
    /// // Of weights 3 and 1 the second has a quarter.
    /// let softmax = Softmax::new("logits", &[3.0_f64.ln(), 0.0])?;
    /// assert!((softmax.ln_q(1) - 0.25_f64.ln()).abs() < 1e-15);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    #[must_use]
    pub fn ln_q(&self, k: usize) -> f64 {
        self.y[k] - self.ln_s
    }

    /// The expectation `E_q[f]`, over the codes that are not masked.
    ///
    /// ```
    /// # use reference::logits::Softmax;
    /// // 3/4 10 + 1/4 2 = 8.
    /// let softmax = Softmax::new("logits", &[3.0_f64.ln(), 0.0])?;
    /// assert!((softmax.expect(|k| [10.0, 2.0][k]) - 8.0).abs() < 1e-14);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    pub fn expect(&self, f: impl Fn(usize) -> f64) -> f64 {
        let term = |k: usize| {
            let value = f(k);
            // A weight may underflow; what is infinite stays infinite all the same.
            Nats::of(if value.is_finite() { self.q[k] * value } else { value })
        };
        self.support().map(term).sum::<Nats>().value()
    }

    /// The codes that are not masked, in order.
    ///
    /// ```
    /// # use reference::logits::Softmax;
    /// let softmax = Softmax::new("logits", &[0.0, f64::NEG_INFINITY, 1.0])?;
    /// assert!(softmax.support().eq([0, 2]));
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    pub fn support(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.y.len()).filter(|&k| self.y[k] > f64::NEG_INFINITY)
    }

    /// How far the mean logit lies below the largest one, `E_q[-y]`.
    ///
    /// Range: `>= 0`; 0 where all codes that are not masked have one logit.
    ///
    /// ```
    /// # use reference::logits::Softmax;
    /// // With probability 1/4 the logit lies ln 3 below the largest.
    /// let softmax = Softmax::new("logits", &[3.0_f64.ln(), 0.0])?;
    /// assert!((softmax.depth() - 0.25 * 3.0_f64.ln()).abs() < 1e-15);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    #[must_use]
    pub fn depth(&self) -> f64 {
        self.expect(|k| -self.y[k])
    }

    /// The products `q_k slope_k` for every code, 0 for a masked one. `depth` is [`Self::depth`].
    ///
    /// Mass: `q_k (|slope_k| (1 + |y_k| + E_q[-y]) + mean_mass)`. It holds the weight's own rounding, that of `s`, and
    /// the size of what the mean inside the slope was added up from.
    pub(super) fn weighted(&self, slope: impl Fn(usize) -> f64, depth: f64, mean_mass: f64) -> Vec<Nats> {
        let entry = |k: usize| {
            if self.y[k] == f64::NEG_INFINITY {
                return Nats::ZERO;
            }
            let slope = slope(k);
            let mass = slope.abs() * (1.0 - self.y[k] + depth) + mean_mass;
            Nats::with_mass(self.q[k] * slope, self.q[k] * mass)
        };
        (0..self.y.len()).map(entry).collect()
    }
}
