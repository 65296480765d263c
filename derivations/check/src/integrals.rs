//! Every side of a linear-Gaussian world three times: in closed form, by quadrature, by sampling.

use serde::Serialize;

#[cfg(feature = "lapack")]
mod compare;

#[cfg(feature = "lapack")]
pub use compare::compare;

/// By how many standard errors a sample's side may miss before it fails: the jackknife of 32 groups leaves a side a chance of one in a million.
pub const BEYOND_CHANCE: f64 = 6.0;

/// What was compared, over all worlds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Integrals {
    /// Worlds.
    pub worlds: u64,
    /// Sides compared with quadrature.
    pub by_quadrature: u64,
    /// The worst of them, in units of the bound.
    pub worst_quadrature: f64,
    /// Sides that 256 nodes an axis do not settle.
    pub unsettled: u64,
    /// Sides compared with sampling.
    pub by_sampling: u64,
    /// The worst of them, in standard errors.
    pub worst_sampling: f64,
    /// Sides whose estimate has no standard error to trust: the ratio's fourth moment is too large.
    pub heavy: u64,
}

impl Integrals {
    /// Whether the three agree.
    #[must_use]
    pub fn agree(&self) -> bool {
        self.worst_quadrature <= 1.0 && self.worst_sampling <= BEYOND_CHANCE
    }
}
