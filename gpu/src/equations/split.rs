//! Eqs. 10 to 12: `ln q(y|x)` is added, subtracted and merged into `q(y,z|x)`.

use candle_core::Tensor;

use crate::Error;
use crate::categorical::expect;
use crate::equations::joint::eq02_networks;
use crate::special::beside;
use crate::world::Batch;

/// Eq. 9 with `ln q(y|x)` subtracted and added.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x|y,z) + ln p(y,z) - ln q(z|x) - ln q(y|x) + ln q(y|x)]      (Eq. 10)
/// ```
///
/// Shapes: returns `[B]`. Unit: nats. Limits: NaN where `q(y|x) = 0` at the observed caption.
/// Source: the note, Eq. 10. Reference: `reference::equations::split::eq10_add_and_subtract`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq10_add_and_subtract(batch: &Batch) -> Result<Tensor, Error> {
    let ln_q_z = batch.ln_q_z();
    let ln_q_y = beside(&batch.ln_q_observed()?, ln_q_z)?;
    let ln_p_xyz = batch.at_observed(&eq02_networks(batch)?)?;
    expect(ln_q_z, &(((ln_p_xyz - ln_q_z)? - &ln_q_y)? + &ln_q_y)?)
}

/// Eq. 10 with `q(z|x)` and `q(y|x)` written as one product.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x|y,z) + ln p(y,z) - ln (q(z|x) q(y|x)) + ln q(y|x)]         (Eq. 11)
/// ```
///
/// Shapes: returns `[B]`. Unit: nats. Limits: NaN where `q(y|x) = 0` at the observed caption.
/// Source: the note, Eq. 11. Reference: `reference::equations::split::eq11_product_of_encoders`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq11_product_of_encoders(batch: &Batch) -> Result<Tensor, Error> {
    let ln_q_z = batch.ln_q_z();
    let ln_q_y = beside(&batch.ln_q_observed()?, ln_q_z)?;
    let ln_p_xyz = batch.at_observed(&eq02_networks(batch)?)?;
    expect(ln_q_z, &((ln_p_xyz - (ln_q_z + &ln_q_y)?)? + &ln_q_y)?)
}

/// Eq. 11 with the product of the two encoders called `q(y,z|x)`. Where that is a free joint, it need not be the
/// product.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x|y,z) + ln p(y,z) - ln q(y,z|x) + ln q(y|x)]                (Eq. 12)
/// ```
///
/// Shapes: returns `[B]`. Unit: nats. Limits: `+inf` where `q(y,z|x) = 0 < q(z|x)`; NaN where `q(y|x) = 0` at the
/// observed caption.
/// Source: the note, Eq. 12. Reference: `reference::equations::split::eq12_joint_encoder`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq12_joint_encoder(batch: &Batch) -> Result<Tensor, Error> {
    let ln_q_z = batch.ln_q_z();
    let ln_q_y = beside(&batch.ln_q_observed()?, ln_q_z)?;
    let ln_q_yz = batch.at_observed(batch.ln_q_yz())?;
    let ln_p_xyz = batch.at_observed(&eq02_networks(batch)?)?;
    expect(ln_q_z, &((ln_p_xyz - ln_q_yz)? + &ln_q_y)?)
}
