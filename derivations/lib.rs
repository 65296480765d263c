//! The derivation as a table, the checker that judges it, and the faces that show it.

#[cfg(feature = "twin")]
pub mod agree;
pub mod check;
pub mod continuous;
pub mod faces;
pub mod integrals;
#[cfg(feature = "twin")]
pub mod layers;
pub mod ledger;
#[cfg(feature = "twin")]
pub mod networks;
pub mod observe;
#[cfg(feature = "twin")]
pub mod pairs;
pub mod precision;
pub mod progress;
pub mod refute;
pub mod shrinkable;
pub mod simplest;
#[cfg(feature = "twin")]
pub mod steps;
#[cfg(feature = "twin")]
pub mod terms;
pub mod verdict;
