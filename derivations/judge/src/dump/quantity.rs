//! The quantities that can be claimed, in the order of the derivation.

use super::axis::Axis;
use super::words::Form;

/// An input that a gradient is taken by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// The encoder's logits.
    EncoderLogits,
    /// The prior's logits.
    PriorLogits,
    /// The transformer's logits.
    TokenLogits,
    /// The continuous encoder's mean.
    QMean,
    /// The continuous encoder's spread, in its parameterisation.
    QSpread,
    /// The decoder's location.
    Mu,
    /// The decoder's scale.
    LnB,
}

/// What a claim is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// `ln p(x,y)`.
    LogEvidence,
    /// The weight on the divergence at a step.
    BetaAt,
    /// The relaxation's temperature at a step.
    TemperatureAt,
    /// `y = softmax((x + g) / tau)`, or the continuous `m + s noise`.
    Sample,
    /// `-E_q[ln q]`.
    Entropy,
    /// `-E_q[ln p]`.
    CrossEntropy,
    /// `E_q[ln q - ln p]`.
    Kl,
    /// `ln p(x|y,z)`.
    Reconstruction,
    /// `-ln p(t_i | t_<i)`.
    TokenNll,
    /// The bound.
    Elbo,
    /// What is minimised.
    Loss,
    /// The gradient of another claim.
    Gradient(Input),
}

/// What is averaged over the codes `z ~ q`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expectation {
    /// `-E_q[ln q]`.
    Entropy,
    /// `-E_q[ln p]`.
    CrossEntropy,
    /// `E_q[ln q - ln p]`.
    Kl,
}

impl Quantity {
    /// All quantities, in the order of the derivation. None depends on one that comes after it.
    pub const ALL: [Self; 18] = [
        Self::LogEvidence,
        Self::BetaAt,
        Self::TemperatureAt,
        Self::Sample,
        Self::Entropy,
        Self::CrossEntropy,
        Self::Kl,
        Self::Reconstruction,
        Self::TokenNll,
        Self::Elbo,
        Self::Loss,
        Self::Gradient(Input::EncoderLogits),
        Self::Gradient(Input::PriorLogits),
        Self::Gradient(Input::TokenLogits),
        Self::Gradient(Input::QMean),
        Self::Gradient(Input::QSpread),
        Self::Gradient(Input::Mu),
        Self::Gradient(Input::LnB),
    ];

