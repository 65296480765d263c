//! Eqs. 3 to 9: from the evidence to the bound, by Jensen's inequality.

use crate::equations::joint::ln_p_xyz;
use crate::special::log_sum_exp;
use crate::vocab::{Error, Nats};
use crate::world::World;

/// The evidence of the observed pair, summed over the codes.
///
/// ```text
/// ln p(x,y) = ln sum_z p(x,y,z)                                                    (Eq. 3)
/// ```
///
/// Unit: nats. Range: any for a density, at most 0 for a probability. Limits: `-inf` when `p(x,y) = 0`.
/// Source: the note, Eq. 3, its integral a sum for discrete codes. Twin: `gpu::equations::eq03_log_evidence`.
///
/// # Errors
/// None on a validated world.
pub fn eq03_log_evidence(world: &World) -> Result<Nats, Error> {
    log_sum_exp(&ln_p_xyz(world)).determinate("Eq. 3")
}

/// The evidence multiplied by one.
///
/// ```text
/// ln sum_{z: q(z|x) > 0} (p(x,y,z) / q(z|x)) q(z|x)                                (Eq. 4)
/// ```
///
/// Unit: nats. Limits: a code with `q(z|x) = 0` is lost, because `q/q` is not 1 there.
/// Source: the note, Eq. 4. Twin: `gpu::equations::eq04_multiplied_by_one`.
///
/// # Errors
/// None on a validated world.
pub fn eq04_multiplied_by_one(world: &World) -> Result<Nats, Error> {
    let ln_p_xyz = ln_p_xyz(world);
    let terms: Vec<Nats> = world
        .encoder()
        .support()
        .map(|(z, _)| (ln_p_xyz[z] - world.ln_q_z(z)) + world.ln_q_z(z))
        .collect();
    log_sum_exp(&terms).determinate("Eq. 4")
}

/// The evidence as the logarithm of an expectation.
///
/// ```text
/// ln E_{z ~ q(z|x)}[p(x,y,z) / q(z|x)]                                             (Eq. 5)
/// ```
///
/// Unit: nats. Source: the note, Eq. 5. Twin: `gpu::equations::eq05_log_expected_ratio`.
///
/// # Errors
/// None on a validated world.
pub fn eq05_log_expected_ratio(world: &World) -> Result<Nats, Error> {
    let ln_p_xyz = ln_p_xyz(world);
    let terms: Vec<Nats> = world
        .encoder()
        .support()
        .map(|(z, _)| world.ln_q_z(z) + (ln_p_xyz[z] - world.ln_q_z(z)))
        .collect();
    log_sum_exp(&terms).determinate("Eq. 5")
}

/// Jensen's inequality: the logarithm moves inside.
///
/// ```text
/// E_{z ~ q(z|x)}[ln (p(x,y,z) / q(z|x))]                                           (Eq. 6)
/// ```
///
/// Unit: nats. Limits: `-inf` when some `q(z|x) > 0 = p(x,y,z)`.
/// Source: the note, Eq. 6. Twin: `gpu::equations::eq06_expected_log_ratio`.
///
/// # Errors
/// None on a validated world.
pub fn eq06_expected_log_ratio(world: &World) -> Result<Nats, Error> {
    let ln_p_xyz = ln_p_xyz(world);
    world
        .encoder()
        .expect(|z| -(world.ln_q_z(z) - ln_p_xyz[z]))
        .determinate("Eq. 6")
}

/// The logarithm of the quotient, taken apart.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x,y,z) - ln q(z|x)]                                          (Eq. 7)
/// ```
///
/// Unit: nats. Source: the note, Eq. 7. Twin: `gpu::equations::eq07_log_quotient`.
///
/// # Errors
/// None on a validated world.
pub fn eq07_log_quotient(world: &World) -> Result<Nats, Error> {
    let ln_p_xyz = ln_p_xyz(world);
    world
        .encoder()
        .expect(|z| ln_p_xyz[z] - world.ln_q_z(z))
        .determinate("Eq. 7")
}

/// The joint replaced by decoder and transformer (Eq. 2).
///
/// ```text
/// E_{z ~ q(z|x)}[ln (p(x|y,z) p(y,z)) - ln q(z|x)]                                 (Eq. 8)
/// ```
///
/// Unit: nats. Source: the note, Eq. 8. Twin: `gpu::equations::eq08_networks`.
///
/// # Errors
/// None on a validated world.
pub fn eq08_networks(world: &World) -> Result<Nats, Error> {
    let y = world.y();
    world
        .encoder()
        .expect(|z| (world.ln_p_x_given_yz(y, z) + world.ln_p_yz(y, z)) - world.ln_q_z(z))
        .determinate("Eq. 8")
}

/// The logarithm of the product, taken apart: the ELBO before any reading of `q(y,z|x)`.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x|y,z) + ln p(y,z) - ln q(z|x)]                              (Eq. 9)
/// ```
///
/// Unit: nats. Range: at most `ln p(x,y)`, equal exactly at the posterior.
/// Source: the note, Eq. 9. Twin: `gpu::equations::eq09_log_product`.
///
/// # Errors
/// None on a validated world.
pub fn eq09_log_product(world: &World) -> Result<Nats, Error> {
    let y = world.y();
    world
        .encoder()
        .expect(|z| world.ln_p_x_given_yz(y, z) + (world.ln_p_yz(y, z) - world.ln_q_z(z)))
        .determinate("Eq. 9")
}
