//! Compares three ways to compute every line on a linear-Gaussian world: in closed form, by quadrature and by sampling.

use serde::Serialize;

#[cfg(feature = "lapack")]
mod compare;

#[cfg(feature = "lapack")]
pub use compare::compare;

/// The largest error of an estimate from samples that passes, in standard errors. With the jackknife of 32 groups, a
/// correct line exceeds it with a chance of one in a million.
pub const BEYOND_CHANCE: f64 = 6.0;

/// The result of the comparison over all worlds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Integrals {
    /// The number of worlds.
    pub worlds: u64,
    /// The number of values that were compared with quadrature.
    pub by_quadrature: u64,
    /// The largest error of quadrature, in units of its bound. More than 1 is a failure.
    pub worst_quadrature: f64,
    /// The number of values for which 256 nodes per axis do not suffice.
    pub unsettled: u64,
    /// The number of values that were compared with sampling.
    pub by_sampling: u64,
    /// The largest error of sampling, in standard errors.
    pub worst_sampling: f64,
    /// The number of values whose estimate has no trustworthy standard error, because the fourth moment of the ratio is
    /// too large.
    pub heavy: u64,
}

impl Integrals {
    /// Whether the three ways agree.
    #[must_use]
    pub fn agree(&self) -> bool {
        self.worst_quadrature <= 1.0 && self.worst_sampling <= BEYOND_CHANCE
    }
}
