//! Computes the terms of discrete codes by a hypothesis: the divergence, the entropies, the relaxed sample, and their
//! gradients.

use std::borrow::Cow;

use bounds::{Addend, Arithmetic, BoundedSum, Float, InRow, LikelyRow, LogSoftmaxRow, Range, Spread};
use reference::relaxation::Relaxed;
use reference::vocab::Nats;

use crate::dump::{Expectation, Item};
use crate::hypothesis::{
    Arrangement, Averaged, CodeLogits, Divergence, Hypothesis, Inside, Masked, PriorOf, Shift, Softmax, Temperature,
};
use crate::inputs::{Absence, Addends, Inputs, Row, Side, prior_item};

mod gradient;
mod rows;

pub(super) use gradient::gradient;
use rows::{arranged, item, logits_of, made_noise_error, noise, normalised, relaxed_row, scores, temperature, weighed};

/// The largest number of numbers of an item for which a softmax over the wrong axis is computed, because it is computed
/// again for every position.
const MOST_ACROSS: usize = 1 << 22;

/// The mean of the code's distributions over positions or the batch, where the hypothesis takes it for each of them.
fn averaged(inputs: &Inputs<'_>, hypothesis: &Hypothesis, at: usize, row: usize) -> Result<LogSoftmaxRow, Absence> {
    let own = Hypothesis {
        averaged: Averaged::Nothing,
        ..*hypothesis
    };
    let others: Vec<(usize, usize)> = match hypothesis.averaged {
        Averaged::Nothing => return encoder(inputs, &own, at, row),
        Averaged::Positions => (0..inputs.sizes.positions).map(|row| (at, row)).collect(),
        Averaged::Batch if inputs.items.len() == inputs.sizes.batch => {
            (0..inputs.items.len()).map(|item| (item, row)).collect()
        }
        Averaged::Batch => return Err(Absence::NotAffected),
    };
    if others
        .len()
        .saturating_mul(inputs.sizes.positions)
        .saturating_mul(inputs.sizes.codes)
        > MOST_ACROSS
    {
        return Err(Absence::NotAffected);
    }
    let mut rows = Vec::new();
    for (item, row) in &others {
        rows.push(encoder(inputs, &own, *item, *row)?);
    }
    let (mut mean, w) = (rows.first().ok_or(Absence::NotAffected)?.clone(), inputs.of_rows());
    #[expect(clippy::cast_precision_loss, reason = "a number of rows")]
    let count = rows.len() as f64;
    mean.softmax = None;
    for k in 0..mean.q.len() {
        let largest = |of: fn(&LogSoftmaxRow) -> &Vec<f64>| rows.iter().map(|row| of(row)[k]).fold(0.0, f64::max);
        let q = rows.iter().map(|row| row.q[k]).sum::<f64>() / count;
        let rel_error = largest(|row| &row.rel_error) + w.adding(count) + 2.0 * w.u();
        (mean.q[k], mean.ln[k], mean.rel_error[k]) = (q, q.ln(), rel_error);
        mean.abs_error[k] = if q > 0.0 {
            rel_error + 4.0 * w.u() * (1.0 + q.ln().abs())
        } else {
            0.0
        };
        mean.lost[k] = largest(|row| &row.lost);
        mean.likely.own[k] += mean.abs_error[k].powi(2);
    }
    Ok(mean)
}

/// Puts a constant into the logarithms of a row.
pub(super) fn inside(row: &mut LogSoftmaxRow, inside: Inside, w: Arithmetic) {
    if inside == Inside::Nothing {
        return;
    }
    row.softmax = None;
    for k in 0..row.ln.len() {
        let ln = inside.apply(row.ln[k]);
        if ln.to_bits() != row.ln[k].to_bits() {
            let off = 4.0 * w.u() * (1.0 + ln.abs());
            row.ln[k] = ln;
            row.abs_error[k] += off;
            row.likely.own[k] += off * off;
        }
    }
}

