//! Worlds whose numbers are fractions. Counterexamples are printed in this form, and a person can write it by hand.
//!
//! Everything is checked in exact arithmetic: sums of `i64` fractions in checked `i128`. So a world that is off by one
//! part in a billion is refused, and no world is refused because of rounding.

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
