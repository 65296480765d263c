//! A normalised row of logits, with bounds on the errors of a subject's row.

use reference::logits::Softmax;
use reference::vocab::Error;

use crate::spread::{self, BIAS, BLOCK, grown, repeats_of};
use crate::{Arithmetic, Float};

/// The log-probabilities and probabilities of a row of logits, with bounds on the errors that those of a correct
/// subject may have.
#[derive(Debug, Clone)]
pub struct LogSoftmaxRow {
    /// The log-probabilities `ln q_k`.
    pub ln: Vec<f64>,
    /// The bound on the absolute error of each `ln q_k`, in nats.
    pub abs_error: Vec<f64>,
    /// The probabilities `q_k`.
    pub q: Vec<f64>,
    /// The bound on the relative error of each `q_k`.
    pub rel_error: Vec<f64>,
    /// The absolute amount of each `q_k` that may also be lost by underflow, near 0.
    pub lost: Vec<f64>,
    /// The bound on the error that all `ln q_k` share, which comes from the log-sum-exp, in nats.
    pub common: f64,
    /// The same as random numbers.
    pub likely: LikelyRow,
}

/// The errors of a row as random numbers, see [`Spread`](crate::Spread).
#[derive(Debug, Clone, Default)]
pub struct LikelyRow {
    /// The variance of the roundings of each `ln q_k`, of its exponent and of itself, that is its own.
    pub own: Vec<f64>,
    /// The relative variance that an exponential and a quotient add to each `q_k`.
    pub exponential: f64,
    /// The standard deviation of the error that all `ln q_k` share: where the sum is added in blocks, and in turn.
    pub shared: [f64; 2],
    /// The average of the error that all `ln q_k` share, likewise.
    pub bias: [f64; 2],
    /// How often logits repeat, which makes their roundings the same.
    pub repeats: f64,
}

/// The logarithm of half the smallest positive double.
const UNDERFLOW: f64 = -745.2;

impl LogSoftmaxRow {
    /// Normalises a row. `rounded` bounds the error that its entries already have, in units of `u`, relative to their
    /// own size.
    ///
    /// ```text
    /// exponent    e_k = u (|y_k| + rounded |x_k|); against the others d_k = e_k + E_{j != k}[e_j], which moves the odds q_k / (1 - q_k) by e^(d_k)
    /// s           relative, exponents aside: EXP u + adding(K)
    /// ln q_k      absolute  min(d_k, (1 - q_k) (e^(d_k) - 1)) + that + (LN + 1) u ln s + u |ln q_k| + u |max + ln s|
    /// q_k         relative  (1 - q_k) (e^(d_k) - 1) + (e^(the rest + (EXP + 2) u) - 1)
    /// ```
    ///
    /// The last summand of `ln q` is for implementations that compute `x_k - (max + ln s)`: they normalise by the
    /// log-sum-exp and not by the maximum.
    ///
    /// # Errors
    /// As [`Softmax::new`].
    pub fn new(tensor: &'static str, x: &[f64], w: Arithmetic, rounded: f64) -> Result<Self, Error> {
        let row = Softmax::new(tensor, x)?;
        let (u, exp, ln) = (w.u(), w.exp(), w.ln());
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let size = |k: usize| u * (x[k].abs() * rounded + row.y[k].abs());
        let mean = row.expect(size);
        let largest = row.support().map(size).fold(0.0, f64::max);
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let n = x.len() as f64;
        let shared = u * (max + row.ln_s).abs();
        let common = exp * u + w.adding(n) + n * w.each.lost() + (ln + 1.0) * u * row.ln_s + shared;
        let logs: Vec<f64> = (0..x.len()).map(|k| row.ln_q(k)).collect();
        let likely = LikelyRow::new(x, &row, &logs, w, rounded);
        let [mut abs_error, mut rel_error, mut lost] = std::array::from_fn(|_| vec![0.0; x.len()]);
        for k in row.support() {
            let others = -logs[k].exp_m1(); // This is 1 - q_k.
            let against = ((mean - row.q[k] * size(k)).max(0.0) / others).min(largest);
            let apart = size(k) + if others > 0.0 { against } else { 0.0 };
            let odds = if others > 0.0 { others * apart.exp_m1() } else { 0.0 };
            let rest = common + u * logs[k].abs();
            abs_error[k] = odds.min(apart) + rest;
            // A probability that is 0 however far its exponent is off has no error. A relative error would be 0 times
            // infinity.
            let grown = apart + rest + (exp + 2.0) * u;
            rel_error[k] = if logs[k] + grown < UNDERFLOW {
                0.0
            } else {
                odds + (rest + (exp + 2.0) * u).exp_m1()
            };
            // A probability that certainly rounds to 0 is lost as a whole, and no more than that.
            let vanishes = logs[k] + grown < w.each.smallest().max(f64::MIN_POSITIVE).ln();
            lost[k] = if vanishes { row.q[k] } else { w.each.lost() };
        }
        Ok(Self {
            ln: logs,
            abs_error,
            q: row.q,
            rel_error,
            lost,
            common: shared,
            likely,
        })
    }

