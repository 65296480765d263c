//! The same terms from candle's own operations, as its users write them: what the fused ones are compared with.

use gpu::candle_core::{D, Result, Tensor};

pub fn log_softmax(x: &Tensor, dim: usize) -> Result<Tensor> {
    let y = x.broadcast_sub(&x.max_keepdim(dim)?.detach())?;
    y.broadcast_sub(&y.exp()?.sum_keepdim(dim)?.log()?)
}

/// `[.., K]` over the last dimension, or `[B, K, H, W]` over the second.
pub fn kl_to_uniform(x: &Tensor, dim: usize) -> Result<Tensor> {
    let ln_q = log_softmax(x, dim)?;
    #[expect(clippy::cast_precision_loss, reason = "a count of codes")]
    let ln_k = (x.dim(dim)? as f64).ln();
    (ln_q.exp()? * ln_q)?.sum(dim)? + ln_k
}

pub fn kl_divergence(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (ln_q, ln_p) = (log_softmax(a, 1)?, log_softmax(b, 1)?);
    (ln_q.exp()? * (ln_q - ln_p)?)?.sum(D::Minus1)
}

pub fn codebook_mix(x: &Tensor, noise: &Tensor, codebook: &Tensor, temperature: f64) -> Result<Tensor> {
    log_softmax(&((x + noise)? / temperature)?, 1)?.exp()?.matmul(codebook)
}

/// `tokens` are `[rows, 1]`.
pub fn token_log_prob(x: &Tensor, tokens: &Tensor) -> Result<Tensor> {
    log_softmax(x, 1)?.gather(tokens, 1)?.squeeze(1)
}

pub fn logit_laplace(x: &Tensor, mu: &Tensor, ln_b: &Tensor) -> Result<Tensor> {
    let rest = (1.0 - x)?;
    let distance = (((x / &rest)?.log()? - mu)?.abs()? * ln_b.neg()?.exp()?)?;
    let ln_f = (((distance.neg()? - ln_b)? - (x * rest)?.log()?)? - std::f64::consts::LN_2)?;
    ln_f.sum(D::Minus1)
}

/// `[X, Y, Z]`, `[Y, Z]`, `[X, Z]` to the evidence and the bound, `[X, Y]` each.
pub fn exact(likelihood: &Tensor, prior: &Tensor, encoder: &Tensor) -> Result<[Tensor; 2]> {
    let joint = likelihood.broadcast_add(prior)?;
    let max = joint.max_keepdim(D::Minus1)?;
    let evidence = (joint.broadcast_sub(&max)?.exp()?.sum_keepdim(D::Minus1)?.log()? + max)?.squeeze(2)?;
    let q = encoder.exp()?.unsqueeze(1)?;
    let terms = joint.broadcast_sub(&encoder.unsqueeze(1)?)?;
    Ok([evidence, terms.broadcast_mul(&q)?.sum(D::Minus1)?])
}