    /// The claim's name in the metadata.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LogEvidence => "log_evidence",
            Self::BetaAt => "beta_at",
            Self::TemperatureAt => "temperature_at",
            Self::Sample => "relaxed_sample",
            Self::Entropy => "entropy",
            Self::CrossEntropy => "cross_entropy",
            Self::Kl => "kl",
            Self::Reconstruction => "reconstruction",
            Self::TokenNll => "token_nll",
            Self::Elbo => "elbo",
            Self::Loss => "loss",
            Self::Gradient(input) => input.claim(),
        }
    }

    /// The name of the tensor that holds it.
    #[must_use]
    pub const fn tensor(self) -> &'static str {
        match self {
            Self::LogEvidence => "claim.log_evidence",
            Self::BetaAt => "claim.beta_at",
            Self::TemperatureAt => "claim.temperature_at",
            Self::Sample => "claim.relaxed_sample",
            Self::Entropy => "claim.entropy",
            Self::CrossEntropy => "claim.cross_entropy",
            Self::Kl => "claim.kl",
            Self::Reconstruction => "claim.reconstruction",
            Self::TokenNll => "claim.token_nll",
            Self::Elbo => "claim.elbo",
            Self::Loss => "claim.loss",
            Self::Gradient(input) => input.tensor(),
        }
    }

    /// The place in the derivation that defines it.
    #[must_use]
    pub const fn source(self) -> &'static str {
        match self {
            Self::LogEvidence => "Eq. 3",
            Self::BetaAt | Self::TemperatureAt => "Ramesh et al. 2021, appendix A.2",
            Self::Sample => "Eq. 14's expectation, relaxed (Ramesh et al. 2021, section 2.1)",
            Self::Entropy | Self::CrossEntropy | Self::Kl => "Eq. 13",
            Self::Reconstruction => "Eq. 14, first term",
            Self::TokenNll => "Eq. 2, p(y,z) token by token",
            Self::Elbo => "Eq. 9",
            Self::Loss => "Eq. 1",
            Self::Gradient(_) => "the derivative of Eq. 1",
        }
    }

    /// Its axes before any reduction, with the batch first. The list is empty for a number of the whole dump. The
    /// result is `None` where inputs of this form have no such quantity.
    #[must_use]
    pub fn axes(self, form: Form) -> Option<&'static [Axis]> {
        use Axis::{Batch, Code, Coordinate, Entry, Pixel, Position, Token};
        Some(match (self, form) {
            (Self::BetaAt | Self::TemperatureAt, _) => &[],
            (Self::LogEvidence | Self::Entropy | Self::CrossEntropy | Self::Kl, Form::Worlds) => &[Batch],
            (Self::Reconstruction | Self::Elbo | Self::Loss, Form::Worlds) => &[Batch],
            (Self::Sample | Self::Entropy | Self::CrossEntropy | Self::Kl, Form::Tokens) => &[Batch, Position, Code],
            (Self::Sample | Self::Entropy | Self::CrossEntropy | Self::Kl, Form::Gaussian) => &[Batch, Coordinate],
            (Self::Reconstruction, Form::Tokens | Form::Gaussian) => &[Batch, Pixel],
            (Self::TokenNll, Form::Sequence) => &[Batch, Token],
            (Self::Elbo | Self::Loss, Form::Tokens | Form::Gaussian) => &[Batch],
            (Self::Loss, Form::Sequence) => &[],
            (Self::Gradient(Input::EncoderLogits | Input::PriorLogits), Form::Tokens) => &[Batch, Position, Code],
            (Self::Gradient(Input::TokenLogits), Form::Sequence) => &[Batch, Token, Entry],
            (Self::Gradient(Input::QMean | Input::QSpread), Form::Gaussian) => &[Batch, Coordinate],
            (Self::Gradient(Input::Mu | Input::LnB), Form::Tokens | Form::Gaussian) => &[Batch, Pixel],
            (Self::LogEvidence, Form::Tokens | Form::Gaussian | Form::Sequence) => return None,
            (Self::TokenNll, Form::Worlds | Form::Tokens | Form::Gaussian) => return None,
            (Self::Reconstruction | Self::Elbo, Form::Sequence) => return None,
            (Self::Entropy | Self::CrossEntropy | Self::Kl, Form::Sequence) => return None,
            (Self::Sample, Form::Worlds | Form::Sequence) | (Self::Gradient(_), _) => return None,
        })
    }

    /// The quantities from which it may have been computed.
    #[must_use]
    pub const fn upstream(self) -> &'static [Self] {
        match self {
            Self::Kl => &[Self::Entropy, Self::CrossEntropy],
            Self::Elbo => &[Self::Kl, Self::Reconstruction],
            Self::Loss => &[Self::BetaAt, Self::Kl, Self::Reconstruction, Self::Elbo, Self::TokenNll],
            Self::LogEvidence | Self::BetaAt | Self::TemperatureAt | Self::Sample | Self::TokenNll => &[],
            Self::Entropy | Self::CrossEntropy | Self::Reconstruction | Self::Gradient(_) => &[],
        }
    }

    /// The expectation over codes that a quantity is or contains. The bound and the loss contain the divergence.
    pub(crate) const fn expectation(self) -> Option<Expectation> {
        match self {
            Self::Entropy => Some(Expectation::Entropy),
            Self::CrossEntropy => Some(Expectation::CrossEntropy),
            Self::Kl | Self::Elbo | Self::Loss => Some(Expectation::Kl),
            Self::LogEvidence | Self::BetaAt | Self::TemperatureAt | Self::Sample => None,
            Self::Reconstruction | Self::TokenNll | Self::Gradient(_) => None,
        }
    }
}

impl Input {
    /// The name of the input's tensor.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EncoderLogits => "encoder_logits",
            Self::PriorLogits => "prior_logits",
            Self::TokenLogits => "token_logits",
            Self::QMean => "q_mean",
            Self::QSpread => "q_spread",
            Self::Mu => "mu",
            Self::LnB => "ln_b",
        }
    }

    const fn claim(self) -> &'static str {
        match self {
            Self::EncoderLogits => "grad.encoder_logits",
            Self::PriorLogits => "grad.prior_logits",
            Self::TokenLogits => "grad.token_logits",
            Self::QMean => "grad.q_mean",
            Self::QSpread => "grad.q_spread",
            Self::Mu => "grad.mu",
            Self::LnB => "grad.ln_b",
        }
    }

    const fn tensor(self) -> &'static str {
        match self {
            Self::EncoderLogits => "claim.grad.encoder_logits",
            Self::PriorLogits => "claim.grad.prior_logits",
            Self::TokenLogits => "claim.grad.token_logits",
            Self::QMean => "claim.grad.q_mean",
            Self::QSpread => "claim.grad.q_spread",
            Self::Mu => "claim.grad.mu",
            Self::LnB => "claim.grad.ln_b",
        }
    }
}
