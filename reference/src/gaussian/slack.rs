//! The slacks of a linear-Gaussian world, from inverses and determinants.

use super::Gaussian;
use crate::model::Model;
use crate::slack::{Posterior, Slack};
use crate::vocab::{Error, Nats, Reading};

impl Gaussian {
    /// The log-ratio `E_{z ~ q(z|x)}[ln q(y,z|x) - ln p(y,z)]`, as a cross-entropy less an entropy.
    fn log_ratio(&self, y: usize) -> Nats {
        let cross_entropy = self.cross_entropy_to_prior(y) - Nats::of(self.core.shared.ln_p_y.ln()[y]);
        let entropy = self.encoder_entropy() - Nats::of(self.ln_q_y.ln()[y]);
        cross_entropy - entropy
    }

    /// The joint divergence `D_KL = sum_y' q(y'|x) E_{z ~ q(z|x)}[ln q(y',z|x) - ln p(y',z)]`.
    fn joint_divergence(&self) -> Nats {
        let term = |y: usize| {
            let ratio = self.log_ratio(y);
            let weight = self.ln_q_y.p()[y];
            if ratio.is_finite() { weight * ratio } else { ratio }
        };
        self.possible_captions().map(term).sum()
    }

    /// Refuses a world that has no posterior, because `p(y) = 0` at the observed caption.
    fn possible(&self) -> Result<(), Error> {
        if self.core.shared.ln_p_y.ln()[self.y] == f64::NEG_INFINITY {
            return Err(Error::Indeterminate { line: "the posterior" });
        }
        Ok(())
    }

    fn ln_prior_of_caption(&self, y: usize) -> Nats {
        Nats::of(self.core.shared.ln_p_y.ln()[y])
    }

    /// The divergence `KL(q(y,z|x) || r)`, for an `r` whose captions have the log-weights `ln_weight`. `divergence_at`
    /// is the divergence of `q(z|x)` from the codes of `r` at a caption.
    fn joint_divergence_from(
        &self,
        ln_weight: impl Fn(usize) -> Nats,
        divergence_at: impl Fn(usize) -> Nats,
    ) -> Result<Nats, Error> {
        let captions = Posterior::new(self.captions(), ln_weight)?;
        let mut terms = Vec::with_capacity(self.captions());
        for (y, ln_r) in captions.entries() {
            let ln_q = self.ln_q_y.ln()[y];
            if ln_q == f64::NEG_INFINITY {
                continue;
            }
            if !ln_r.is_finite() {
                return Ok(Nats::INFINITY);
            }
            terms.push(self.ln_q_y.p()[y] * (Nats::of(ln_q) - ln_r + divergence_at(y)));
        }
        Ok(terms.into_iter().sum())
    }

    /// The captions with `q(y|x) > 0`.
    fn possible_captions(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.captions()).filter(|&y| self.ln_q_y.ln()[y] > f64::NEG_INFINITY)
    }
}

impl Slack for Gaussian {
    /// The slack is 0, since a Gaussian is positive everywhere.
    fn uncovered_posterior(&self) -> Result<Nats, Error> {
        self.possible()?;
        Ok(Nats::ZERO)
    }

    fn jensen_gap(&self) -> Result<Nats, Error> {
        self.posterior_gap()
    }

    fn posterior_gap(&self) -> Result<Nats, Error> {
        self.possible()?;
        Ok(self.divergence_from_posterior(self.y))
    }

    fn joint_posterior_gap(&self) -> Result<Nats, Error> {
        let ln_weight = |y: usize| self.ln_evidence_given_caption(y) + self.ln_prior_of_caption(y);
        self.joint_divergence_from(ln_weight, |y| self.divergence_from_posterior(y))
    }

    /// The slack is 0, since `q(y,z|x)` is a product.
    fn conditional_encoder(&self) -> Result<Nats, Error> {
        Ok(Nats::ZERO)
    }

    fn joint_against_pointwise(&self) -> Result<Nats, Error> {
        (self.joint_divergence() - self.log_ratio(self.y)).determinate("D_KL - A(y)")
    }

    fn joint_against_product(&self) -> Result<Nats, Error> {
        self.joint_against_pointwise()
    }

    fn reweighted_divergence(&self, reading: Reading) -> Result<Nats, Error> {
        let extra = self.beta.get() - 1.0;
        if extra == 0.0 {
            return Ok(Nats::ZERO);
        }
        let divergence = if reading.has_a_divergence() {
            self.joint_divergence()
        } else {
            self.log_ratio(self.y)
        };
        (extra * divergence).determinate("(beta - 1) D")
    }

    fn fixed_caption_gap(&self) -> Result<Nats, Error> {
        Err(Error::NoClosedForm {
            line: "the gap of the footnote",
        })
    }

    /// `r` is a mixture over captions, too, but the divergence keeps its captions apart:
    /// `KL = sum_y' q(y'|x) (ln q(y'|x) / r(y') + KL(q(z|x) || r(z|y')))`.
    fn joint_fixed_caption_gap(&self) -> Result<Nats, Error> {
        let fixed = self.with_caption_fixed();
        let ln_weight = |y: usize| fixed[y].ln_evidence + self.ln_prior_of_caption(y);
        self.joint_divergence_from(ln_weight, |y| fixed[y].divergence_from_posterior)
    }

    fn image_against_fixed_caption(&self) -> Result<Nats, Error> {
        let (captions, fixed) = (self.captions(), self.with_caption_fixed());
        // Each caption stands here twice: first with its own decoder, then with the observed caption's. The slack is
        // the logarithm of the first half's share less that of the second.
        let shares = Posterior::new(2 * captions, |place| {
            let y = place % captions;
            let evidence = if place < captions {
                self.ln_evidence_given_caption(y)
            } else {
                fixed[y].ln_evidence
            };
            evidence + self.ln_prior_of_caption(y)
        })?;
        let (image, set) = (
            shares.log_share(|k| k < captions)?,
            shares.log_share(|k| k >= captions)?,
        );
        (image - set).determinate("ln p(x) against the caption fixed")
    }
}
