//! The slacks of a finite [`World`], as loops over the cells of its tables.

use super::{Posterior, Slack};
use crate::model::Model;
use crate::vocab::{Error, Nats, Reading};
use crate::world::World;

impl Slack for World {
    fn uncovered_posterior(&self) -> Result<Nats, Error> {
        let posterior = Posterior::of_codes(self, |_| true)?;
        let covered = |z: usize| self.encoder().ln()[z] > f64::NEG_INFINITY;
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

    fn jensen_gap(&self) -> Result<Nats, Error> {
        let support = |z: usize| self.encoder().ln()[z] > f64::NEG_INFINITY;
        Posterior::of_codes(self, support)?.divergence_from(|z| (self.encoder().p()[z], self.encoder().ln()[z]))
    }

    fn posterior_gap(&self) -> Result<Nats, Error> {
        Posterior::of_codes(self, |_| true)?.divergence_from(|z| (self.encoder().p()[z], self.encoder().ln()[z]))
    }

    fn joint_posterior_gap(&self) -> Result<Nats, Error> {
        let codes = self.codes();
        let cell = |flat: usize| [flat / codes, flat % codes];
        let joint = self.joint_encoder();
        Posterior::of_captions_and_codes(self)?.divergence_from(|flat| (joint.p()[cell(flat)], joint.ln()[cell(flat)]))
    }

    fn conditional_encoder(&self) -> Result<Nats, Error> {
        if !self.is_free() {
            return Ok(Nats::ZERO);
        }
        let row = self.joint_encoder().ln().row(self.y());
        let conditional = Posterior::new(self.codes(), |z| Nats::of(row[z]))?;
        Ok(-conditional.divergence_from(|z| (self.encoder().p()[z], self.encoder().ln()[z]))?)
    }

    fn joint_against_pointwise(&self) -> Result<Nats, Error> {
        let (joint, prior) = (self.joint_encoder(), self.prior());
        let mut terms = Vec::with_capacity(self.captions() * self.codes());
        for y in 0..self.captions() {
            for z in 0..self.codes() {
                let ratio = Nats::of(joint.ln()[[y, z]]) - Nats::of(prior.ln()[[y, z]]);
                let occurs = joint.ln()[[y, z]] > f64::NEG_INFINITY;
                let observed = y == self.y() && self.encoder().ln()[z] > f64::NEG_INFINITY;
                let terms_of_cell = [
                    (occurs, joint.p()[[y, z]], ratio),
                    (observed, self.encoder().p()[z], -ratio),
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

    fn joint_against_product(&self) -> Result<Nats, Error> {
        let (joint, prior, encoder) = (self.joint_encoder(), self.prior(), self.encoder());
        let mut terms = Vec::with_capacity(self.captions() * self.codes());
        let mut count = |weight: f64, nats: Nats| terms.push(if nats.is_finite() { weight * nats } else { nats });
        for y in 0..self.captions() {
            for z in 0..self.codes() {
                if joint.ln()[[y, z]] > f64::NEG_INFINITY {
                    count(
                        joint.p()[[y, z]],
                        Nats::of(joint.ln()[[y, z]]) - Nats::of(prior.ln()[[y, z]]),
                    );
                }
                if y == self.y() && encoder.ln()[z] > f64::NEG_INFINITY {
                    let product = Nats::of(encoder.ln()[z]) + Nats::of(self.caption_model().ln()[y]);
                    count(encoder.p()[z], Nats::of(prior.ln()[[y, z]]) - product);
                }
            }
        }
        terms.into_iter().sum::<Nats>().determinate("D_KL against the product")
    }

    fn reweighted_divergence(&self, reading: Reading) -> Result<Nats, Error> {
        let extra = self.beta().get() - 1.0;
        if extra == 0.0 {
            return Ok(Nats::ZERO);
        }
        let (joint, prior, y) = (self.joint_encoder(), self.prior(), self.y());
        let (mut negative_entropy, mut negative_cross_entropy) = (Vec::new(), Vec::new());
        let mut count = |occurs: bool, weight: f64, cell: [usize; 2]| {
            if occurs {
                let weigh = |nats: Nats| if nats.is_finite() { weight * nats } else { nats };
                negative_entropy.push(weigh(Nats::of(joint.ln()[cell])));
                negative_cross_entropy.push(weigh(Nats::of(prior.ln()[cell])));
            }
        };
        if !reading.has_a_divergence() {
            for z in 0..self.codes() {
                count(
                    self.encoder().ln()[z] > f64::NEG_INFINITY,
                    self.encoder().p()[z],
                    [y, z],
                );
            }
        } else {
            for (flat, &weight) in joint.p().iter().enumerate() {
                let cell = [flat / self.codes(), flat % self.codes()];
                count(joint.ln()[cell] > f64::NEG_INFINITY, weight, cell);
            }
        }
        let divergence = negative_entropy.into_iter().sum::<Nats>() - negative_cross_entropy.into_iter().sum::<Nats>();
        (extra * divergence).determinate("(beta - 1) D")
    }

    fn fixed_caption_gap(&self) -> Result<Nats, Error> {
        let y = self.y();
        Posterior::new(self.codes(), |z| {
            let column = Posterior::new(self.captions(), |caption| Nats::of(self.prior().ln()[[caption, z]]));
            column.map_or(Nats::NEG_INFINITY, |column| column.ln_total()) + Nats::of(self.likelihood()[[y, z]])
        })?
        .divergence_from(|z| (self.encoder().p()[z], self.encoder().ln()[z]))
    }

    fn joint_fixed_caption_gap(&self) -> Result<Nats, Error> {
        let (codes, joint) = (self.codes(), self.joint_encoder());
        let index = |flat: usize| [flat / codes, flat % codes];
        Posterior::with_caption_fixed(self)?.divergence_from(|flat| (joint.p()[index(flat)], joint.ln()[index(flat)]))
    }

    fn image_against_fixed_caption(&self) -> Result<Nats, Error> {
        let codes = self.codes();
        let cells = self.captions() * codes;
        // The joint's cells stand here twice: first those of p(x|y',z) p(y',z), then those of p(x|y,z) p(y',z). The
        // slack is the logarithm of the first half's share less that of the second.
        let shares = Posterior::new(2 * cells, |flat| {
            let (caption, z) = ((flat % cells) / codes, flat % codes);
            let decoder = if flat < cells { caption } else { self.y() };
            Nats::of(self.likelihood()[[decoder, z]]) + Nats::of(self.prior().ln()[[caption, z]])
        })?;
        let (image, fixed) = (shares.log_share(|k| k < cells)?, shares.log_share(|k| k >= cells)?);
        (image - fixed).determinate("ln p(x) against the caption fixed")
    }
}
