//! Eqs. 13, 14 and 1: the objective, under each reading of `q(y,z|x)`.

use crate::model::Model;
use crate::vocab::{Beta, Error, Nats, Reading};

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
pub fn eq13_kl_named<M: Model>(model: &M, reading: Reading) -> Result<Nats, Error> {
    let divergence = divergence(model, reading)?;
    let constant = |y: usize| ln_caption(model, reading, y);
    if reading == Reading::Expected {
        let constants: Vec<Nats> = (0..model.captions()).map(constant).collect::<Result<_, _>>()?;
        let terms = |y: usize| model.ln_p_x_given_yz(y) - divergence + constants[y];
        return model.expect_joint(&terms).determinate("Eq. 13");
    }
    let terms = model.ln_p_x_given_yz(model.y()) - divergence + constant(model.y())?;
    model.expect(&terms).determinate("Eq. 13")
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
pub fn eq14_objective<M: Model>(model: &M, reading: Reading, beta: Beta) -> Result<Nats, Error> {
    let weighted = weighted_divergence(model, reading, beta)?;
    outer(model, reading, |y| model.ln_p_x_given_yz(y) - weighted).determinate("Eq. 14")
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
pub fn eq01_objective<M: Model>(model: &M, reading: Reading, beta: Beta) -> Result<Nats, Error> {
    (expected_log_likelihood(model, reading) - weighted_divergence(model, reading, beta)?).determinate("Eq. 1")
}

/// The reconstruction term.
///
/// ```text
/// R = E_{z ~ q(z|x)}[ln p(x|y,z)],   under `Expected`  E_{(y,z) ~ q(y,z|x)}[ln p(x|y,z)]
/// ```
///
/// Unit: nats. Twin: `gpu::equations::expected_log_likelihood`.
#[must_use]
pub fn expected_log_likelihood<M: Model>(model: &M, reading: Reading) -> Nats {
    outer(model, reading, |y| model.ln_p_x_given_yz(y))
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
/// [`Error::Indeterminate`] pointwise, when `+inf` and `-inf` meet; [`Error::NoClosedForm`] under the footnote where `p(z)` has none.
pub fn divergence<M: Model>(model: &M, reading: Reading) -> Result<Nats, Error> {
    let y = model.y();
    match reading {
        Reading::Observed => Ok(model.expect(&(model.ln_q_z() - model.ln_p_yz(y)))),
        Reading::Pointwise => model
            .expect(&(model.ln_q_yz(y) - model.ln_p_yz(y)))
            .determinate("pointwise D_KL"),
        Reading::Joint | Reading::Expected => Ok(model.expect_joint(&|y| model.ln_q_yz(y) - model.ln_p_yz(y))),
        Reading::Footnote => Ok(model.expect(&(model.ln_q_z() - model.ln_p_z()?))),
    }
}

/// `ln q(y|x)` as the reading has it.
///
/// ```text
/// observed  ln 1 = 0        footnote  ln sum_z q(z|x) p(y|z)        else  the table
/// ```
///
/// Unit: nats. Range: `[-inf, 0]`.
///
/// # Errors
/// [`Error::NoClosedForm`] under the footnote where `p(y|z)` has none.
pub fn ln_caption<M: Model>(model: &M, reading: Reading, y: usize) -> Result<Nats, Error> {
    match reading {
        Reading::Observed => Ok(Nats::ZERO),
        Reading::Pointwise | Reading::Joint | Reading::Expected => Ok(model.ln_q_y(y)),
        Reading::Footnote => Ok(model.log_expect(&model.ln_p_y_given_z(y)?)),
    }
}

fn weighted_divergence<M: Model>(model: &M, reading: Reading, beta: Beta) -> Result<Nats, Error> {
    if beta.get() > 0.0 {
        Ok(beta * divergence(model, reading)?)
    } else {
        Ok(Nats::ZERO)
    }
}

fn outer<M: Model>(model: &M, reading: Reading, f: impl Fn(usize) -> M::Log) -> Nats {
    match reading {
        Reading::Expected => model.expect_joint(&f),
        _ => model.expect(&f(model.y())),
    }
}
