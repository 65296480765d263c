//! Eq. 2: the joint distribution `p(x,y,z)`, factorised by the graphical model and by the networks.

use crate::model::Model;

/// The joint by the graphical model: decoder, prior given the caption, caption.
///
/// ```text
/// ln p(x,y,z) = ln p(x|y,z) + ln p(z|y) + ln p(y)                                  (Eq. 2, first form)
/// ```
///
/// Shapes: returns a function of the code `z`, at the observed `x` and the given caption `y`. Unit: nats.
/// Limits: where `p(y) = 0` no `p(z|y)` exists and the product is 0.
/// Source: the note, Eq. 2. Twin: `gpu::equations::eq02_graphical_model`.
///
/// ```
/// # use reference::equations::joint::eq02_graphical_model;
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
/// // At the first caption and code p(x|y,z) = 1/2, p(z|y) = 1/2 and p(y) = 1/2.
/// let ln_p_xyz = eq02_graphical_model(&world, 0);
/// assert!((ln_p_xyz[0].value() - 0.125_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
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
/// Shapes: returns a function of the code `z`, at the observed `x` and the given caption `y`. Unit: nats.
/// Source: the note, Eq. 2. Twin: `gpu::equations::eq02_networks`.
///
/// ```
/// # use reference::equations::joint::eq02_networks;
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
/// // At the second caption and the first code p(x|y,z) = 1/4 and p(y,z) = 1/4.
/// let ln_p_xyz = eq02_networks(&world, 1);
/// assert!((ln_p_xyz[0].value() - 0.0625_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
#[must_use]
pub fn eq02_networks<M: Model>(model: &M, y: usize) -> M::Log {
    model.ln_p_x_given_yz(y) + model.ln_p_yz(y)
}

/// `ln p(x,y,z)` at the observed pair, by the graphical model: what Eqs. 3 to 7 call the joint.
///
/// ```text
/// ln p(x,y,z) = ln p(x|y,z) + ln p(z|y) + ln p(y)                                  (Eq. 2, first form)
/// ```
///
/// Shapes: returns a function of the code `z`. Unit: nats. It is [`eq02_graphical_model`] at the observed caption.
///
/// ```
/// # use reference::equations::joint::ln_p_xyz;
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
/// // The observed caption is the first. At its second code p(x|y,z) = 1/8, p(z|y) = 1/2 and p(y) = 1/2.
/// assert!((ln_p_xyz(&world)[1].value() - 0.03125_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
#[must_use]
pub fn ln_p_xyz<M: Model>(model: &M) -> M::Log {
    eq02_graphical_model(model, model.y())
}
