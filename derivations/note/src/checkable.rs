//! The kinds of world on which the claims are judged, and the predicates that assumptions need.

use reference::model::Model as _;
use reference::slack::Slack;
use reference::vocab::{Reading, closure_bound};
use reference::world::World;

use crate::line::id::LineId;

/// A kind of world that claims can be checked on: finite or linear-Gaussian. It adds to [`Slack`] what the assumptions
/// ask.
pub trait Checkable: Slack {
    /// Whether codes are integrated over rather than summed over.
    const CONTINUOUS: bool;

    /// The readings under which every line has a closed form.
    const READINGS: &'static [Reading];

    /// The lines that have no closed form under any reading.
    const NO_CLOSED_FORM: &'static [LineId];

    /// Whether `q(z|x)` is positive wherever the posterior is.
    fn posterior_covered(&self) -> bool;

    /// Whether `q(y,z|x) = q(y|x) q(z|x)`.
    fn joint_factorises(&self) -> bool;

    /// Whether `p(x|y,z)` is the same for every caption.
    fn decoder_ignores_caption(&self) -> bool;

    /// Whether every probability is positive, both in the tables and of the images that were not observed.
    fn every_probability_positive(&self) -> bool;

    /// Whether `q(y|x)` and `q(y,z|x)` equal those of the other world.
    fn same_encoders(&self, other: &Self) -> bool;
}

impl Checkable for World {
    const CONTINUOUS: bool = false;
    const READINGS: &'static [Reading] = &Reading::ALL;
    const NO_CLOSED_FORM: &'static [LineId] = &[];

    fn posterior_covered(&self) -> bool {
        let possible = |table: &ndarray::Array2<f64>, z: usize| table[[self.y(), z]] > f64::NEG_INFINITY;
        (0..self.codes()).all(|z| {
            self.encoder().ln()[z] > f64::NEG_INFINITY
                || !possible(self.likelihood(), z)
                || !possible(self.prior().ln(), z)
        })
    }

    fn joint_factorises(&self) -> bool {
        (0..self.captions()).all(|y| {
            let (joint, product) = (self.ln_q_yz(y), self.ln_q_z() + self.ln_q_y(y));
            joint
                .iter()
                .zip(product.iter())
                .all(|(joint, product)| match (joint.is_finite(), product.is_finite()) {
                    (true, true) => {
                        (joint - product).value().abs() <= closure_bound(&[joint, product]) + f64::EPSILON * 8.0
                    }
                    (a, b) => a == b,
                })
        })
    }

    fn decoder_ignores_caption(&self) -> bool {
        let table = self.likelihood();
        table.rows().into_iter().all(|row| row == table.row(0))
    }

    fn every_probability_positive(&self) -> bool {
        let positive = |ln_p: &f64| *ln_p > f64::NEG_INFINITY;
        let likelihood = self.likelihood();
        let certain = likelihood.iter().all(|ln_p| *ln_p == 0.0);
        (certain || likelihood.iter().all(|ln_p| positive(ln_p) && *ln_p < 0.0))
            && self.prior().ln().iter().all(positive)
            && self.joint_encoder().ln().iter().all(positive)
    }
    fn same_encoders(&self, other: &Self) -> bool {
        self.caption_model().ln() == other.caption_model().ln()
            && self.joint_encoder().ln() == other.joint_encoder().ln()
    }
}

#[cfg(feature = "lapack")]
impl Checkable for reference::gaussian::Gaussian {
    const CONTINUOUS: bool = true;
    const READINGS: &'static [Reading] = &[Reading::Observed, Reading::Pointwise, Reading::Joint, Reading::Expected];
    const NO_CLOSED_FORM: &'static [LineId] = &[LineId::A2, LineId::A3, LineId::A4];

    fn posterior_covered(&self) -> bool {
        true // A Gaussian density is positive everywhere.
    }

    fn joint_factorises(&self) -> bool {
        true // A linear-Gaussian world has no free joint.
    }

    fn decoder_ignores_caption(&self) -> bool {
        Self::decoder_ignores_caption(self)
    }

    fn every_probability_positive(&self) -> bool {
        let possible = |y: usize| self.ln_p_y(y).is_finite() && self.ln_q_y(y).is_finite();
        (0..self.captions()).all(possible)
    }

    fn same_encoders(&self, other: &Self) -> bool {
        self.caption_model().ln() == other.caption_model().ln()
    }
}
