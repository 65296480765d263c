//! The enums of a statement, whose variants are the words that it may use.

use serde::{Deserialize, Serialize};

/// What the inputs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Discrete codes: DALL-E's first stage.
    Tokens,
    /// A transformer's logits: its second stage.
    Sequence,
    /// A continuous code with a diagonal covariance.
    Gaussian,
    /// Finite tables, as in a case file.
    Worlds,
}

impl Form {
    /// As the metadata has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Sequence => "sequence",
            Self::Gaussian => "gaussian",
            Self::Worlds => "worlds",
        }
    }
}

/// How codes lie in `encoder_logits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema, Deserialize, Serialize)]
pub enum Layout {
    /// `[B, K, H, W]`.
    #[serde(rename = "BKHW")]
    Planes,
    /// `[B, S, K]`.
    #[serde(rename = "BSK")]
    Rows,
}

/// What the code's prior is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Prior {
    /// `1/K`.
    Uniform,
    /// `prior_logits`, shaped as `encoder_logits`.
    Logits,
    /// `N(0, 1)`.
    StandardNormal,
    /// `prior_mean` and `prior_spread`.
    Normal,
}

/// What the decoder's numbers are the parameters of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decoder {
    /// `mu` and `ln_b` of a logit-Laplace density over `x`.
    LogitLaplace,
    /// `mu` and `ln_b`, the logarithm of the standard deviation, of a normal density over `x`.
    Normal,
    /// `mu` are the logits of pixels in `[0, 1]`.
    Bernoulli,
}

/// Where the noise of a sample comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, schemars::JsonSchema, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseKind {
    /// It was drawn, and is tested against its law.
    #[default]
    Drawn,
    /// It was chosen, and says nothing about how samples are drawn.
    Chosen,
}

/// What a continuous code's spread is given as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Parameter {
    /// `ln s^2`.
    LnVariance,
    /// `ln s`.
    LnStd,
    /// `s^2`.
    Variance,
    /// `s`.
    Std,
}

/// The unit of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, schemars::JsonSchema, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Natural logarithms.
    #[default]
    Nats,
    /// Base two.
    Bits,
}
