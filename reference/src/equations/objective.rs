//! Eqs. 13, 14 and 1: the objective, under each [`Reading`] of `q(y,z|x)`.
//!
//! The examples share one world with two captions and two codes. The prior `p(y,z)` is 1/4 everywhere, `q(z|x)` and
//! `q(y|x)` are 1/2 everywhere, and at the observed caption the decoder gives the image the probabilities 1/2 and 1/8.
//! Its evidence is `ln 5/32`.

use crate::model::Model;
use crate::vocab::{Beta, Error, Nats, Reading};

/// The objective with its divergence named, before the constant `ln q(y|x)` is dropped.
///
/// ```text
/// E[ln p(x|y,z) - D_KL(q(y,z|x), p(y,z)) + ln q(y|x)]                              (Eq. 13)
/// ```
///
/// The expectation is over `z ~ q(z|x)` at the observed `y`; under [`Reading::Expected`] over `(y,z) ~ q(y,z|x)`.
/// `D_KL` is [`divergence`], and `ln q(y|x)` is [`ln_caption`]: both depend on the reading. Unit: nats.
/// Source: the note, Eq. 13. Twin: `gpu::equations::eq13_kl_named`.
///
/// ```
/// # use reference::equations::objective::eq13_kl_named;
/// # use reference::vocab::Reading;
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
/// // R = ln 1/4. Observed: the divergence is ln 2, the constant ln 1. Joint: the divergence is 0, the constant ln 1/2.
/// for reading in [Reading::Observed, Reading::Joint] {
///     assert!((eq13_kl_named(&world, reading)?.value() - 0.125_f64.ln()).abs() < 1e-14);
/// }
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// [`Error::Indeterminate`] when `+inf` meets `-inf`, as with `q(y|x) = 0` read pointwise. [`Error::NoClosedForm`]
/// under the footnote's reading where `p(z)` has none.
pub fn eq13_kl_named<M: Model>(model: &M, reading: Reading) -> Result<Nats, Error> {
    let divergence = divergence(model, reading)?;
    let constant = |y: usize| ln_caption(model, reading, y);
    if reading.averages_captions() {
        let constants: Vec<Nats> = (0..model.captions()).map(constant).collect::<Result<_, _>>()?;
        let terms = |y: usize| model.ln_p_x_given_yz(y) - divergence + constants[y];
        return model.expect_joint(&terms).determinate("Eq. 13");
    }
    let terms = model.ln_p_x_given_yz(model.y()) - divergence + constant(model.y())?;
    model.expect(&terms).determinate("Eq. 13")
}

/// The objective that is trained: the constant is dropped, and the divergence is weighted by beta.
///
/// ```text
/// E[ln p(x|y,z) - beta D_KL(q(y,z|x), p(y,z))]                                     (Eq. 14)
/// ```
///
/// The expectation is that of [`eq13_kl_named`]. Unit: nats.
/// Limits: at `beta = 0` the divergence is not there, whatever it is (not `0 x inf`).
/// Source: the note, Eq. 14. Twin: `gpu::equations::eq14_objective`.
///
/// ```
/// # use reference::equations::objective::eq14_objective;
/// # use reference::vocab::{Beta, Reading};
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
/// // R = ln 1/4 and the observed divergence is ln 2, here counted twice.
/// let observed = eq14_objective(&world, Reading::Observed, Beta::new(2.0)?)?;
/// assert!((observed.value() - 0.0625_f64.ln()).abs() < 1e-14);
/// // The joint divergence is 0: without its constant ln 1/2 the line stands at 8/32, above the evidence, 5/32.
/// let joint = eq14_objective(&world, Reading::Joint, Beta::ONE)?;
/// assert!((joint.value() - 0.25_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// As [`eq13_kl_named`].
pub fn eq14_objective<M: Model>(model: &M, reading: Reading, beta: Beta) -> Result<Nats, Error> {
    let weighted = weighted_divergence(model, reading, beta)?;
    outer(model, reading, |y| model.ln_p_x_given_yz(y) - weighted).determinate("Eq. 14")
}