/// `ln q` of a position, with its error bounds.
fn encoder(inputs: &Inputs<'_>, hypothesis: &Hypothesis, at: usize, row: usize) -> Result<LogSoftmaxRow, Absence> {
    let tokens = item(inputs, at)?;
    let w = inputs.of_rows();
    let (x, rounded) = scores(inputs, tokens, hypothesis, row)?;
    if hypothesis.softmax == Softmax::Codes {
        return normalised("encoder_logits", &x, w, &rounded, hypothesis);
    }
    if inputs
        .sizes
        .positions
        .saturating_mul(inputs.sizes.positions)
        .saturating_mul(x.len())
        > MOST_ACROSS
    {
        return Err(Absence::NotAffected);
    }
    if hypothesis.softmax == Softmax::Everything {
        let mut all = Vec::new();
        for row in 0..inputs.sizes.positions {
            all.extend(scores(inputs, tokens, hypothesis, row)?.0);
        }
        let whole = LogSoftmaxRow::new("encoder_logits", &all, w, rounded.relative)?;
        let part = row * x.len()..(row + 1) * x.len();
        return Ok(LogSoftmaxRow {
            ln: whole.ln[part.clone()].to_vec(),
            abs_error: whole.abs_error[part.clone()].to_vec(),
            q: whole.q[part.clone()].to_vec(),
            rel_error: whole.rel_error[part.clone()].to_vec(),
            lost: whole.lost[part.clone()].to_vec(),
            common: whole.common,
            softmax: None,
            likely: LikelyRow {
                own: whole.likely.own[part].to_vec(),
                ..whole.likely
            },
        });
    }
    let mut across = Vec::new();
    let others = others(inputs, hypothesis, at, row)?;
    for (item_at, row_at) in &others {
        across.push(scores(inputs, item(inputs, *item_at)?, hypothesis, *row_at)?.0);
    }
    let own = others
        .iter()
        .position(|other| *other == (at, row))
        .ok_or(Absence::NotAffected)?;
    let mut found = LogSoftmaxRow::uniform(x.len(), w);
    for k in 0..x.len() {
        let column: Vec<f64> = across.iter().map(|row| row[k]).collect();
        let column = LogSoftmaxRow::new("encoder_logits", &column, w, rounded.relative)?;
        (found.ln[k], found.abs_error[k]) = (column.ln[own], column.abs_error[own]);
        (found.q[k], found.rel_error[k], found.lost[k]) = (column.q[own], column.rel_error[own], column.lost[own]);
        // Each column has a sum of its own.
        let [shared, _] = column.likely.shared;
        found.likely.own[k] = column.likely.own[own] + shared * shared;
        found.likely.exponential = column.likely.exponential;
        for (bias, other) in found.likely.bias.iter_mut().zip(column.likely.bias) {
            *bias = bias.max(other);
        }
    }
    Ok(found)
}

/// The items and positions over which a wrong softmax normalises.
fn others(inputs: &Inputs<'_>, hypothesis: &Hypothesis, at: usize, row: usize) -> Result<Vec<(usize, usize)>, Absence> {
    let width = inputs.sizes.grid.map(|[_, width]| width);
    Ok(match hypothesis.softmax {
        Softmax::Batch if inputs.items.len() == inputs.sizes.batch => {
            (0..inputs.items.len()).map(|item| (item, row)).collect()
        }
        Softmax::Positions => (0..inputs.sizes.positions).map(|row| (at, row)).collect(),
        Softmax::Width => {
            let width = width.ok_or(Absence::NotAffected)?;
            let first = row - row % width;
            (first..first + width).map(|row| (at, row)).collect()
        }
        Softmax::Height => {
            let width = width.ok_or(Absence::NotAffected)?;
            let rows = (row % width..inputs.sizes.positions).step_by(width);
            rows.map(|row| (at, row)).collect()
        }
        _ => return Err(Absence::NotAffected),
    })
}

/// The weights of the two logarithms of a divergence. Both are 1 in the definition.
#[derive(Clone, Copy)]
pub(super) struct LogWeights {
    /// The weight `a` of `ln q`.
    own: f64,
    /// The weight `b` of `ln p`.
    other: f64,
}

