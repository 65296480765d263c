//! Eqs. 13, 14 and 1: the objective, under each [`Reading`] of `q(y,z|x)`.

use candle_core::Tensor;
use vocab::Reading;

use crate::Error;
use crate::categorical::{expect, kl_divergence};
use crate::equations::joint::{ln_p_y_given_z, ln_p_z};
use crate::special::{beside, log_sum_exp, select};
use crate::world::Batch;

/// The objective with its divergence named, before the constant `ln q(y|x)` is dropped.
///
/// ```text
/// E[ln p(x|y,z) - D_KL(q(y,z|x), p(y,z)) + ln q(y|x)]                              (Eq. 13)
/// ```
///
/// The expectation is over `z ~ q(z|x)` at the observed `y`; under [`Reading::Expected`] over `(y,z) ~ q(y,z|x)`.
/// Shapes: returns `[B]`. Unit: nats. Limits: NaN where opposite infinities meet.
/// Source: the note, Eq. 13. Reference: `reference::equations::objective::eq13_kl_named`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq13_kl_named(batch: &Batch, reading: Reading) -> Result<Tensor, Error> {
    let ln_p_x_given_yz = likelihood(batch, reading)?;
    let divergence = beside(&divergence(batch, reading)?, &ln_p_x_given_yz)?;
    let ln_caption = ln_caption(batch, reading, &ln_p_x_given_yz)?;
    outer(batch, reading, &((ln_p_x_given_yz - divergence)? + ln_caption)?)
}

/// The objective that is trained: the constant is dropped, and the divergence is weighted by beta.
///
/// ```text
/// E[ln p(x|y,z) - beta D_KL(q(y,z|x), p(y,z))]                                     (Eq. 14)
/// ```
///
/// Shapes: returns `[B]`, each world at its own beta. Unit: nats. Limits: at `beta = 0` the divergence is not there.
/// Source: the note, Eq. 14. Reference: `reference::equations::objective::eq14_objective`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq14_objective(batch: &Batch, reading: Reading) -> Result<Tensor, Error> {
    let ln_p_x_given_yz = likelihood(batch, reading)?;
    let weighted = beside(&weighted_divergence(batch, reading)?, &ln_p_x_given_yz)?;
    outer(batch, reading, &(ln_p_x_given_yz - weighted)?)
}

/// The objective as the note states it first: Eq. 14 with the divergence outside the expectation.
///
/// ```text
/// E[ln p(x|y,z)] - beta D_KL(q(y,z|x), p(y,z))                                     (Eq. 1)
/// ```
///
/// Shapes: returns `[B]`, each world at its own beta. Unit: nats.
/// Source: the note, Eq. 1. Reference: `reference::equations::objective::eq01_objective`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq01_objective(batch: &Batch, reading: Reading) -> Result<Tensor, Error> {
    Ok((expected_log_likelihood(batch, reading)? - weighted_divergence(batch, reading)?)?)
}

/// The reconstruction term: the mean log-likelihood of the observed image, over the encoder's codes.
///
/// ```text
/// R = E_{z ~ q(z|x)}[ln p(x|y,z)],   under `Expected`  E_{(y,z) ~ q(y,z|x)}[ln p(x|y,z)]
/// ```
///
/// Shapes: returns `[B]`. Unit: nats. Reference: `reference::equations::objective::expected_log_likelihood`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn expected_log_likelihood(batch: &Batch, reading: Reading) -> Result<Tensor, Error> {
    outer(batch, reading, &likelihood(batch, reading)?)
}

/// What the reading makes of `D_KL(q(y,z|x), p(y,z))`.
///
/// ```text
/// observed          sum_z q(z|x) (ln q(z|x) - ln p(y,z))        at the observed y
/// pointwise         sum_z q(z|x) (ln q(y,z|x) - ln p(y,z))      at the observed y; any sign
/// joint, expected   sum_{y',z} q(y',z|x) (ln q(y',z|x) - ln p(y',z))
/// footnote          sum_z q(z|x) (ln q(z|x) - ln p(z)),         p(z) renormalised
/// ```
///
/// Shapes: returns `[B]`. Unit: nats. Limits: pointwise NaN where opposite infinities meet.
/// Source: the note, Eq. 13. Reference: `reference::equations::objective::divergence`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn divergence(batch: &Batch, reading: Reading) -> Result<Tensor, Error> {
    let ln_q_z = batch.ln_q_z();
    match reading {
        Reading::Observed => expect(ln_q_z, &(ln_q_z - batch.at_observed(batch.ln_p_yz())?)?),
        Reading::Pointwise => expect(ln_q_z, &batch.at_observed(&(batch.ln_q_yz() - batch.ln_p_yz())?)?),
        Reading::Joint | Reading::Expected => kl_divergence(batch.ln_q_yz(), batch.ln_p_yz()),
        Reading::Footnote => {
            let ln_p_z = ln_p_z(batch)?;
            let ln_total = beside(&log_sum_exp(&ln_p_z)?, &ln_p_z)?;
            kl_divergence(ln_q_z, &(ln_p_z - ln_total)?)
        }
    }
}

/// The constant `ln q(y|x)` as the reading has it, repeated beside every state of the outer expectation.
///
/// ```text
/// observed  ln 1 = 0        footnote  ln sum_z q(z|x) p(y|z)        else  the table
/// ```
fn ln_caption(batch: &Batch, reading: Reading, like: &Tensor) -> Result<Tensor, Error> {
    match reading {
        Reading::Observed => Ok(like.zeros_like()?),
        Reading::Pointwise | Reading::Joint => beside(&batch.ln_q_observed()?, like),
        Reading::Expected => beside(batch.ln_q_y(), like),
        Reading::Footnote => {
            let ln_p_y_given_z = batch.at_observed(&ln_p_y_given_z(batch)?)?;
            beside(&log_sum_exp(&(batch.ln_q_z() + ln_p_y_given_z)?)?, like)
        }
    }
}

/// The weighted divergence `beta D_KL`. It is 0 where beta is 0, whatever the divergence is.
fn weighted_divergence(batch: &Batch, reading: Reading) -> Result<Tensor, Error> {
    let weighted = (batch.beta() * divergence(batch, reading)?)?;
    select(&batch.beta().eq(0.0)?, 0.0, &weighted)
}

/// The decoder `ln p(x|y,z)` over the states of the outer expectation: `[B, Y, Z]` under [`Reading::Expected`], and
/// `[B, Z]` under the others.
fn likelihood(batch: &Batch, reading: Reading) -> Result<Tensor, Error> {
    if reading.averages_captions() {
        Ok(batch.ln_p_x_given_yz().clone())
    } else {
        batch.at_observed(batch.ln_p_x_given_yz())
    }
}

/// The expectation that the note writes around the whole line.
fn outer(batch: &Batch, reading: Reading, f: &Tensor) -> Result<Tensor, Error> {
    let encoder = if reading.averages_captions() {
        batch.ln_q_yz()
    } else {
        batch.ln_q_z()
    };
    expect(encoder, f)
}
