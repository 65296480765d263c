//! The critical beta: from which weight on the divergence on an objective bounds its target from below.

use std::cmp::Ordering;

use crate::equations::bound::eq03_log_evidence;
use crate::equations::objective::{divergence, expected_log_likelihood, ln_caption};
use crate::slack::Slack;
use crate::vocab::{Beta, Error, Nats, Reading, UNIT_ROUNDOFF_F64, closure_bound};

/// A critical beta, with a bound on how far rounding can have moved it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The critical beta as computed.
    pub beta: f64,
    /// The distance within which the true critical beta lies.
    pub within: f64,
}

impl Threshold {
    /// The quotient `numerator / d`, each of which is known up to its closure bound. `d` has to be larger than its own
    /// bound.
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

    /// Whether the quotient has not overflowed.
    const fn is_a_number(self) -> bool {
        self.beta.is_finite() && self.within.is_finite()
    }

    /// Whether `beta` lies below the critical one, above it or on it. There is no answer where it is nearer than
    /// rounding lets one tell.
    #[must_use]
    pub fn compare(self, beta: f64) -> Option<Ordering> {
        let known = self.within == 0.0 || (beta - self.beta).abs() > self.within;
        beta.partial_cmp(&self.beta).filter(|_| known)
    }
}

/// The set of beta from 0 to [`Beta::MOST`] for which the objective bounds its target, `R - beta D <= target`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CriticalBeta {
    /// The bound holds exactly from this beta on, since `0 < D < inf`. Under the observed reading it is
    /// `1 - KL*/D <= 1`. It is not clamped: a negative one says that the bound holds at every beta.
    From(Threshold),
    /// The bound holds exactly up to this beta, since `D < 0`, which only the pointwise reading allows. It is `-inf`
    /// when the bound holds at no beta.
    UpTo(Threshold),
    /// The bound holds at every beta: `R` is below the target by more than any weight on `D` makes up for, or
    /// `R = -inf`.
    Always,
    /// The bound holds at no beta: `R` is above the target by more than any weight on `D` makes up for, or the target
    /// is `-inf`.
    Never,
    /// The bound holds at every positive beta, since `D = +inf`. At 0 the divergence does not count.
    Positive {
        /// Whether the bound holds at 0, `R <= target`; none where rounding hides it.
        at_zero: Option<bool>,
    },
    /// The bound fails at every positive beta, since `D = -inf`, which only the pointwise reading allows. Rounding
    /// hides whether it holds at 0.
    Negative,
    /// Rounding hides both `D` and what separates `R` from the target.
    Undecided,
}

impl CriticalBeta {
    /// Whether the bound holds at this beta. There is no answer where rounding decides on which side of the critical
    /// one it lies.
    #[must_use]
    pub fn holds(self, beta: f64) -> Option<bool> {
        match self {
            Self::From(critical) => critical.compare(beta).map(Ordering::is_ge),
            Self::UpTo(critical) => critical.compare(beta).map(Ordering::is_le),
            Self::Always => Some(true),
            Self::Never => Some(false),
            Self::Positive { .. } if beta > 0.0 => Some(true),
            Self::Positive { at_zero } => at_zero,
            Self::Negative => (beta > 0.0).then_some(false),
            Self::Undecided => None,
        }
    }
}

