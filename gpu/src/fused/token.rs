//! The kernel of the transformer's logits: the log-probability of the token at each position.

use super::isa::{Isa, Numbers};
use super::lanes::Stored;
use super::moments::check;
use super::real::Real;
use super::rows::{RowKernel, Rows, Work, fill, for_each_row, largest};
use super::softmax::weigh;
use crate::Error;

/// The target of a position: its token, the part of the vocabulary that is allowed there, and the weight of the
/// position in the loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// The index of the token that stands at the position.
    pub token: usize,
    /// The first token that is allowed there.
    pub from: usize,
    /// The first token after those that are allowed. Text positions allow text tokens, and image positions allow image
    /// tokens.
    pub to: usize,
    /// The weight in the loss: 0 for padding, and in DALL-E `1/8` over the text's length or `7/8` over the image's.
    pub weight: f64,
}

impl Target {
    /// Checks that there is one target for each row, with a token and a part of the vocabulary that exist.
    pub(crate) fn check(targets: &[Self], rows: usize, vocabulary: usize) -> Result<(), Error> {
        let odd = |t: &Self| t.token >= vocabulary || t.from >= t.to || t.to > vocabulary || !t.weight.is_finite();
        if targets.len() == rows && !targets.iter().any(odd) {
            return Ok(());
        }
        Err(Error::Target {
            row: targets.iter().position(odd).unwrap_or(targets.len()),
            rows,
            vocabulary,
        })
    }
}

/// The log-probability `ln q(token)` of every row, where `q` is the softmax over the allowed part of the row. The
/// gradient, multiplied by `weight` and by the position's own weight, goes into `grad`.
///
/// ```text
/// ln q_t = x_t - ln sum_{from <= k < to} e^(x_k)          d ln q_t / dx_k = [k = t] - q_k, and 0 outside
/// ```
///
/// A row is read once from memory. Unit: nats. Limits: `-inf` for a token that is masked (`x_t = -inf`) or not allowed;
/// NaN for a row whose allowed part is all `-inf`, or holds `+inf` or NaN. Range: `[-inf, 0]`.
/// Reference: `reference::logits::token_log_prob`.
///
/// # Errors
/// [`Error::Target`] unless there is one target for each row, with a token and a part of the vocabulary that exist.
///
/// # Panics
/// When `values` or `grad` are not as long as the rows ask for.
pub fn token_log_prob<E: Numbers>(
    isa: Isa,
    x: Rows<'_, E>,
    targets: &[Target],
    weight: f64,
    values: &mut [f64],
    grad: Option<&mut [E]>,
) -> Result<(), Error> {
    check(x, values, grad.as_deref());
    Target::check(targets, x.count(), x.k())?;
    let kernel = Token { targets, weight };
    for_each_row(isa, &kernel, [x], values, grad.map(|grad| [grad]));
    Ok(())
}

pub(super) struct Token<'a> {
    targets: &'a [Target],
    weight: f64,
}

impl<E: Numbers> RowKernel<E, 1, 1> for Token<'_> {
    #[inline(always)]
    fn row<L: Stored<E, Real = E::Real>>(
        &self,
        l: L,
        index: usize,
        [x]: [&[E]; 1],
        grads: Option<[&mut [E]; 1]>,
        work: &mut Work<E::Real>,
    ) -> f64 {
        let Target {
            token,
            from,
            to,
            weight,
        } = self.targets[index];
        let through = work.through;
        let allowed = &x[from..to];
        let max = largest(l, allowed);
        let [weights, _] = work.two_rows(allowed.len());
        let s = weigh(l, allowed, max, x.len(), grads.is_some().then_some(&mut *weights));
        let value = ln_token(x, token, from..to, max, s);
        let Some([grad]) = grads else {
            return value;
        };
        let zero = E::narrow(E::Real::of(0.0));
        grad[..from].fill(zero);
        grad[to..].fill(zero);
        let weight = self.weight * weight;
        let scale = l.splat(E::Real::of(-weight / s));
        fill!(l, &mut grad[from..to], through, |at| l
            .mul(l.load(&weights[at..]), scale));
        if (from..to).contains(&token) {
            // Near a certain token 1 - q_t cancels. It is computed in f64, and so is known as well as the sum: to a
            // roundoff of 1 in the lanes' type.
            let q = weights[token - from].to_f64() / s;
            grad[token] = E::narrow(E::Real::of(weight * (1.0 - q)));
        }
        value
    }
}

#[inline(always)]
fn ln_token<E: Numbers>(x: &[E], token: usize, allowed: std::ops::Range<usize>, max: f64, s: f64) -> f64 {
    if s.is_nan() {
        return f64::NAN;
    }
    if !allowed.contains(&token) {
        return f64::NEG_INFINITY;
    }
    (x[token].widen().to_f64() - max) - s.ln()
}
