//! For which beta an objective bounds its target.

use crate::equations::bound::eq03_log_evidence;
use crate::equations::objective::{divergence, expected_log_likelihood, ln_caption};
use crate::repairs::ln_evidence_of_image;
use crate::vocab::{Error, Nats, Reading, closure_bound};
use crate::world::World;

/// The set of beta `>= 0` for which `R - beta D <= target`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CriticalBeta {
    /// `0 < D < inf`: exactly from this beta on. Under the observed reading it is `1 - KL*/D <= 1`. Not clamped:
    /// a negative one says that every beta `>= 0` holds.
    From(f64),
    /// `D < 0` (pointwise only): exactly up to this beta; `-inf` when none.
    UpTo(f64),
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
    /// Whether the bound holds at this beta. A beta within rounding of the critical one is decided by the last digit: compare
    /// objective and evidence there.
    #[must_use]
    pub fn holds(self, beta: f64) -> bool {
        match self {
            Self::From(critical) => beta >= critical,
            Self::UpTo(critical) => beta <= critical,
            Self::Always => true,
            Self::Never => false,
            Self::Positive { at_zero } => beta > 0.0 || at_zero,
        }
    }
}

/// The critical beta of Eq. 14, or of Eq. 13 with a weighted divergence when the constant is kept.
///
/// ```text
/// beta* = (R - target) / D,   R the reconstruction term, plus ln q(y|x) where the constant is kept
/// ```
///
/// A divergence, and a difference `R - target`, that rounding alone could explain are 0. The target is `ln p(x,y)`. Under [`Reading::Expected`] it is `ln p(x)`, and the constant is `E_{y ~ q(y|x)}[ln q(y|x)]`. Source: the audit, 'beta'.
///
/// # Errors
/// [`Error::Indeterminate`] when `R`, `D` or their sum has no value.
pub fn critical_beta(world: &World, reading: Reading, constant_kept: bool) -> Result<CriticalBeta, Error> {
    let (target, constant) = if reading == Reading::Expected {
        let average = world.caption_model().expect(|y| world.ln_q_y(y));
        (ln_evidence_of_image(world), average)
    } else {
        (eq03_log_evidence(world)?, ln_caption(world, reading, world.y()))
    };
    let kept = if constant_kept { constant } else { Nats::ZERO };
    let r = (expected_log_likelihood(world, reading) + kept).determinate("R")?;
    let d = divergence(world, reading)?;
    // What rounding alone could explain is 0: a tight bound is not lost by its last digit, and no divergence is negative.
    let at_zero = r.value() <= target.value() + closure_bound(&[r, target]);
    let no_divergence = d.is_finite() && d.value().abs() <= closure_bound(&[d]);
    let (r, d, target) = (r.value(), d.value(), target.value());
    Ok(if d == f64::NEG_INFINITY {
        CriticalBeta::UpTo(if at_zero { 0.0 } else { f64::NEG_INFINITY })
    } else if r == f64::NEG_INFINITY {
        CriticalBeta::Always
    } else if d == f64::INFINITY {
        CriticalBeta::Positive { at_zero }
    } else if target == f64::NEG_INFINITY {
        CriticalBeta::Never
    } else if no_divergence {
        if at_zero {
            CriticalBeta::Always
        } else {
            CriticalBeta::Never
        }
    } else if d > 0.0 {
        CriticalBeta::From((r - target) / d)
    } else {
        CriticalBeta::UpTo((r - target) / d)
    })
}
