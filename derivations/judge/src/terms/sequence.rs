//! Computes the terms of a transformer's logits by a hypothesis: `-ln p(t_i | t_<i)`, the weighted loss, and its
//! gradient.

use bounds::{Addend, Arithmetic, BoundedSum, InRow, LogSoftmaxRow, Range, Spread};
use reference::sequence::{Part, PerPart, token_weight};

use crate::dump::{Item, Quantity, Sequence, Text, Vocabulary};
use crate::hypothesis::{CodeLogits, Entries, Hypothesis, Inside, Padding, PartWeights, Slope, Target};
use crate::inputs::{Absence, Addends, Inputs};

/// One token of a sequence, scored by a hypothesis.
struct Scored {
    /// The first entry of the vocabulary over which its softmax is taken.
    first: usize,
    row: LogSoftmaxRow,
    /// The entry of the token, counted from the first one.
    target: usize,
}

fn sequence<'a>(inputs: &Inputs<'a>, item: usize) -> Result<(&'a Sequence, &'a Text), Absence> {
    match (inputs.items.get(item), &inputs.statement.text) {
        (Some(Item::Sequence(sequence)), Some(text)) => Ok((sequence, text)),
        _ => Err(Absence::NotAffected),
    }
}

/// The token for which a row is scored by the hypothesis.
fn target(inputs: &Inputs<'_>, hypothesis: &Hypothesis, item: usize, t: usize) -> Result<usize, Absence> {
    let (own, text) = sequence(inputs, item)?;
    let tokens = &own.tokens;
    let is_image = t >= text.tokens;
    Ok(match hypothesis.target {
        Target::Own => tokens[t],
        Target::Next => tokens.get(t + 1).copied().unwrap_or(tokens[t]),
        Target::Previous => tokens[t.saturating_sub(1)],
        Target::NextAcrossRows => match tokens.get(t + 1) {
            Some(next) => *next,
            None if item + 1 < inputs.items.len() => sequence(inputs, item + 1)?.0.tokens[0],
            None => sequence(inputs, 0)?.0.tokens[0],
        },
        Target::OffsetMissing if is_image => tokens[t].saturating_sub(text.vocabulary),
        Target::OffsetTwice if is_image => {
            let twice = tokens[t].saturating_add(text.vocabulary);
            if twice < inputs.sizes.entries {
                twice
            } else {
                return Err(Absence::NotAffected);
            }
        }
        Target::OffsetMissing | Target::OffsetTwice => tokens[t],
    })
}

fn scored(inputs: &Inputs<'_>, hypothesis: &Hypothesis, item: usize, t: usize) -> Result<Scored, Absence> {
    let (own, text) = sequence(inputs, item)?;
    let token = target(inputs, hypothesis, item, t)?;
    let split = (text.softmax == Vocabulary::Split) != (hypothesis.entries == Entries::Other);
    let image = if matches!(hypothesis.target, Target::Own | Target::OffsetTwice) {
        t >= text.tokens
    } else {
        token >= text.vocabulary
    };
    let range = match (split, image) {
        (false, _) => 0..inputs.sizes.entries,
        (true, true) => text.vocabulary..inputs.sizes.entries,
        (true, false) => 0..text.vocabulary,
    };
    let first = range.start;
    let target = token
        .checked_sub(first)
        .filter(|_| range.contains(&token))
        .ok_or(Absence::NotAffected)?;
    let logits = own.logits.as_ref().ok_or(Absence::NotAffected)?.row(t);
    let logits = logits.get(range).ok_or(Absence::NotAffected)?;
    let mut row = LogSoftmaxRow::new("token_logits", logits, inputs.of_rows(), 0.0)?;
    if hypothesis.logits == CodeLogits::Softmaxed {
        row = LogSoftmaxRow::new("token_logits", &row.q, inputs.of_rows(), 8.0)?;
    }
    Ok(Scored { first, row, target })
}

