//! Eqs. 3 to 9: from the evidence to the bound, by Jensen's inequality.

use crate::equations::joint::{eq02_networks, ln_p_xyz};
use crate::model::Model;
use crate::vocab::{Error, Nats};

/// The evidence of the observed pair, summed over the codes or integrated.
///
/// ```text
/// ln p(x,y) = ln ∫ p(x,y,z) dz                                                     (Eq. 3)
/// ```
///
/// Unit: nats. Range: any for a density, at most 0 for a probability. Limits: `-inf` when `p(x,y) = 0`.
/// Source: the note, Eq. 3, its integral a sum for discrete codes. Twin: `gpu::equations::eq03_log_evidence`.
///
/// # Errors
/// None on a validated model.
pub fn eq03_log_evidence<M: Model>(model: &M) -> Result<Nats, Error> {
    model.log_integral(&ln_p_xyz(model)).determinate("Eq. 3")
}

/// The evidence multiplied by one.
///
/// ```text
/// ln ∫_{z: q(z|x) > 0} (p(x,y,z) / q(z|x)) q(z|x) dz                               (Eq. 4)
/// ```
///
/// Unit: nats. Limits: a code with `q(z|x) = 0` is lost, because `q/q` is not 1 there.
/// Source: the note, Eq. 4. Twin: `gpu::equations::eq04_multiplied_by_one`.
///
/// # Errors
/// None on a validated model.
pub fn eq04_multiplied_by_one<M: Model>(model: &M) -> Result<Nats, Error> {
    let ratio = ln_p_xyz(model) - model.ln_q_z();
    model
        .log_integral_on_support(&(ratio + model.ln_q_z()))
        .determinate("Eq. 4")
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
/// None on a validated model.
pub fn eq05_log_expected_ratio<M: Model>(model: &M) -> Result<Nats, Error> {
    model
        .log_expect(&(ln_p_xyz(model) - model.ln_q_z()))
        .determinate("Eq. 5")
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
/// None on a validated model.
pub fn eq06_expected_log_ratio<M: Model>(model: &M) -> Result<Nats, Error> {
    model.expect(&-(model.ln_q_z() - ln_p_xyz(model))).determinate("Eq. 6")
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
/// None on a validated model.
pub fn eq07_log_quotient<M: Model>(model: &M) -> Result<Nats, Error> {
    model.expect(&(ln_p_xyz(model) - model.ln_q_z())).determinate("Eq. 7")
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
/// None on a validated model.
pub fn eq08_networks<M: Model>(model: &M) -> Result<Nats, Error> {
    let ln_p_xyz = eq02_networks(model, model.y());
    model.expect(&(ln_p_xyz - model.ln_q_z())).determinate("Eq. 8")
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
/// None on a validated model.
pub fn eq09_log_product<M: Model>(model: &M) -> Result<Nats, Error> {
    let y = model.y();
    let terms = model.ln_p_x_given_yz(y) + (model.ln_p_yz(y) - model.ln_q_z());
    model.expect(&terms).determinate("Eq. 9")
}
