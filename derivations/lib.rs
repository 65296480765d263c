//! The derivation as a table, the checker that judges it, and the faces that show it.

pub mod case;
pub mod fractions;
