//! What each row of the derivation loses, `to = from - slack`, computed without the two lines that the row connects.
//!
//! Nothing here calls `equations`, `categorical` or `special`, nor the integrals of [`Model`]: a slack that shared code
//! with the sides it separates would agree with their mistakes. The posterior is formed directly. Divergences to it are
//! summed as plain loops over it. The divergence of the last row is a cross-entropy less an entropy.
//!
//! The examples have one or two captions and two codes. The prior is uniform, and at the observed caption the decoder
//! gives the image the probabilities 1/2 and 1/8, so that the posterior of the codes is (4/5, 1/5). The encoder is
//! (1/2, 1/2) where nothing else is said.

use crate::model::Model;
use crate::vocab::{Error, Nats, Reading};

mod finite;
mod posterior;

pub(crate) use posterior::Posterior;

/// The slacks of the derivation's rows on a model, each computed by a formula of its own.
///
/// Sums over `z` are integrals where codes are continuous.
pub trait Slack: Model {
    /// Rows (3) to (4): the posterior mass that `q` does not cover.
    ///
    /// ```text
    /// slack = -ln sum_{z: q(z|x) > 0} p(z|x,y)   >= 0
    /// ```
    ///
    /// Unit: nats. Range: `[0, +inf]`; 0 exactly when `q` covers the posterior's support.
    ///
    /// ```
    /// # use reference::slack::Slack as _;
    /// # use ndarray::array;
    /// # use reference::world::{Tables, World};
    /// # let world = World::new(Tables {
    /// #     ln_p_x_given_yz: array![[0.5_f64, 0.125]].mapv(f64::ln),
    /// #     ln_p_yz: array![[0.5_f64, 0.5]].mapv(f64::ln),
    /// #     ln_q_z_given_x: array![1.0_f64, 0.0].mapv(f64::ln),
    /// #     ln_q_y_given_x: array![1.0_f64].mapv(f64::ln),
    /// #     ln_q_yz_given_x: None,
    /// #     y: 0,
    /// #     beta: 1.0,
    /// # })?;
    /// // The encoder (1, 0) covers 4/5 of the posterior.
    /// assert!((world.uncovered_posterior()?.value() + 0.8_f64.ln()).abs() < 1e-14);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when `p(x,y) = 0`: there is no posterior.
    fn uncovered_posterior(&self) -> Result<Nats, Error>;

    /// Rows (5) to (6): Jensen's gap, what is lost when the logarithm moves inside the expectation.
    ///
    /// ```text
    /// slack = sum_z q(z|x) ln (q(z|x) / r_z)   >= 0,   r = p(z|x,y) on q's support, renormalised
    /// ```
    ///
    /// Unit: nats. Range: `[0, +inf]`; 0 exactly when `q` is that restriction.
    ///
    /// ```
    /// # use reference::slack::Slack as _;
    /// # use ndarray::array;
    /// # use reference::world::{Tables, World};
    /// # let world = World::new(Tables {
    /// #     ln_p_x_given_yz: array![[0.5_f64, 0.125]].mapv(f64::ln),
    /// #     ln_p_yz: array![[0.5_f64, 0.5]].mapv(f64::ln),
    /// #     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
    /// #     ln_q_y_given_x: array![1.0_f64].mapv(f64::ln),
    /// #     ln_q_yz_given_x: None,
    /// #     y: 0,
    /// #     beta: 1.0,
    /// # })?;
    /// // 1/2 ln (1/2 / 4/5) + 1/2 ln (1/2 / 1/5) = 1/2 ln 25/16 = ln 5/4.
    /// assert!((world.jensen_gap()?.value() - 1.25_f64.ln()).abs() < 1e-14);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when `q` misses the posterior altogether.
    fn jensen_gap(&self) -> Result<Nats, Error>;

