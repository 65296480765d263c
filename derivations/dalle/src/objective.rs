//! The terms of the bound as graphs of candle. Training differentiates them, and evaluation reports them.

use gpu::autograd::{self, planes};
use gpu::fused::{Sample, Target};
use gpu::network::{Parameters, Sizes, Transformer, decoder, encoder};
use gpu::{D, DType, Tensor};

use crate::ModelError;

/// The terms of the first stage, one number for each image, in nats.
#[derive(Debug, Clone)]
pub struct Relaxed {
    /// `ln p(x|z)` at the relaxed codes, `[B]`. It is a density over pixels that were mapped by `phi`.
    pub reconstruction: Tensor,
    /// `D(q(z|x) || 1/K)`, `[B]`.
    pub divergence: Tensor,
}

/// An observer of layers that ignores them.
const fn nobody(_: &str, _: &Tensor) {}

/// The terms of the relaxed bound.
///
/// ```text
/// E ln p(x | softmax((logits + g) / tau)) - beta D(q(z|x) || 1/K)
/// ```
///
/// Shapes: pixels `[B, 3, H, W]`, noise `[B, H', W', K]`. The networks compute in the type of the parameters, and the
/// terms are in `f32`.
///
/// # Errors
/// [`ModelError::Twin`].
pub fn relaxed(
    sizes: Sizes,
    parameters: &Parameters,
    pixels: &Tensor,
    noise: &Tensor,
    temperature: f64,
) -> Result<Relaxed, ModelError> {
    let logits = encoder_logits(sizes, parameters, pixels)?;
    let divergence = planes::kl_to_uniform(&logits)?.flatten_from(1)?.sum(D::Minus1)?;
    let rows = logits.permute((0, 2, 3, 1))?.contiguous()?;
    let codes = autograd::gumbel_softmax(&rows, noise, temperature, Sample::Relaxed)?;
    let codes = codes.permute((0, 3, 1, 2))?.contiguous()?;
    Ok(Relaxed {
        reconstruction: log_likelihood(sizes, parameters, pixels, &codes)?,
        divergence,
    })
}

/// The logits of `q(z|x)` in `f32`, `[B, K, H', W']`, from pixels `[B, 3, H, W]`.
///
/// # Errors
/// [`ModelError::Twin`].
pub fn encoder_logits(sizes: Sizes, parameters: &Parameters, pixels: &Tensor) -> Result<Tensor, ModelError> {
    let parameters = parameters.under("encoder.");
    let pixels = pixels.to_dtype(parameters.get("blocks.input.w")?.dtype())?;
    Ok(encoder(sizes, &parameters, &pixels, &mut nobody)?.to_dtype(DType::F32)?)
}

/// The parameters `mu` and `ln b` of `p(x|z)` in `f32`, each `[B, 3 H W]`, from codes `[B, K, H', W']`.
///
/// # Errors
/// [`ModelError::Twin`].
pub fn decoded(sizes: Sizes, parameters: &Parameters, codes: &Tensor) -> Result<[Tensor; 2], ModelError> {
    let parameters = parameters.under("decoder.");
    let codes = codes.to_dtype(parameters.get("blocks.input.w")?.dtype())?;
    let both = decoder(sizes, &parameters, &codes, &mut nobody)?.to_dtype(DType::F32)?;
    let half = |from| -> Result<Tensor, ModelError> { Ok(both.narrow(1, from, 3)?.flatten_from(1)?) };
    Ok([half(0)?, half(3)?])
}

/// `ln p(x|z)`, `[B]`, as a density over pixels that were mapped by `phi`. Unit: nats.
///
/// # Errors
/// [`ModelError::Twin`].
pub fn log_likelihood(
    sizes: Sizes,
    parameters: &Parameters,
    pixels: &Tensor,
    codes: &Tensor,
) -> Result<Tensor, ModelError> {
    let [mu, ln_b] = decoded(sizes, parameters, codes)?;
    Ok(autograd::logit_laplace(&pixels.flatten_from(1)?, &mu, &ln_b)?)
}

/// The log-probabilities of the tokens in nats: `ln p(y_i | y_<i)`, `[B, T]`, and `ln p(z_j | y, z_<j)`, `[B, side^2]`.
///
/// # Errors
/// [`ModelError::Twin`].
pub fn token_log_probs(
    transformer: &Transformer,
    parameters: &Parameters,
    text: &Tensor,
    codes: &Tensor,
) -> Result<[Tensor; 2], ModelError> {
    let logits = transformer.logits(&parameters.under("prior."), (text, codes), &mut nobody)?;
    let [of_text, of_codes] = [text, codes].map(|tokens| tokens.flatten_all()?.to_vec1::<u32>());
    let [words, images] = logits;
    Ok([log_probs(&words, &of_text?)?, log_probs(&images, &of_codes?)?])
}

/// The logits of codes, `[B, n + 1, K]`, after text `[B, T]` and the first `n` codes.
///
/// # Errors
/// [`ModelError::Twin`].
pub fn token_logits(
    transformer: &Transformer,
    parameters: &Parameters,
    text: &Tensor,
    codes: &Tensor,
) -> Result<Tensor, ModelError> {
    let [_, codes] = transformer.logits(&parameters.under("prior."), (text, codes), &mut nobody)?;
    Ok(codes)
}

/// The log-probabilities `[B, S]` of tokens, from logits `[B, S, V]`.
fn log_probs(logits: &Tensor, tokens: &[u32]) -> Result<Tensor, ModelError> {
    let to = logits.dim(D::Minus1)?;
    let target = |&token: &u32| Target {
        token: token as usize,
        from: 0,
        to,
        weight: 1.0,
    };
    let targets: Vec<Target> = tokens.iter().map(target).collect();
    Ok(autograd::token_log_prob(&logits.to_dtype(DType::F32)?, &targets)?)
}

/// Codes `[B, S]` as one-hot vectors `[B, K, side, side]` in `f32`.
///
/// # Errors
/// [`ModelError::Twin`].
pub fn one_hot(codes: &Tensor, vocabulary: usize, side: usize) -> Result<Tensor, ModelError> {
    let names = Tensor::arange(0_u32, u32::try_from(vocabulary).unwrap_or(u32::MAX), codes.device())?;
    let grid = codes.reshape((codes.dim(0)?, 1, side, side))?;
    Ok(grid
        .broadcast_eq(&names.reshape((1, vocabulary, 1, 1))?)?
        .to_dtype(DType::F32)?)
}