    /// The row whose entries are all `-ln K`, which every subject knows exactly up to rounding.
    #[must_use]
    pub fn uniform(k: usize, w: Arithmetic) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let n = k as f64;
        Self {
            ln: vec![-n.ln(); k],
            abs_error: vec![(w.ln() + 1.0) * w.u() * n.ln(); k],
            q: vec![1.0 / n; k],
            rel_error: vec![w.u(); k],
            lost: vec![w.each.lost(); k],
            common: 0.0,
            likely: LikelyRow {
                own: vec![0.0; k],
                bias: [(w.u() + Float::F64.unit_roundoff()) * n.ln(); 2],
                repeats: n,
                ..LikelyRow::default()
            },
        }
    }
}

impl LikelyRow {
    /// Whether the row is a constant, which no program computes from logits.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.shared.iter().all(|shared| *shared == 0.0) && self.own.iter().all(|own| *own == 0.0)
    }

    /// The relative deviation of `q_k` by what is its own.
    #[must_use]
    pub fn relative(&self, k: usize) -> f64 {
        grown((self.own[k] + self.exponential).sqrt())
    }

    /// The errors of a row of logits `x`, whose log-probabilities are `logs`. In the notation of [`LogSoftmaxRow::new`]:
    ///
    /// ```text
    /// own_k       (1 - q_k)^2 e_k^2 / 3 + (u ln q_k)^2 / 3
    /// shared      sum_j q_j^2 e_j^2 / 3 + the sum's additions + (2u)^2/3 sum_j q_j^2 + u^2/3 + (2 u ln s)^2/3 + (u (max + ln s))^2/3
    /// bias        u/8 (1 + ln s) + what additions err always the same way, also that of max + ln s
    /// ```
    ///
    /// Every `u^2` is `u^2 + u_f64^2`: the reference rounds, too.
    fn new(x: &[f64], row: &Softmax, logs: &[f64], w: Arithmetic, rounded: f64) -> Self {
        let double = Float::F64.unit_roundoff();
        let (u, a) = (w.u().hypot(double), w.usual.unit_roundoff().hypot(double));
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let third = u * u / 3.0;
        let mut own = vec![0.0; x.len()];
        let (mut exponents, mut squares, mut in_turn, mut lost) = (0.0, 0.0, 0.0, 0.0);
        let (mut sum, mut largest) = (0.0, 0.0_f64);
        for k in row.support() {
            let (q, y) = (row.q[k], row.y[k]);
            let exponent = third * (x[k].abs() * rounded + y.abs()).powi(2);
            exponents += q * q * exponent;
            squares += q * q;
            lost += spread::lost(sum, q, a);
            sum += q;
            in_turn += sum * sum;
            largest = largest.max(q);
            own[k] = (1.0 - q).powi(2) * exponent + third * logs[k] * logs[k];
        }
        let repeats = repeats_of(x, &row.q);
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let n = x.len() as f64;
        let blocks = spread::in_blocks(n, repeats) + repeats.min(BLOCK) * n.log2() * largest * largest;
        // max + ln s is rounded at the size of max, to the same side in every row where ln s is a few last places of it.
        let shifted = spread::lost(row.ln_s, max.abs(), w.u());
        let after = third * (1.0 + 4.0 * row.ln_s * row.ln_s + (max + row.ln_s).powi(2));
        let shared = |walk: f64| {
            let summed = a * a / 3.0 * walk + 4.0 * third * squares * repeats;
            grown((exponents * repeats + summed + after).sqrt())
        };
        Self {
            own,
            exponential: 5.0 * third,
            shared: [shared(blocks), shared(repeats * in_turn)],
            bias: [spread::biased_in_blocks(lost, a), lost]
                .map(|lost| lost + shifted + BIAS * (w.u() + double) * (1.0 + row.ln_s)),
            repeats,
        }
    }
}
