//! What each row of the derivation loses, `to = from - slack`, from the other side.
//!
//! Nothing here calls `equations`, `categorical` or `special`: a slack that shared code with the sides it separates would
//! agree with their mistakes. The posterior is formed directly, divergences to it are summed as plain loops over it,
//! and the divergence of the last row is a cross-entropy less an entropy.

use crate::vocab::{Error, Nats, Reading};
use crate::world::World;

mod posterior;

pub(crate) use posterior::Posterior;

/// Rows (3) to (4): the posterior mass that `q` does not cover.
///
/// ```text
/// slack = -ln sum_{z: q(z|x) > 0} p(z|x,y)   >= 0
/// ```
///
/// Unit: nats. Range: `[0, +inf]`; 0 exactly when `q` covers the posterior's support.
///
/// # Errors
/// [`Error::Indeterminate`] when `p(x,y) = 0`: there is no posterior.
pub fn uncovered_posterior(world: &World) -> Result<Nats, Error> {
    let posterior = Posterior::of_codes(world, |_| true)?;
    let covered = |z: usize| world.encoder().ln()[z] > f64::NEG_INFINITY;
    let uncovered = posterior.entries().filter(|(z, ln_p)| !covered(*z) && ln_p.is_finite());
    let probability = |ln_p: Nats| Nats::with_mass(ln_p.value().exp(), ln_p.value().exp() * ln_p.mass());
    let missed: Nats = uncovered.map(|(_, ln_p)| probability(ln_p)).sum();
    let (missed, mass) = (missed.value(), missed.mass());
    // The smaller of the two parts decides, so that neither a tiny loss nor a tiny remainder is rounded away.
    if missed < 0.5 {
        let slack = -(-missed).ln_1p();
        return Ok(Nats::with_mass(slack, slack + 2.0 * mass));
    }
    Ok(posterior.log_share(covered).map_or(Nats::INFINITY, |share| -share))
}

/// Rows (5) to (6): Jensen's gap.
///
/// ```text
/// slack = sum_z q(z|x) ln (q(z|x) / r_z)   >= 0,   r = p(z|x,y) on q's support, renormalised
/// ```
///
/// Unit: nats. Range: `[0, +inf]`; 0 exactly when `q` is that restriction.
///
/// # Errors
/// [`Error::Indeterminate`] when `q` misses the posterior altogether.
pub fn jensen_gap(world: &World) -> Result<Nats, Error> {
    let support = |z: usize| world.encoder().ln()[z] > f64::NEG_INFINITY;
    Posterior::of_codes(world, support)?.divergence_from(|z| (world.encoder().p()[z], world.encoder().ln()[z]))
}

/// Rows (3) to (6): the gap of the bound.
///
/// ```text
/// KL* = KL(q(z|x) || p(z|x,y)) = -sum_z q(z|x) ln (p(z|x,y) / q(z|x))   >= 0
/// ```
///
/// Unit: nats. Range: `[0, +inf]`; 0 exactly when `q` is the posterior.
///
/// # Errors
/// [`Error::Indeterminate`] when `p(x,y) = 0`.
pub fn posterior_gap(world: &World) -> Result<Nats, Error> {
    Posterior::of_codes(world, |_| true)?.divergence_from(|z| (world.encoder().p()[z], world.encoder().ln()[z]))
}

/// The gap of the bound on `ln p(x)` under the expected reading.
///
/// ```text
/// slack = KL(q(y,z|x) || p(y,z|x))   >= 0
/// ```
///
/// Unit: nats. Range: `[0, +inf]`.
///
/// # Errors
/// [`Error::Indeterminate`] when `p(x) = 0`.
pub fn joint_posterior_gap(world: &World) -> Result<Nats, Error> {
    let codes = world.codes();
    let cell = |flat: usize| [flat / codes, flat % codes];
    let joint = world.joint_encoder();
    Posterior::of_captions_and_codes(world)?.divergence_from(|flat| (joint.p()[cell(flat)], joint.ln()[cell(flat)]))
}

/// Rows (11) to (12): what a joint that does not factorise adds.
///
/// ```text
/// slack = -KL(q(z|x) || q(z|y,x))   <= 0,   q(z|y,x) = q(y,z|x) / sum_z q(y,z|x) at the observed y
/// ```
///
/// Unit: nats. Range: `[-inf, 0]`; 0 for the product.
///
/// # Errors
/// [`Error::Indeterminate`] when a free joint has `q(y|x) = 0`: there is no `q(z|y,x)`.
pub fn conditional_encoder(world: &World) -> Result<Nats, Error> {
    if !world.is_free() {
        return Ok(Nats::ZERO);
    }
    let row = world.joint_encoder().ln().row(world.y());
    let conditional = Posterior::new(world.codes(), |z| Nats::of(row[z]))?;
    Ok(-conditional.divergence_from(|z| (world.encoder().p()[z], world.encoder().ln()[z]))?)
}

