//! What a dump says of itself: the JSON document in its metadata.

use std::collections::{BTreeMap, BTreeSet};

use bounds::{Arithmetic, Float, Order, Way};
use files::json::expect_keys_once;
use files::words::{without_place, without_types};
use reference::vocab::Reading;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use worlds::case::FileError;

use super::axis::Axis;
use super::format::{FORMAT, KEY};
use super::quantity::Quantity;
use super::words::{Decoder, Form, Layout, NoiseKind, Parameter, Prior, Unit};

/// How a claim was made from what it is about.
#[derive(Debug, Clone, PartialEq, schemars::JsonSchema, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimSpec {
    /// The axes that are summed over.
    pub sum: Option<Vec<Axis>>,
    /// The axes whose mean is taken.
    pub mean: Option<Vec<Axis>>,
    /// 1, or -1 for a claim of the negative.
    #[serde(default = "one")]
    pub sign: f64,
    /// Nats, unless it says bits.
    #[serde(default)]
    pub unit: Unit,
    /// What everything was divided by, besides the means.
    #[serde(default = "one")]
    pub normaliser: f64,
    /// Of a gradient: the claim that it is the gradient of.
    pub of: Option<String>,
}

impl ClaimSpec {
    /// A claim of every number by itself: no axis is summed over, and none is averaged over.
    #[must_use]
    pub const fn each() -> Self {
        Self {
            sum: None,
            mean: None,
            sign: 1.0,
            unit: Unit::Nats,
            normaliser: 1.0,
            of: None,
        }
    }

    /// A claim of sums over these axes.
    #[must_use]
    pub fn sum(axes: &[Axis]) -> Self {
        Self {
            sum: Some(axes.to_vec()),
            ..Self::each()
        }
    }

    /// The gradient of another claim.
    #[must_use]
    pub fn gradient_of(quantity: Quantity) -> Self {
        Self {
            of: Some(quantity.name().to_owned()),
            ..Self::each()
        }
    }

    /// The same claim, of means over these axes.
    #[must_use]
    pub fn mean(self, axes: &[Axis]) -> Self {
        Self {
            mean: Some(axes.to_vec()),
            ..self
        }
    }

    /// The same claim, of the negative.
    #[must_use]
    pub fn negated(self) -> Self {
        Self {
            sign: -self.sign,
            ..self
        }
    }

    /// The same claim, in bits.
    #[must_use]
    pub fn in_bits(self) -> Self {
        Self {
            unit: Unit::Bits,
            ..self
        }
    }

    /// The same claim, divided by a number beside the lengths of the averaged axes.
    #[must_use]
    pub fn divided_by(self, normaliser: f64) -> Self {
        Self { normaliser, ..self }
    }
}

/// How a number moves with the step.
#[derive(Debug, Clone, Copy, PartialEq, schemars::JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// At step 0.
    pub from: f64,
    /// From the last step on.
    pub to: f64,
    /// How many steps it takes.
    pub steps: u64,
    /// Its shape.
    pub shape: Shape,
}

/// The shape of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Half a cosine.
    Cosine,
    /// A straight line.
    Linear,
    /// `from e^(-rate step)`, `to` at the least; `steps` is `ln(from / to) / rate` steps long.
    Exponential,
}

/// What a sequence's vocabulary is scored over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vocabulary {
    /// Text and image entries share one softmax.
    Joint,
    /// A text token is scored among text entries, an image token among image entries.
    Split,
}

/// The second stage's sequence.
#[derive(Debug, Clone, PartialEq, schemars::JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// How many tokens are text; the others are the image's.
    pub tokens: usize,
    /// How many entries are text; an image's token `i` is entry `vocabulary + i`.
    pub vocabulary: usize,
    /// What is scored against what.
    pub softmax: Vocabulary,
    /// Tokens that do not count. They need not be entries of the vocabulary: -100 is padding, too.
    #[serde(default, deserialize_with = "at_once")]
    #[schemars(with = "Vec<i64>")]
    pub padding: BTreeSet<i64>,
    /// The weights of the mean over text tokens and of that over image tokens.
    pub weights: [f64; 2],
}

