//! The quantities of `categorical` from unnormalised logits, as networks emit them: values and closed-form gradients,
//! row by row.
//!
//! ```text
//! q_k = e^(x_k) / sum_j e^(x_j)                    ln q_k = y_k - ln sum_j e^(y_j),   y_k = x_k - max_j x_j
//! ```
//!
//! A logit of `-inf` masks its code: the code's probability and its derivative are 0, and no sum counts it.
//!
//! A mass here also holds what a *rounded exponent* costs. A twin that computes `y_k` in its own precision moves every
//! weight by `|y_k|` roundings, and every sum over weights by their mean. The mass of a gradient is therefore not its
//! size, but the size of what its factors were made of.

mod pair;
mod samples;
mod single;
mod softmax;

pub use pair::{cross_entropy, cross_entropy_gradients, kl_divergence, kl_divergence_gradients};
pub use samples::{log_mean_exp, log_mean_exp_gradient};
pub use single::{
    entropy, entropy_gradient, kl_to_uniform, kl_to_uniform_gradient, token_log_prob, token_log_prob_gradient,
};
pub use softmax::Softmax;
