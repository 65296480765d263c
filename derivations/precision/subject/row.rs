//! A row of logits, normalised, and how far a subject's may be off.

use reference::logits::Softmax;
use reference::vocab::Error;

use super::Workings;

/// Log-probabilities of a row of logits, and how far a subject's may be off.
#[derive(Debug, Clone)]
pub struct LogRow {
    /// `ln q_k`.
    pub ln: Vec<f64>,
    /// Bound on the absolute error of `ln q_k`.
    pub off: Vec<f64>,
    /// `q_k`.
    pub q: Vec<f64>,
    /// Bound on the relative error of `q_k`.
    pub rough: Vec<f64>,
}

impl LogRow {
    /// Normalises a row. `rounded` bounds the error that its entries have themselves, in units of `u`, relative to their own size.
    ///
    /// ```text
    /// s = sum_k e^(y_k)             relative   EXP u + E_q[|y|] u + adding(K) =: sigma
    /// ln q_k = y_k - ln s           absolute   u (|y_k| + |ln q_k|) + sigma + (LN + 1) u ln s
    ///        = x_k - (max + ln s)              + u |max + ln s|, which stands for either form
    /// q_k = e^(ln q_k) = e^(y_k)/s  relative   e^(that + (EXP + 2) u) - 1
    /// ```
    ///
    /// # Errors
    /// As [`Softmax::new`].
    pub fn new(tensor: &'static str, x: &[f64], w: Workings, rounded: f64) -> Result<Self, Error> {
        let row = Softmax::new(tensor, x)?;
        let (u, exp, ln) = (w.u(), w.exp(), w.ln());
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let size = |k: usize| x[k].abs() * rounded + row.y[k].abs();
        let shift = row.expect(size);
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let sum = exp * u + shift * u + w.adding(x.len() as f64);
        let common = sum + (ln + 1.0) * u * row.ln_s + u * (max + row.ln_s).abs();
        let logs: Vec<f64> = row.y.iter().map(|y| y - row.ln_s).collect();
        let off: Vec<f64> = (0..x.len())
            .map(|k| {
                if row.y[k] == f64::NEG_INFINITY {
                    0.0
                } else {
                    common + u * (size(k) + logs[k].abs())
                }
            })
            .collect();
        let rough = off.iter().map(|off| (off + (exp + 2.0) * u).exp_m1()).collect();
        Ok(Self {
            ln: logs,
            off,
            q: row.q,
            rough,
        })
    }

    /// Every entry `-ln K`.
    #[must_use]
    pub fn uniform(k: usize, w: Workings) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let n = k as f64;
        Self {
            ln: vec![-n.ln(); k],
            off: vec![(w.ln() + 1.0) * w.u() * n.ln(); k],
            q: vec![1.0 / n; k],
            rough: vec![w.u(); k],
        }
    }
}