/// The whole statement.
#[derive(Debug, Clone, PartialEq, schemars::JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// What the inputs are.
    pub inputs: Form,
    /// How codes lie.
    pub layout: Option<Layout>,
    /// The code's prior.
    pub prior: Option<Prior>,
    /// The decoder's density.
    pub decoder: Option<Decoder>,
    /// What `q_spread` and `prior_spread` are.
    pub parameter: Option<Parameter>,
    /// The type that the subject's numbers are rounded to after each operation.
    pub dtype: Float,
    /// The type that it adds up in; `dtype` where nothing is stated.
    pub accumulation: Option<Float>,
    /// In which order it adds.
    pub summation: Option<Order>,
    /// The relaxation's temperature.
    pub temperature: Option<f64>,
    /// Whether a position whose logits are all `-inf` counts as 0. Without it, such a position is refused.
    #[serde(default)]
    pub skip_masked_rows: bool,
    /// Whether the sample is the one-hot one, forward.
    #[serde(default)]
    pub straight_through: bool,
    /// Where the noise comes from: `drawn`, and tested against its law, unless it says `chosen`.
    #[serde(default)]
    pub noise: NoiseKind,
    /// The weight on the divergence; 1 where nothing is stated.
    pub beta: Option<f64>,
    /// What `q(y,z|x)` stands for in a dump of worlds: `observed`, `pointwise`, `joint`, `footnote` or `expected`. It is
    /// `observed` where nothing is stated.
    #[serde(default, deserialize_with = "reading")]
    #[schemars(with = "Option<String>")]
    pub reading: Option<Reading>,
    /// The step that schedules are claimed at.
    pub step: Option<u64>,
    /// The schedule of beta.
    pub beta_schedule: Option<Schedule>,
    /// The schedule of the temperature.
    pub temperature_schedule: Option<Schedule>,
    /// The sequence.
    pub text: Option<Text>,
    /// Of a model that gives nothing but its tokens' log-probabilities: how many entries a token is one of.
    pub entries: Option<u64>,
    /// What is claimed.
    pub claims: BTreeMap<String, ClaimSpec>,
    /// Where it ran: `cpu`, `cuda`, or any word.
    pub device: Option<String>,
    /// The device's name; required with `cuda`.
    pub device_name: Option<String>,
    /// The driver's version; required with `cuda`.
    pub driver: Option<String>,
    /// Who computed it.
    pub framework: Option<String>,
}

/// A set that is sorted once, however many there are.
fn at_once<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<i64>, D::Error> {
    Ok(Vec::deserialize(deserializer)?.into_iter().collect())
}

const fn one() -> f64 {
    1.0
}

fn reading<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Reading>, D::Error> {
    let Some(word) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let found = Reading::ALL.into_iter().find(|reading| reading.name() == word);
    let expected = || Reading::ALL.map(Reading::name).join(", ");
    found
        .map(Some)
        .ok_or_else(|| D::Error::custom(format!("{word:?} is no reading, expected one of {}", expected())))
}

impl Statement {
    /// What the program computes with, as it states.
    #[must_use]
    pub fn arithmetic(&self) -> Arithmetic {
        let sums = self.accumulation.unwrap_or(self.dtype);
        let is_half = matches!(sums, Float::F16 | Float::Bf16);
        Arithmetic {
            each: self.dtype,
            sums,
            order: self.summation.unwrap_or(Order::Sequential),
            // Libraries accumulate half types in single precision, unless a program does it by hand.
            usual: if is_half && self.accumulation.is_none() {
                Float::F32
            } else {
                sums
            },
        }
    }

    /// The ways of adding up that are right: all up to the one that is returned.
    #[must_use]
    pub fn widest_way(&self) -> Way {
        match self.summation {
            Some(Order::Sequential) => Way::Flat,
            None => Way::InTurn,
            // Codes may lie apart in memory, and entries do in a program that moves them behind the batch.
            Some(Order::Pairwise | Order::Tree)
                if self.layout == Some(Layout::Planes) || self.inputs == Form::Sequence =>
            {
                Way::Strided
            }
            Some(Order::Pairwise | Order::Tree) => Way::Blocks,
        }
    }

    pub(super) fn of(metadata: &BTreeMap<String, String>) -> Result<Self, FileError> {
        let found = metadata.get("format");
        if found.map(String::as_str) != Some(FORMAT) {
            return Err(FileError::Format {
                found: found.cloned(),
                expected: format!("{FORMAT:?}"),
            });
        }
        let text = metadata
            .get(KEY)
            .ok_or_else(|| refuse(KEY, "missing", "a JSON document (dump-format.md)"))?;
        Self::checked(text)
    }

