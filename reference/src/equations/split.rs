//! Eqs. 10 to 12: `ln q(y|x)` is added, subtracted and merged into `q(y,z|x)`.
//!
//! The examples share one world with two captions and two codes. Prior and encoder are uniform, and at the observed
//! caption the decoder gives the image the probabilities 1/2 and 1/8.

use crate::equations::joint::eq02_networks;
use crate::model::Model;
use crate::vocab::{Error, Nats};

/// Eq. 9 with `ln q(y|x)` subtracted and added.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x|y,z) + ln p(y,z) - ln q(z|x) - ln q(y|x) + ln q(y|x)]      (Eq. 10)
/// ```
///
/// Unit: nats. Limits: indeterminate when `q(y|x) = 0` at the observed caption, because `+inf` meets `-inf`.
/// Source: the note, Eq. 10. Twin: `gpu::equations::eq10_add_and_subtract`.
///
/// ```
/// # use reference::equations::split::eq10_add_and_subtract;
/// # use ndarray::array;
/// # use reference::world::{Tables, World};
/// # let world = World::new(Tables {
/// #     ln_p_x_given_yz: array![[0.5_f64, 0.125], [0.25, 0.0625]].mapv(f64::ln),
/// #     ln_p_yz: array![[0.25_f64, 0.25], [0.25, 0.25]].mapv(f64::ln),
/// #     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
/// #     ln_q_y_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
/// #     ln_q_yz_given_x: None,
/// #     y: 0,
/// #     beta: 1.0,
/// # })?;
/// // The mean of ln 1/2 and ln 1/8 is ln 1/4; ln p(y,z) - ln q(z|x) = ln 1/4 - ln 1/2; and ln q(y|x) cancels.
/// assert!((eq10_add_and_subtract(&world)?.value() - 0.125_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// [`Error::Indeterminate`] when `q(y|x) = 0` at the observed caption.
pub fn eq10_add_and_subtract<M: Model>(model: &M) -> Result<Nats, Error> {
    let (ln_p_xyz, ln_q_y) = (eq02_networks(model, model.y()), model.ln_q_y(model.y()));
    let terms = ln_p_xyz - model.ln_q_z() - ln_q_y + ln_q_y;
    model.expect(&terms).determinate("Eq. 10")
}

/// Eq. 10 with `q(z|x)` and `q(y|x)` written as one product.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x|y,z) + ln p(y,z) - ln (q(z|x) q(y|x)) + ln q(y|x)]         (Eq. 11)
/// ```
///
/// Unit: nats. Limits: indeterminate when `q(y|x) = 0` at the observed caption, because `+inf` meets `-inf`.
/// Source: the note, Eq. 11. Twin: `gpu::equations::eq11_product_of_encoders`.
///
/// ```
/// # use reference::equations::split::eq11_product_of_encoders;
/// # use ndarray::array;
/// # use reference::world::{Tables, World};
/// # let world = World::new(Tables {
/// #     ln_p_x_given_yz: array![[0.5_f64, 0.125], [0.25, 0.0625]].mapv(f64::ln),
/// #     ln_p_yz: array![[0.25_f64, 0.25], [0.25, 0.25]].mapv(f64::ln),
/// #     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
/// #     ln_q_y_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
/// #     ln_q_yz_given_x: None,
/// #     y: 0,
/// #     beta: 1.0,
/// # })?;
/// // ln 1/4 from the decoder, ln 1/4 from the prior, less ln (1/2 1/2), plus ln 1/2.
/// assert!((eq11_product_of_encoders(&world)?.value() - 0.125_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// [`Error::Indeterminate`] when `q(y|x) = 0` at the observed caption.
pub fn eq11_product_of_encoders<M: Model>(model: &M) -> Result<Nats, Error> {
    let (ln_p_xyz, ln_q_y) = (eq02_networks(model, model.y()), model.ln_q_y(model.y()));
    let terms = ln_p_xyz - (model.ln_q_z() + ln_q_y) + ln_q_y;
    model.expect(&terms).determinate("Eq. 11")
}

/// Eq. 11 with the product of the two encoders called `q(y,z|x)`. Where that is a free joint, it need not be the
/// product.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x|y,z) + ln p(y,z) - ln q(y,z|x) + ln q(y|x)]                (Eq. 12)
/// ```
///
/// Unit: nats. Limits: `+inf` when a free joint has `q(y,z|x) = 0 < q(z|x)`; indeterminate when `q(y|x) = 0`.
/// Source: the note, Eq. 12. Twin: `gpu::equations::eq12_joint_encoder`.
///
/// ```
/// # use reference::equations::split::eq12_joint_encoder;
/// # use ndarray::array;
/// # use reference::world::{Tables, World};
/// # let world = World::new(Tables {
/// #     ln_p_x_given_yz: array![[0.5_f64, 0.125], [0.25, 0.0625]].mapv(f64::ln),
/// #     ln_p_yz: array![[0.25_f64, 0.25], [0.25, 0.25]].mapv(f64::ln),
/// #     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
/// #     ln_q_y_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
/// #     ln_q_yz_given_x: None,
/// #     y: 0,
/// #     beta: 1.0,
/// # })?;
/// // The joint is the product, 1/4 everywhere: ln 1/4 from the decoder, the joints cancel, plus ln 1/2.
/// assert!((eq12_joint_encoder(&world)?.value() - 0.125_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// [`Error::Indeterminate`] when `q(y|x) = 0` at the observed caption.
pub fn eq12_joint_encoder<M: Model>(model: &M) -> Result<Nats, Error> {
    let (ln_p_xyz, ln_q_y) = (eq02_networks(model, model.y()), model.ln_q_y(model.y()));
    let terms = ln_p_xyz - model.ln_q_yz(model.y()) + ln_q_y;
    model.expect(&terms).determinate("Eq. 12")
}