/// Rows (12) to (13), when `D_KL` sums over captions too.
///
/// ```text
/// slack = D_KL - A(y) = sum_{y',z} (q(y',z|x) - [y' = y] q(z|x)) (ln q(y',z|x) - ln p(y',z))     any sign
/// ```
///
/// Unit: nats. Range: any.
///
/// # Errors
/// [`Error::Indeterminate`] when `+inf` meets `-inf`.
pub fn joint_against_pointwise(world: &World) -> Result<Nats, Error> {
    let (joint, prior) = (world.joint_encoder(), world.prior());
    let mut terms = Vec::with_capacity(world.captions() * world.codes());
    for y in 0..world.captions() {
        for z in 0..world.codes() {
            let ratio = Nats::of(joint.ln()[[y, z]]) - Nats::of(prior.ln()[[y, z]]);
            let occurs = joint.ln()[[y, z]] > f64::NEG_INFINITY;
            let observed = y == world.y() && world.encoder().ln()[z] > f64::NEG_INFINITY;
            let terms_of_cell = [
                (occurs, joint.p()[[y, z]], ratio),
                (observed, world.encoder().p()[z], -ratio),
            ];
            for (counts, weight, nats) in terms_of_cell {
                if counts {
                    terms.push(if nats.is_finite() { weight * nats } else { nats });
                }
            }
        }
    }
    terms.into_iter().sum::<Nats>().determinate("D_KL - A(y)")
}

/// Rows (11) to (13) under the joint reading, in one: finite also where the two rows' slacks are opposite infinities.
///
/// ```text
/// slack = D_KL - sum_z q(z|x) (ln q(z|x) + ln q(y|x) - ln p(y,z))     any sign
/// ```
///
/// Unit: nats. Range: any.
///
/// # Errors
/// [`Error::Indeterminate`] when `+inf` meets `-inf`.
pub fn joint_against_product(world: &World) -> Result<Nats, Error> {
    let (joint, prior, encoder) = (world.joint_encoder(), world.prior(), world.encoder());
    let mut terms = Vec::with_capacity(world.captions() * world.codes());
    let mut count = |weight: f64, nats: Nats| terms.push(if nats.is_finite() { weight * nats } else { nats });
    for y in 0..world.captions() {
        for z in 0..world.codes() {
            if joint.ln()[[y, z]] > f64::NEG_INFINITY {
                count(
                    joint.p()[[y, z]],
                    Nats::of(joint.ln()[[y, z]]) - Nats::of(prior.ln()[[y, z]]),
                );
            }
            if y == world.y() && encoder.ln()[z] > f64::NEG_INFINITY {
                let product = Nats::of(encoder.ln()[z]) + Nats::of(world.caption_model().ln()[y]);
                count(encoder.p()[z], Nats::of(prior.ln()[[y, z]]) - product);
            }
        }
    }
    terms.into_iter().sum::<Nats>().determinate("D_KL against the product")
}

/// Rows (13) to (14): the 'constant positive value', which is the logarithm of a probability mass.
///
/// ```text
/// slack = ln q(y|x)   <= 0,   under `Expected`  sum_y q(y|x) ln q(y|x)
/// ```
///
/// Unit: nats. Range: `[-inf, 0]`; 0 exactly when `q(y|x) = 1`. `world` is the one [`World::under`] the reading.
///
/// # Errors
/// None on a validated world.
pub fn dropped_constant(world: &World, reading: Reading) -> Result<Nats, Error> {
    let (ln_q, q) = (world.caption_model().ln(), world.caption_model().p());
    if reading != Reading::Expected {
        return Ok(Nats::of(ln_q[world.y()]));
    }
    Ok((0..world.captions()).map(|y| q[y] * Nats::of(ln_q[y])).sum())
}

/// From Eq. 14 at `beta = 1` to Eq. 14 at `beta`.
///
/// ```text
/// slack = (beta - 1) D,   D = H(q, p) - H(q),   0 at beta = 1
/// ```
///
/// Unit: nats. Range: the sign of `(beta - 1) D`. `world` is the one [`World::under`] the reading; its beta counts.
///
/// # Errors
/// [`Error::Indeterminate`] when `+inf` meets `-inf`.
pub fn reweighted_divergence(world: &World, reading: Reading) -> Result<Nats, Error> {
    let extra = world.beta().get() - 1.0;
    if extra == 0.0 {
        return Ok(Nats::ZERO);
    }
    let (joint, prior, y) = (world.joint_encoder(), world.prior(), world.y());
    let (mut negative_entropy, mut negative_cross_entropy) = (Vec::new(), Vec::new());
    let mut count = |occurs: bool, weight: f64, cell: [usize; 2]| {
        if occurs {
            let weigh = |nats: Nats| if nats.is_finite() { weight * nats } else { nats };
            negative_entropy.push(weigh(Nats::of(joint.ln()[cell])));
            negative_cross_entropy.push(weigh(Nats::of(prior.ln()[cell])));
        }
    };
    if reading == Reading::Pointwise {
        for z in 0..world.codes() {
            count(
                world.encoder().ln()[z] > f64::NEG_INFINITY,
                world.encoder().p()[z],
                [y, z],
            );
        }
    } else {
        for (flat, &weight) in joint.p().iter().enumerate() {
            let cell = [flat / world.codes(), flat % world.codes()];
            count(joint.ln()[cell] > f64::NEG_INFINITY, weight, cell);
        }
    }
    let divergence = negative_entropy.into_iter().sum::<Nats>() - negative_cross_entropy.into_iter().sum::<Nats>();
    (extra * divergence).determinate("(beta - 1) D")
}