impl LogWeights {
    pub(super) const fn new(own: f64, other: f64) -> Self {
        Self { own, other }
    }
}

/// The addends of `E_q[a ln q - b ln p]`, code by code.
///
/// What all `ln q` of the row share, `c`, moves an addend by `c q_k (|f_k| + a)`, where a program that computes the two
/// expectations apart has `a ln q_k` for `f_k`.
pub(super) fn expectation<'a>(
    q: &'a LogSoftmaxRow,
    weights: LogWeights,
    other: &'a LogSoftmaxRow,
    w: Arithmetic,
) -> impl Iterator<Item = Addend> + 'a {
    let (a, p) = (weights.own, weights.other);
    let constant = p != 0.0 && other.likely.is_constant();
    let u2 = w.u().powi(2) + Float::F64.unit_roundoff().powi(2);
    let spread = move |k: usize, mine: f64, theirs: f64, floor: f64| {
        let both = (mine - theirs).abs().max(mine.abs());
        let size = if constant { both } else { mine.abs() + theirs.abs() };
        let (by_q, by_p) = (q.q[k] * (both + a.abs()), q.q[k] * p.abs());
        let own =
            (q.likely.relative_variance(k) + u2) * size * size + a * a * q.likely.own[k] + p * p * other.likely.own[k];
        let shared = |way: usize| by_q * q.likely.shared[way] + by_p * other.likely.shared[way];
        let bias = |way: usize| by_q * q.likely.bias[way] + by_p * other.likely.bias[way] + floor;
        Spread::weighted([bias(0), bias(1)], [shared(0), shared(1)], q.q[k], own)
    };
    let one = move |k: usize| {
        if q.ln[k] == f64::NEG_INFINITY {
            return Addend::ZERO;
        }
        let [mine, theirs] = [a * q.ln[k], if p == 0.0 { 0.0 } else { p * other.ln[k] }];
        if theirs.is_infinite() {
            return Addend::new(-theirs, 0.0, 0.0);
        }
        let size = mine.abs() + theirs.abs();
        let off = a.abs() * q.abs_error[k] + p.abs() * other.abs_error[k];
        let error = q.q[k] * (1.0 + q.rel_error[k]) * ((q.rel_error[k] + 3.0 * w.u()) * size + off);
        // Near 0, two products are rounded to subnormal numbers, too.
        let floor = q.lost[k] * (size + 2.0);
        Addend::new(q.q[k] * (mine - theirs), error + floor, q.q[k] * size).spread(spread(k, mine, theirs, floor))
    };
    (0..q.ln.len()).map(one)
}

/// A divergence of `q` from a prior, an entropy, a cross-entropy, or what is computed in their place: an expectation with
/// a sign.
pub(super) struct Formula<'a> {
    q: Cow<'a, LogSoftmaxRow>,
    other: Cow<'a, LogSoftmaxRow>,
    weights: LogWeights,
    sign: f64,
}

impl<'a> Formula<'a> {
    /// The formula of a kind of divergence.
    pub(super) fn new(
        kind: Divergence,
        quantity: Expectation,
        q: &'a LogSoftmaxRow,
        prior: &'a LogSoftmaxRow,
    ) -> Result<Self, Absence> {
        let [mine, theirs] = [q, prior].map(Cow::Borrowed);
        let (q, other, [own, weight]) = match kind {
            Divergence::Forward => (mine, theirs, [1.0, 1.0]),
            Divergence::Reverse => (theirs, mine, [1.0, 1.0]),
            Divergence::EntropyHalved => (mine, theirs, [0.5, 1.0]),
            Divergence::EntropyMissing => (mine, theirs, [0.0, 1.0]),
            Divergence::PriorMissing => (mine, theirs, [1.0, 0.0]),
            Divergence::PriorAdded => (mine, theirs, [1.0, -1.0]),
            Divergence::PriorNotLogged => {
                let mut not_logged = theirs;
                not_logged.to_mut().ln.clone_from(&prior.q);
                let entropy = if quantity == Expectation::Kl { 1.0 } else { 0.0 };
                (mine, not_logged, [entropy, 1.0])
            }
            Divergence::NotLogged => {
                let mut not_logged = mine;
                let row = not_logged.to_mut();
                row.ln.clone_from(&q.q);
                row.abs_error = q.q.iter().zip(&q.rel_error).map(|(q, error)| q * error).collect();
                (not_logged, theirs, [1.0, 1.0])
            }
            Divergence::Unweighted => {
                let mut once = mine;
                let row = once.to_mut();
                row.q.fill(1.0);
                row.rel_error.fill(0.0);
                (once, theirs, [1.0, 1.0])
            }
            _ => return Err(Absence::NotAffected),
        };
        Ok(Self {
            q,
            other,
            weights: LogWeights::new(own, weight),
            sign: if quantity == Expectation::Entropy { -1.0 } else { 1.0 },
        })
    }

