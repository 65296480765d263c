//! A normalised row of logits, with bounds on the errors of a subject's row.

use reference::logits::Softmax;
use reference::vocab::{Error, Float, Nats};

use crate::implementation::Arithmetic;
use crate::repeats::{deviation, mean_repeats, rounded_alike};
use crate::spread::{self, BIAS, BLOCK, grown};

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
    /// The distribution itself, of a row that comes from logits.
    pub softmax: Option<Softmax>,
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

/// A bound on `e^x - 1` for an `x` that is not negative: `x + x^2/2 + x^2 x/2` where `x` is small.
#[inline]
fn excess(x: f64) -> f64 {
    if x < 1e-3 {
        x * (1.0 + 0.5 * x * (1.0 + x))
    } else {
        x.exp_m1()
    }
}

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
        Self::with_errors(tensor, x, w, |k| x[k].abs() * rounded)
    }

    /// The same where `rounded` bounds the error of each entry, in units of `u`.
    ///
    /// # Errors
    /// As [`Softmax::new`].
    pub fn with_errors(
        tensor: &'static str,
        x: &[f64],
        w: Arithmetic,
        rounded: impl Fn(usize) -> f64,
    ) -> Result<Self, Error> {
        let softmax = Softmax::new(tensor, x)?;
        let (u, exp, ln) = (w.u(), w.exp(), w.ln());
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let n = x.len() as f64;
        let (ln_s, q) = (softmax.ln_s, &softmax.q);
        let shared = u * (max + ln_s).abs();
        let common = exp * u + w.adding(n) + n * w.each.lost() + (ln + 1.0) * u * ln_s + shared;
        let size = |(k, y): (usize, &f64)| if y.is_finite() { u * (rounded(k) + y.abs()) } else { 0.0 };
        let sizes: Vec<f64> = softmax.y.iter().enumerate().map(size).collect();
        let largest = sizes.iter().copied().fold(0.0, f64::max);
        let mean = q
            .iter()
            .zip(&sizes)
            .map(|(q, size)| Nats::of(q * size))
            .sum::<Nats>()
            .value();
        let logs: Vec<f64> = softmax.y.iter().map(|y| y - ln_s).collect();
        let likely = LikelyRow::new(x, &softmax, (&logs, &sizes), w);
        let (after, vanishing) = ((exp + 2.0) * u, w.each.smallest().max(f64::MIN_POSITIVE).ln());
        let [mut abs_error, mut rel_error, mut lost] = std::array::from_fn(|_| vec![0.0; x.len()]);
        for k in softmax.support() {
            let (q, log, size) = (q[k], logs[k], sizes[k]);
            let others = if q < 0.5 { 1.0 - q } else { -log.exp_m1() }; // This is 1 - q_k.
            let against = ((mean - q * size).max(0.0) / others).min(largest);
            let apart = size + if others > 0.0 { against } else { 0.0 };
            let odds = if others > 0.0 { others * excess(apart) } else { 0.0 };
            let rest = common + u * log.abs();
            abs_error[k] = odds.min(apart) + rest;
            // A probability that is 0 however far its exponent is off has no error. A relative error would be 0 times
            // infinity.
            let grown = apart + rest + after;
            rel_error[k] = if log + grown < UNDERFLOW {
                0.0
            } else {
                odds + excess(rest + after)
            };
            // A probability that certainly rounds to 0 is lost as a whole, and no more than that.
            lost[k] = if log + grown < vanishing { q } else { w.each.lost() };
        }
        Ok(Self {
            ln: logs,
            abs_error,
            q: softmax.q.clone(),
            rel_error,
            lost,
            common: shared,
            likely,
            softmax: Some(softmax),
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
            softmax: None,
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
    #[inline]
    pub fn relative(&self, k: usize) -> f64 {
        grown((self.own[k] + self.exponential).sqrt())
    }

    /// The square of [`Self::relative`].
    #[must_use]
    #[inline]
    pub fn relative_variance(&self, k: usize) -> f64 {
        let variance = self.own[k] + self.exponential;
        if variance < 1e-12 {
            variance * 1.000_02 // a deviation below 1e-6 grows by less than 12 times itself, and counts twice
        } else {
            grown(variance.sqrt()).powi(2)
        }
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
    fn new(x: &[f64], row: &Softmax, (logs, sizes): (&[f64], &[f64]), w: Arithmetic) -> Self {
        let double = Float::F64.unit_roundoff();
        let (u, a) = (w.u().hypot(double), w.usual.unit_roundoff().hypot(double));
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let third = u * u / 3.0;
        let ratio = third / (w.u() * w.u());
        let mut own = vec![0.0; x.len()];
        let (mut exponents, mut squares, mut in_turn, mut lost) = (0.0, 0.0, 0.0, 0.0);
        let (mut sum, mut largest) = (0.0, 0.0_f64);
        for k in row.support() {
            let q = row.q[k];
            let exponent = ratio * sizes[k] * sizes[k];
            exponents += q * q * exponent;
            squares += q * q;
            lost += spread::lost(sum, q, a);
            sum += q;
            in_turn += sum * sum;
            largest = largest.max(q);
            own[k] = (1.0 - q) * (1.0 - q) * exponent + third * logs[k] * logs[k];
        }
        #[expect(clippy::cast_precision_loss, reason = "a row's length")]
        let n = x.len() as f64;
        let alike = rounded_alike(n, deviation(n, sum, squares), 2.0 * a * sum);
        let repeats = mean_repeats(x, &row.q).max(alike);
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