    /// Reads a statement and checks it against itself.
    pub(crate) fn checked(text: &str) -> Result<Self, FileError> {
        let statement = Self::read(text).map_err(|(key, reason)| FileError::Unreadable { key, reason })?;
        // Of two equal keys a map keeps the last.
        expect_keys_once(text).map_err(|reason| FileError::Unreadable {
            key: KEY.to_owned(),
            reason,
        })?;
        statement.check()?;
        Ok(statement)
    }

    /// Reads a statement; else the key and what is wrong there.
    fn read(text: &str) -> Result<Self, (String, String)> {
        serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(|error| {
            let key = match error.path().to_string() {
                path if [".", "?"].contains(&path.as_str()) => KEY.to_owned(),
                path => path,
            };
            let reason = without_types(&error.inner().to_string());
            (key, without_place(&reason).to_owned())
        })
    }

    fn check(&self) -> Result<(), FileError> {
        self.expect_no_strays()?;
        if self.device.as_deref() == Some("cuda") {
            for (key, given) in [("device_name", &self.device_name), ("driver", &self.driver)] {
                if given.as_ref().is_none_or(|given| given.trim().is_empty()) {
                    return Err(refuse(key, "missing", "the name of what device cuda ran on"));
                }
            }
        }
        let positive = |key: &str, value: Option<f64>, least: f64| match value {
            Some(value) if !(value > least && value <= 1e6) => Err(refuse(
                key,
                &value.to_string(),
                if least < 0.0 {
                    "a number from 0 to 1e6"
                } else {
                    "a positive number up to 1e6"
                },
            )),
            _ => Ok(()),
        };
        positive("temperature", self.temperature, 0.0)?;
        positive("beta", self.beta, -f64::MIN_POSITIVE)?;
        for (key, schedule) in [
            ("beta_schedule", self.beta_schedule),
            ("temperature_schedule", self.temperature_schedule),
        ] {
            let Some(schedule) = schedule else { continue };
            let numbers = [schedule.from, schedule.to];
            let exponential = schedule.shape == Shape::Exponential;
            if !numbers.iter().all(|v| v.is_finite() && v.abs() <= 1e6)
                || (exponential && !numbers.iter().all(|v| *v > 0.0))
            {
                return Err(refuse(
                    key,
                    &format!("from {} to {}", schedule.from, schedule.to),
                    "numbers up to 1e6, positive ones for an exponential",
                ));
            }
        }
        for (name, claim) in &self.claims {
            let key = format!("claims.{name}");
            if ![-1.0, 1.0].contains(&claim.sign) {
                return Err(refuse(&key, &format!("of sign {}", claim.sign), "a sign of 1 or -1"));
            }
            if !(claim.normaliser > 0.0 && claim.normaliser.is_finite()) {
                let found = format!("of normaliser {}", claim.normaliser);
                return Err(refuse(&key, &found, "a positive normaliser"));
            }
        }
        Ok(())
    }

    /// Refuses keys that belong to other inputs.
    fn expect_no_strays(&self) -> Result<(), FileError> {
        if self.entries.is_some() && (self.inputs != Form::Sequence || self.text.is_some()) {
            return Err(refuse(
                "entries",
                "given",
                "only tokens beside it: inputs: sequence, and no text",
            ));
        }
        match self.reading.filter(|_| self.inputs != Form::Worlds) {
            None => Ok(()),
            Some(reading) => Err(refuse(
                "reading",
                reading.name(),
                "only beside inputs: worlds, where q(y,z|x) is a table",
            )),
        }
    }

    /// What `q(y,z|x)` stands for.
    #[must_use]
    pub fn reading(&self) -> Reading {
        self.reading.unwrap_or(Reading::Observed)
    }

    /// The weight on the divergence.
    #[must_use]
    pub fn beta(&self) -> f64 {
        self.beta.unwrap_or(1.0)
    }
}

/// A key of the statement that cannot stand.
pub(super) fn refuse(key: &str, found: &str, expected: &str) -> FileError {
    FileError::Statement {
        key: key.to_owned(),
        found: found.to_owned(),
        expected: expected.to_owned(),
    }
}
