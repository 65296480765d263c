//! Linear-Gaussian worlds: the closed forms of the lines over a batch, from Cholesky factors that the caller provides.
//!
//! ```text
//! p(y) a table    p(z|y) = N(m_y, S_y)    p(x|y,z) = N(W z + b_y, R)    q(z|x) = N(mu, V)    q(y|x) a table
//! ```
//!
//! Every line is a function of two whitened affine maps of `t`, where `z = mu + L t` and `V = L L^T` ([`Batch`]). Eqs.
//! 6 to 12 differ only in how they write one number. In closed form they are one function, [`eq09_log_product`].

mod batch;
mod matrices;

use candle_core::{D, Tensor};
use vocab::Reading;

pub use batch::{Batch, Parts};

use crate::Error;
use crate::categorical::expect;
use crate::special::{is_ln_zero, log_sum_exp, select};
use matrices::{cholesky, ln_diagonal, whiten};

/// `ln (2 pi)`.
const LN_2_PI: f64 = 1.837_877_066_409_345_3;

/// The evidence of the observed pair, with the integral in closed form.
///
/// ```text
/// ln p(x,y) = ln ∫ p(x,y,z) dz                                                     (Eq. 3)
/// ```
///
/// Shapes: returns `[B]`. Unit: nats; a density, so any sign. Limits: `-inf` where `p(y) = 0`.
/// Source: the note, Eq. 3. Reference: `reference::equations::bound::eq03_log_evidence`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq03_log_evidence(batch: &Batch) -> Result<Tensor, Error> {
    batch.at_observed(&Posterior::new(batch)?.ln_evidence)
}

/// The evidence of the image alone, `ln p(x)`, as the mixture over the captions.
///
/// Shapes: returns `[B]`. Unit: nats. Reference: `reference::model::Model::ln_evidence_of_image`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn ln_evidence_of_image(batch: &Batch) -> Result<Tensor, Error> {
    log_sum_exp(&Posterior::new(batch)?.ln_evidence)
}

/// Jensen's gap, the divergence `KL(q(z|x) || p(z|x,y))` of the encoder from the posterior.
///
/// ```text
/// 1/2 (tr A + |w|^2 - d - ln det A)
/// ```
///
/// `A` is the posterior's precision and `-A^-1 b` its mean, in the coordinates in which `q` is standard normal, and
/// `|w|^2 = b^T A^-1 b`.
///
/// Shapes: returns `[B]`. Unit: nats. Limits: NaN where `p(y) = 0` and there is no posterior.
/// Reference: `reference::slack::Slack::posterior_gap`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn posterior_gap(batch: &Batch) -> Result<Tensor, Error> {
    let posterior = Posterior::new(batch)?;
    let d = batch.coordinates();
    let terms = ((posterior.trace + posterior.height)? - (posterior.ln_det + d)?)?;
    let terms = select(&is_ln_zero(batch.ln_p_y())?, f64::NAN, &terms)?;
    batch.at_observed(&(terms * 0.5)?)
}

/// The ELBO before any reading of `q(y,z|x)`, which is the closed form of Eqs. 6 to 12.
///
/// ```text
/// E_{z ~ q(z|x)}[ln p(x|y,z) + ln p(y,z) - ln q(z|x)]                              (Eq. 9)
/// ```
///
/// Shapes: returns `[B]`. Unit: nats. Limits: `-inf` where `p(y) = 0`.
/// Source: the note, Eq. 9. Reference: `reference::equations::bound::eq09_log_product`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn eq09_log_product(batch: &Batch) -> Result<Tensor, Error> {
    let joint = batch.at_observed(&(ln_likelihood(batch)? + ln_prior(batch)?)?)?;
    Ok((joint + entropy(batch)?)?)
}

/// The objective with its divergence named, before the constant `ln q(y|x)` is dropped.
///
/// ```text
/// E[ln p(x|y,z) - D_KL(q(y,z|x), p(y,z)) + ln q(y|x)]                              (Eq. 13)
/// ```
///
/// Shapes: returns `[B]`. Unit: nats. Limits: NaN where opposite infinities meet.
/// Source: the note, Eq. 13. Reference: `reference::equations::objective::eq13_kl_named`.
///
/// # Errors
/// [`Error::Mixture`] for the footnote's reading; [`Error::Device`] when the device refuses.
pub fn eq13_kl_named(batch: &Batch, reading: Reading) -> Result<Tensor, Error> {
    let ln_q_y = batch.ln_q_y();
    let caption = match reading {
        Reading::Observed => divergence(batch, reading)?.zeros_like()?,
        Reading::Expected => expect(ln_q_y, ln_q_y)?,
        Reading::Pointwise | Reading::Joint | Reading::Footnote => batch.at_observed(ln_q_y)?,
    };
    Ok(((expected_log_likelihood(batch, reading)? - divergence(batch, reading)?)? + caption)?)
}