/// The critical beta of Eq. 14. When the constant is kept, it is that of Eq. 13 with a weighted divergence.
///
/// ```text
/// beta* = (R - target) / D,   R the reconstruction term, plus ln q(y|x) where the constant is kept
///       = 1 - gap / D         where R - D = target - gap
/// ```
///
/// The target is `ln p(x,y)`. Under [`Reading::Expected`] it is `ln p(x)`, and the constant is
/// `E_{y ~ q(y|x)}[ln q(y|x)]`.
///
/// The second form holds under the observed reading, where the gap is `KL*`, and under the expected one with the
/// constant dropped. Its gap is a sum over the posterior, in which a decoder's offset of thousands of nats cancels.
/// Each number is known as far as its mass says and as the tables' normalisation does. Source: the audit, 'beta'.
///
/// # Errors
/// [`Error::Indeterminate`] when `R`, `D` or their sum has no value.
pub fn critical_beta<M: Slack>(model: &M, reading: Reading, constant_kept: bool) -> Result<CriticalBeta, Error> {
    let (target, constant) = if reading.averages_captions() {
        let average = model.caption_model().expect(|y| model.ln_q_y(y));
        (model.ln_evidence_of_image()?, average)
    } else {
        (eq03_log_evidence(model)?, ln_caption(model, reading, model.y())?)
    };
    let kept = if constant_kept { constant } else { Nats::ZERO };
    let r = (expected_log_likelihood(model, reading) + kept).determinate("R")?;
    let hidden = Nats::with_mass(0.0, model.normalisation(reading));
    let d = divergence(model, reading)? + hidden;
    if r.value() == f64::NEG_INFINITY {
        return Ok(match d.value() {
            f64::NEG_INFINITY => CriticalBeta::UpTo(Threshold { beta: 0.0, within: 0.0 }),
            _ => CriticalBeta::Always,
        });
    }
    let excess = r - target + hidden;
    // Where the evidence is infinite there is no posterior, and so no gap.
    let gap = match target.is_finite() {
        true => gap(model, reading, constant_kept)?.map(|gap| gap + hidden),
        false => None,
    };
    // What the gap leaves of D has nothing of the decoder's offset in it: the second form is preferred where its mass
    // is less.
    let finer = gap
        .map(|gap| d - gap)
        .filter(|other| other.is_finite() && !(other.mass() >= excess.mass()));
    let excess = finer.unwrap_or(excess);
    let at_zero = match excess.value() {
        value if value > closure_bound(&[excess]) => Some(false),
        value if value < -closure_bound(&[excess]) => Some(true),
        // Nothing of it was rounded.
        value if closure_bound(&[excess]) == 0.0 => Some(value <= 0.0),
        _ => None,
    };
    let of_d = closure_bound(&[d]);
    let threshold = match gap {
        Some(gap) if d.value() > of_d => one_less(Threshold::quotient(gap, d)),
        _ => Threshold::quotient(excess, d),
    };
    Ok(match d.value() {
        f64::NEG_INFINITY => match at_zero {
            None => CriticalBeta::Negative,
            Some(holds) => CriticalBeta::UpTo(Threshold {
                beta: if holds { 0.0 } else { f64::NEG_INFINITY },
                within: 0.0,
            }),
        },
        f64::INFINITY => CriticalBeta::Positive { at_zero },
        _ if target.value() == f64::NEG_INFINITY => CriticalBeta::Never,
        value if value > of_d && threshold.is_a_number() => CriticalBeta::From(threshold),
        value if value < -of_d && threshold.is_a_number() && !reading.has_a_divergence() => {
            CriticalBeta::UpTo(threshold)
        }
        // D is 0 but for rounding, or so small that the quotient overflows.
        _ => without_a_quotient(excess, d, reading),
    })
}

/// The critical beta where the quotient says nothing: what the largest beta could make of `D` decides.
fn without_a_quotient(excess: Nats, d: Nats, reading: Reading) -> CriticalBeta {
    let most = Beta::MOST * (d.value().abs() + closure_bound(&[d]));
    let of_excess = closure_bound(&[excess]);
    // D may be negative, and raise the line, only where the log-ratio at one caption stands for it.
    let raised = if reading.has_a_divergence() { 0.0 } else { most };
    if excess.value() + of_excess + raised < 0.0 {
        CriticalBeta::Always
    } else if excess.value() - of_excess - most > 0.0 {
        CriticalBeta::Never
    } else {
        CriticalBeta::Undecided
    }
}

/// The divergence from the posterior, under the readings where it is all that separates `R - D` from the target.
fn gap<M: Slack>(model: &M, reading: Reading, constant_kept: bool) -> Result<Option<Nats>, Error> {
    match reading {
        Reading::Observed => model.posterior_gap().map(Some),
        Reading::Expected if !constant_kept => model.joint_posterior_gap().map(Some),
        Reading::Expected | Reading::Pointwise | Reading::Joint | Reading::Footnote => Ok(None),
    }
}

/// The threshold `1 - gap / D`, from `gap / D`. A gap below 0 is 0 but for rounding.
fn one_less(share: Threshold) -> Threshold {
    Threshold {
        beta: 1.0 - share.beta.max(0.0),
        within: share.within + UNIT_ROUNDOFF_F64 * (1.0 + share.beta.abs()),
    }
}