    /// Rows (3) to (6): the gap of the bound, the divergence of the encoder from the posterior.
    ///
    /// ```text
    /// KL* = KL(q(z|x) || p(z|x,y)) = -sum_z q(z|x) ln (p(z|x,y) / q(z|x))   >= 0
    /// ```
    ///
    /// Unit: nats. Range: `[0, +inf]`; 0 exactly when `q` is the posterior.
    ///
    /// ```
    /// # use reference::slack::Slack as _;
    /// # use ndarray::array;
    /// # use reference::world::{Tables, World};
    /// # let world = World::new(Tables {
    /// #     ln_p_x_given_yz: array![[0.5_f64, 0.125]].mapv(f64::ln),
    /// #     ln_p_yz: array![[0.5_f64, 0.5]].mapv(f64::ln),
    /// #     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
    /// #     ln_q_y_given_x: array![1.0_f64].mapv(f64::ln),
    /// #     ln_q_yz_given_x: None,
    /// #     y: 0,
    /// #     beta: 1.0,
    /// # })?;
    /// // 1/2 ln (1/2 / 4/5) + 1/2 ln (1/2 / 1/5) = ln 5/4: the evidence is ln 5/16, the bound ln 4/16.
    /// assert!((world.posterior_gap()?.value() - 1.25_f64.ln()).abs() < 1e-14);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when `p(x,y) = 0`.
    fn posterior_gap(&self) -> Result<Nats, Error>;

    /// The gap of the bound on `ln p(x)` under the expected reading.
    ///
    /// ```text
    /// slack = KL(q(y,z|x) || p(y,z|x))   >= 0
    /// ```
    ///
    /// Unit: nats. Range: `[0, +inf]`; 0 exactly when `q(y,z|x)` is the posterior of captions and codes.
    ///
    /// ```
    /// # use reference::slack::Slack as _;
    /// # use ndarray::array;
    /// # use reference::world::{Tables, World};
    /// # let world = World::new(Tables {
    /// #     ln_p_x_given_yz: array![[0.5_f64, 0.125], [0.5, 0.125]].mapv(f64::ln),
    /// #     ln_p_yz: array![[0.25_f64, 0.25], [0.25, 0.25]].mapv(f64::ln),
    /// #     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
    /// #     ln_q_y_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
    /// #     ln_q_yz_given_x: None,
    /// #     y: 0,
    /// #     beta: 1.0,
    /// # })?;
    /// // The decoder is the same at both captions: p(y,z|x) is (4/5, 1/5) at half of its size, and q(y,z|x) is 1/4.
    /// assert!((world.joint_posterior_gap()?.value() - 1.25_f64.ln()).abs() < 1e-14);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when `p(x) = 0`.
    fn joint_posterior_gap(&self) -> Result<Nats, Error>;

    /// Rows (11) to (12): what a joint encoder that is no product of its marginals adds to the line.
    ///
    /// ```text
    /// slack = -KL(q(z|x) || q(z|y,x))   <= 0,   q(z|y,x) = q(y,z|x) / sum_z q(y,z|x) at the observed y
    /// ```
    ///
    /// Unit: nats. Range: `[-inf, 0]`; 0 for the product, and for a free joint that has `q(z|y,x) = q(z|x)` at the
    /// observed `y`. `q(y|x)` is the joint's marginal `q_J(y|x)`, and a world in which it is not is refused. Otherwise
    /// `ln (q_J(y|x) / q(y|x))` would be added, which may have either sign.
    ///
    /// ```
    /// # use reference::slack::Slack as _;
    /// # use ndarray::array;
    /// # use reference::world::{Tables, World};
    /// # let world = World::new(Tables {
    /// #     ln_p_x_given_yz: array![[0.5_f64, 0.125], [0.25, 0.0625]].mapv(f64::ln),
    /// #     ln_p_yz: array![[0.25_f64, 0.25], [0.25, 0.25]].mapv(f64::ln),
    /// #     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
    /// #     ln_q_y_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
    /// #     ln_q_yz_given_x: Some(array![[0.375_f64, 0.125], [0.125, 0.375]].mapv(f64::ln)),
    /// #     y: 0,
    /// #     beta: 1.0,
    /// # })?;
    /// // The joint is (3/8, 1/8; 1/8, 3/8), so that q(z|y,x) = (3/4, 1/4).
    /// // -1/2 ln (1/2 / 3/4) - 1/2 ln (1/2 / 1/4) = 1/2 ln 3/4.
    /// assert!((world.conditional_encoder()?.value() - 0.5 * 0.75_f64.ln()).abs() < 1e-14);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when a free joint has `q(y|x) = 0`: there is no `q(z|y,x)`.
    fn conditional_encoder(&self) -> Result<Nats, Error>;

