//! The rows of logits, noise and samples from which the terms of discrete codes are computed, as a hypothesis reads
//! them.

use bounds::{Addend, Arithmetic, InRow, LogSoftmaxRow, Range, Spread};

use crate::dump::{Item, Layout, Table, Tokens};
use crate::hypothesis::{Arrangement, CodeLogits, Hypothesis, Masked, Noise, Shift, Temperature};
use crate::inputs::{Absence, Inputs};

/// The largest Gumbel noise that uniforms up to 0.999 give.
const LARGEST_NOISE: f64 = 6.907_255_070_523_689; // This is -ln(-ln 0.999).

pub(super) fn item<'a>(inputs: &Inputs<'a>, item: usize) -> Result<&'a Tokens, Absence> {
    match inputs.items.get(item) {
        Some(Item::Tokens(tokens)) => Ok(tokens),
        _ => Err(Absence::NotAffected),
    }
}

pub(super) fn table(table: Option<&Table>) -> Result<&Table, Absence> {
    table.ok_or(Absence::NotAffected)
}

/// A row of a table.
pub(super) fn line(table: &Table, row: usize) -> Result<Vec<f64>, Absence> {
    let line = table.row(row);
    if line.is_empty() {
        return Err(Absence::NotAffected);
    }
    Ok(line)
}

/// A row of a table, or the numbers that a reshape without a transpose takes for it.
pub(super) fn arranged(
    inputs: &Inputs<'_>,
    table: &Table,
    hypothesis: &Hypothesis,
    row: usize,
) -> Result<Vec<f64>, Absence> {
    if hypothesis.arrangement == Arrangement::AsStated {
        return line(table, row);
    }
    let (positions, codes) = (table.rows(), table.columns());
    let at = |k: usize| match inputs.statement.layout {
        Some(Layout::Planes) => {
            let flat = row * codes + k;
            table.at(flat % positions, flat / positions)
        }
        _ => {
            let flat = k * positions + row;
            table.at(flat / codes, flat % codes)
        }
    };
    Ok((0..codes).map(at).collect())
}

/// A row of logits. Masks are ignored where the hypothesis ignores them.
pub(super) fn logits_of(
    inputs: &Inputs<'_>,
    tokens: &Tokens,
    hypothesis: &Hypothesis,
    row: usize,
) -> Result<Vec<f64>, Absence> {
    let mut x = arranged(inputs, table(tokens.logits.as_ref())?, hypothesis, row)?;
    if hypothesis.masked == Masked::Ignored {
        x.iter_mut().filter(|x| x.is_infinite()).for_each(|x| *x = 0.0);
    }
    Ok(x)
}

/// Normalises a row of logits. Exponentials may overflow where the hypothesis says so.
pub(super) fn normalised(
    tensor: &'static str,
    x: &[f64],
    w: Arithmetic,
    rounded: &Rounded,
    hypothesis: &Hypothesis,
) -> Result<LogSoftmaxRow, Absence> {
    let mut row = LogSoftmaxRow::with_errors(tensor, x, w, |k| rounded.at(k, x[k]))?;
    if hypothesis.shift != Shift::Missing {
        return Ok(row);
    }
    let largest = w.each.largest().ln();
    let k = (0..x.len()).find(|k| row.q[*k] > 0.0).ok_or(Absence::NotAffected)?;
    if x[k] - row.ln[k] > largest {
        row.softmax = None;
        // The sum is infinite. A finite number divided by it is 0, and infinity divided by infinity is NaN.
        for (k, x) in x.iter().enumerate() {
            let alone = *x > largest;
            row.ln[k] = if alone { f64::NAN } else { f64::NEG_INFINITY };
            row.q[k] = if alone { f64::NAN } else { 0.0 };
        }
    }
    Ok(row)
}

/// The error that entries have before they are normalised, in units of roundoff.
pub(super) struct Rounded {
    /// Relative to the entry itself.
    pub(super) relative: f64,
    /// Of each entry, where it is not relative to that.
    each: Vec<f64>,
}

impl Rounded {
    const fn relative(relative: f64) -> Self {
        let each = Vec::new();
        Self { relative, each }
    }

    fn at(&self, k: usize, entry: f64) -> f64 {
        self.relative * entry.abs() + self.each.get(k).copied().unwrap_or(0.0)
    }
}

