//! Eqs. 10 to 12: `ln q(y|x)` is added, subtracted and merged into `q(y,z|x)`.

use crate::equations::joint::eq02_networks;
use crate::model::Model;
use crate::vocab::{Error, Nats};

/// `ln q(y|x)` subtracted and added.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x|y,z) + ln p(y,z) - ln q(z|x) - ln q(y|x) + ln q(y|x)]      (Eq. 10)
/// ```
///
/// Unit: nats. Limits: indeterminate when `q(y|x) = 0` at the observed caption.
/// Source: the note, Eq. 10. Twin: `gpu::equations::eq10_add_and_subtract`.
///
/// # Errors
/// [`Error::Indeterminate`] as above.
pub fn eq10_add_and_subtract<M: Model>(model: &M) -> Result<Nats, Error> {
    let (ln_p_xyz, ln_q_y) = (eq02_networks(model, model.y()), model.ln_q_y(model.y()));
    let terms = ln_p_xyz - model.ln_q_z() - ln_q_y + ln_q_y;
    model.expect(&terms).determinate("Eq. 10")
}

/// The two encoders as one product.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x|y,z) + ln p(y,z) - ln (q(z|x) q(y|x)) + ln q(y|x)]         (Eq. 11)
/// ```
///
/// Unit: nats. Limits: indeterminate when `q(y|x) = 0` at the observed caption.
/// Source: the note, Eq. 11. Twin: `gpu::equations::eq11_product_of_encoders`.
///
/// # Errors
/// [`Error::Indeterminate`] as above.
pub fn eq11_product_of_encoders<M: Model>(model: &M) -> Result<Nats, Error> {
    let (ln_p_xyz, ln_q_y) = (eq02_networks(model, model.y()), model.ln_q_y(model.y()));
    let terms = ln_p_xyz - (model.ln_q_z() + ln_q_y) + ln_q_y;
    model.expect(&terms).determinate("Eq. 11")
}

/// The product called `q(y,z|x)`.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x|y,z) + ln p(y,z) - ln q(y,z|x) + ln q(y|x)]                (Eq. 12)
/// ```
///
/// Unit: nats. Limits: `+inf` when a free joint has `q(y,z|x) = 0 < q(z|x)`; indeterminate when `q(y|x) = 0`.
/// Source: the note, Eq. 12. Twin: `gpu::equations::eq12_joint_encoder`.
///
/// # Errors
/// [`Error::Indeterminate`] as above.
pub fn eq12_joint_encoder<M: Model>(model: &M) -> Result<Nats, Error> {
    let (ln_p_xyz, ln_q_y) = (eq02_networks(model, model.y()), model.ln_q_y(model.y()));
    let terms = ln_p_xyz - model.ln_q_yz(model.y()) + ln_q_y;
    model.expect(&terms).determinate("Eq. 12")
}