    /// Its addends, code by code.
    pub(super) fn addends(&self, w: Arithmetic) -> impl Iterator<Item = Addend> + '_ {
        let sign = self.sign;
        expectation(&self.q, self.weights, &self.other, w).map(move |addend| addend.times(sign, 0.0))
    }
}

/// The row of the encoder at a position, which claims share where the hypothesis reads it as it is stated.
fn encoder_row<'a>(
    inputs: &Inputs<'a>,
    hypothesis: &Hypothesis,
    at: usize,
    row: usize,
) -> Result<Cow<'a, LogSoftmaxRow>, Absence> {
    let side = (Side::Encoder, reads_logits_as_stated(hypothesis));
    inputs.shared_row(side, [at, row], || averaged(inputs, hypothesis, at, row))
}

/// The row of the prior at a position, likewise.
fn prior_row<'a>(
    inputs: &Inputs<'a>,
    hypothesis: &Hypothesis,
    at: usize,
    row: usize,
) -> Result<Cow<'a, LogSoftmaxRow>, Absence> {
    let (tokens, w) = (item(inputs, at)?, inputs.of_rows());
    let other = prior_item(inputs, hypothesis);
    let of_all = match other {
        Some(Item::Tokens(first)) => &first.prior,
        _ => &tokens.prior,
    };
    let is_not_normalised = hypothesis.divergence == Divergence::PriorNotNormalised;
    let Some(prior) = of_all else {
        if is_not_normalised {
            return Err(Absence::NotAffected);
        }
        let uniform = || Ok(LogSoftmaxRow::uniform(inputs.sizes.codes, w));
        return inputs.shared_row((Side::Prior, true), [at, row], uniform);
    };
    let is_stated = reads_logits_as_stated(hypothesis) && other.is_none() && !is_not_normalised;
    inputs.shared_row((Side::Prior, is_stated), [at, row], || {
        let mut b = arranged(inputs, prior, hypothesis, row)?;
        if hypothesis.logits == CodeLogits::BothTempered {
            let tau = temperature(inputs, hypothesis)?;
            b.iter_mut().for_each(|b| *b /= tau);
        }
        let mut prior = LogSoftmaxRow::new("prior_logits", &b, w, 0.0)?;
        if is_not_normalised {
            (prior.ln, prior.softmax) = (b, None);
        }
        Ok(prior)
    })
}

/// The rows of the code and of its prior at a position, as a hypothesis has them.
fn pair<'a>(
    inputs: &Inputs<'a>,
    hypothesis: &Hypothesis,
    at: usize,
    row: usize,
) -> Result<[Cow<'a, LogSoftmaxRow>; 2], Absence> {
    let w = inputs.of_rows();
    let mut q = encoder_row(inputs, hypothesis, at, row)?;
    let mut prior = prior_row(inputs, hypothesis, at, row)?;
    if hypothesis.divergence == Divergence::NotNormalised {
        let q = q.to_mut();
        (q.ln, q.softmax) = (scores(inputs, item(inputs, at)?, hypothesis, row)?.0, None);
    }
    for (row, constant) in [(&mut q, hypothesis.in_log_q), (&mut prior, hypothesis.in_log_prior)] {
        if constant != Inside::Nothing {
            inside(row.to_mut(), constant, w);
        }
    }
    Ok([q, prior])
}

