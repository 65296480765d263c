//! Eqs. 13, 14 and 1: the objective, under each reading of `q(y,z|x)`.

use ndarray::Axis;

use crate::categorical::kl_divergence;
use crate::special::log_sum_exp;
use crate::vocab::{Beta, Error, Nats, Reading};
use crate::world::World;

/// The objective before the constant is dropped.
///
/// ```text
/// E[ln p(x|y,z) - D_KL(q(y,z|x), p(y,z)) + ln q(y|x)]                              (Eq. 13)
/// ```
///
/// The expectation is over `z ~ q(z|x)` at the observed `y`; under [`Reading::Expected`] over `(y,z) ~ q(y,z|x)`.
/// `D_KL` is [`divergence`], `q(y|x)` what the reading makes of it ([`ln_caption`]). Unit: nats.
/// Source: the note, Eq. 13. Twin: `gpu::equations::eq13_kl_named`.
///
/// # Errors
/// [`Error::Indeterminate`] when `+inf` meets `-inf`, as with `q(y|x) = 0` read pointwise.
pub fn eq13_kl_named(world: &World, reading: Reading) -> Result<Nats, Error> {
    let divergence = divergence(world, reading)?;
    let constant: Vec<Nats> = match reading {
        Reading::Expected => (0..world.captions()).map(|y| ln_caption(world, reading, y)).collect(),
        _ => vec![ln_caption(world, reading, world.y())],
    };
    let constant = |y: usize| {
        if reading == Reading::Expected {
            constant[y]
        } else {
            constant[0]
        }
    };
    outer(world, reading, |y, z| {
        world.ln_p_x_given_yz(y, z) - divergence + constant(y)
    })
    .determinate("Eq. 13")
}

/// The objective: the constant dropped, the divergence weighted.
///
/// ```text
/// E[ln p(x|y,z) - beta D_KL(q(y,z|x), p(y,z))]                                     (Eq. 14)
/// ```
///
/// Unit: nats. Limits: at `beta = 0` the divergence is not there, whatever it is (not `0 x inf`).
/// Source: the note, Eq. 14. Twin: `gpu::equations::eq14_objective`.
///
/// # Errors
/// [`Error::Indeterminate`] when `+inf` meets `-inf`.
pub fn eq14_objective(world: &World, reading: Reading, beta: Beta) -> Result<Nats, Error> {
    let weighted = weighted_divergence(world, reading, beta)?;
    outer(world, reading, |y, z| world.ln_p_x_given_yz(y, z) - weighted).determinate("Eq. 14")
}

/// The objective as the note states it first: the same right-hand side, split after the reconstruction.
///
/// ```text
/// E[ln p(x|y,z)] - beta D_KL(q(y,z|x), p(y,z))                                     (Eq. 1)
/// ```
///
/// Unit: nats. Source: the note, Eq. 1, whose divergence does not depend on `z`. Twin: `gpu::equations::eq01_objective`.
///
/// # Errors
/// [`Error::Indeterminate`] when `+inf` meets `-inf`.
pub fn eq01_objective(world: &World, reading: Reading, beta: Beta) -> Result<Nats, Error> {
    (expected_log_likelihood(world, reading) - weighted_divergence(world, reading, beta)?).determinate("Eq. 1")
}

/// The reconstruction term.
///
/// ```text
/// R = E_{z ~ q(z|x)}[ln p(x|y,z)],   under `Expected`  E_{(y,z) ~ q(y,z|x)}[ln p(x|y,z)]
/// ```
///
/// Unit: nats. Twin: `gpu::equations::expected_log_likelihood`.
#[must_use]
pub fn expected_log_likelihood(world: &World, reading: Reading) -> Nats {
    outer(world, reading, |y, z| world.ln_p_x_given_yz(y, z))
}

/// What the reading makes of `D_KL(q(y,z|x), p(y,z))`.
///
/// ```text
/// observed    sum_z q(z|x) (ln q(z|x) - ln p(y,z))            at the observed y;  >= 0
/// pointwise   sum_z q(z|x) (ln q(y,z|x) - ln p(y,z))          at the observed y;  no divergence: any sign
/// joint       sum_{y',z} q(y',z|x) (ln q(y',z|x) - ln p(y',z))                    >= 0
/// footnote    sum_z q(z|x) (ln q(z|x) - ln p(z))                                  >= 0
/// expected    as joint
/// ```
///
/// Unit: nats. Source: the note, Eq. 13, and the audit's readings. Twin: `gpu::equations::divergence`.
///
/// # Errors
/// [`Error::Indeterminate`] pointwise, when `+inf` and `-inf` meet.
pub fn divergence(world: &World, reading: Reading) -> Result<Nats, Error> {
    let y = world.y();
    match reading {
        Reading::Observed => Ok(world.encoder().expect(|z| world.ln_q_z(z) - world.ln_p_yz(y, z))),
        Reading::Pointwise => world
            .encoder()
            .expect(|z| world.ln_q_yz(y, z) - world.ln_p_yz(y, z))
            .determinate("pointwise D_KL"),
        Reading::Joint | Reading::Expected => kl_divergence(world.joint_encoder(), world.prior()),
        Reading::Footnote => {
            let ln_p_z = world.marginal_prior(Axis(0));
            Ok(world.encoder().expect(|z| world.ln_q_z(z) - ln_p_z[z]))
        }
    }
}

/// `ln q(y|x)` as the reading has it.
///
/// ```text
/// observed  ln 1 = 0        footnote  ln sum_z q(z|x) p(y|z)        else  the table
/// ```
///
/// Unit: nats. Range: `[-inf, 0]`.
#[must_use]
pub fn ln_caption(world: &World, reading: Reading, y: usize) -> Nats {
    match reading {
        Reading::Observed => Nats::ZERO,
        Reading::Pointwise | Reading::Joint | Reading::Expected => world.ln_q_y(y),
        Reading::Footnote => {
            let terms: Vec<Nats> = world
                .encoder()
                .support()
                .map(|(z, _)| world.ln_q_z(z) + ln_p_y_given_z(world, y, z))
                .collect();
            log_sum_exp(&terms)
        }
    }
}

/// The prior's caption given a code.
///
/// ```text
/// ln p(y|z) = ln p(y,z) - ln sum_y' p(y',z)
/// ```
///
/// Unit: nats. Limits: where `p(z) = 0` any distribution will do; the uniform one is taken.
#[must_use]
pub fn ln_p_y_given_z(world: &World, y: usize, z: usize) -> Nats {
    let column: Vec<Nats> = (0..world.captions()).map(|other| world.ln_p_yz(other, z)).collect();
    let ln_p_z = log_sum_exp(&column);
    if ln_p_z.is_finite() {
        world.ln_p_yz(y, z) - ln_p_z
    } else {
        #[expect(clippy::cast_precision_loss, reason = "a count of captions")]
        let uniform = -(world.captions() as f64).ln();
        Nats::of(uniform)
    }
}

fn weighted_divergence(world: &World, reading: Reading, beta: Beta) -> Result<Nats, Error> {
    if beta.get() > 0.0 {
        Ok(beta * divergence(world, reading)?)
    } else {
        Ok(Nats::ZERO)
    }
}

fn outer(world: &World, reading: Reading, f: impl Fn(usize, usize) -> Nats) -> Nats {
    match reading {
        Reading::Expected => world.joint_encoder().expect(|(y, z)| f(y, z)),
        _ => world.encoder().expect(|z| f(world.y(), z)),
    }
}