    /// Rows (12) to (13), when `D_KL` sums over captions too.
    ///
    /// ```text
    /// slack = D_KL - A(y) = sum_{y',z} (q(y',z|x) - [y' = y] q(z|x)) (ln q(y',z|x) - ln p(y',z))     any sign
    /// ```
    ///
    /// `A(y)` is the log-ratio that the pointwise reading calls `D_KL`. Unit: nats. Range: any.
    ///
    /// ```
    /// # use reference::slack::Slack as _;
    /// # use ndarray::array;
    /// # use reference::world::{Tables, World};
    /// # let world = World::new(Tables {
    /// #     ln_p_x_given_yz: array![[0.5_f64, 0.125], [0.25, 0.0625]].mapv(f64::ln),
    /// #     ln_p_yz: array![[0.25_f64, 0.25], [0.25, 0.25]].mapv(f64::ln),
    /// #     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
    /// #     ln_q_y_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
    /// #     ln_q_yz_given_x: Some(array![[0.375_f64, 0.125], [0.125, 0.375]].mapv(f64::ln)),
    /// #     y: 0,
    /// #     beta: 1.0,
    /// # })?;
    /// // The ratios q(y,z|x) / p(y,z) are 3/2 and 1/2, at weights 3/4 and 1/4 in D_KL and 1/2 and 1/2 in A(y).
    /// assert!((world.joint_against_pointwise()?.value() - 0.25 * 3.0_f64.ln()).abs() < 1e-14);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when `+inf` meets `-inf`.
    fn joint_against_pointwise(&self) -> Result<Nats, Error>;

    /// Rows (11) to (13) under the joint reading in one step, which is finite even where the slacks of the two rows are
    /// opposite infinities.
    ///
    /// ```text
    /// slack = D_KL - sum_z q(z|x) (ln q(z|x) + ln q(y|x) - ln p(y,z))     any sign
    /// ```
    ///
    /// It is the sum of [`Slack::conditional_encoder`] and [`Slack::joint_against_pointwise`]. Unit: nats. Range: any.
    ///
    /// ```
    /// # use reference::slack::Slack as _;
    /// # use ndarray::array;
    /// # use reference::world::{Tables, World};
    /// # let world = World::new(Tables {
    /// #     ln_p_x_given_yz: array![[0.5_f64, 0.125], [0.25, 0.0625]].mapv(f64::ln),
    /// #     ln_p_yz: array![[0.25_f64, 0.25], [0.25, 0.25]].mapv(f64::ln),
    /// #     ln_q_z_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
    /// #     ln_q_y_given_x: array![0.5_f64, 0.5].mapv(f64::ln),
    /// #     ln_q_yz_given_x: Some(array![[0.375_f64, 0.125], [0.125, 0.375]].mapv(f64::ln)),
    /// #     y: 0,
    /// #     beta: 1.0,
    /// # })?;
    /// // q(z|x) q(y|x) and p(y,z) are 1/4 and cancel; D_KL = 3/4 ln 3/2 + 1/4 ln 1/2.
    /// let d_kl = 0.75 * 1.5_f64.ln() + 0.25 * 0.5_f64.ln();
    /// assert!((world.joint_against_product()?.value() - d_kl).abs() < 1e-14);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when `+inf` meets `-inf`.
    fn joint_against_product(&self) -> Result<Nats, Error>;

    /// From Eq. 14 at `beta = 1` to Eq. 14 at `beta`: the divergence's extra weight.
    ///
    /// ```text
    /// slack = (beta - 1) D,   D = H(q, p) - H(q),   0 at beta = 1
    /// ```
    ///
    /// The model has to be the one [`Model::under`] the reading, and its own beta counts.
    /// Unit: nats. Range: the sign of `(beta - 1) D`.
    ///
    /// ```
    /// # use reference::model::Model as _;
    /// # use reference::slack::Slack as _;
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
    /// #     beta: 3.0,
    /// # })?;
    /// // q(z|x) = 1/2 against p(y,z) = 1/4 is ln 2, and beta = 3 counts it twice more.
    /// let slack = world.under(Reading::Observed)?.reweighted_divergence(Reading::Observed)?;
    /// assert!((slack.value() - 4.0_f64.ln()).abs() < 1e-14);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when `+inf` meets `-inf`.
    fn reweighted_divergence(&self, reading: Reading) -> Result<Nats, Error>;