/// The objective that is trained: the constant is dropped, and the divergence is weighted by beta.
///
/// ```text
/// E[ln p(x|y,z)] - beta D_KL(q(y,z|x), p(y,z))                                     (Eqs. 14 and 1)
/// ```
///
/// Shapes: returns `[B]`, each world at its own beta. Unit: nats. Limits: at `beta = 0` the divergence is not there.
/// Source: the note, Eq. 14. Reference: `reference::equations::objective::eq14_objective`.
///
/// # Errors
/// [`Error::Mixture`] for the footnote's reading; [`Error::Device`] when the device refuses.
pub fn eq14_objective(batch: &Batch, reading: Reading) -> Result<Tensor, Error> {
    let weighted = (batch.beta() * divergence(batch, reading)?)?;
    let weighted = select(&batch.beta().eq(0.0)?, 0.0, &weighted)?;
    Ok((expected_log_likelihood(batch, reading)? - weighted)?)
}

/// The reconstruction term: the mean log-likelihood of the observed image, over the encoder's codes.
///
/// ```text
/// R = E_{z ~ q(z|x)}[ln p(x|y,z)],   under `Expected`  E_{(y,z) ~ q(y,z|x)}[ln p(x|y,z)]
/// ```
///
/// Shapes: returns `[B]`. Unit: nats. Reference: `reference::equations::objective::expected_log_likelihood`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn expected_log_likelihood(batch: &Batch, reading: Reading) -> Result<Tensor, Error> {
    let by_caption = ln_likelihood(batch)?;
    if reading.averages_captions() {
        expect(batch.ln_q_y(), &by_caption)
    } else {
        batch.at_observed(&by_caption)
    }
}

/// What the reading makes of `D_KL(q(y,z|x), p(y,z))`.
///
/// ```text
/// observed          E_{z ~ q(z|x)}[ln q(z|x) - ln p(y,z)]                  at the observed y
/// pointwise         E_{z ~ q(z|x)}[ln q(y,z|x) - ln p(y,z)]                at the observed y; any sign
/// joint, expected   sum_{y'} q(y'|x) E_{z ~ q(z|x)}[ln q(y',z|x) - ln p(y',z)]
/// ```
///
/// Shapes: returns `[B]`. Unit: nats. Source: the note, Eq. 13. Reference:
/// `reference::equations::objective::divergence`.
///
/// # Errors
/// [`Error::Mixture`] for the footnote's reading; [`Error::Device`] when the device refuses.
pub fn divergence(batch: &Batch, reading: Reading) -> Result<Tensor, Error> {
    let of_codes = (ln_prior(batch)?.broadcast_add(&entropy(batch)?.unsqueeze(1)?)?).neg()?;
    match reading {
        Reading::Observed => batch.at_observed(&of_codes),
        Reading::Pointwise => batch.at_observed(&(of_codes + batch.ln_q_y())?),
        Reading::Joint | Reading::Expected => expect(batch.ln_q_y(), &(of_codes + batch.ln_q_y())?),
        Reading::Footnote => Err(Error::Mixture),
    }
}

/// Entropy of the encoder.
///
/// ```text
/// H(q(z|x)) = d/2 (1 + ln 2 pi) + ln det L
/// ```
///
/// Shapes: returns `[B]`. Unit: nats; any sign. Reference: `-E_{z ~ q(z|x)}[ln q(z|x)]` by
/// `reference::model::Model::expect`.
///
/// # Errors
/// [`Error::Device`] when the device refuses.
pub fn entropy(batch: &Batch) -> Result<Tensor, Error> {
    Ok((batch.ln_det_encoder() + 0.5 * batch.coordinates() * (1.0 + LN_2_PI))?)
}