/// The objective as the note states it first: Eq. 14 with the divergence outside the expectation.
///
/// ```text
/// E[ln p(x|y,z)] - beta D_KL(q(y,z|x), p(y,z))                                     (Eq. 1)
/// ```
///
/// Unit: nats. Limits: as [`eq14_objective`].
/// Source: the note, Eq. 1, whose divergence does not depend on `z`. Twin: `gpu::equations::eq01_objective`.
///
/// ```
/// # use reference::equations::objective::eq01_objective;
/// # use reference::vocab::{Beta, Reading};
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
/// // R = ln 1/4 and the observed divergence is ln 2.
/// let objective = eq01_objective(&world, Reading::Observed, Beta::ONE)?;
/// assert!((objective.value() - 0.125_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// As [`eq13_kl_named`].
pub fn eq01_objective<M: Model>(model: &M, reading: Reading, beta: Beta) -> Result<Nats, Error> {
    (expected_log_likelihood(model, reading) - weighted_divergence(model, reading, beta)?).determinate("Eq. 1")
}

/// The reconstruction term: the mean log-likelihood of the observed image, over the encoder's codes.
///
/// ```text
/// R = E_{z ~ q(z|x)}[ln p(x|y,z)],   under `Expected`  E_{(y,z) ~ q(y,z|x)}[ln p(x|y,z)]
/// ```
///
/// Unit: nats. Limits: `-inf` when a code of the encoder makes the image impossible.
/// Twin: `gpu::equations::expected_log_likelihood`.
///
/// ```
/// # use reference::equations::objective::expected_log_likelihood;
/// # use reference::vocab::Reading;
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
/// // Half of ln 1/2 + ln 1/8 is ln 1/4.
/// let r = expected_log_likelihood(&world, Reading::Observed);
/// assert!((r.value() - 0.25_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
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
/// Unit: nats. Limits: `+inf` where the encoder gives what is impossible under the prior.
/// Source: the note, Eq. 13, and the audit's readings. Twin: `gpu::equations::divergence`.
///
/// ```
/// # use reference::equations::objective::divergence;
/// # use reference::vocab::Reading;
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
/// // Observed: q(z|x) = 1/2 against p(y,z) = 1/4. Joint: q(y,z|x) = 1/4 against the same.
/// assert!((divergence(&world, Reading::Observed)?.value() - 2.0_f64.ln()).abs() < 1e-14);
/// assert!(divergence(&world, Reading::Joint)?.value().abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// [`Error::Indeterminate`] under the pointwise reading, when `+inf` and `-inf` meet. [`Error::NoClosedForm`] under the
/// footnote's reading where `p(z)` has none.
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

/// The constant `ln q(y|x)` of Eq. 13, for any caption `y`, as the reading has it.
///
/// ```text
/// observed  ln 1 = 0        footnote  ln sum_z q(z|x) p(y|z)        else  the table
/// ```
///
/// Unit: nats. Range: `[-inf, 0]`.
///
/// ```
/// # use reference::equations::objective::ln_caption;
/// # use reference::vocab::Reading;
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
/// // The observed caption is certain under the observed reading; the table gives each caption 1/2.
/// assert_eq!(ln_caption(&world, Reading::Observed, 0)?.value(), 0.0);
/// assert!((ln_caption(&world, Reading::Joint, 1)?.value() - 0.5_f64.ln()).abs() < 1e-14);
/// # Ok::<(), reference::vocab::Error>(())
/// ```
///
/// # Errors
/// [`Error::NoClosedForm`] under the footnote's reading where `p(y|z)` has none.
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
    if reading.averages_captions() {
        model.expect_joint(&f)
    } else {
        model.expect(&f(model.y()))
    }
}
