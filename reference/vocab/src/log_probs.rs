//! Distributions as tables of log-probabilities, which are validated and renormalised once.

use ndarray::{Array, Dimension};

use super::{Error, Nats};

/// A table of log-probabilities that sums to 1, with its probabilities beside it.
///
/// ```text
/// sum_k exp(ln p_k) = 1
/// ```
///
/// Range: entries in `[-inf, 0]`. Every constructor normalises, so that the bodies that use a table hold nothing but
/// mathematics. Only [`LogProbs::rounded`] gives up the normalisation, and says so.
#[derive(Debug, Clone, PartialEq)]
pub struct LogProbs<D: Dimension> {
    ln: Array<f64, D>,
    p: Array<f64, D>,
    correction: f64,
}

/// The distance from 1 up to which a table's sum counts as normalised: 8 u, where `u` is the unit roundoff of `f64`.
/// The exponentials take 2 u of them, the sum 2 u, and entries that an earlier normalisation moved 4 u.
pub const NORMALISED: f64 = 8.0 * super::UNIT_ROUNDOFF_F64;

impl<D: Dimension> LogProbs<D> {
    /// Validates a table of log-probabilities and renormalises it in `f64`.
    ///
    /// `tensor` is the name that errors give to the table. `unit_roundoff` is that of the type in which the table was
    /// stored; [`sum_tolerance`] says how far the sum may miss 1.
    ///
    /// # Errors
    /// [`Error::Empty`] for a table without entries, [`Error::Entry`] for NaN or `+inf`, and [`Error::Sum`] for a table
    /// that is no distribution.
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
        // A table that is already normalised, as well as sums are known, stays as it is: validating twice changes
        // nothing.
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
    /// As [`LogProbs::new`], and [`Error::Sum`] when every weight is 0.
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

    /// A copy of the table with every log-probability rounded by `round` and *not* renormalised: what a twin in a
    /// narrower type is given. The probabilities are `exp` of the rounded entries, divided by their sum, as the twin's
    /// are.
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

    /// Refuses a table without entries, and one with an entry that is NaN or `+inf`.
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

    /// The log-probabilities, in nats.
    #[must_use]
    pub const fn ln(&self) -> &Array<f64, D> {
        &self.ln
    }

    /// The probabilities. They sum to 1 within two roundings, however many there are.
    #[must_use]
    pub const fn p(&self) -> &Array<f64, D> {
        &self.p
    }

    /// How far from 1 the sum of the given table was, before it was renormalised.
    #[must_use]
    pub const fn correction(&self) -> f64 {
        self.correction
    }

    /// The mass that an expectation of these logarithms lacks, because renormalising and storing rounded each of them.
    ///
    /// ```text
    /// sum_k p_k (1 + |ln p_k|),   without the entry above one half, which is what the others leave
    /// ```
    ///
    /// A logarithm was rounded once when it was stored and once when it was renormalised, by `u |ln p_k|` each. Its
    /// table still misses 1 by up to [`NORMALISED`], 8 `u`. The logarithm's own mass makes no room for either in two
    /// cases. The logarithm may be near 0, as that of a probability near 1. Or it is large and its exponential, which
    /// is off by as much, is a weight.
    #[must_use]
    pub fn normalisation(&self) -> f64 {
        let share = |(p_k, ln_k): (&f64, &f64)| if *p_k > 0.0 { p_k * (1.0 + ln_k.abs()) } else { 0.0 };
        let shares = self.p.iter().zip(&self.ln);
        let above_half = |(p_k, _): &(&f64, &f64)| **p_k > 0.5;
        shares.filter(|entry| !above_half(entry)).map(share).sum()
    }

    /// The expectation of `f` over the support, the states of positive probability.
    ///
    /// ```text
    /// E_{k ~ p}[f(k)] = sum_{k: p_k > 0} p_k f(k)
    /// ```
    pub fn expect(&self, f: impl Fn(D::Pattern) -> Nats) -> Nats {
        self.support()
            .map(|(k, p_k)| {
                let nats = f(k);
                // A positive probability may underflow to 0. An infinite value that it multiplies stays infinite all
                // the same.
                if nats.is_finite() { p_k * nats } else { nats }
            })
            .sum()
    }

    /// The states of positive probability, each with its probability.
    pub fn support(&self) -> impl Iterator<Item = (D::Pattern, f64)> + '_ {
        self.ln
            .indexed_iter()
            .zip(&self.p)
            .filter(|((_, ln_k), _)| **ln_k > f64::NEG_INFINITY)
            .map(|((k, _), &p_k)| (k, p_k))
    }
}

impl LogProbs<ndarray::Ix2> {
    /// The joint distribution of two independent ones, of shapes `[I]` and `[J]`; it is `[I, J]`.
    ///
    /// ```text
    /// ln p[i, j] = ln rows[i] + ln columns[j]
    /// ```
    ///
    /// It is normalised because they are, up to two roundings.
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

/// Replaces a probability above one half by what the others leave, `ln p = ln1p(-sum of the others)`.
///
/// A sum near 1 is known to `u`, but the others are known to `u` of themselves. Without this a divergence of 1e-12
/// between two all but certain distributions would have an error of 1e-16, and could come out negative. Settling twice
/// changes nothing.
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

/// How far from 1 the sum of `n` probabilities may lie, if they were normalised and then stored with unit roundoff `u`.
///
/// ```text
/// min(1/2, u (2 S + 4) + min(u, 2^-24) (n + 128)),   S = sum_k p_k |ln p_k|
/// ```
///
/// `surprise` is `S`. The stored entry `ln p_k` was rounded once, and the subtraction `l_k - ln sum` that made it once
/// more, each by `u |ln p_k|`. The exponential and the logarithm take 4 `u`. The normaliser was a sum of `n` terms and
/// is as large as the logits were, which we take to be at most 128. It is common to the row, and half types accumulate
/// it in single precision. A sum that misses 1 by more than 1/2 was not rounded but is wrong, whatever the type.
#[must_use]
pub fn sum_tolerance(n: usize, surprise: f64, unit_roundoff: f64) -> f64 {
    let accumulation = unit_roundoff.min(f64::from(f32::EPSILON) / 2.0);
    #[expect(clippy::cast_precision_loss, reason = "a count of table entries, far below 2^53")]
    let terms = n as f64 + 128.0;
    (unit_roundoff * (2.0 * surprise + 4.0) + accumulation * terms).min(0.5)
}

/// The index of a flat position in row-major order.
fn unravel(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (axis, &size) in shape.iter().enumerate().rev() {
        index[axis] = flat % size.max(1);
        flat /= size.max(1);
    }
    index
}
