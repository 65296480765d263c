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

/// A table whose sum misses 1 by no more than this is normalised: 8 u, for the exponentials (2 u), the sum (2 u) and entries
/// that an earlier normalisation moved (4 u).
pub const NORMALISED: f64 = 8.0 * super::UNIT_ROUNDOFF_F64;

impl<D: Dimension> LogProbs<D> {
    /// Validates a table of log-probabilities and renormalises it in `f64`.
    ///
    /// `unit_roundoff` is that of the type the table was stored in; [`sum_tolerance`] says how far the sum may miss 1.
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
        let bound = sum_tolerance(ln.len(), surprise, unit_roundoff);
        let off = (sum - 1.0).abs();
        if !(off <= bound) {
            return Err(Error::Sum { tensor, sum, bound });
        }
        // What is already normalised as well as sums are known stays as it is: validating twice changes nothing.
        let mut ln = if off <= NORMALISED {
            ln
        } else {
            ln.mapv(|entry| entry - sum.ln())
        };
        settle(&mut ln);
        let p = ln.mapv(f64::exp);
        let total = p.iter().map(|&p_k| Nats::of(p_k)).sum::<Nats>().value();
        Ok(Self {
            p: p / total,
            ln: ln.mapv(|entry| entry.min(0.0)), // a certainty that rounding left above 1
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

    /// The mass that an expectation of these logarithms is short of, for what renormalising and storing did to each of them.
    ///
    /// ```text
    /// sum_k p_k (1 + |ln p_k|),   without the entry above one half, which is what the others leave
    /// ```
    ///
    /// A logarithm was rounded once when it was stored and once when it was renormalised, by `u |ln p_k|` each; its table still misses 1 by up to
    /// [`NORMALISED`], 8 `u`. Its own mass makes room for neither where it is near 0, as that of a probability near 1, or where it is large and its
    /// exponential, which is off by as much, is a weight.
    #[must_use]
    pub fn normalisation(&self) -> f64 {
        let share = |(p_k, ln_k): (&f64, &f64)| if *p_k > 0.0 { p_k * (1.0 + ln_k.abs()) } else { 0.0 };
        let shares = self.p.iter().zip(&self.ln);
        let above_half = |(p_k, _): &(&f64, &f64)| **p_k > 0.5;
        shares.filter(|entry| !above_half(entry)).map(share).sum()
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

impl LogProbs<ndarray::Ix2> {
    /// The product of two distributions, of shapes `[i]` and `[j]`.
    ///
    /// ```text
    /// ln p[i, j] = ln rows[i] + ln columns[j]
    /// ```
    ///
    /// Normalised because they are, up to two roundings.
    #[must_use]
    pub fn product(rows: &LogProbs<ndarray::Ix1>, columns: &LogProbs<ndarray::Ix1>) -> Self {
        let shape = (rows.ln.len(), columns.ln.len());
        Self {
            ln: ndarray::Array2::from_shape_fn(shape, |(i, j)| rows.ln[i] + columns.ln[j]),
            p: ndarray::Array2::from_shape_fn(shape, |(i, j)| rows.p[i] * columns.p[j]),
            correction: 0.0,
        }
    }
}

/// A probability above one half becomes what the others leave, `ln p = ln1p(-sum of the others)`.
///
/// Near 1 a sum is known to `u`, the others to `u` of themselves: without this a divergence of 1e-12 between two all but certain distributions
/// would have an error of 1e-16, a thousand million times its own rounding, and could come out negative. Settling twice changes nothing.
fn settle<D: Dimension>(ln: &mut Array<f64, D>) {
    let most = ln.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !(most > -std::f64::consts::LN_2) {
        return;
    }
    let mut others = Vec::with_capacity(ln.len());
    let mut top = None;
    for entry in ln.iter_mut() {
        if top.is_none() && *entry >= most {
            top = Some(entry);
        } else {
            others.push(Nats::of(entry.exp()));
        }
    }
    if let Some(top) = top {
        let rest = others.into_iter().sum::<Nats>().value();
        *top = (-rest).ln_1p();
    }
}

/// How far from 1 the sum of `n` probabilities may lie that were normalised and stored with unit roundoff `u`.
///
/// ```text
/// min(1/2, u (2 S + 4) + min(u, 2^-24) (n + 128)),   S = sum_k p_k |ln p_k|
/// ```
///
/// The stored entry `ln p_k` was rounded once and the subtraction `l_k - ln sum` that made it once more, each by `u |ln p_k|`;
/// 4 `u` for the exponential and the logarithm. The normaliser was a sum of `n` terms and is as large as the logits were, which we take to
/// be at most 128: it is common to the row, and half types accumulate it in single precision. Beyond 1/2 nothing was rounded.
#[must_use]
pub fn sum_tolerance(n: usize, surprise: f64, unit_roundoff: f64) -> f64 {
    let accumulation = unit_roundoff.min(f64::from(f32::EPSILON) / 2.0);
    #[expect(clippy::cast_precision_loss, reason = "a count of table entries, far below 2^53")]
    let terms = n as f64 + 128.0;
    (unit_roundoff * (2.0 * surprise + 4.0) + accumulation * terms).min(0.5)
}

/// Index of a flat position in row-major order.
fn unravel(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (axis, &size) in shape.iter().enumerate().rev() {
        index[axis] = flat % size.max(1);
        flat /= size.max(1);
    }
    index
}