/// The formula that a hypothesis computes for a quantity.
const fn formula(quantity: Expectation, hypothesis: &Hypothesis) -> Divergence {
    match (quantity, hypothesis.divergence) {
        (Expectation::Entropy, _) => Divergence::PriorMissing,
        (Expectation::CrossEntropy | Expectation::Kl, Divergence::PriorNotLogged) => Divergence::PriorNotLogged,
        (Expectation::CrossEntropy, _) => Divergence::EntropyMissing,
        // Of these two the numbers in the place of logarithms are others.
        (Expectation::Kl, Divergence::PriorNotNormalised | Divergence::NotNormalised) => Divergence::Forward,
        (Expectation::Kl, kind) => kind,
    }
}

/// The addends of a divergence with a constant inside `ln q/p`.
fn of_ratio(q: &LogSoftmaxRow, prior: &LogSoftmaxRow, constant: Inside, w: Arithmetic) -> Vec<Addend> {
    let mut ratio = q.clone();
    for k in 0..ratio.ln.len() {
        ratio.ln[k] -= prior.ln[k];
        ratio.abs_error[k] += prior.abs_error[k];
    }
    inside(&mut ratio, constant, w);
    expectation(&ratio, LogWeights::new(1.0, 0.0), prior, w).collect()
}

/// The addends of the divergence, entropy or cross-entropy of a position.
pub(super) fn divergence(
    inputs: &Inputs<'_>,
    quantity: Expectation,
    hypothesis: &Hypothesis,
    at: usize,
    row: usize,
    fine: bool,
) -> Result<Row, Absence> {
    let w = inputs.of_rows();
    let [q, prior] = pair(inputs, hypothesis, at, row)?;
    let tokens = item(inputs, at)?;
    let kind = formula(quantity, hypothesis);
    if hypothesis.in_log_ratio != Inside::Nothing {
        let is_divergence = quantity == Expectation::Kl && kind == Divergence::Forward;
        return if is_divergence {
            Ok(Row::Entries(of_ratio(&q, &prior, hypothesis.in_log_ratio, w)))
        } else {
            Err(Absence::NotAffected)
        };
    }
    let of_row = if quantity == Expectation::Entropy { &q } else { &prior };
    let shared = 2.0 * of_row.common;
    let formula = Formula::new(kind, quantity, &q, &prior)?;
    if fine {
        let has_sign = matches!(quantity, Expectation::Entropy | Expectation::CrossEntropy);
        let range = if has_sign {
            Range::positive(shared, w)
        } else {
            Range::ANY
        };
        let addends = formula.addends(w).map(|addend| addend.within(range));
        return Ok(Row::Entries(addends.collect()));
    }
    let sum = BoundedSum::of_row(formula.addends(w), w);
    let sum = sum.within(match (quantity, &tokens.prior) {
        (Expectation::Entropy, _) => Range::entropy(&q, w),
        (Expectation::CrossEntropy, _) => Range::positive(shared, w),
        (Expectation::Kl, None) => Range::divergence_from_uniform(&q, w),
        (Expectation::Kl, Some(_)) => Range::divergence(sum.error, sum.mass),
    });
    let known = if reads_as_stated(hypothesis) {
        known([&q, &prior], kind, quantity)
    } else {
        None
    };
    Ok(Row::Sum(known.map_or(sum, |known| sum.known(known.value()))))
}

/// The number of a position by the reference, whose sums lose no digits where the divergence is near 0.
fn known([q, prior]: [&LogSoftmaxRow; 2], kind: Divergence, quantity: Expectation) -> Option<Nats> {
    let softmax = q.softmax.as_ref()?;
    Some(match (kind, quantity, &prior.softmax) {
        (_, Expectation::Entropy, _) => softmax.entropy(),
        (Divergence::EntropyMissing, Expectation::CrossEntropy, Some(prior)) => softmax.cross_entropy(prior),
        (Divergence::Forward, Expectation::Kl, None) => softmax.kl_to_uniform(),
        (Divergence::Forward, Expectation::Kl, Some(prior)) => softmax.kl_divergence(prior),
        _ => return None,
    })
}

