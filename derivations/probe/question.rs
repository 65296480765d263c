//! Inputs that we choose, and smaller ones.

use std::collections::BTreeMap;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use serde_json::json;

use super::hello::Hello;
use crate::dump::{Axis, Decoder, Draft, Form, Layout, Parameter, Prior};
use crate::precision::subject::Float;

/// The kinds of questions, in the order in which they are asked.
pub const KINDS: [&str; 10] = [
    "ordinary",
    "one item",
    "masked",
    "saturated",
    "offset by 1e4",
    "constant",
    "nearly constant",
    "one code",
    "8192 codes",
    "next tokens",
];

/// The most tokens that one beginning is continued with.
const MOST_NEXT: usize = 64;

/// How many columns a grid of positions has.
const WIDTH: usize = 2;

/// A tensor with what its axes are.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) axes: Vec<Axis>,
    /// How many numbers belong to an index of the last axis.
    pub(super) inner: usize,
    pub(super) values: Vec<f64>,
}

/// Inputs.
#[derive(Debug, Clone)]
pub struct Question {
    pub(super) tables: BTreeMap<&'static str, Table>,
    pub(super) lengths: BTreeMap<Axis, usize>,
}

impl Question {
    /// Draws a question of a kind; nothing where the child's sizes or its form have no such kind.
    #[must_use]
    pub fn draw(hello: &Hello, kind: usize, seed: u64) -> Option<Self> {
        let statement = hello.read.as_ref()?;
        let mut random = ChaCha8Rng::seed_from_u64(seed.wrapping_mul(64).wrapping_add(kind as u64));
        let batch = hello.length(Axis::Batch, if kind == 1 { 1 } else { 3 });
        let mut question = Self {
            tables: BTreeMap::new(),
            lengths: BTreeMap::from([(Axis::Batch, batch)]),
        };
        let name = KINDS.get(kind)?;
        let only = |form: Form| statement.inputs == form;
        match (*name, statement.inputs) {
            ("one code" | "8192 codes", form) if form != Form::Tokens || hello.sizes.contains_key(&Axis::Code) => {
                return None;
            }
            ("masked" | "saturated" | "offset by 1e4" | "constant" | "nearly constant", Form::Gaussian) => return None,
            ("next tokens", form) if form != Form::Sequence || statement.text.is_some() => return None,
            _ => {}
        }
        match statement.inputs {
            Form::Tokens => question.draw_codes(hello, name, &mut random),
            Form::Gaussian => {
                question
                    .lengths
                    .insert(Axis::Coordinate, hello.length(Axis::Coordinate, 5));
                question.normal("q_mean", &[Axis::Coordinate], 1.0, &mut random);
                let logarithmic = !matches!(statement.parameter, Some(Parameter::Std | Parameter::Variance));
                question.normal("q_spread", &[Axis::Coordinate], 0.7, &mut random);
                question.normal("noise", &[Axis::Coordinate], 1.0, &mut random);
                question.normal("sample_gradient", &[Axis::Coordinate], 0.5, &mut random);
                if statement.prior == Some(Prior::Normal) {
                    question.normal("prior_mean", &[Axis::Coordinate], 0.5, &mut random);
                    question.normal("prior_spread", &[Axis::Coordinate], 0.5, &mut random);
                }
                if !logarithmic {
                    for name in ["q_spread", "prior_spread"] {
                        question.map(name, f64::exp);
                    }
                }
            }
            Form::Sequence => question.draw_sequence(hello, name, &mut random)?,
            Form::Worlds => return None,
        }
        if statement.decoder.is_some() && !only(Form::Sequence) {
            question.lengths.insert(Axis::Pixel, hello.length(Axis::Pixel, 6));
            question.normal("x", &[Axis::Pixel], 1.0, &mut random);
            question.map("x", |x| 0.1 + 0.8 / (1.0 + (-x).exp()));
            question.normal("mu", &[Axis::Pixel], 1.0, &mut random);
            if statement.decoder != Some(Decoder::Bernoulli) {
                question.normal("ln_b", &[Axis::Pixel], 0.4, &mut random);
            }
        }
        Some(question)
    }

    fn draw_codes(&mut self, hello: &Hello, kind: &str, random: &mut ChaCha8Rng) {
        let planes = hello
            .read
            .as_ref()
            .is_some_and(|read| read.layout == Some(Layout::Planes));
        let codes = match kind {
            "one code" => 1,
            "8192 codes" => 8192,
            _ => 7,
        };
        self.lengths.insert(Axis::Code, hello.length(Axis::Code, codes));
        self.lengths.insert(Axis::Position, hello.length(Axis::Position, 4));
        let inner = if planes { WIDTH } else { 1 };
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
        self.table("encoder_logits", axes, inner, scale, random);
        match kind {
            "offset by 1e4" => self.map("encoder_logits", |x| x + 1e4),
            "saturated" => self.some("encoder_logits", 0.1, 40.0, random),
            "masked" => self.some("encoder_logits", 0.3, f64::NEG_INFINITY, random),
            _ => {}
        }
        let statement = hello.read.as_ref();
        if statement.is_some_and(|statement| statement.prior == Some(Prior::Logits)) {
            self.table("prior_logits", axes, inner, 1.5, random);
        }
        self.table("gumbel_noise", axes, inner, 1.0, random);
        self.map("gumbel_noise", |x| x + 0.25 * x * x); // skewed, as Gumbel noise is
        self.table("sample_gradient", axes, inner, 0.5, random);
    }