/// `E_{z ~ q(z|x)}[ln p(x|y,z)] = -1/2 (|u|^2 + |U|^2) - ln det F - D/2 ln 2 pi`, `[B, Y]`.
fn ln_likelihood(batch: &Batch) -> Result<Tensor, Error> {
    let (offset, slope) = batch.decoder();
    let squares = offset.sqr()?.sum(D::Minus1)?;
    let spread = slope.sqr()?.sum(D::Minus1)?.sum(D::Minus1)?.unsqueeze(1)?;
    let squares = squares.broadcast_add(&spread)?;
    let constant = (batch.ln_det_decoder() + 0.5 * batch.pixels() * LN_2_PI)?.unsqueeze(1)?;
    Ok((squares * -0.5)?.broadcast_sub(&constant)?)
}

/// `E_{z ~ q(z|x)}[ln p(y,z)]`, `[B, Y]`.
fn ln_prior(batch: &Batch) -> Result<Tensor, Error> {
    let (offset, slope) = batch.prior();
    let spread = slope.sqr()?.sum(D::Minus1)?.sum(D::Minus1)?;
    let squares = (offset.sqr()?.sum(D::Minus1)? + spread)?;
    let constant = (batch.ln_det_prior() + 0.5 * batch.coordinates() * LN_2_PI)?;
    Ok((((squares * -0.5)? - constant)? + batch.ln_p_y())?)
}

/// What the lines need of the posterior at every caption, `[B, Y]` each. Its precision is `A`, and its mean `-A^-1 b`.
struct Posterior {
    /// The trace `tr A`.
    trace: Tensor,
    /// The quadratic form `b^T A^-1 b`.
    height: Tensor,
    /// The log-determinant `ln det A`.
    ln_det: Tensor,
    /// The evidence `ln p(x,y)`.
    ln_evidence: Tensor,
}

impl Posterior {
    /// Solves the normal equations, `A = U^T U` and `b = U^T u` summed over prior and decoder, by Cholesky's factor of
    /// `A`:
    ///
    /// ```text
    /// ln p(x,y) = ln p(y) - ln det F_S - ln det F_R - D/2 ln 2 pi + ln det L - 1/2 (|u|^2 - b^T A^-1 b + ln det A)
    /// ```
    fn new(batch: &Batch) -> Result<Self, Error> {
        let (prior_offset, prior_slope) = batch.prior();
        let (decoder_offset, decoder_slope) = batch.decoder();
        let (worlds, captions, d) = prior_offset.dims3()?;
        let transposed = prior_slope.t()?.contiguous()?;
        let by_decoder = decoder_slope.t()?.contiguous()?.matmul(decoder_slope)?.unsqueeze(1)?;
        let precision = transposed.matmul(prior_slope)?.broadcast_add(&by_decoder)?;
        let pulled = transposed
            .matmul(&prior_offset.unsqueeze(D::Minus1)?)?
            .squeeze(D::Minus1)?;
        let linear = (pulled + decoder_offset.matmul(decoder_slope)?)?;
        let factor = cholesky(&precision.reshape((worlds * captions, d, d))?)?;
        let whitened = whiten(&factor, &linear.reshape((worlds * captions, d, 1))?)?;
        let by_caption = |flat: Tensor| flat.reshape((worlds, captions));
        let height = by_caption(whitened.squeeze(D::Minus1)?.sqr()?.sum(D::Minus1)?)?;
        let diagonal = ln_diagonal(&factor)?.sum(D::Minus1)?;
        let ln_det = (by_caption(diagonal)? * 2.0)?;
        let unit = Tensor::eye(d, precision.dtype(), precision.device())?;
        let trace = precision.broadcast_mul(&unit)?.sum(D::Minus1)?.sum(D::Minus1)?;

        let constant = (prior_offset.sqr()?.sum(D::Minus1)? + decoder_offset.sqr()?.sum(D::Minus1)?)?;
        let exponent = ((((constant - &height)? + &ln_det)? * -0.5)? - batch.ln_det_prior())?;
        let shared = (batch.ln_det_encoder() - batch.ln_det_decoder())?;
        let shared = (shared - 0.5 * batch.pixels() * LN_2_PI)?.unsqueeze(1)?;
        let ln_evidence = (exponent.broadcast_add(&shared)? + batch.ln_p_y())?;
        let impossible = is_ln_zero(batch.ln_p_y())?;
        Ok(Self {
            ln_evidence: select(&impossible, f64::NEG_INFINITY, &ln_evidence)?,
            trace,
            height,
            ln_det,
        })
    }
}