/// Whether a hypothesis takes the logits of code and prior as they are stated.
fn reads_logits_as_stated(hypothesis: &Hypothesis) -> bool {
    let Hypothesis {
        softmax,
        logits,
        arrangement,
        shift,
        averaged,
        masked,
        ..
    } = *hypothesis;
    let reads_logits = softmax == Softmax::Codes && logits == CodeLogits::Plain && masked != Masked::Ignored;
    let reads_rows = arrangement == Arrangement::AsStated && averaged == Averaged::Nothing;
    reads_logits && reads_rows && shift == Shift::ByMaximum
}

/// Whether a hypothesis takes the distributions of code and prior as they are stated, whatever it computes from them.
fn reads_as_stated(hypothesis: &Hypothesis) -> bool {
    let logs = [hypothesis.in_log_q, hypothesis.in_log_prior, hypothesis.in_log_ratio];
    let is_own = hypothesis.prior_of == PriorOf::Item
        && !matches!(
            hypothesis.divergence,
            Divergence::PriorNotNormalised | Divergence::NotNormalised
        );
    reads_logits_as_stated(hypothesis) && is_own && logs == [Inside::Nothing; 3]
}

/// The relaxed or the one-hot sample of a position.
pub(super) fn sample(inputs: &Inputs<'_>, hypothesis: &Hypothesis, at: usize, row: usize) -> Addends {
    let (tokens, w) = (item(inputs, at)?, inputs.of_rows());
    if hypothesis.softmax != Softmax::Codes {
        let logits = CodeLogits::Relaxed;
        let y = encoder(inputs, &Hypothesis { logits, ..*hypothesis }, at, row)?;
        let of_row = (&y, InRow::of(&y, w));
        return Ok((0..y.q.len()).map(|k| weighed(of_row, k, y.q[k], 1.0, w)).collect());
    }
    // A subject that reads its logits wrongly for the divergence has drawn its sample before.
    let hypothesis = &Hypothesis {
        arrangement: Arrangement::AsStated,
        ..*hypothesis
    };
    let x = logits_of(inputs, tokens, hypothesis, row)?;
    let given = noise(inputs, tokens, hypothesis, row)?;
    let relaxed = Relaxed::new(&x, &given, temperature(inputs, hypothesis)?)?;
    if inputs.statement.straight_through != hypothesis.other_sample {
        // Where two codes are equally large up to rounding, either may be the sample, but exactly one of them is.
        let types = [w.u(), w.exp(), w.each.lost()];
        let off = |k: usize| w.u() * made_noise_error(inputs, tokens, given[k]);
        let likely: Vec<bool> = (0..x.len()).map(|k| relaxed.may_be_taken(k, types, off)).collect();
        let tied = likely.iter().filter(|likely| **likely).count() > 1;
        let one = |k: usize| {
            let value = f64::from(u8::from(k == relaxed.code()));
            let error = if tied && likely[k] { 1.0 } else { 0.0 };
            let range = Range::probability(w).in_row(4.0 * w.u() * value);
            Addend::new(value, error, value).within(range)
        };
        return Ok((0..x.len()).map(one).collect());
    }
    let rough = relaxed_row(inputs, tokens, hypothesis, row)?;
    let overflown = !(rough.q.iter().sum::<f64>() > 0.0); // All are 0, or one is NaN.
    let each = relaxed.sample().into_iter().enumerate();
    let value = |k: usize, y: Nats| if overflown { rough.q[k] } else { y.value() };
    let in_row = InRow::of(&rough, w);
    let one = |(k, y): (usize, Nats)| {
        let addend = weighed((&rough, in_row), k, value(k, y), 1.0, w);
        addend.within(Range::probability(w).part(in_row, addend.mass))
    };
    let each = each.map(one);
    if hypothesis.temperature != Temperature::AfterSoftmax {
        return Ok(each.collect());
    }
    let after = 1.0 / inputs.statement.temperature.ok_or(Absence::NotAffected)?;
    Ok(each.map(|each| each.times(after, w.u())).collect())
}