    /// Rows that begin alike: row `b` differs from row 0 from a token on, the last of three from none. Or rows that differ in one token.
    fn draw_sequence(&mut self, hello: &Hello, kind: &str, random: &mut ChaCha8Rng) -> Option<()> {
        let text = hello.read.as_ref()?.text.clone();
        let tokens = hello.length(Axis::Token, text.as_ref().map_or(6, |text| text.tokens + 4));
        let entries = hello.length(Axis::Entry, text.as_ref().map_or(9, |text| text.vocabulary + 5));
        // A model's rows may come in several answers.
        let rows = |ours: usize| match hello.rows_at_once() {
            Some(at_once) => ours.next_multiple_of(at_once),
            None => hello.length(Axis::Batch, ours),
        };
        let batch = match kind {
            "ordinary" => rows(3),
            "one item" => rows(2),
            "next tokens" => rows(entries.min(MOST_NEXT)),
            _ => return None,
        };
        self.lengths.insert(Axis::Batch, batch);
        self.lengths.insert(Axis::Token, tokens);
        let changed = random.random_range(0..tokens);
        let first = random.random_range(0..entries);
        let mut ids: Vec<usize> = Vec::new();
        for row in 0..batch {
            let alike = match row {
                0 => 0,
                2.. if row + 1 == batch => tokens,
                _ => random.random_range(1..tokens.max(2)),
            };
            for t in 0..tokens {
                let range = match &text {
                    Some(text) if t < text.tokens => 0..text.vocabulary,
                    Some(text) => text.vocabulary..entries,
                    None => 0..entries,
                };
                let drawn = random.random_range(range);
                ids.push(match kind {
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
        self.tables.insert("tokens", Table { axes, inner: 1, values });
        if text.is_some() {
            self.lengths.insert(Axis::Entry, entries);
            self.table("token_logits", &[Axis::Token, Axis::Entry], 1, 2.0, random);
        }
        Some(())
    }

    fn normal(&mut self, name: &'static str, axes: &[Axis], scale: f64, random: &mut ChaCha8Rng) {
        self.table(name, axes, 1, scale, random);
    }

    fn table(&mut self, name: &'static str, axes: &[Axis], inner: usize, scale: f64, random: &mut ChaCha8Rng) {
        let axes: Vec<Axis> = [Axis::Batch].iter().chain(axes).copied().collect();
        let count = axes.iter().map(|axis| self.lengths[axis]).product::<usize>() * inner;
        // A few digits each, so that a small question is a readable one.
        let one = |_| {
            let drawn: f64 = StandardNormal.sample(random);
            (scale * drawn * 1024.0).round() / 1024.0
        };
        let values = (0..count).map(one).collect();
        self.tables.insert(name, Table { axes, inner, values });
    }

    pub(super) fn map(&mut self, name: &str, change: impl Fn(f64) -> f64) {
        if let Some(table) = self.tables.get_mut(name) {
            table.values.iter_mut().for_each(|value| *value = change(*value));
        }
    }

    /// Gives a share of the numbers a value, never the first of a row of codes.
    fn some(&mut self, name: &str, share: f64, value: f64, random: &mut ChaCha8Rng) {
        let codes = self.lengths[&Axis::Code];
        if let Some(table) = self.tables.get_mut(name) {
            let planes = table.axes[1] == Axis::Code;
            let after = if planes {
                table.inner * self.lengths[&Axis::Position]
            } else {
                1
            };
            for (i, entry) in table.values.iter_mut().enumerate() {
                if i / after % codes != 0 && random.random_bool(share) {
                    *entry = value;
                }
            }
        }
    }

    /// The file's draft, without claims' tensors.
    pub(super) fn draft(&self, hello: &Hello) -> Draft {
        let mut draft = Draft::new(hello.statement.clone());
        if let (Some(entries), true) = (hello.sizes.get(&Axis::Entry), hello.is_model()) {
            draft.statement["entries"] = json!(entries);
        }
        let float = hello.read.as_ref().map_or(Float::F32, |statement| statement.dtype);
        for (name, table) in &self.tables {
            let mut shape: Vec<usize> = table.axes.iter().map(|axis| self.lengths[axis]).collect();
            if table.inner > 1 {
                shape.push(table.inner);
            }
            if *name == "tokens" {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "tokens, drawn as integers"
                )]
                let tokens: Vec<usize> = table.values.iter().map(|value| *value as usize).collect();
                draft.integers(name, &shape, &tokens);
            } else {
                draft.floats(name, &shape, &table.values, float);
            }
        }
        draft
    }

    /// The first row among others: a model's answer to it may not move.
    pub(super) fn in_other_company(&self, hello: &Hello) -> Option<Self> {
        let batch = self.lengths[&Axis::Batch];
        let entries = hello.length(Axis::Entry, 9);
        if !hello.is_model() || batch < 2 || hello.rows_at_once() == Some(1) {
            return None;
        }
        let mut other = self.clone();
        let tokens = other.tables.get_mut("tokens")?;
        let length = tokens.values.len() / batch;
        #[expect(clippy::cast_precision_loss, reason = "tokens")]
        for token in tokens.values.iter_mut().skip(length) {
            *token = (*token + 1.0) % entries as f64;
        }
        Some(other)
    }

    /// `3 x 4 x 7 (batch, position, code)`.
    #[must_use]
    pub fn size(&self) -> String {
        let lengths: Vec<String> = self.lengths.values().map(ToString::to_string).collect();
        let names: Vec<&str> = self.lengths.keys().map(|axis| axis.name()).collect();
        format!("{} ({})", lengths.join(" x "), names.join(", "))
    }
}
