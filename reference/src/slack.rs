//! What each row of the derivation loses, `to = from - slack`, from the other side.
//!
//! Nothing here calls `equations`, `categorical` or `special`: a slack that shared code with the sides it separates would
//! agree with their mistakes. The posterior is formed directly, divergences to it are summed as plain loops over it,
//! and the divergence of the last row is a cross-entropy less an entropy.

use crate::vocab::{Error, Nats, Reading};
use crate::world::World;

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
    let ln_posterior = Posterior::of_codes(world, |_| true)?;
    let (mut kept, mut missed, mut mass) = (0.0, 0.0, 1.0);
    for (z, ln_p) in ln_posterior.entries() {
        let p = ln_p.value().exp();
        mass += p * ln_p.mass();
        if world.encoder().ln()[z] > f64::NEG_INFINITY {
            kept += p
        } else {
            missed += p
        }
    }
    if missed == 0.0 {
        // Nothing missed, or only what is too small to be a number: no more than an underflowed share.
        return Ok(Nats::with_mass(0.0, mass));
    }
    if kept == 0.0 {
        return Ok(Nats::INFINITY);
    }
    // The smaller of the two parts decides, so that neither a tiny loss nor a tiny remainder is rounded away.
    let slack = if missed < kept { -(-missed).ln_1p() } else { -kept.ln() };
    Ok(Nats::with_mass(slack, slack + mass / kept))
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
    Posterior::new(world.captions() * codes, |flat| {
        let [y, z] = cell(flat);
        world.ln_p_x_given_yz(y, z) + world.ln_p_yz(y, z)
    })?
    .divergence_from(|flat| (joint.p()[cell(flat)], joint.ln()[cell(flat)]))
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

/// A distribution formed from unnormalised log-weights, with the size of what each logarithm was made of.
pub(crate) struct Posterior {
    ln: Vec<Nats>,
    ln_total: Nats,
}

impl Posterior {
    /// `p(z|x,y)` restricted to the codes that `keep` names, renormalised.
    fn of_codes(world: &World, keep: impl Fn(usize) -> bool) -> Result<Self, Error> {
        let y = world.y();
        Self::new(world.codes(), |z| {
            if keep(z) {
                world.ln_p_x_given_yz(y, z) + world.ln_p_yz(y, z)
            } else {
                Nats::NEG_INFINITY
            }
        })
    }

    pub(crate) fn new(states: usize, ln_weight: impl Fn(usize) -> Nats) -> Result<Self, Error> {
        let weights: Vec<Nats> = (0..states).map(ln_weight).collect();
        let mut top = f64::NEG_INFINITY;
        for weight in &weights {
            top = top.max(weight.value());
        }
        if top == f64::NEG_INFINITY {
            return Err(Error::Indeterminate { line: "the posterior" });
        }
        let (mut total, mut carried, mut spread) = (0.0_f64, 0.0_f64, 0.0_f64);
        for weight in &weights {
            let share = (weight.value() - top).exp();
            let sum = total + share;
            carried += if total >= share {
                (total - sum) + share
            } else {
                (share - sum) + total
            };
            total = sum;
            if weight.is_finite() {
                spread += share * (weight.mass() + (weight.value() - top).abs());
            }
        }
        let total = total + carried;
        // Error of the normaliser, as of a log-sum-exp: of its terms, of `top`, of the logarithm, of the sum itself.
        let normaliser = spread / total + top.abs() + total.ln() + 1.0;
        let normalise = |weight: Nats| {
            let mass = if weight.is_finite() {
                weight.mass() + normaliser
            } else {
                0.0
            };
            Nats::with_mass((weight.value() - top) - total.ln(), mass)
        };
        let ln_total = Nats::with_mass(top + total.ln(), normaliser);
        Ok(Self {
            ln: weights.into_iter().map(normalise).collect(),
            ln_total,
        })
    }

    /// Logarithm of the sum of the weights.
    pub(crate) const fn ln_total(&self) -> Nats {
        self.ln_total
    }

    fn entries(&self) -> impl Iterator<Item = (usize, Nats)> + '_ {
        self.ln.iter().copied().enumerate()
    }

    /// Logarithm of the probability of a range of states.
    pub(crate) fn log_share(&self, states: std::ops::Range<usize>) -> Result<Nats, Error> {
        let within = &self.ln[states];
        let (mut top, mut total, mut mass) = (f64::NEG_INFINITY, 0.0, 0.0);
        for ln_p in within {
            top = top.max(ln_p.value());
        }
        if top == f64::NEG_INFINITY {
            return Err(Error::Indeterminate {
                line: "a share of probability 0",
            });
        }
        for ln_p in within {
            let share = (ln_p.value() - top).exp();
            total += share;
            if ln_p.is_finite() {
                mass += share * (ln_p.mass() + (ln_p.value() - top).abs());
            }
        }
        Ok(Nats::with_mass(
            top + total.ln(),
            mass / total + top.abs() + total.ln().abs() + 1.0,
        ))
    }

    /// `sum_k q_k ln (q_k / posterior_k)` for `q(k) = (q_k, ln q_k)`.
    pub(crate) fn divergence_from(&self, q: impl Fn(usize) -> (f64, f64)) -> Result<Nats, Error> {
        let mut terms = Vec::with_capacity(self.ln.len());
        for (k, ln_posterior) in self.entries() {
            let (q_k, ln_q_k) = q(k);
            if ln_q_k == f64::NEG_INFINITY {
                continue;
            }
            if !ln_posterior.is_finite() {
                return Ok(Nats::INFINITY);
            }
            terms.push(-(q_k * (ln_posterior - Nats::of(ln_q_k))));
        }
        Ok(terms.into_iter().sum())
    }
}