/// `-ln p` of a token, in nats.
pub(crate) fn token_nll(
    inputs: &Inputs<'_>,
    hypothesis: &Hypothesis,
    item: usize,
    t: usize,
) -> Result<BoundedSum, Absence> {
    let (own, text) = sequence(inputs, item)?;
    if hypothesis.padding == Padding::IsZero && own.is_padding(text, t) {
        return Ok(Addend::ZERO.into());
    }
    if own.tokens[t] == Sequence::PADDING && hypothesis.target == Target::Own {
        return Ok(Addend::ZERO.into()); // No entry is scored.
    }
    let scored = scored(inputs, hypothesis, item, t)?;
    if hypothesis.smoothing != 0.0 || hypothesis.in_log_likelihood != Inside::Nothing {
        return Ok(altered(&scored, hypothesis, inputs.of_rows()));
    }
    let value = -scored.row.ln[scored.target];
    let range = Range::positive(2.0 * scored.row.common, inputs.of_rows());
    if value.is_infinite() {
        return Ok(Addend::new(value, 0.0, 0.0).within(range).into());
    }
    let (off, u) = (scored.row.abs_error[scored.target], inputs.arithmetic.u());
    let likely = &scored.row.likely;
    let own = likely.own[scored.target] + (u * value).powi(2) / 3.0;
    let spread = Spread::new(likely.bias, likely.shared, own.sqrt());
    Ok(Addend::new(value, off + u * value, value)
        .within(range)
        .spread(spread)
        .into())
}

/// `-ln p` of a token, with a constant inside the logarithm, or with a part of its label on all entries.
fn altered(scored: &Scored, hypothesis: &Hypothesis, w: Arithmetic) -> BoundedSum {
    let (row, share) = (&scored.row, hypothesis.smoothing);
    let ln = |k: usize| hypothesis.in_log_likelihood.apply(row.ln[k]);
    let off = |k: usize| row.abs_error[k] + 4.0 * w.u() * (1.0 + ln(k).abs());
    let own = |value: f64, error: f64| Addend::new(value, error, value.abs());
    let label = own(-ln(scored.target), off(scored.target));
    if share == 0.0 {
        return label.into();
    }
    #[expect(clippy::cast_precision_loss, reason = "a vocabulary's length")]
    let each = share / row.ln.len() as f64;
    let mut sum = BoundedSum::default();
    for k in 0..row.ln.len() {
        sum += own(-ln(k), off(k)).times(each, w.u());
    }
    sum += label.times(1.0 - share, w.u());
    sum
}

/// The weight of a token's `-ln p` in the loss.
pub(crate) fn weight(inputs: &Inputs<'_>, hypothesis: &Hypothesis, item: usize, t: usize) -> Result<f64, Absence> {
    let (own, text) = sequence(inputs, item)?;
    let is_image = t >= text.tokens;
    let sizes = inputs.sizes;
    #[expect(clippy::cast_precision_loss, reason = "counts of tokens")]
    let counted = |[text, image]: [usize; 2]| PerPart {
        text: text as f64,
        image: image as f64,
    };
    let all = counted([text.tokens, sizes.tokens - text.tokens].map(|n| n * sizes.batch));
    let stated = counted(sizes.counted);
    let padding = own.is_padding(text, t);
    let (counts, left_out) = match hypothesis.padding {
        Padding::AsStated | Padding::IsZero => (stated, padding),
        Padding::Counted => (all, false),
        Padding::InDenominator => (all, padding),
        Padding::ZeroIgnored | Padding::ZeroIgnoredToo => return zero_ignored(inputs, hypothesis, item, t),
    };
    if left_out {
        return Ok(0.0);
    }
    if hypothesis.part_weights == PartWeights::MeansOfMeans {
        return mean_of_means(inputs, hypothesis, item, is_image);
    }
    weight_in(text, hypothesis, counts, part_of(is_image))
}

/// The weight of a token that counts, where each sequence has a mean of its own.
fn mean_of_means(inputs: &Inputs<'_>, hypothesis: &Hypothesis, item: usize, is_image: bool) -> Result<f64, Absence> {
    let (own, text) = sequence(inputs, item)?;
    let counts = |t: &usize| hypothesis.padding == Padding::Counted || !own.is_padding(text, *t);
    let of = |tokens: std::ops::Range<usize>| tokens.filter(counts).count();
    let (here, image) = (of(0..text.tokens), of(text.tokens..own.tokens.len()));
    let [on_text, on_image] = text.weights;
    let (weight, here) = if is_image { (on_image, image) } else { (on_text, here) };
    #[expect(clippy::cast_precision_loss, reason = "counts of tokens")]
    let all = (here * inputs.sizes.batch) as f64;
    Ok(weight / all)
}

const fn part_of(is_image: bool) -> Part {
    if is_image { Part::Image } else { Part::Text }
}

