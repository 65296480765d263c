//! The derivation as a table, the checker that judges it, and the faces that show it.

#[cfg(feature = "twin")]
pub mod agree;
pub mod assumption;
pub mod case;
pub mod cases;
pub mod check;
pub mod claim;
pub mod compare;
pub mod expr;
pub mod faces;
pub mod fractions;
pub mod judge;
pub mod ledger;
pub mod line;
pub mod notation;
#[cfg(feature = "twin")]
pub mod pairs;
pub mod precision;
pub mod refute;
pub mod render;
pub mod rule;
pub mod scene;
pub mod simplest;
#[cfg(feature = "twin")]
pub mod terms;
pub mod verdict;