    /// How far the footnote's objective, at `beta = 1`, lies below its target, the evidence
    /// [`ln_evidence_with_fixed_caption`](crate::repairs::ln_evidence_with_fixed_caption).
    ///
    /// ```text
    /// slack = KL(q(z|x) || r),   r proportional to p(z) p(x|y,z)   >= 0
    /// ```
    ///
    /// Unit: nats. Range: `[0, +inf]`; 0 exactly when `q(z|x)` is `r`.
    ///
    /// ```
    /// # use reference::slack::Slack as _;
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
    /// // p(z) = 1/2 everywhere, so r = (4/5, 1/5): 1/2 ln (1/2 / 4/5) + 1/2 ln (1/2 / 1/5) = ln 5/4.
    /// assert!((world.fixed_caption_gap()?.value() - 1.25_f64.ln()).abs() < 1e-14);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when that target is `-inf`.
    fn fixed_caption_gap(&self) -> Result<Nats, Error>;

    /// How far Eq. 14 under the joint reading, at `beta = 1`, lies below the target of [`Slack::fixed_caption_gap`].
    ///
    /// ```text
    /// slack = KL(q(y',z|x) || r),   r(y',z) proportional to p(y',z) p(x|y,z)   >= 0
    /// ```
    ///
    /// The decoder of `r` is that of the observed caption at every `y'`. A free joint counts as it is.
    /// Unit: nats. Range: `[0, +inf]`; 0 exactly when `q(y',z|x)` is `r`.
    ///
    /// ```
    /// # use reference::slack::Slack as _;
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
    /// // r(y',z) is (4/5, 1/5) at half of its size for each caption, and q(y',z|x) = 1/4: ln 5/4 again.
    /// assert!((world.joint_fixed_caption_gap()?.value() - 1.25_f64.ln()).abs() < 1e-14);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when that target is `-inf`.
    fn joint_fixed_caption_gap(&self) -> Result<Nats, Error>;

    /// How far `ln p(x)` lies above the target of [`Slack::fixed_caption_gap`].
    ///
    /// ```text
    /// ln p(x) - ln sum_z p(z) p(x|y,z)     any sign
    /// ```
    ///
    /// Unit: nats. Range: any; 0 where the decoder does not look at the caption.
    ///
    /// ```
    /// # use reference::slack::Slack as _;
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
    /// // At the other caption the decoder gives half as much, so that p(x) is the mean of 5/16 and half of it.
    /// assert!((world.image_against_fixed_caption()?.value() - 0.75_f64.ln()).abs() < 1e-14);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when either evidence is `-inf`.
    fn image_against_fixed_caption(&self) -> Result<Nats, Error>;

    /// Rows (13) to (14): the constant that the note drops. The note calls it a 'constant positive value', but it is
    /// the logarithm of a probability and never positive.
    ///
    /// ```text
    /// slack = ln q(y|x)   <= 0,   under `Expected`  sum_y q(y|x) ln q(y|x)
    /// ```
    ///
    /// The model has to be the one [`Model::under`] the reading.
    /// Unit: nats. Range: `[-inf, 0]`; 0 exactly when `q(y|x) = 1`.
    ///
    /// ```
    /// # use reference::slack::Slack as _;
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
    /// // q(y|x) = 1/2 at the observed caption.
    /// assert!((world.dropped_constant(Reading::Joint)?.value() - 0.5_f64.ln()).abs() < 1e-14);
    /// # Ok::<(), reference::vocab::Error>(())
    /// ```
    ///
    /// # Errors
    /// None on a validated model.
    fn dropped_constant(&self, reading: Reading) -> Result<Nats, Error> {
        let (ln_q, q) = (self.caption_model().ln(), self.caption_model().p());
        if reading.averages_captions() {
            return Ok((0..self.captions()).map(|y| q[y] * Nats::of(ln_q[y])).sum());
        }
        Ok(Nats::of(ln_q[self.y()]))
    }
}