/// A row of logits after what the hypothesis does to it, and the error of its entries.
pub(super) fn scores(
    inputs: &Inputs<'_>,
    tokens: &Tokens,
    hypothesis: &Hypothesis,
    row: usize,
) -> Result<(Vec<f64>, Rounded), Absence> {
    let x = logits_of(inputs, tokens, hypothesis, row)?;
    match hypothesis.logits {
        CodeLogits::Plain => Ok((x, Rounded::relative(0.0))),
        CodeLogits::Softmaxed => {
            let row = LogSoftmaxRow::new("encoder_logits", &x, inputs.of_rows(), 0.0)?;
            Ok((row.q, Rounded::relative(8.0)))
        }
        CodeLogits::Tempered | CodeLogits::BothTempered => {
            let tau = temperature(inputs, hypothesis)?;
            Ok((x.iter().map(|x| x / tau).collect(), Rounded::relative(2.0)))
        }
        CodeLogits::Relaxed => {
            let (noise, tau) = (
                noise(inputs, tokens, hypothesis, row)?,
                temperature(inputs, hypothesis)?,
            );
            // -ln 0.999 is 0.001, so a rounding of 0.999 changes it relatively by a thousand times as much.
            let rounded = if hypothesis.noise == Noise::Truncated {
                1000.0
            } else {
                0.0
            };
            let made = |g: &f64| made_noise_error(inputs, tokens, *g) / tau;
            let rounded = Rounded {
                relative: 4.0 + rounded,
                each: if tokens.uniform.is_some() {
                    noise.iter().map(made).collect()
                } else {
                    Vec::new()
                },
            };
            Ok((x.iter().zip(&noise).map(|(x, g)| (x + g) / tau).collect(), rounded))
        }
    }
}

/// How far noise may be off that the subject makes itself, in units of roundoff. What `a` is off relative to itself in
/// `g = -ln a`, `a = -ln u`, `g` is off absolutely.
pub(super) fn made_noise_error(inputs: &Inputs<'_>, tokens: &Tokens, noise: f64) -> f64 {
    if tokens.uniform.is_some() {
        2.0 * (inputs.arithmetic.ln() + 1.0) * (1.0 + noise.abs())
    } else {
        0.0
    }
}

pub(super) fn temperature(inputs: &Inputs<'_>, hypothesis: &Hypothesis) -> Result<f64, Absence> {
    let tau = inputs.statement.temperature.ok_or(Absence::NotAffected)?;
    Ok(match hypothesis.temperature {
        Temperature::Once => tau,
        Temperature::Absent | Temperature::AfterSoftmax => 1.0,
        Temperature::Twice => tau * tau,
        Temperature::Inverted => 1.0 / tau,
    })
}

pub(super) fn noise(
    inputs: &Inputs<'_>,
    tokens: &Tokens,
    hypothesis: &Hypothesis,
    row: usize,
) -> Result<Vec<f64>, Absence> {
    let noise = line(table(tokens.noise.as_ref())?, row)?;
    let tau = temperature(inputs, hypothesis)?;
    let each = |g: &f64| match hypothesis.noise {
        Noise::Given => *g,
        Noise::Absent => 0.0,
        Noise::Truncated => g.min(inputs.arithmetic.each.nearest(LARGEST_NOISE)),
        Noise::Negated => -g,
        Noise::Doubled => 2.0 * g,
        Noise::Halved => 0.5 * g,
        Noise::AfterTemperature => g * tau,
    };
    Ok(noise.iter().map(each).collect())
}

/// The product of a probability and a value. `size` is the size of the value, for the error bound.
pub(super) fn weighed(
    (row, in_row): (&LogSoftmaxRow, InRow),
    k: usize,
    value: f64,
    size: f64,
    w: Arithmetic,
) -> Addend {
    let mass = row.q[k] * size;
    let lost = row.lost[k] * (size + 1.0);
    let likely = &row.likely;
    let spread = Spread::weighted(
        likely.bias.map(|bias| mass * bias + lost),
        likely.shared.map(|shared| mass * shared),
        mass,
        likely.relative_variance(k) + w.u() * w.u(),
    );
    Addend::new(value, mass * (row.rel_error[k] + 2.0 * w.u()) + lost, mass)
        .within(Range::ANY.part(in_row, mass))
        .spread(spread)
}

/// `ln y` of the relaxed sample of a position.
pub(super) fn relaxed_row(
    inputs: &Inputs<'_>,
    tokens: &Tokens,
    hypothesis: &Hypothesis,
    row: usize,
) -> Result<LogSoftmaxRow, Absence> {
    let relaxed = Hypothesis {
        logits: CodeLogits::Relaxed,
        ..*hypothesis
    };
    let (z, rounded) = scores(inputs, tokens, &relaxed, row)?;
    normalised("logits with noise", &z, inputs.of_rows(), &rounded, hypothesis)
}
