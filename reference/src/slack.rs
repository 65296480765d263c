//! What each row of the derivation loses, `to = from - slack`, from the other side.
//!
//! Nothing here calls `equations`, `categorical` or `special`, nor the integrals of [`Model`]: a slack that shared code with the sides it
//! separates would agree with their mistakes. The posterior is formed directly, divergences to it are summed as plain loops over it,
//! and the divergence of the last row is a cross-entropy less an entropy.

use crate::model::Model;
use crate::vocab::{Error, Nats, Reading};

mod finite;
mod posterior;

pub(crate) use posterior::Posterior;

/// The slacks of a model. Sums over `z` are integrals where codes are continuous.
pub trait Slack: Model {
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
    fn uncovered_posterior(&self) -> Result<Nats, Error>;

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
    fn jensen_gap(&self) -> Result<Nats, Error>;

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
    fn posterior_gap(&self) -> Result<Nats, Error>;

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
    fn joint_posterior_gap(&self) -> Result<Nats, Error>;

    /// Rows (11) to (12): what a joint that does not factorise adds.
    ///
    /// ```text
    /// slack = -KL(q(z|x) || q(z|y,x))   <= 0,   q(z|y,x) = q(y,z|x) / sum_z q(y,z|x) at the observed y
    /// ```
    ///
    /// Unit: nats. Range: `[-inf, 0]`; 0 for the product, and for a free joint that has `q(z|y,x) = q(z|x)` at the observed `y`. `q(y|x)` is the
    /// joint's marginal `q_J(y|x)` (a world in which it is not is refused); else `ln (q_J(y|x) / q(y|x))` would be added, of either sign.
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
    /// Unit: nats. Range: any.
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when `+inf` meets `-inf`.
    fn joint_against_pointwise(&self) -> Result<Nats, Error>;

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
    fn joint_against_product(&self) -> Result<Nats, Error>;

    /// From Eq. 14 at `beta = 1` to Eq. 14 at `beta`.
    ///
    /// ```text
    /// slack = (beta - 1) D,   D = H(q, p) - H(q),   0 at beta = 1
    /// ```
    ///
    /// Unit: nats. Range: the sign of `(beta - 1) D`. The model is the one [`Model::under`] the reading; its beta counts.
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when `+inf` meets `-inf`.
    fn reweighted_divergence(&self, reading: Reading) -> Result<Nats, Error>;

    /// Gap of the footnote's objective below [`ln_evidence_with_fixed_caption`](crate::repairs::ln_evidence_with_fixed_caption).
    ///
    /// ```text
    /// slack = KL(q(z|x) || r),   r proportional to p(z) p(x|y,z)   >= 0
    /// ```
    ///
    /// Unit: nats.
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when that target is `-inf`.
    fn fixed_caption_gap(&self) -> Result<Nats, Error>;

    /// Gap of Eq. 14 under the joint reading, at `beta = 1`, below the same target. The decoder of `r` is the observed caption's at every `y'`.
    ///
    /// ```text
    /// slack = KL(q(y',z|x) || r),   r(y',z) proportional to p(y',z) p(x|y,z)   >= 0
    /// ```
    ///
    /// Unit: nats. Range: `[0, +inf]`; 0 exactly when `q(y',z|x)` is `r`. A free joint counts as it is.
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when that target is `-inf`.
    fn joint_fixed_caption_gap(&self) -> Result<Nats, Error>;

    /// `ln p(x)` above that target.
    ///
    /// ```text
    /// ln p(x) - ln sum_z p(z) p(x|y,z)     any sign
    /// ```
    ///
    /// Unit: nats. 0 where the decoder does not look at the caption.
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when either evidence is `-inf`.
    fn image_against_fixed_caption(&self) -> Result<Nats, Error>;

    /// Rows (13) to (14): the 'constant positive value', which is the logarithm of a probability mass.
    ///
    /// ```text
    /// slack = ln q(y|x)   <= 0,   under `Expected`  sum_y q(y|x) ln q(y|x)
    /// ```
    ///
    /// Unit: nats. Range: `[-inf, 0]`; 0 exactly when `q(y|x) = 1`. The model is the one [`Model::under`] the reading.
    ///
    /// # Errors
    /// None on a validated model.
    fn dropped_constant(&self, reading: Reading) -> Result<Nats, Error> {
        let (ln_q, q) = (self.caption_model().ln(), self.caption_model().p());
        if reading != Reading::Expected {
            return Ok(Nats::of(ln_q[self.y()]));
        }
        Ok((0..self.captions()).map(|y| q[y] * Nats::of(ln_q[y])).sum())
    }
}
