//! A world as fractions: what a counterexample is printed as, and what a person writes by hand.
//!
//! Everything is checked in exact arithmetic (sums of `i64` fractions in checked `i128`), so a world that is off by one part in
//! a billion is refused and none is refused for rounding.

mod blocks;
mod exact;
pub(crate) mod fraction;
#[cfg(feature = "lapack")]
pub(crate) mod gaussian;
pub(crate) mod world;
pub(crate) mod written;

pub use fraction::Fraction;
#[cfg(feature = "lapack")]
pub use gaussian::FractionGaussian;
pub use world::FractionWorld;
pub use written::InFractions;
