//! Eq. 2: the joint distribution, factorised twice.

use ndarray::{Array2, Array3, Axis};

use crate::special::log_sum_exp;
use crate::vocab::Nats;
use crate::world::{Joint, World};

/// The joint by the graphical model: decoder, prior given the caption, caption.
///
/// ```text
/// ln p(x,y,z) = ln p(x|y,z) + ln p(z|y) + ln p(y)                                  (Eq. 2, first form)
/// ```
///
/// Shapes: returns `[Y, Z, X]`. Unit: nats. Limits: where `p(y) = 0` no `p(z|y)` exists and the product is 0.
/// Source: the note, Eq. 2. Twin: `gpu::equations::eq02_graphical_model`.
#[must_use]
pub fn eq02_graphical_model(joint: &Joint) -> Array3<Nats> {
    let ln_p_y = ln_p_y(joint);
    let ln_p_z_given_y = ln_p_z_given_y(joint);
    Array3::from_shape_fn(joint.likelihood().dim(), |(y, z, x)| {
        Nats::of(joint.likelihood()[[y, z, x]]) + ln_p_z_given_y[[y, z]] + ln_p_y[y]
    })
}

/// The joint by the networks: decoder and transformer.
///
/// ```text
/// ln p(x,y,z) = ln p(x|y,z) + ln p(y,z)                                            (Eq. 2, second form)
/// ```
///
/// Shapes: returns `[Y, Z, X]`. Unit: nats. Source: the note, Eq. 2. Twin: `gpu::equations::eq02_networks`.
#[must_use]
pub fn eq02_networks(joint: &Joint) -> Array3<Nats> {
    Array3::from_shape_fn(joint.likelihood().dim(), |(y, z, x)| {
        Nats::of(joint.likelihood()[[y, z, x]]) + Nats::of(joint.prior().ln()[[y, z]])
    })
}

/// The caption's prior.
///
/// ```text
/// ln p(y) = ln sum_z p(y,z)
/// ```
///
/// Shapes: returns `[Y]`. Unit: nats. Range: `[-inf, 0]`.
#[must_use]
pub fn ln_p_y(joint: &Joint) -> Vec<Nats> {
    sum_over(joint, Axis(1))
}

/// The code's prior.
///
/// ```text
/// ln p(z) = ln sum_y p(y,z)
/// ```
///
/// Shapes: returns `[Z]`. Unit: nats. Range: `[-inf, 0]`.
#[must_use]
pub fn ln_p_z(joint: &Joint) -> Vec<Nats> {
    sum_over(joint, Axis(0))
}

/// The prior of the codes given the caption.
///
/// ```text
/// ln p(z|y) = ln p(y,z) - ln p(y)
/// ```
///
/// Shapes: returns `[Y, Z]`. Unit: nats. Range: `[-inf, 0]`. Limits: a row with `p(y) = 0` is all `-inf`: no conditional
/// exists there, and what it is multiplied with is 0.
#[must_use]
pub fn ln_p_z_given_y(joint: &Joint) -> Array2<Nats> {
    let ln_p_y = ln_p_y(joint);
    Array2::from_shape_fn(joint.prior().ln().dim(), |(y, z)| {
        if ln_p_y[y].is_finite() {
            Nats::of(joint.prior().ln()[[y, z]]) - ln_p_y[y]
        } else {
            Nats::NEG_INFINITY
        }
    })
}

/// The evidence of every listed image.
///
/// ```text
/// ln p(x) = ln sum_y sum_z p(x,y,z)
/// ```
///
/// Shapes: returns `[X]`. Unit: nats.
#[must_use]
pub fn ln_p_x(joint: &Joint) -> Vec<Nats> {
    let ln_p_xyz = eq02_networks(joint);
    ln_p_xyz
        .axis_iter(Axis(2))
        .map(|image| log_sum_exp(&image.iter().copied().collect::<Vec<_>>()))
        .collect()
}

/// `ln p(x,y,z)` at the observed pair by the graphical model, `[Z]`: what Eqs. 3 to 7 call the joint.
#[must_use]
pub fn ln_p_xyz(world: &World) -> Vec<Nats> {
    let ln_p_xyz = eq02_graphical_model(&Joint::of_world(world));
    (0..world.codes()).map(|z| ln_p_xyz[[world.y(), z, 0]]).collect()
}

fn sum_over(joint: &Joint, over: Axis) -> Vec<Nats> {
    joint
        .prior()
        .ln()
        .axis_iter(Axis(1 - over.index()))
        .map(|row| log_sum_exp(&row.iter().map(|&entry| Nats::of(entry)).collect::<Vec<_>>()))
        .collect()
}
