//! The questions of a probe: random inputs of several kinds.

use std::collections::BTreeMap;

use bounds::Float;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

use super::hello::Hello;
use crate::dump::{self, Axis, Decoder, Form, Parameter, Prior, Statement, Text};

/// The kinds of questions, in the order in which they are asked.
pub const KINDS: [&str; 11] = [
    "ordinary",
    "one item",
    "masked",
    "saturated",
    "offset",
    "constant",
    "nearly constant",
    "one code",
    "8192 codes",
    "next tokens",
    "each token",
];

/// The largest number of tokens of which each is changed once. Of more, some are in each round.
const MOST_CHANGED: usize = 512;

/// The largest number of tokens with which one beginning is continued.
const MOST_NEXT: usize = 64;

/// The largest number of numbers in all tables of a question. An item of DALL-E's codes with noise and gradient has
/// three quarters of it. A question, two answers and the tables of the judge stay below 2 GB.
const MOST_NUMBERS: usize = 1 << 25;

/// A tensor of a question, with its axes.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) axes: Vec<Axis>,
    pub(super) values: Vec<f64>,
}

/// The inputs of a question.
#[derive(Debug, Clone)]
pub struct Question {
    pub(super) tables: BTreeMap<&'static str, Table>,
    pub(super) lengths: BTreeMap<Axis, usize>,
}

impl Question {
    /// Draws a question of a kind. It is `None` where the child's sizes or its form do not allow this kind. A question
    /// that would be too large has a single item, if the child allows it.
    ///
    /// # Errors
    /// A sentence about what is wrong with the child's sizes, if they allow no question.
    pub fn draw(hello: &Hello, kind: usize, seed: u64) -> Result<Option<Self>, String> {
        Self::of_items(hello, kind, seed, if kind == 1 { 1 } else { 3 })
            .or_else(|_| Self::of_items(hello, kind, seed, 1))
    }

    /// Refuses a child whose smallest question has inputs that no dump may have, before any question is asked.
    ///
    /// # Errors
    /// A sentence about what is wrong with the inputs.
    pub(super) fn expect_inputs(hello: &Hello) -> Result<(), String> {
        match Self::draw(hello, 1, 0)? {
            Some(question) => dump::expect_inputs(question.draft(hello).bytes()).map_err(|error| error.to_string()),
            None => Ok(()),
        }
    }

    fn of_items(hello: &Hello, kind: usize, seed: u64, items: usize) -> Result<Option<Self>, String> {
        let (Some(statement), Some(name)) = (&hello.read, KINDS.get(kind)) else {
            return Ok(None);
        };
        let mut random = ChaCha8Rng::seed_from_u64(seed.wrapping_mul(64).wrapping_add(kind as u64));
        let batch = hello.length(Axis::Batch, items);
        let mut question = Self {
            tables: BTreeMap::new(),
            lengths: BTreeMap::from([(Axis::Batch, batch)]),
        };
        let only = |form: Form| statement.inputs == form;
        match (*name, statement.inputs) {
            ("one code" | "8192 codes", form) if form != Form::Tokens || hello.sizes.contains_key(&Axis::Code) => {
                return Ok(None);
            }
            ("masked" | "saturated" | "offset" | "constant" | "nearly constant", Form::Gaussian) => {
                return Ok(None);
            }
            ("next tokens" | "each token", form) if form != Form::Sequence || statement.text.is_some() => {
                return Ok(None);
            }
            ("ordinary" | "one item" | "next tokens" | "each token", Form::Sequence) => {}
            (_, Form::Sequence) => return Ok(None),
            _ => {}
        }
        match statement.inputs {
            Form::Tokens => question.draw_codes(hello, name, &mut random)?,
            Form::Gaussian => {
                question
                    .lengths
                    .insert(Axis::Coordinate, hello.length(Axis::Coordinate, 5));
                question.table("q_mean", &[Axis::Coordinate], 1.0, &mut random)?;
                let logarithmic = !matches!(statement.parameter, Some(Parameter::Std | Parameter::Variance));
                question.table("q_spread", &[Axis::Coordinate], 0.7, &mut random)?;
                question.table("noise", &[Axis::Coordinate], 1.0, &mut random)?;
                question.table("sample_gradient", &[Axis::Coordinate], 0.5, &mut random)?;
                if statement.prior == Some(Prior::Normal) {
                    question.table("prior_mean", &[Axis::Coordinate], 0.5, &mut random)?;
                    question.table("prior_spread", &[Axis::Coordinate], 0.5, &mut random)?;
                }
                if !logarithmic {
                    for name in ["q_spread", "prior_spread"] {
                        question.map(name, f64::exp);
                    }
                }
            }
            Form::Sequence => question.draw_sequence(hello, name, &mut random)?,
            Form::Worlds => return Ok(None),
        }
        if statement.decoder.is_some() && !only(Form::Sequence) {
            question.lengths.insert(Axis::Pixel, hello.length(Axis::Pixel, 6));
            question.table("x", &[Axis::Pixel], 1.0, &mut random)?;
            question.map("x", |x| 0.1 + 0.8 / (1.0 + (-x).exp()));
            question.table("mu", &[Axis::Pixel], 1.0, &mut random)?;
            if statement.decoder != Some(Decoder::Bernoulli) {
                question.table("ln_b", &[Axis::Pixel], 0.4, &mut random)?;
            }
        }
        Ok(Some(question))
    }

