//! Right-hand sides that the note does not print, and the targets that they do bound.

use ndarray::Axis;

use crate::categorical::kl_divergence;
use crate::equations::bound::eq03_log_evidence;
use crate::equations::objective::{eq13_kl_named, eq14_objective, ln_p_y_given_z};
use crate::slack::{Posterior, conditional_encoder, joint_against_pointwise, posterior_gap};
use crate::special::log_sum_exp;
use crate::vocab::{Beta, Error, LogProbs, Nats, Reading};
use crate::world::{Tables, World};

/// The evidence of the image alone.
///
/// ```text
/// ln p(x) = ln sum_{y,z} p(x|y,z) p(y,z)
/// ```
///
/// Unit: nats.
#[must_use]
pub fn ln_evidence_of_image(world: &World) -> Nats {
    let cells = world.likelihood().indexed_iter();
    log_sum_exp(
        &cells
            .map(|((y, z), _)| world.ln_p_x_given_yz(y, z) + world.ln_p_yz(y, z))
            .collect::<Vec<_>>(),
    )
}

/// The line that needs no reading; equal to Eq. 9.
///
/// ```text
/// R - KL(q(z|x) || p(z|y)) + ln p(y)   <= ln p(x,y)
/// ```
///
/// Unit: nats. Limits: `-inf` when `p(y) = 0`.
///
/// # Errors
/// None on a validated world.
pub fn without_a_reading(world: &World) -> Result<Nats, Error> {
    let y = world.y();
    let row: Vec<Nats> = (0..world.codes()).map(|z| world.ln_p_yz(y, z)).collect();
    let ln_p_y = log_sum_exp(&row);
    if !ln_p_y.is_finite() {
        return Ok(Nats::NEG_INFINITY);
    }
    let kl = world.encoder().expect(|z| world.ln_q_z(z) - (row[z] - ln_p_y));
    (world.encoder().expect(|z| world.ln_p_x_given_yz(y, z)) - kl + ln_p_y).determinate("the line without a reading")
}

/// The footnote's objective with the caption term that it lacks.
///
/// ```text
/// R - KL(q(z|x) || p(z)) + E_{z ~ q(z|x)}[ln p(y|z)]   <= ln p(x,y)
/// ```
///
/// Unit: nats.
///
/// # Errors
/// [`Error::Indeterminate`] when `p(z) = 0 < q(z|x)` meets an infinite term.
pub fn footnote_with_caption_term(world: &World) -> Result<Nats, Error> {
    let objective = eq14_objective(world, Reading::Footnote, Beta::ONE)?;
    let caption = world.encoder().expect(|z| ln_p_y_given_z(world, world.y(), z));
    (objective + caption).determinate("the footnote with its caption term")
}

/// The world whose decoder does not look at the caption: `p(x|z) = sum_y p(y|z) p(x|y,z)` in every row.
///
/// # Errors
/// None that a validated world can cause.
pub fn caption_free_decoder(world: &World) -> Result<World, Error> {
    let mut tables: Tables = world.tables();
    for z in 0..world.codes() {
        let terms: Vec<Nats> = (0..world.captions())
            .map(|y| ln_p_y_given_z(world, y, z) + world.ln_p_x_given_yz(y, z))
            .collect();
        let ln_p_x_given_z = log_sum_exp(&terms).value();
        tables.ln_p_x_given_yz.column_mut(z).fill(ln_p_x_given_z);
    }
    World::new(tables)
}

/// What the footnote's objective bounds when the decoder does look at the caption.
///
/// ```text
/// ln sum_z p(z) p(x|y,z)
/// ```
///
/// Unit: nats.
#[must_use]
pub fn ln_evidence_with_fixed_caption(world: &World) -> Nats {
    let ln_p_z = world.marginal_prior(Axis(0));
    let terms: Vec<Nats> = (0..world.codes())
        .map(|z| ln_p_z[z] + world.ln_p_x_given_yz(world.y(), z))
        .collect();
    log_sum_exp(&terms)
}