fn weight_in(text: &Text, hypothesis: &Hypothesis, counts: PerPart<f64>, part: Part) -> Result<f64, Absence> {
    let [on_text, on_image] = text.weights;
    let least = on_text.min(on_image);
    let [text, image] = match hypothesis.part_weights {
        PartWeights::AsStated | PartWeights::Sums | PartWeights::MeansOfMeans => [on_text, on_image],
        PartWeights::Together => return Ok(1.0 / (counts.text + counts.image)),
        PartWeights::Ones => [1.0, 1.0],
        PartWeights::Equal => [0.5, 0.5],
        PartWeights::Swapped => [on_image, on_text],
        PartWeights::ImageOnly => [0.0, 1.0],
        PartWeights::NotDivided if least > 0.0 => [on_text / least, on_image / least],
        PartWeights::NotDivided => return Err(Absence::NotAffected),
    };
    let weights = PerPart { text, image };
    Ok(match hypothesis.part_weights {
        PartWeights::Sums => weights.get(part),
        _ => token_weight(weights, counts, part),
    })
}

/// The weight of a token where entry 0 is taken for padding, in either part, in place of the stated padding or beside it.
fn zero_ignored(inputs: &Inputs<'_>, hypothesis: &Hypothesis, item: usize, t: usize) -> Result<f64, Absence> {
    let mut counts = PerPart { text: 0.0, image: 0.0 };
    // The tokens are counted again for every token, so this is limited to small batches.
    if inputs.items.len() != inputs.sizes.batch || inputs.sizes.batch * inputs.sizes.tokens > 1 << 12 {
        return Err(Absence::NotAffected);
    }
    let too = hypothesis.padding == Padding::ZeroIgnoredToo;
    let is_counted = |own: &Sequence, text: &Text, t: usize| own.tokens[t] != 0 && !(too && own.is_padding(text, t));
    for at in 0..inputs.items.len() {
        let (own, text) = sequence(inputs, at)?;
        for t in 0..own.tokens.len() {
            let counted = f64::from(u8::from(is_counted(own, text, t)));
            match part_of(t >= text.tokens) {
                Part::Text => counts.text += counted,
                Part::Image => counts.image += counted,
            }
        }
    }
    let (own, text) = sequence(inputs, item)?;
    if !is_counted(own, text, t) {
        return Ok(0.0);
    }
    weight_in(text, hypothesis, counts, part_of(t >= text.tokens))
}

/// The addend of a token in the loss.
pub(crate) fn loss(inputs: &Inputs<'_>, hypothesis: &Hypothesis, item: usize, t: usize) -> Result<BoundedSum, Absence> {
    let weight = weight(inputs, hypothesis, item, t)?;
    if weight == 0.0 {
        return Ok(BoundedSum::default());
    }
    let nll = token_nll(inputs, hypothesis, item, t)?;
    // The sum of a mean is divided, and its weight multiplies it, which are two roundings.
    Ok(nll.times(weight, inputs.arithmetic.u()))
}

/// The gradient of the loss with respect to every entry, `weight (p_k - [k = t])`.
pub(crate) fn gradient(inputs: &Inputs<'_>, of: Quantity, hypothesis: &Hypothesis, item: usize, t: usize) -> Addends {
    let (w, u) = (inputs.of_rows(), inputs.arithmetic.u());
    let mut weight = if of == Quantity::TokenNll {
        1.0
    } else {
        weight(inputs, hypothesis, item, t)?
    };
    if hypothesis.slope == Slope::Detached {
        weight = 0.0;
    }
    if hypothesis.logits == CodeLogits::Softmaxed || hypothesis.in_log_likelihood != Inside::Nothing {
        return Err(Absence::NotAffected);
    }
    let (own, _) = sequence(inputs, item)?;
    if own.tokens[t] == Sequence::PADDING && hypothesis.target == Target::Own {
        return Ok(vec![Addend::ZERO; inputs.sizes.entries]);
    }
    let Scored { first, row, target } = scored(inputs, hypothesis, item, t)?;
    #[expect(clippy::cast_precision_loss, reason = "a vocabulary's length")]
    let evenly = hypothesis.smoothing / row.q.len() as f64;
    let mut slopes = vec![Addend::ZERO; inputs.sizes.entries];
    let in_row = InRow::of(&row, w);
    for (k, slope) in slopes.iter_mut().skip(first).take(row.q.len()).enumerate() {
        let own = (1.0 - hypothesis.smoothing) * f64::from(u8::from(k == target)) + evenly;
        let q = row.q[k];
        let error = q * (row.rel_error[k] + u) + row.lost[k] + u * own;
        let range = Range::ANY.part(in_row, q + own);
        let likely = &row.likely;
        let each = (q * likely.relative(k).hypot(u)).hypot(u * own);
        let spread = Spread::new(
            likely.bias.map(|bias| q * bias + row.lost[k]),
            likely.shared.map(|shared| q * shared),
            each,
        );
        *slope = Addend::new(q - own, error, q + own)
            .within(range)
            .spread(spread)
            .times(weight, u);
    }
    Ok(slopes)
}
