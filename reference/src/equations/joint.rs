//! Eq. 2: the joint distribution, factorised twice.

use crate::model::Model;

/// The joint by the graphical model: decoder, prior given the caption, caption.
///
/// ```text
/// ln p(x,y,z) = ln p(x|y,z) + ln p(z|y) + ln p(y)                                  (Eq. 2, first form)
/// ```
///
/// A function of `z` at that caption. Unit: nats. Limits: where `p(y) = 0` no `p(z|y)` exists and the product is 0.
/// Source: the note, Eq. 2. Twin: `gpu::equations::eq02_graphical_model`.
#[must_use]
pub fn eq02_graphical_model<M: Model>(model: &M, y: usize) -> M::Log {
    model.ln_p_x_given_yz(y) + model.ln_p_z_given_y(y) + model.ln_p_y(y)
}

/// The joint by the networks: decoder and transformer.
///
/// ```text
/// ln p(x,y,z) = ln p(x|y,z) + ln p(y,z)                                            (Eq. 2, second form)
/// ```
///
/// A function of `z` at that caption. Unit: nats. Source: the note, Eq. 2. Twin: `gpu::equations::eq02_networks`.
#[must_use]
pub fn eq02_networks<M: Model>(model: &M, y: usize) -> M::Log {
    model.ln_p_x_given_yz(y) + model.ln_p_yz(y)
}

/// `ln p(x,y,z)` at the observed pair by the graphical model: what Eqs. 3 to 7 call the joint.
#[must_use]
pub fn ln_p_xyz<M: Model>(model: &M) -> M::Log {
    eq02_graphical_model(model, model.y())
}
