//! Eqs. 3 to 9: from the evidence `ln p(x,y)` to its lower bound, by Jensen's inequality.
//!
//! The examples share one world with one caption and two codes, of prior 1/2 each, at which the decoder gives the image
//! the probabilities 1/2 and 1/8. The evidence is the logarithm of their arithmetic mean, 5/16. The bound at a uniform
//! encoder is the logarithm of their geometric mean, 1/4.

use crate::equations::joint::{eq02_networks, ln_p_xyz};
use crate::model::Model;
use crate::vocab::{Error, Nats};

/// The evidence of the observed pair, summed over the codes or integrated.
///
/// ```text
/// ln p(x,y) = ln ∫ p(x,y,z) dz                                                     (Eq. 3)
/// ```
///
/// Unit: nats. Limits: `-inf` when `p(x,y) = 0`. Range: any for a density, at most 0 for a probability.
/// Source: the note, Eq. 3, whose integral is a sum for discrete codes. Twin: `gpu::equations::eq03_log_evidence`.
///
/// ```
/// # use reference::equations::bound::eq03_log_evidence;
/// # use ndarray::array;
/// # use reference::world::{Tables, World};
/// # let world = World::new(Tables {
/// #     ln_p_x_given_yz: array![[0.5_f64, 0.125]].mapv(f64::ln),
/// #     ln_p_yz: array![[0.5_f64, 0.5]].mapv(f64::ln),
/// #     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
/// #     ln_q_y_given_x: array![1.0_f64].mapv(f64::ln),
/// #     ln_q_yz_given_x: None,
/// #     y: 0,
/// #     beta: 1.0,
/// # })?;
/// // p(x,y) = 1/2 1/2 + 1/8 1/2 = 5/16.
/// assert!((eq03_log_evidence(&world)?.value() - 0.3125_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// None on a validated model.
pub fn eq03_log_evidence<M: Model>(model: &M) -> Result<Nats, Error> {
    model.log_integral(&ln_p_xyz(model)).determinate("Eq. 3")
}

/// The evidence with its integrand multiplied by one, `q(z|x) / q(z|x)`.
///
/// ```text
/// ln ∫_{z: q(z|x) > 0} (p(x,y,z) / q(z|x)) q(z|x) dz                               (Eq. 4)
/// ```
///
/// Unit: nats. Limits: a code with `q(z|x) = 0` is lost, because `q/q` is not 1 there.
/// Source: the note, Eq. 4. Twin: `gpu::equations::eq04_multiplied_by_one`.
///
/// ```
/// # use reference::equations::bound::eq04_multiplied_by_one;
/// # use ndarray::array;
/// # use reference::world::{Tables, World};
/// # let world = World::new(Tables {
/// #     ln_p_x_given_yz: array![[0.5_f64, 0.125]].mapv(f64::ln),
/// #     ln_p_yz: array![[0.5_f64, 0.5]].mapv(f64::ln),
/// #     ln_q_z_given_x: array![1.0_f64, 0.0].mapv(f64::ln),
/// #     ln_q_y_given_x: array![1.0_f64].mapv(f64::ln),
/// #     ln_q_yz_given_x: None,
/// #     y: 0,
/// #     beta: 1.0,
/// # })?;
/// // The encoder never gives the second code: of 1/2 1/2 + 1/8 1/2 the first product is left.
/// assert!((eq04_multiplied_by_one(&world)?.value() - 0.25_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
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
/// Unit: nats. Limits: a code with `q(z|x) = 0` does not count, as in Eq. 4.
/// Source: the note, Eq. 5. Twin: `gpu::equations::eq05_log_expected_ratio`.
///
/// ```
/// # use reference::equations::bound::eq05_log_expected_ratio;
/// # use ndarray::array;
/// # use reference::world::{Tables, World};
/// # let world = World::new(Tables {
/// #     ln_p_x_given_yz: array![[0.5_f64, 0.125]].mapv(f64::ln),
/// #     ln_p_yz: array![[0.5_f64, 0.5]].mapv(f64::ln),
/// #     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
/// #     ln_q_y_given_x: array![1.0_f64].mapv(f64::ln),
/// #     ln_q_yz_given_x: None,
/// #     y: 0,
/// #     beta: 1.0,
/// # })?;
/// // The ratios are 1/2 and 1/8, and their mean under the encoder (1/2, 1/2) is 5/16.
/// assert!((eq05_log_expected_ratio(&world)?.value() - 0.3125_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// None on a validated model.
pub fn eq05_log_expected_ratio<M: Model>(model: &M) -> Result<Nats, Error> {
    model
        .log_expect(&(ln_p_xyz(model) - model.ln_q_z()))
        .determinate("Eq. 5")
}

