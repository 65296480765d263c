//! A distribution as a table of log-probabilities, validated once.

use ndarray::{Array, Dimension};

use super::{Error, Nats};

/// A table of log-probabilities that sums to 1, with its probabilities beside it.
///
/// ```text
/// sum_k exp(ln p_k) = 1
/// ```
///
/// Range: entries in `[-inf, 0]`. Built only through [`LogProbs::new`], which renormalises, so bodies hold nothing
/// but mathematics.
#[derive(Debug, Clone, PartialEq)]
pub struct LogProbs<D: Dimension> {
    ln: Array<f64, D>,
    p: Array<f64, D>,
    correction: f64,
}

impl<D: Dimension> LogProbs<D> {
    /// Validates a table of log-probabilities and renormalises it in `f64`.
    ///
    /// `unit_roundoff` is that of the type the table was stored in. Each stored entry is off by `u |ln p_k|`, its normaliser
    /// (a sum of `n` exponentials in that type, then a logarithm) by `(n + 4) u`; so the sum may miss 1 by
    /// `u (2 sum_k p_k |ln p_k| + n + 4)`, the factor 2 for the rounding of the subtraction that made the entry; never by more
    /// than 1/2.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::Entry`] (NaN or `+inf`), [`Error::Sum`].
    pub fn new(tensor: &'static str, ln: Array<f64, D>, unit_roundoff: f64) -> Result<Self, Error> {
        Self::check_entries(tensor, &ln)?;
        let p = ln.mapv(f64::exp);
        let sum = p.iter().map(|&p_k| Nats::of(p_k)).sum::<Nats>().value();
        let surprise: f64 = p
            .iter()
            .zip(&ln)
            .filter(|(p_k, _)| **p_k > 0.0)
            .map(|(p_k, ln_k)| (p_k * ln_k).abs())
            .sum();
        #[expect(clippy::cast_precision_loss, reason = "a count of table entries, far below 2^53")]
        // However coarse the type, what is off by more than a half is no distribution that was rounded.
        let bound = (unit_roundoff * (2.0 * surprise + ln.len() as f64 + 4.0)).min(0.5);
        let off = (sum - 1.0).abs();
        if !(off <= bound) {
            return Err(Error::Sum { tensor, sum, bound });
        }
        let ln_sum = sum.ln();
        let ln = ln.mapv(|entry| entry - ln_sum);
        let total = p.iter().map(|&p_k| Nats::of(p_k)).sum::<Nats>().value();
        Ok(Self {
            p: p / total,
            ln,
            correction: off,
        })
    }

    /// The distribution proportional to `exp(ln_weights)`.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::Entry`], and [`Error::Sum`] when every weight is 0.
    pub fn proportional_to(tensor: &'static str, ln_weights: &Array<f64, D>) -> Result<Self, Error> {
        Self::check_entries(tensor, ln_weights)?;
        let max = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if max == f64::NEG_INFINITY {
            return Err(Error::Sum {
                tensor,
                sum: 0.0,
                bound: 0.0,
            });
        }
        let ln_total = ln_weights.iter().map(|ln_w| (ln_w - max).exp()).sum::<f64>().ln();
        Self::new(
            tensor,
            ln_weights.mapv(|ln_w| (ln_w - max) - ln_total),
            super::UNIT_ROUNDOFF_F64,
        )
    }

    /// The same table with every entry rounded by `round`, *not* renormalised: what a twin in a narrower type is given.
    /// The weights are `exp` of the rounded entries, divided by their sum, as the twin's are.
    #[must_use]
    pub fn rounded(&self, round: impl Fn(f64) -> f64) -> Self {
        let ln = self.ln.mapv(round);
        let p = ln.mapv(f64::exp);
        let total = p.iter().map(|&p_k| Nats::of(p_k)).sum::<Nats>().value();
        Self {
            p: p / total,
            ln,
            correction: self.correction,
        }
    }

    fn check_entries(tensor: &'static str, ln: &Array<f64, D>) -> Result<(), Error> {
        if ln.is_empty() {
            return Err(Error::Empty { tensor });
        }
        for (flat, &value) in ln.iter().enumerate() {
            if value.is_nan() || value == f64::INFINITY {
                return Err(Error::Entry {
                    tensor,
                    index: unravel(flat, ln.shape()),
                    value,
                });
            }
        }
        Ok(())
    }

    /// The log-probabilities.
    #[must_use]
    pub const fn ln(&self) -> &Array<f64, D> {
        &self.ln
    }

    /// The probabilities; they sum to 1 within two roundings, however many there are.
    #[must_use]
    pub const fn p(&self) -> &Array<f64, D> {
        &self.p
    }

    /// How far the given table's sum was from 1.
    #[must_use]
    pub const fn correction(&self) -> f64 {
        self.correction
    }

    /// Expectation over the support.
    ///
    /// ```text
    /// E_{k ~ p}[f(k)] = sum_{k: p_k > 0} p_k f(k)
    /// ```
    pub fn expect(&self, f: impl Fn(D::Pattern) -> Nats) -> Nats {
        self.support()
            .map(|(k, p_k)| {
                let nats = f(k);
                // A positive probability may underflow to 0; what it multiplies stays infinite all the same.
                if nats.is_finite() { p_k * nats } else { nats }
            })
            .sum()
    }

    /// The states of positive probability, with it.
    pub fn support(&self) -> impl Iterator<Item = (D::Pattern, f64)> + '_ {
        self.ln
            .indexed_iter()
            .zip(&self.p)
            .filter(|((_, ln_k), _)| **ln_k > f64::NEG_INFINITY)
            .map(|((k, _), &p_k)| (k, p_k))
    }
}

/// Index of a flat position in row-major order.
pub(crate) fn unravel(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (axis, &size) in shape.iter().enumerate().rev() {
        index[axis] = flat % size.max(1);
        flat /= size.max(1);
    }
    index
}
