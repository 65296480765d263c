//! Eqs. 3 to 9: from the evidence `ln p(x,y)` to its lower bound, by Jensen's inequality.

use candle_core::Tensor;

use crate::Error;
use crate::categorical::expect;
use crate::equations::joint::ln_p_xyz;
use crate::special::{is_ln_zero, log_sum_exp, select};
use crate::world::Batch;

/// The evidence of the observed pair, summed over the codes.
///
/// ```text
/// ln p(x,y) = ln sum_z p(x,y,z)                                                    (Eq. 3)
/// ```
///
/// Shapes: returns `[B]`. Unit: nats. Limits: `-inf` when `p(x,y) = 0`.
/// Source: the note, Eq. 3. Reference: `reference::equations::bound::eq03_log_evidence`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq03_log_evidence(batch: &Batch) -> Result<Tensor, Error> {
    log_sum_exp(&ln_p_xyz(batch)?)
}

/// The evidence with its addends multiplied by one, `q(z|x) / q(z|x)`.
///
/// ```text
/// ln sum_{z: q(z|x) > 0} (p(x,y,z) / q(z|x)) q(z|x)                                (Eq. 4)
/// ```
///
/// Shapes: returns `[B]`. Unit: nats. Limits: a code with `q(z|x) = 0` is lost.
/// Source: the note, Eq. 4. Reference: `reference::equations::bound::eq04_multiplied_by_one`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq04_multiplied_by_one(batch: &Batch) -> Result<Tensor, Error> {
    let ln_q_z = batch.ln_q_z();
    let terms = ((ln_p_xyz(batch)? - ln_q_z)? + ln_q_z)?;
    log_sum_exp(&on_support(ln_q_z, &terms)?)
}

/// The evidence as the logarithm of an expectation.
///
/// ```text
/// ln E_{z ~ q(z|x)}[p(x,y,z) / q(z|x)]                                             (Eq. 5)
/// ```
///
/// Shapes: returns `[B]`. Unit: nats.
/// Source: the note, Eq. 5. Reference: `reference::equations::bound::eq05_log_expected_ratio`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq05_log_expected_ratio(batch: &Batch) -> Result<Tensor, Error> {
    let ln_q_z = batch.ln_q_z();
    let terms = (ln_q_z + (ln_p_xyz(batch)? - ln_q_z)?)?;
    log_sum_exp(&on_support(ln_q_z, &terms)?)
}

/// The expectation of the logarithm of the ratio: by Jensen's inequality it is at most Eq. 5, which has the logarithm
/// outside.
///
/// ```text
/// E_{z ~ q(z|x)}[ln (p(x,y,z) / q(z|x))]                                           (Eq. 6)
/// ```
///
/// Shapes: returns `[B]`. Unit: nats. Limits: `-inf` when some `q(z|x) > 0 = p(x,y,z)`.
/// Source: the note, Eq. 6. Reference: `reference::equations::bound::eq06_expected_log_ratio`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq06_expected_log_ratio(batch: &Batch) -> Result<Tensor, Error> {
    let ln_q_z = batch.ln_q_z();
    expect(ln_q_z, &(ln_q_z - ln_p_xyz(batch)?)?.neg()?)
}

/// Eq. 6 with the logarithm of the quotient written as a difference of logarithms.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x,y,z) - ln q(z|x)]                                          (Eq. 7)
/// ```
///
/// Shapes: returns `[B]`. Unit: nats.
/// Source: the note, Eq. 7. Reference: `reference::equations::bound::eq07_log_quotient`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq07_log_quotient(batch: &Batch) -> Result<Tensor, Error> {
    let ln_q_z = batch.ln_q_z();
    expect(ln_q_z, &(ln_p_xyz(batch)? - ln_q_z)?)
}

/// Eq. 7 with the joint replaced by the product of decoder and transformer, the second form of Eq. 2.
///
/// ```text
/// E_{z ~ q(z|x)}[ln (p(x|y,z) p(y,z)) - ln q(z|x)]                                 (Eq. 8)
/// ```
///
/// Shapes: returns `[B]`. Unit: nats.
/// Source: the note, Eq. 8. Reference: `reference::equations::bound::eq08_networks`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq08_networks(batch: &Batch) -> Result<Tensor, Error> {
    let ln_q_z = batch.ln_q_z();
    let ln_p_x_given_yz = batch.at_observed(batch.ln_p_x_given_yz())?;
    let ln_p_yz = batch.at_observed(batch.ln_p_yz())?;
    expect(ln_q_z, &((ln_p_x_given_yz + ln_p_yz)? - ln_q_z)?)
}

/// Eq. 8 with the logarithm of the product written as a sum of logarithms: the ELBO before any reading of `q(y,z|x)`.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x|y,z) + ln p(y,z) - ln q(z|x)]                              (Eq. 9)
/// ```
///
/// Shapes: returns `[B]`. Unit: nats.
/// Source: the note, Eq. 9. Reference: `reference::equations::bound::eq09_log_product`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq09_log_product(batch: &Batch) -> Result<Tensor, Error> {
    let ln_q_z = batch.ln_q_z();
    let ln_p_x_given_yz = batch.at_observed(batch.ln_p_x_given_yz())?;
    let ln_p_yz = batch.at_observed(batch.ln_p_yz())?;
    expect(ln_q_z, &(ln_p_x_given_yz + (ln_p_yz - ln_q_z)?)?)
}

/// The terms with `-inf` where `q(z|x) = 0`, so that a sum of exponentials does not count the codes outside its
/// support.
fn on_support(ln_q_z: &Tensor, terms: &Tensor) -> Result<Tensor, Error> {
    select(&is_ln_zero(ln_q_z)?, f64::NEG_INFINITY, terms)
}
