//! What to train: sizes and schedules, from a TOML file.

use files::words::{one_line, shortened, without_types};
use gpu::DType;
use gpu::network::Sizes;
use reference::network::{Dvae, Transformer};
use serde::{Deserialize, Serialize};

use crate::ModelError;

mod check;
mod memory;

pub use memory::Load;

/// A model and how to train it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What all noise is drawn from.
    pub seed: u64,
    /// What the networks compute in.
    #[serde(default)]
    pub dtype: Dtype,
    /// Encoder and decoder.
    pub dvae: DvaeConfig,
    /// Transformer and captions.
    pub prior: PriorConfig,
}

/// The type that layers are computed and kept in while training; what is learned is `f32` either way, and so are losses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// Single precision.
    #[default]
    F32,
    /// Its upper half.
    Bf16,
}

impl Dtype {
    /// candle's word for it.
    #[must_use]
    pub const fn candle(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
        }
    }
}

/// The first stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DvaeConfig {
    /// Groups of blocks; the grid of codes is `32 / 2^(groups - 1)` wide.
    pub groups: usize,
    /// Width at full size.
    pub hidden: usize,
    /// Blocks in a group.
    pub blocks: usize,
    /// Width of the decoder's first map.
    pub initial: usize,
    /// Codes, `K`.
    pub vocabulary: usize,
    /// How it is trained.
    pub training: Training,
    /// Weight on the divergence.
    pub beta: Schedule,
    /// Temperature of the relaxation.
    pub temperature: Schedule,
}

/// The second stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriorConfig {
    /// Layers.
    pub layers: usize,
    /// Heads.
    pub heads: usize,
    /// Width.
    pub width: usize,
    /// Text positions.
    pub text: usize,
    /// Text tokens.
    pub vocabulary: usize,
    /// Kernel of the last mask.
    pub kernel: usize,
    /// Probability with which a merge of the byte-pair encoding is left out.
    pub bpe_dropout: f64,
    /// How it is trained.
    pub training: Training,
}

/// `AdamW`, its schedules and what goes into a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Updates.
    pub updates: u64,
    /// Images in a batch.
    pub batch: usize,
    /// Step size.
    pub step_size: Schedule,
    /// Updates over which the step size grows from 0.
    pub warm_up: u64,
    /// Decay of the first moment.
    pub beta_1: f64,
    /// Decay of the second moment.
    pub beta_2: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Largest norm of a gradient; 0 for any.
    pub clip: f64,
    /// Decay of the iterates' average.
    pub average: f64,
    /// Updates between two checkpoints.
    pub checkpoint: u64,
}

/// From one number to another along half a cosine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// At the first update.
    pub from: f64,
    /// From update `updates` on.
    pub to: f64,
    /// How many updates it takes.
    pub updates: u64,
}

impl Schedule {
    /// The number at an update.
    #[must_use]
    pub fn at(self, update: u64) -> f64 {
        let Self { from, to, updates } = self;
        reference::schedule::Schedule::cosine(from, to, updates).at(update)
    }
}

/// Height and width of the images.
pub const EDGE: usize = 32;

/// The longest text that is read as a configuration.
pub const MOST_TEXT: usize = 1 << 16;

/// The shipped configurations, by name.
pub const NAMED: [(&str, &str); 3] = [
    ("emoji", include_str!("../configurations/emoji.toml")),
    ("tiny", include_str!("../configurations/tiny.toml")),
    ("sweep", include_str!("../configurations/sweep.toml")),
];

impl Config {
    /// A shipped configuration.
    ///
    /// # Errors
    /// [`ModelError::Lacks`] for a name that is none.
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
    /// [`ModelError::Toml`], [`ModelError::Config`]; [`ModelError::Network`] for sizes without a network.
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

    /// As text that [`Config::parse`] reads.
    ///
    /// # Errors
    /// [`ModelError::Toml`]; none, for a configuration that was read.
    pub fn to_toml(&self) -> Result<String, ModelError> {
        toml::to_string(self).map_err(|error| ModelError::Toml(error.to_string()))
    }

    /// Encoder and decoder as the reference has them.
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

    /// What the twin's encoder and decoder need beside their parameters.
    #[must_use]
    pub const fn sizes(&self) -> Sizes {
        Sizes {
            groups: self.dvae.groups,
            blocks: self.dvae.blocks,
        }
    }

    /// Codes along an edge of an image.
    #[must_use]
    pub const fn side(&self) -> usize {
        EDGE >> (self.dvae.groups - 1)
    }

    /// The transformer as the reference has it.
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
