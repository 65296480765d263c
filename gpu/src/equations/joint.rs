//! Eq. 2: the joint distribution `p(x,y,z)`, factorised by the graphical model and by the networks.

use candle_core::{D, Tensor};

use crate::Error;
use crate::special::{is_ln_zero, log_sum_exp, select};
use crate::world::Batch;

/// The joint by the graphical model: decoder, prior given the caption, caption.
///
/// ```text
/// ln p(x,y,z) = ln p(x|y,z) + ln p(z|y) + ln p(y)                                  (Eq. 2, first form)
/// ```
///
/// Shapes: returns `[B, Y, Z]`. Unit: nats. Limits: `-inf` where `p(y) = 0`.
/// Source: the note, Eq. 2. Reference: `reference::equations::joint::eq02_graphical_model`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq02_graphical_model(batch: &Batch) -> Result<Tensor, Error> {
    graphical_model(batch.ln_p_x_given_yz(), batch.ln_p_yz())
}

/// The joint by the networks: decoder and transformer.
///
/// ```text
/// ln p(x,y,z) = ln p(x|y,z) + ln p(y,z)                                            (Eq. 2, second form)
/// ```
///
/// Shapes: returns `[B, Y, Z]`. Unit: nats.
/// Source: the note, Eq. 2. Reference: `reference::equations::joint::eq02_networks`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq02_networks(batch: &Batch) -> Result<Tensor, Error> {
    Ok((batch.ln_p_x_given_yz() + batch.ln_p_yz())?)
}

/// `ln p(x,y,z)` at the observed pairs by the graphical model: what Eqs. 3 to 7 call the joint.
///
/// Shapes: returns `[B, Z]`. Unit: nats. Reference: `reference::equations::joint::ln_p_xyz`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn ln_p_xyz(batch: &Batch) -> Result<Tensor, Error> {
    graphical_model(
        &batch.at_observed(batch.ln_p_x_given_yz())?,
        &batch.at_observed(batch.ln_p_yz())?,
    )
}

/// The prior of the codes, whatever the caption.
///
/// ```text
/// ln p(z) = ln sum_y p(y,z)
/// ```
///
/// Shapes: returns `[B, Z]`. Unit: nats. Reference: `reference::model::Model::ln_p_z`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn ln_p_z(batch: &Batch) -> Result<Tensor, Error> {
    log_sum_exp(&batch.ln_p_yz().transpose(1, 2)?.contiguous()?)
}

/// The prior of the captions at a code.
///
/// ```text
/// ln p(y|z) = ln p(y,z) - ln p(z)
/// ```
///
/// Shapes: returns `[B, Y, Z]`. Unit: nats. Limits: where `p(z) = 0` any distribution will do, and the uniform one is
/// taken. Reference: `reference::model::Model::ln_p_y_given_z`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn ln_p_y_given_z(batch: &Batch) -> Result<Tensor, Error> {
    #[expect(clippy::cast_precision_loss, reason = "a count of captions")]
    let uniform = -(batch.captions() as f64).ln();
    let ln_p_z = ln_p_z(batch)?.unsqueeze(1)?.broadcast_as(batch.ln_p_yz().shape())?;
    select(&is_ln_zero(&ln_p_z)?, uniform, &(batch.ln_p_yz() - &ln_p_z)?)
}

/// The first form of Eq. 2 for rows over the codes: from decoder and prior, `[.., Z]` each, to `[.., Z]`.
fn graphical_model(ln_p_x_given_yz: &Tensor, ln_p_yz: &Tensor) -> Result<Tensor, Error> {
    let ln_p_y = log_sum_exp(ln_p_yz)?
        .unsqueeze(D::Minus1)?
        .broadcast_as(ln_p_yz.shape())?;
    let ln_p_z_given_y = select(&is_ln_zero(&ln_p_y)?, f64::NEG_INFINITY, &(ln_p_yz - &ln_p_y)?)?;
    Ok(((ln_p_x_given_yz + ln_p_z_given_y)? + ln_p_y)?)
}
