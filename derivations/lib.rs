//! The derivation as a table, the checker that judges it, and the faces that show it.

#[cfg(feature = "twin")]
pub mod agree;
pub mod compare;
#[cfg(feature = "twin")]
pub mod pairs;
pub mod precision;
