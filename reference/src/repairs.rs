//! Repairs of the derivation: right-hand sides that the note does not print, and the targets that its lines do bound.

use crate::categorical::kl_divergence;
use crate::equations::bound::eq03_log_evidence;
use crate::equations::joint::eq02_networks;
use crate::equations::objective::{eq13_kl_named, eq14_objective};
use crate::model::Model;
use crate::slack::Slack;
use crate::special::log_sum_exp;
use crate::vocab::{Beta, Error, LogProbs, Nats, Reading};
use crate::world::World;

/// The bound written without `q(y,z|x)`, so that it needs no reading. It is equal to Eq. 9.
///
/// ```text
/// R - KL(q(z|x) || p(z|y)) + ln p(y)   <= ln p(x,y)
/// ```
///
/// `R` is the reconstruction term. Unit: nats. Limits: `-inf` when `p(y) = 0`.
///
/// # Errors
/// None on a validated world.
pub fn without_a_reading<M: Model>(model: &M) -> Result<Nats, Error> {
    let (y, ln_p_y) = (model.y(), model.ln_p_y(model.y()));
    if !ln_p_y.is_finite() {
        return Ok(Nats::NEG_INFINITY);
    }
    let kl = model.expect(&(model.ln_q_z() - model.ln_p_z_given_y(y)));
    (model.expect(&model.ln_p_x_given_yz(y)) - kl + ln_p_y).determinate("the line without a reading")
}

/// The footnote's objective with the caption term that it lacks.
///
/// ```text
/// R - KL(q(z|x) || p(z)) + E_{z ~ q(z|x)}[ln p(y|z)]   <= ln p(x,y)
/// ```
///
/// `R` is the reconstruction term. Unit: nats.
///
/// # Errors
/// [`Error::Indeterminate`] when `p(z) = 0 < q(z|x)` meets an infinite term.
pub fn footnote_with_caption_term<M: Model>(model: &M) -> Result<Nats, Error> {
    let objective = eq14_objective(model, Reading::Footnote, Beta::ONE)?;
    let caption = model.expect(&model.ln_p_y_given_z(model.y())?);
    (objective + caption).determinate("the footnote with its caption term")
}

/// The evidence of the image with the observed caption's decoder under the prior of codes. Eq. 14 bounds it under the
/// footnote's and under the joint reading, for every `beta >= 1`.
///
/// ```text
/// ln sum_z p(z) p(x|y,z) = ln sum_y' sum_z p(y',z) p(x|y,z)
/// ```
///
/// By the chain rule `KL(q(y',z|x) || p(y',z)) >= KL(q(z|x) || p(z))`, so that the joint reading's line is never above
/// the footnote's. Where the decoder does not look at the caption, this evidence is `ln p(x)`. Unit: nats.
///
/// # Errors
/// None on a validated world.
pub fn ln_evidence_with_fixed_caption<M: Model>(model: &M) -> Result<Nats, Error> {
    let y = model.y();
    // Each caption is observed in turn, because a rule of quadrature has its axes at the caption whose prior is
    // integrated.
    let terms = (0..model.captions()).map(|caption| {
        let at = model.observing(caption);
        at.log_integral(&(at.ln_p_yz(caption) + at.ln_p_x_given_yz(y)))
    });
    log_sum_exp(&terms.collect::<Vec<_>>()).determinate("ln sum_z p(z) p(x|y,z)")
}

/// The evidence `ln p(x,y)`, averaged over the encoder's captions.
///
/// ```text
/// E_{y ~ q(y|x)}[ln p(x,y)]
/// ```
///
/// Unit: nats.
///
/// # Errors
/// None on a validated world.
pub fn average_log_evidence<M: Model>(model: &M) -> Result<Nats, Error> {
    average(model, eq03_log_evidence)
}

/// Eq. 13 under the joint reading, averaged over the encoder's captions.
///
/// ```text
/// E_{y ~ q(y|x)}[R(y)] - D_KL + E_{y ~ q(y|x)}[ln q(y|x)]
/// ```
///
/// Unit: nats.
///
/// # Errors
/// [`Error::Indeterminate`] when infinities meet.
pub fn average_joint_objective<M: Model>(model: &M) -> Result<Nats, Error> {
    average(model, |at| eq13_kl_named(at, Reading::Joint))
}

/// The slack between [`average_log_evidence`] and [`average_joint_objective`].
///
/// ```text
/// E_{y ~ q(y|x)}[KL(q(z|x) || p(z|x,y)) - KL(q(z|x) || q(z|y,x)) + D_KL - A(y)]
/// ```
///
/// For a joint that factorises, the last three terms vanish on average, and `E_y[KL*] >= 0` is left. The average is a
/// loop over the captions of its own, which the two sides do not share. Unit: nats.
///
/// # Errors
/// [`Error::Indeterminate`] when some caption has no posterior.
pub fn average_joint_slack<M: Slack>(model: &M) -> Result<Nats, Error> {
    let mut terms = Vec::with_capacity(model.captions());
    for y in 0..model.captions() {
        let ln_weight = model.caption_model().ln()[y];
        if ln_weight > f64::NEG_INFINITY {
            let at = model.observing(y);
            let slack = at.posterior_gap()? + at.conditional_encoder()? + at.joint_against_pointwise()?;
            terms.push(if slack.is_finite() {
                ln_weight.exp() * slack
            } else {
                slack
            });
        }
    }
    // The sum is compensated: thousands of captions would add up thousands of roundings.
    terms.into_iter().sum::<Nats>().determinate("the averaged slack")
}

/// The divergence of the footnote's joint encoder from the prior, cell by cell. It is equal to `KL(q(z|x) || p(z))`.
///
/// ```text
/// KL(q(z|x) p(y|z) || p(y,z))
/// ```
///
/// Unit: nats.
///
/// # Errors
/// None on a validated world.
pub fn footnote_joint_divergence(world: &World) -> Result<Nats, Error> {
    let seen = world.under(Reading::Footnote)?;
    kl_divergence(seen.joint_encoder(), seen.prior())
}

/// The posterior `p(z|x,y)` as a table, `[Z]`. A world whose `q(z|x)` it becomes has no gap.
///
/// # Errors
/// [`Error::Sum`] when `p(x,y) = 0`.
pub fn posterior(world: &World) -> Result<LogProbs<ndarray::Ix1>, Error> {
    let ln_p_xyz = eq02_networks(world, world.y());
    LogProbs::proportional_to("ln_q_z_given_x", &ln_p_xyz.iter().map(Nats::value).collect())
}

/// The expectation of a line over `y ~ q(y|x)`, each caption observed in turn.
fn average<M: Model>(model: &M, f: impl Fn(&M) -> Result<Nats, Error>) -> Result<Nats, Error> {
    let mut terms = Vec::new();
    for (y, weight) in model.caption_model().support() {
        let nats = f(&model.observing(y))?;
        terms.push(if nats.is_finite() { weight * nats } else { nats });
    }
    terms.into_iter().sum::<Nats>().determinate("the average over captions")
}
