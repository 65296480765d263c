//! The configuration of a model and its training: sizes and schedules, read from a TOML file.

use files::words::{one_line, shortened, without_types};
use gpu::DType;
use gpu::network::Sizes;
use reference::network::{Dvae, Transformer};
use serde::{Deserialize, Serialize};

use crate::ModelError;

mod check;
mod memory;

pub use memory::Load;

/// The sizes of a model, and how to train it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The seed of all noise.
    pub seed: u64,
    /// The type in which the networks compute while training.
    #[serde(default)]
    pub dtype: Dtype,
    /// The encoder and the decoder, which are the first stage.
    pub dvae: DvaeConfig,
    /// The transformer and the captions, which are the second stage.
    pub prior: PriorConfig,
}

/// The type in which layers are computed and kept while training. Parameters and losses are `f32` in either case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// Single precision, IEEE binary32.
    #[default]
    F32,
    /// The upper half of the bits of single precision.
    Bf16,
}

impl Dtype {
    /// The same type in candle.
    #[must_use]
    pub const fn candle(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
        }
    }
}

/// The configuration of the first stage: a discrete variational autoencoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DvaeConfig {
    /// The number of groups of blocks. The grid of codes is `32 / 2^(groups - 1)` codes wide.
    pub groups: usize,
    /// The number of channels at full resolution.
    pub hidden: usize,
    /// The number of blocks in a group.
    pub blocks: usize,
    /// The number of channels of the decoder's first layer.
    pub initial: usize,
    /// The number of codes, `K`.
    pub vocabulary: usize,
    /// The optimiser and the schedule of this stage.
    pub training: Training,
    /// The schedule of the weight on the divergence.
    pub beta: Schedule,
    /// The schedule of the temperature of the relaxation.
    pub temperature: Schedule,
}

/// The configuration of the second stage: a transformer over text and codes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriorConfig {
    /// The number of layers.
    pub layers: usize,
    /// The number of attention heads.
    pub heads: usize,
    /// The number of channels.
    pub width: usize,
    /// The number of text positions, `T`.
    pub text: usize,
    /// The number of text tokens without pads, `V`.
    pub vocabulary: usize,
    /// The edge of the square of codes that the last, convolutional mask lets a position read.
    pub kernel: usize,
    /// The probability with which a merge of the byte-pair encoding is left out, from 0 to 1.
    pub bpe_dropout: f64,
    /// The optimiser and the schedule of this stage.
    pub training: Training,
}

/// The settings of the optimiser `AdamW`, its schedules, and the batch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The number of updates.
    pub updates: u64,
    /// The number of images in a batch.
    pub batch: usize,
    /// The schedule of the step size.
    pub step_size: Schedule,
    /// The number of updates over which the step size grows from 0.
    pub warm_up: u64,
    /// The decay of the first moment per update.
    pub beta_1: f64,
    /// The decay of the second moment per update.
    pub beta_2: f64,
    /// The decoupled weight decay.
    pub weight_decay: f64,
    /// The largest norm of a gradient, which is scaled down to it. 0 means that there is no limit.
    pub clip: f64,
    /// The decay of the average of the iterates per update.
    pub average: f64,
    /// The number of updates between two checkpoints.
    pub checkpoint: u64,
}

/// A number that changes from one value to another along half a cosine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The value at the first update.
    pub from: f64,
    /// The value from update `updates` on.
    pub to: f64,
    /// The number of updates that the change takes.
    pub updates: u64,
}

impl Schedule {
    /// The value at an update.
    #[must_use]
    pub fn at(self, update: u64) -> f64 {
        let Self { from, to, updates } = self;
        reference::schedule::Schedule::cosine(from, to, updates).at(update)
    }
}

/// The height and the width of the images, in pixels.
pub const EDGE: usize = 32;

/// The longest text that is read as a configuration, in bytes.
pub const MOST_TEXT: usize = 1 << 16;

/// The configurations that come with the program: the name and the text of each.
pub const NAMED: [(&str, &str); 3] = [
    ("emoji", include_str!("../configurations/emoji.toml")),
    ("tiny", include_str!("../configurations/tiny.toml")),
    ("sweep", include_str!("../configurations/sweep.toml")),
];

impl Config {
    /// The shipped configuration with this name.
    ///
    /// # Errors
    /// [`ModelError::Lacks`] for an unknown name.
    pub fn named(name: &str) -> Result<Self, ModelError> {
        let found = NAMED.iter().find(|(known, _)| *known == name);
        found.map_or_else(
            || {
                Err(ModelError::Lacks {
                    what: format!("{} is no configuration", one_line(name)),
                    expected: "emoji, tiny, sweep or a file",
                })
            },
            |(_, text)| Self::parse(text),
        )
    }

    /// Reads and checks a configuration of at most [`MOST_TEXT`] bytes.
    ///
    /// # Errors
    /// [`ModelError::Toml`] and [`ModelError::Config`]. [`ModelError::Network`] for sizes that no network can have.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        if text.len() > MOST_TEXT {
            return Err(ModelError::Toml(format!("it has more than {MOST_TEXT} bytes")));
        }
        let config: Self = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            let why = without_types(&error.message().replace('\n', " "));
            ModelError::Toml(format!("line {line}: {}", shortened(&why, 400)))
        })?;
        config.check()?;
        Ok(config)
    }

    /// The configuration as TOML that [`Config::parse`] reads back.
    ///
    /// # Errors
    /// [`ModelError::Toml`]. There is none for a configuration that was read.
    pub fn to_toml(&self) -> Result<String, ModelError> {
        toml::to_string(self).map_err(|error| ModelError::Toml(error.to_string()))
    }

    /// The sizes of encoder and decoder, as the type of the reference.
    #[must_use]
    pub const fn dvae(&self) -> Dvae {
        let DvaeConfig {
            groups,
            hidden,
            blocks,
            initial,
            vocabulary,
            ..
        } = self.dvae;
        Dvae {
            groups,
            hidden,
            blocks,
            initial,
            vocabulary,
        }
    }

    /// The sizes that the encoder and the decoder of `gpu` need beside their parameters.
    #[must_use]
    pub const fn sizes(&self) -> Sizes {
        Sizes {
            groups: self.dvae.groups,
            blocks: self.dvae.blocks,
        }
    }

    /// The number of codes along an edge of an image.
    #[must_use]
    pub const fn side(&self) -> usize {
        EDGE >> (self.dvae.groups - 1)
    }

    /// The sizes of the transformer, as the type of the reference.
    #[must_use]
    pub const fn transformer(&self) -> Transformer {
        let PriorConfig {
            layers,
            heads,
            width,
            text,
            vocabulary,
            kernel,
            ..
        } = self.prior;
        let (side, codes) = (self.side(), self.dvae.vocabulary);
        Transformer {
            layers,
            heads,
            width,
            text,
            vocabulary,
            side,
            codes,
            kernel,
        }
    }
}