    fn draw_codes(&mut self, hello: &Hello, kind: &str, random: &mut ChaCha8Rng) -> Result<(), String> {
        let planes = hello.has_planes();
        let codes = match kind {
            "one code" => 1,
            "8192 codes" => 8192,
            _ => 7,
        };
        self.lengths.insert(Axis::Code, hello.length(Axis::Code, codes));
        let positions = if planes { 6 } else { 4 }; // A square would hide an exchange of height and width.
        self.lengths
            .insert(Axis::Position, hello.length(Axis::Position, positions));
        let axes: &[Axis] = if planes {
            &[Axis::Code, Axis::Position]
        } else {
            &[Axis::Position, Axis::Code]
        };
        let scale = match kind {
            "constant" => 0.0,
            "nearly constant" => 1.0 / 1024.0,
            _ => 2.0,
        };
        self.table("encoder_logits", axes, scale, random)?;
        match kind {
            "offset" => {
                let offset = hello.read.as_ref().map_or(1e4, offset);
                self.map("encoder_logits", |x| x + offset);
            }
            "saturated" => self.some("encoder_logits", 0.1, 40.0, random),
            "masked" => self.some("encoder_logits", 0.3, f64::NEG_INFINITY, random),
            _ => {}
        }
        let statement = hello.read.as_ref();
        if statement.is_some_and(|statement| statement.prior == Some(Prior::Logits)) {
            self.table("prior_logits", axes, 1.5, random)?;
        }
        self.table("gumbel_noise", axes, 1.0, random)?;
        // What a normal number is below as often as noise is below this.
        self.map("gumbel_noise", |x| {
            -(-(0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)).ln()).ln()
        });
        self.table("sample_gradient", axes, 0.5, random)
    }

    /// Draws sequences that begin alike. Row `b` differs from row 0 from some token on, and the last of three does not
    /// differ. In another kind, the rows differ in a single token; in a third one each token is the one in which a row
    /// differs, and the last row does not differ.
    fn draw_sequence(&mut self, hello: &Hello, kind: &str, random: &mut ChaCha8Rng) -> Result<(), String> {
        let text = hello.read.as_ref().and_then(|statement| statement.text.clone());
        // Sequences of two lengths: a mask may be made for one.
        let length = if kind == "each token" { 11 } else { 6 };
        let ours = text.as_ref().map_or([length, 9], |text| {
            [text.tokens.saturating_add(4), text.vocabulary.saturating_add(5)]
        });
        let (tokens, entries) = (hello.length(Axis::Token, ours[0]), hello.length(Axis::Entry, ours[1]));
        if let Some(text) = &text {
            expect_entries(text, tokens, entries)?;
        }
        // The rows of a model may be asked in several questions.
        let rows = |ours: usize| match hello.rows_at_once() {
            Some(at_once) => ours.next_multiple_of(at_once),
            None => hello.length(Axis::Batch, ours),
        };
        let batch = rows(match kind {
            "ordinary" => 3,
            "one item" => 2,
            "each token" => tokens.min(MOST_CHANGED) + 2,
            _ => entries.min(MOST_NEXT),
        });
        self.lengths.insert(Axis::Batch, batch);
        self.lengths.insert(Axis::Token, tokens);
        self.room(&[Axis::Batch, Axis::Token])?;
        let changed = random.random_range(0..tokens);
        let first = random.random_range(0..entries);
        let skipped = if tokens > MOST_CHANGED { changed } else { 0 };
        let mut ids: Vec<usize> = Vec::new();
        for row in 0..batch {
            let alike = match row {
                0 => 0,
                2.. if row + 1 == batch => tokens,
                _ => random.random_range(1..tokens.max(2)),
            };
            for t in 0..tokens {
                let drawn = random.random_range(of_kind(text.as_ref(), t, entries));
                ids.push(match kind {
                    "each token" if row == 0 => drawn,
                    "each token" if row + 1 < batch && t == (row - 1 + skipped) % tokens => {
                        (ids[t] + 1 + drawn % (entries - 1).max(1)) % entries
                    }
                    "each token" => ids[t],
                    "next tokens" if t == changed => (first + row * entries / batch) % entries,
                    "next tokens" if row > 0 => ids[t],
                    "next tokens" => drawn,
                    _ if t < alike => ids[t],
                    _ => drawn,
                });
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "tokens")]
        let values = ids.into_iter().map(|id: usize| id as f64).collect();
        let axes = vec![Axis::Batch, Axis::Token];
        self.tables.insert("tokens", Table { axes, values });
        if text.is_some() {
            self.lengths.insert(Axis::Entry, entries);
            self.table("token_logits", &[Axis::Token, Axis::Entry], 2.0, random)?;
        }
        Ok(())
    }

    /// The number of numbers in a table with these axes. It is an error where the question would become too large.
    fn room(&self, axes: &[Axis]) -> Result<usize, String> {
        let there: usize = self.tables.values().map(|table| table.values.len()).sum();
        let lengths = axes.iter().map(|axis| self.lengths[axis]);
        let count = lengths.fold(1, usize::saturating_mul);
        if there.saturating_add(count) <= MOST_NUMBERS {
            return Ok(count);
        }
        Err(format!(
            "its sizes make a question of {} with more than {MOST_NUMBERS} numbers, expected smaller sizes",
            self.size()
        ))
    }

    fn table(&mut self, name: &'static str, axes: &[Axis], scale: f64, random: &mut ChaCha8Rng) -> Result<(), String> {
        let axes: Vec<Axis> = [Axis::Batch].iter().chain(axes).copied().collect();
        let count = self.room(&axes)?;
        // The numbers have few digits, so that a small question can be read.
        let one = |_| {
            let drawn: f64 = StandardNormal.sample(random);
            (scale * drawn * 1024.0).round() / 1024.0
        };
        let values = (0..count).map(one).collect();
        self.tables.insert(name, Table { axes, values });
        Ok(())
    }

    pub(super) fn map(&mut self, name: &str, change: impl Fn(f64) -> f64) {
        if let Some(table) = self.tables.get_mut(name) {
            table.values.iter_mut().for_each(|value| *value = change(*value));
        }
    }

    /// Sets a random share of the numbers to a value, but never the first of a row of codes.
    fn some(&mut self, name: &str, share: f64, value: f64, random: &mut ChaCha8Rng) {
        let codes = self.lengths[&Axis::Code];
        if let Some(table) = self.tables.get_mut(name) {
            let planes = table.axes[1] == Axis::Code;
            let after = if planes { self.lengths[&Axis::Position] } else { 1 };
            for (i, entry) in table.values.iter_mut().enumerate() {
                if i / after % codes != 0 && random.random_bool(share) {
                    *entry = value;
                }
            }
        }
    }
}