/// The expectation of the logarithm of the ratio: by Jensen's inequality it is at most Eq. 5, which has the logarithm
/// outside.
///
/// ```text
/// E_{z ~ q(z|x)}[ln (p(x,y,z) / q(z|x))]                                           (Eq. 6)
/// ```
///
/// Unit: nats. Limits: `-inf` when some `q(z|x) > 0 = p(x,y,z)`.
/// Source: the note, Eq. 6. Twin: `gpu::equations::eq06_expected_log_ratio`.
///
/// ```
/// # use reference::equations::bound::eq06_expected_log_ratio;
/// # use ndarray::array;
/// # use reference::world::{Tables, World};
/// # let world = World::new(Tables {
/// #     ln_p_x_given_yz: array![[0.5_f64, 0.125]].mapv(f64::ln),
/// #     ln_p_yz: array![[0.5_f64, 0.5]].mapv(f64::ln),
/// #     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
/// #     ln_q_y_given_x: array![1.0_f64].mapv(f64::ln),
/// #     ln_q_yz_given_x: None,
/// #     y: 0,
/// #     beta: 1.0,
/// # })?;
/// // The ratios are 1/2 and 1/8, and half of ln 1/2 + ln 1/8 is ln 1/4.
/// assert!((eq06_expected_log_ratio(&world)?.value() - 0.25_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// None on a validated model.
pub fn eq06_expected_log_ratio<M: Model>(model: &M) -> Result<Nats, Error> {
    model.expect(&-(model.ln_q_z() - ln_p_xyz(model))).determinate("Eq. 6")
}

/// Eq. 6 with the logarithm of the quotient written as a difference of logarithms.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x,y,z) - ln q(z|x)]                                          (Eq. 7)
/// ```
///
/// Unit: nats. Limits: `-inf` when some `q(z|x) > 0 = p(x,y,z)`.
/// Source: the note, Eq. 7. Twin: `gpu::equations::eq07_log_quotient`.
///
/// ```
/// # use reference::equations::bound::eq07_log_quotient;
/// # use ndarray::array;
/// # use reference::world::{Tables, World};
/// # let world = World::new(Tables {
/// #     ln_p_x_given_yz: array![[0.5_f64, 0.125]].mapv(f64::ln),
/// #     ln_p_yz: array![[0.5_f64, 0.5]].mapv(f64::ln),
/// #     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
/// #     ln_q_y_given_x: array![1.0_f64].mapv(f64::ln),
/// #     ln_q_yz_given_x: None,
/// #     y: 0,
/// #     beta: 1.0,
/// # })?;
/// // ln p(x,y,z) is ln 1/4 or ln 1/16, ln q(z|x) is ln 1/2: half of ln 1/2 + ln 1/8.
/// assert!((eq07_log_quotient(&world)?.value() - 0.25_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// None on a validated model.
pub fn eq07_log_quotient<M: Model>(model: &M) -> Result<Nats, Error> {
    model.expect(&(ln_p_xyz(model) - model.ln_q_z())).determinate("Eq. 7")
}

/// Eq. 7 with the joint replaced by the product of decoder and transformer, the second form of Eq. 2.
///
/// ```text
/// E_{z ~ q(z|x)}[ln (p(x|y,z) p(y,z)) - ln q(z|x)]                                 (Eq. 8)
/// ```
///
/// Unit: nats. Limits: `-inf` when some `q(z|x) > 0 = p(x|y,z) p(y,z)`.
/// Source: the note, Eq. 8. Twin: `gpu::equations::eq08_networks`.
///
/// ```
/// # use reference::equations::bound::eq08_networks;
/// # use ndarray::array;
/// # use reference::world::{Tables, World};
/// # let world = World::new(Tables {
/// #     ln_p_x_given_yz: array![[0.5_f64, 0.125]].mapv(f64::ln),
/// #     ln_p_yz: array![[0.5_f64, 0.5]].mapv(f64::ln),
/// #     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
/// #     ln_q_y_given_x: array![1.0_f64].mapv(f64::ln),
/// #     ln_q_yz_given_x: None,
/// #     y: 0,
/// #     beta: 1.0,
/// # })?;
/// // The products are 1/2 1/2 and 1/8 1/2. Divided by q(z|x) = 1/2 their geometric mean is 1/4.
/// assert!((eq08_networks(&world)?.value() - 0.25_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// None on a validated model.
pub fn eq08_networks<M: Model>(model: &M) -> Result<Nats, Error> {
    let ln_p_xyz = eq02_networks(model, model.y());
    model.expect(&(ln_p_xyz - model.ln_q_z())).determinate("Eq. 8")
}

/// Eq. 8 with the logarithm of the product written as a sum of logarithms: the ELBO before any reading of `q(y,z|x)`.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x|y,z) + ln p(y,z) - ln q(z|x)]                              (Eq. 9)
/// ```
///
/// Unit: nats. Range: at most `ln p(x,y)`, and equal to it exactly when `q(z|x)` is the posterior.
/// Source: the note, Eq. 9. Twin: `gpu::equations::eq09_log_product`.
///
/// ```
/// # use reference::equations::bound::eq09_log_product;
/// # use ndarray::array;
/// # use reference::world::{Tables, World};
/// # let world = World::new(Tables {
/// #     ln_p_x_given_yz: array![[0.5_f64, 0.125]].mapv(f64::ln),
/// #     ln_p_yz: array![[0.5_f64, 0.5]].mapv(f64::ln),
/// #     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
/// #     ln_q_y_given_x: array![1.0_f64].mapv(f64::ln),
/// #     ln_q_yz_given_x: None,
/// #     y: 0,
/// #     beta: 1.0,
/// # })?;
/// // Half of ln 1/2 + ln 1/8 is ln 1/4; the prior 1/2 and the encoder 1/2 cancel.
/// assert!((eq09_log_product(&world)?.value() - 0.25_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// None on a validated model.
pub fn eq09_log_product<M: Model>(model: &M) -> Result<Nats, Error> {
    let y = model.y();
    let terms = model.ln_p_x_given_yz(y) + (model.ln_p_yz(y) - model.ln_q_z());
    model.expect(&terms).determinate("Eq. 9")
}