/// Gap of the footnote's objective below [`ln_evidence_with_fixed_caption`].
///
/// ```text
/// slack = KL(q(z|x) || r),   r proportional to p(z) p(x|y,z)   >= 0
/// ```
///
/// Unit: nats.
///
/// # Errors
/// [`Error::Indeterminate`] when that target is `-inf`.
pub fn fixed_caption_gap(world: &World) -> Result<Nats, Error> {
    let y = world.y();
    Posterior::new(world.codes(), |z| {
        let column = Posterior::new(world.captions(), |caption| world.ln_p_yz(caption, z));
        column.map_or(Nats::NEG_INFINITY, |column| column.ln_total()) + world.ln_p_x_given_yz(y, z)
    })?
    .divergence_from(|z| (world.encoder().p()[z], world.encoder().ln()[z]))
}

/// `ln p(x,y)` averaged over the encoder's captions.
///
/// ```text
/// E_{y ~ q(y|x)}[ln p(x,y)]
/// ```
///
/// Unit: nats.
///
/// # Errors
/// None on a validated world.
pub fn average_log_evidence(world: &World) -> Result<Nats, Error> {
    average(world, eq03_log_evidence)
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
pub fn average_joint_objective(world: &World) -> Result<Nats, Error> {
    average(world, |at| eq13_kl_named(at, Reading::Joint))
}

/// Slack of the averaged rows.
///
/// ```text
/// E_{y ~ q(y|x)}[KL(q(z|x) || p(z|x,y)) - KL(q(z|x) || q(z|y,x)) + D_KL - A(y)]
/// ```
///
/// For a joint that factorises the last three vanish on average and `E_y[KL*] >= 0` is left. The average is its own loop over
/// the captions, not the one of the two sides. Unit: nats.
///
/// # Errors
/// [`Error::Indeterminate`] when some caption has no posterior.
pub fn average_joint_slack(world: &World) -> Result<Nats, Error> {
    let mut terms = Vec::with_capacity(world.captions());
    for y in 0..world.captions() {
        let ln_weight = world.caption_model().ln()[y];
        if ln_weight > f64::NEG_INFINITY {
            let at = world.observing(y);
            let slack = posterior_gap(&at)? + conditional_encoder(&at)? + joint_against_pointwise(&at)?;
            terms.push(if slack.is_finite() {
                ln_weight.exp() * slack
            } else {
                slack
            });
        }
    }
    // Compensated: thousands of captions would add up thousands of roundings.
    terms.into_iter().sum::<Nats>().determinate("the averaged slack")
}

/// Slack of the footnote's objective below `ln p(x)`, for any decoder.
///
/// ```text
/// slack = -ln (sum_z p(z) p(x|y,z) / p(x)) + KL(q(z|x) || r),   r proportional to p(z) p(x|y,z)     any sign
/// ```
///
/// Unit: nats.
///
/// # Errors
/// [`Error::Indeterminate`] when either evidence is `-inf`.
pub fn footnote_against_image(world: &World) -> Result<Nats, Error> {
    let codes = world.codes();
    let cells = world.captions() * codes;
    // Twice the joint's cells: those of p(x|y',z) p(y',z), then those of p(x|y,z) p(y',z); the shares of the two halves.
    let shares = Posterior::new(2 * cells, |flat| {
        let (caption, z) = ((flat % cells) / codes, flat % codes);
        let decoder = if flat < cells { caption } else { world.y() };
        world.ln_p_x_given_yz(decoder, z) + world.ln_p_yz(caption, z)
    })?;
    let (image, fixed) = (shares.log_share(|k| k < cells)?, shares.log_share(|k| k >= cells)?);
    (image - fixed + fixed_caption_gap(world)?).determinate("the footnote against ln p(x)")
}

/// The divergence of the footnote's joint, spelled out: equal to `KL(q(z|x) || p(z))`.
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

/// The posterior `p(z|x,y)` as a table, to plant as `q(z|x)`.
///
/// # Errors
/// [`Error::Sum`] when `p(x,y) = 0`.
pub fn posterior(world: &World) -> Result<LogProbs<ndarray::Ix1>, Error> {
    let y = world.y();
    let ln_p = (0..world.codes())
        .map(|z| (world.ln_p_x_given_yz(y, z) + world.ln_p_yz(y, z)).value())
        .collect();
    LogProbs::proportional_to("ln_q_z_given_x", &ln_p)
}

fn average(world: &World, f: impl Fn(&World) -> Result<Nats, Error>) -> Result<Nats, Error> {
    let mut terms = Vec::new();
    for (y, weight) in world.caption_model().support() {
        let nats = f(&world.observing(y))?;
        terms.push(if nats.is_finite() { weight * nats } else { nats });
    }
    terms.into_iter().sum::<Nats>().determinate("the average over captions")
}