/// What logits are offset by: 1e4, or less in a half type, so that its numbers are still told apart by a sixteenth, and stay
/// numbers when they are divided by the temperature.
fn offset(statement: &Statement) -> f64 {
    if !matches!(statement.dtype, Float::F16 | Float::Bf16) {
        return 1e4;
    }
    let told_apart = 1.0 / (32.0 * statement.dtype.unit_roundoff());
    let tau = statement.temperature.unwrap_or(1.0).min(1.0);
    told_apart.min(tau * statement.dtype.largest() / 8.0)
}

/// The entries of which a token is one.
const fn of_kind(text: Option<&Text>, t: usize, entries: usize) -> std::ops::Range<usize> {
    match text {
        Some(text) if t < text.tokens => 0..text.vocabulary,
        Some(text) => text.vocabulary..entries,
        None => 0..entries,
    }
}

/// Refuses a text whose tokens have no entries to be drawn from.
fn expect_entries(text: &Text, tokens: usize, entries: usize) -> Result<(), String> {
    if text.tokens > tokens {
        return Err(format!(
            "sizes: token is {tokens}, expected at least text.tokens, {}",
            text.tokens
        ));
    }
    if text.tokens > 0 && text.vocabulary == 0 {
        return Err(format!(
            "text.vocabulary is 0, expected entries for {} text tokens",
            text.tokens
        ));
    }
    if text.vocabulary > entries || (text.tokens < tokens && text.vocabulary == entries) {
        return Err(format!(
            "sizes: entry is {entries}, expected more than text.vocabulary, {}: an image's tokens are entries after the text's",
            text.vocabulary
        ));
    }
    Ok(())
}
