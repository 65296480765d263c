//! Eqs. 10 to 12: `ln q(y|x)` is added, subtracted and merged into `q(y,z|x)`.

use crate::vocab::{Error, Nats};
use crate::world::World;

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
pub fn eq10_add_and_subtract(world: &World) -> Result<Nats, Error> {
    let y = world.y();
    let ln_q_y = world.ln_q_y(y);
    world
        .encoder()
        .expect(|z| world.ln_p_x_given_yz(y, z) + world.ln_p_yz(y, z) - world.ln_q_z(z) - ln_q_y + ln_q_y)
        .determinate("Eq. 10")
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
pub fn eq11_product_of_encoders(world: &World) -> Result<Nats, Error> {
    let y = world.y();
    let ln_q_y = world.ln_q_y(y);
    world
        .encoder()
        .expect(|z| world.ln_p_x_given_yz(y, z) + world.ln_p_yz(y, z) - (world.ln_q_z(z) + ln_q_y) + ln_q_y)
        .determinate("Eq. 11")
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
pub fn eq12_joint_encoder(world: &World) -> Result<Nats, Error> {
    let y = world.y();
    let ln_q_y = world.ln_q_y(y);
    world
        .encoder()
        .expect(|z| world.ln_p_x_given_yz(y, z) + world.ln_p_yz(y, z) - world.ln_q_yz(y, z) + ln_q_y)
        .determinate("Eq. 12")
}
