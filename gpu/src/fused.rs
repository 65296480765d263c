//! The terms of the bound at DALL-E's size, as fused kernels on the CPU's vector units. A kernel reads a row once from
//! memory and computes its value and its gradient.
//!
//! A kernel is written once over lanes, and runs with AVX-512, with AVX2 or on any processor. It reads `f32`, `f64`,
//! `bf16` or `f16`. It computes in `f32` (in `f64` for `f64`), and adds rows up in `f64`. Gradients go into the
//! caller's buffer, multiplied by a weight, so that a loss needs no second pass.
//!
//! | function | shape of a row | reference |
//! |---|---|---|
//! | [`kl_to_uniform`], [`entropy`] | `[K]` logits | `reference::logits` |
//! | [`planes::kl_to_uniform`], [`planes::entropy`] | `[K]` logits, in planes `[B, K, H, W]` | `reference::logits` |
//! | [`kl_divergence`], [`cross_entropy`] | two rows of `[K]` logits | `reference::logits` |
//! | [`planes::kl_divergence`], [`planes::cross_entropy`] | the same, a plane apart | `reference::logits` |
//! | [`token_log_prob`] | `[V]` logits and a [`Target`] | `reference::logits` |
//! | [`log_mean_exp`] | `[N]` log-weights | `reference::logits` |
//! | [`gumbel_softmax`], [`gumbel_softmax_gradient`] | `[K]` logits and noise | `reference::relaxation` |
//! | [`codebook_mix`] | `[K]` logits and noise, a codebook `[K, D]` | `reference::relaxation` |
//! | [`exact::sides`] | tables over `[X, Y, Z]` | `reference::equations` |
//! | [`logit_laplace`] | an image's values, `mu`, `ln b` | `reference::likelihood` |
//! | [`Attention`] | queries, keys, values of a sequence | `reference::network::Attention` |
//! | [`linear`] | a position's vector, weights | `reference::network::Linear` |
//! | [`layer_norm`] | a position's vector | `reference::network::LayerNorm` |
//! | [`Curved::gelu`] | none: every number | `reference::network::gelu` |
//! | [`Convolution`] | an image, kernels | `reference::network::Conv2d` |
//! | [`elbo`] | an image's pixels and the logits of its positions | both |

mod attention;
mod codebook;
mod compiled;
mod convolution;
mod divergence;
mod elbo;
mod elementary;
pub mod exact;
mod gelu;
mod gumbel;
mod isa;
mod lanes;
mod laplace;
mod linear;
mod matrix;
mod moments;
mod norm;
pub mod planes;
mod product;
mod real;
mod rows;
mod samples;
mod softmax;
mod token;

pub use attention::Attention;
pub use codebook::{Pull, additions, codebook_mix};
pub use convolution::{Convolution, Slopes};
pub use divergence::{cross_entropy, kl_divergence};
pub use elbo::{Codes, Elbo, ElboGrads, elbo};
pub use elementary::{EXCESS, EXP, LN};
pub use gelu::Curved;
#[cfg(feature = "cuda")]
pub(crate) use gumbel::temperate;
pub use gumbel::{Gumbel, Sample, gumbel_softmax, gumbel_softmax_gradient};
pub use isa::{Isa, Numbers};
pub use laplace::logit_laplace;
pub use linear::{linear, linear_gradients};
pub use matrix::Multiplied;
pub use moments::{ACCEPT, entropy, kl_to_uniform};
pub(crate) use norm::EPSILON;
pub use norm::{layer_norm, layer_norm_gradients};
pub use real::{Element, Real};
pub use rows::{Rows, SUM};
pub use samples::log_mean_exp;
pub use token::{Target, token_log_prob};
