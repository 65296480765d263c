//! The types that the reference and its twin share: [`Nats`], [`LogProbs`], [`Beta`], [`Reading`], [`Float`],
//! [`Error`].
//!
//! Nothing here computes a line of the derivation. The twin depends on this package and not on the reference, so that
//! no mathematics of the one can reach the other.

mod closure;
mod error;
mod float;
mod log_probs;
mod nats;

pub use closure::{CLOSURE, closure_bound};
pub use error::Error;
pub use float::Float;
pub use log_probs::{LogProbs, NORMALISED, sum_tolerance};
pub use nats::Nats;

/// Unit roundoff of `f64` (half an ulp of 1): `2^-53`.
pub const UNIT_ROUNDOFF_F64: f64 = f64::EPSILON / 2.0;

/// The weight on the divergence in Eqs. 1 and 14: a number from 0 to [`Beta::MOST`].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Beta(f64);

impl Beta {
    /// A weight of 1, for which the note states its bound.
    pub const ONE: Self = Self(1.0);

    /// The largest weight that is accepted. The bound on an error scales with the addends of `beta D`, and from about
    /// 1e13 on it would hide what it is to decide.
    pub const MOST: f64 = 1e6;

    /// Validates a weight, which is a number from 0 to [`Beta::MOST`].
    ///
    /// # Errors
    /// [`Error::Beta`] for NaN, a negative number or one beyond the largest.
    pub fn new(beta: f64) -> Result<Self, Error> {
        if (0.0..=Self::MOST).contains(&beta) {
            Ok(Self(beta + 0.0)) // no minus on a zero
        } else {
            Err(Error::Beta { value: beta })
        }
    }

    /// The weight as a number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// The weighted divergence `beta D`. At `beta = 0` it is 0 even where the divergence is infinite: `0 x inf = 0`.
impl std::ops::Mul<Nats> for Beta {
    type Output = Nats;

    fn mul(self, divergence: Nats) -> Nats {
        self.0 * divergence
    }
}

/// What the note's `q(y,z|x)` and its `D_KL(q(y,z|x), p(y,z))` are taken to mean (Eqs. 12 to 14 and 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reading {
    /// `q(y,z|x) = q(z|x)` times a point mass at the observed caption.
    Observed,
    /// `D_KL` is the log-ratio at the observed `y`, in expectation over `z`. It is no divergence and may be negative.
    Pointwise,
    /// `D_KL` sums over every caption `y'` and every code, as a divergence of the two joints does.
    Joint,
    /// `y` is independent of `x` given `z`, as a footnote of the original paper has it: `q(y,z|x) = q(z|x) p(y|z)`.
    Footnote,
    /// As [`Reading::Joint`], but the outer expectation is over `q(y,z|x)`, too. The line then bounds `ln p(x)`.
    Expected,
}

impl Reading {
    /// All readings, in the order in which the audit lists them.
    pub const ALL: [Self; 5] = [
        Self::Observed,
        Self::Pointwise,
        Self::Joint,
        Self::Footnote,
        Self::Expected,
    ];

    /// The word used on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Pointwise => "pointwise",
            Self::Joint => "joint",
            Self::Footnote => "footnote",
            Self::Expected => "expected",
        }
    }

    /// Whether the outer expectation is over captions too: over `q(y,z|x)`, and not over `q(z|x)` at the observed `y`.
    /// Lines 13, 14 and 1 are then held against `ln p(x)`.
    #[must_use]
    pub const fn averages_captions(self) -> bool {
        match self {
            Self::Observed | Self::Pointwise | Self::Joint | Self::Footnote => false,
            Self::Expected => true,
        }
    }

    /// Whether what stands for `D_KL` is a divergence, which is never negative. It is none where it is a log-ratio at
    /// one caption.
    #[must_use]
    pub const fn has_a_divergence(self) -> bool {
        match self {
            Self::Pointwise => false,
            Self::Observed | Self::Joint | Self::Footnote | Self::Expected => true,
        }
    }
}
