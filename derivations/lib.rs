//! The derivation as a table, the checker that judges it, and the faces that show it.

pub mod expr;
pub mod faces;
pub mod line;
pub mod notation;
pub mod render;
pub mod rule;
pub mod scene;
