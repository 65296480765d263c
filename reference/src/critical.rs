//! For which beta an objective bounds its target.

use std::cmp::Ordering;

use crate::equations::bound::eq03_log_evidence;
use crate::equations::objective::{divergence, expected_log_likelihood, ln_caption};
use crate::slack::Slack;
use crate::vocab::{Error, Nats, Reading, UNIT_ROUNDOFF_F64, closure_bound};

/// A critical beta, and how far rounding can have moved it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The critical beta as computed.
    pub beta: f64,
    /// The true one lies within this distance.
    pub within: f64,
}

impl Threshold {
    /// `numerator / d`, each known up to its closure bound; `d` is larger than its own.
    ///
    /// ```text
    /// |n/d - N/D| <= (e_n + |n/d| e_d) / (|d| - e_d)
    /// ```
    fn quotient(numerator: Nats, d: Nats) -> Self {
        let (e_n, e_d) = (closure_bound(&[numerator]), closure_bound(&[d]));
        let beta = numerator.value() / d.value();
        Self {
            beta,
            within: (e_n + beta.abs() * e_d) / (d.value().abs() - e_d),
        }
    }

    /// Where `beta` lies: below it, above it, on it; none where it is nearer than rounding lets one tell.
    #[must_use]
    pub fn compare(self, beta: f64) -> Option<Ordering> {
        let known = self.within == 0.0 || (beta - self.beta).abs() > self.within;
        beta.partial_cmp(&self.beta).filter(|_| known)
    }
}

/// The set of beta `>= 0` for which `R - beta D <= target`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CriticalBeta {
    /// `0 < D < inf`: exactly from this beta on. Under the observed reading it is `1 - KL*/D <= 1`. Not clamped:
    /// a negative one says that every beta `>= 0` holds.
    From(Threshold),
    /// `D < 0` (pointwise only): exactly up to this beta; `-inf` when none.
    UpTo(Threshold),
    /// `D = 0` and `R <= target`, or `R = -inf`: beta does not matter and the bound holds.
    Always,
    /// `D = 0` and `R > target`, or a target of `-inf`: beta does not matter and the bound fails.
    Never,
    /// `D = +inf`: every beta `> 0` holds; `at_zero` says whether `R` itself does.
    Positive {
        /// Whether `R <= target`.
        at_zero: bool,
    },
}

impl CriticalBeta {
    /// Whether the bound holds at this beta; none where rounding decides on which side of the critical one it lies.
    #[must_use]
    pub fn holds(self, beta: f64) -> Option<bool> {
        match self {
            Self::From(critical) => critical.compare(beta).map(Ordering::is_ge),
            Self::UpTo(critical) => critical.compare(beta).map(Ordering::is_le),
            Self::Always => Some(true),
            Self::Never => Some(false),
            Self::Positive { at_zero } => Some(beta > 0.0 || at_zero),
        }
    }
}

/// The critical beta of Eq. 14, or of Eq. 13 with a weighted divergence when the constant is kept.
///
/// ```text
/// beta* = (R - target) / D,   R the reconstruction term, plus ln q(y|x) where the constant is kept
///       = 1 - gap / D         where R - D = target - gap
/// ```
///
/// A divergence, and a difference `R - target`, that rounding alone could explain are 0. The target is `ln p(x,y)`. Under [`Reading::Expected`]
/// it is `ln p(x)`, and the constant is `E_{y ~ q(y|x)}[ln q(y|x)]`. The second form holds under the observed reading, with `KL*`, and under the expected one with
/// the constant dropped: its gap is a sum over the posterior, in which a decoder's offset of thousands of nats cancels. Source: the audit, 'beta'.
///
/// # Errors
/// [`Error::Indeterminate`] when `R`, `D` or their sum has no value.
pub fn critical_beta<M: Slack>(model: &M, reading: Reading, constant_kept: bool) -> Result<CriticalBeta, Error> {
    let (target, constant) = if reading == Reading::Expected {
        let average = model.caption_model().expect(|y| model.ln_q_y(y));
        (model.ln_evidence_of_image()?, average)
    } else {
        (eq03_log_evidence(model)?, ln_caption(model, reading, model.y())?)
    };
    let kept = if constant_kept { constant } else { Nats::ZERO };
    let r = (expected_log_likelihood(model, reading) + kept).determinate("R")?;
    let d = divergence(model, reading)?;
    // What rounding alone could explain is 0: a tight bound is not lost by its last digit, and no divergence is negative.
    let at_zero = r.value() <= target.value() + closure_bound(&[r, target]);
    let beta_does_not_matter = if at_zero {
        CriticalBeta::Always
    } else {
        CriticalBeta::Never
    };
    Ok(if d.value() == f64::NEG_INFINITY {
        let beta = if at_zero { 0.0 } else { f64::NEG_INFINITY };
        CriticalBeta::UpTo(Threshold { beta, within: 0.0 })
    } else if r.value() == f64::NEG_INFINITY {
        CriticalBeta::Always
    } else if d.value() == f64::INFINITY {
        CriticalBeta::Positive { at_zero }
    } else if target.value() == f64::NEG_INFINITY {
        CriticalBeta::Never
    } else if d.value().abs() <= closure_bound(&[d]) || (d.value() < 0.0 && reading != Reading::Pointwise) {
        beta_does_not_matter
    } else if d.value() > 0.0 {
        CriticalBeta::From(match gap(model, reading, constant_kept)? {
            Some(gap) => one_less(Threshold::quotient(gap, d)),
            None => Threshold::quotient(r - target, d),
        })
    } else {
        CriticalBeta::UpTo(Threshold::quotient(r - target, d))
    })
}

/// `KL` to the posterior, where it is all that separates `R - D` from the target.
fn gap<M: Slack>(model: &M, reading: Reading, constant_kept: bool) -> Result<Option<Nats>, Error> {
    match reading {
        Reading::Observed => model.posterior_gap().map(Some),
        Reading::Expected if !constant_kept => model.joint_posterior_gap().map(Some),
        _ => Ok(None),
    }
}

/// `1 - gap / D`; a gap below 0 is 0 but for rounding.
fn one_less(share: Threshold) -> Threshold {
    Threshold {
        beta: 1.0 - share.beta.max(0.0),
        within: share.within + UNIT_ROUNDOFF_F64 * (1.0 + share.beta.abs()),
    }
}
