//! Compares `reference` with `gpu`, which is called its twin in this package.
//!
//! # Reading order
//!
//! [`bounds`] says how far a result of the twin may be off. [`pairs`] lists which function of the twin belongs to which
//! function of the reference, and [`equations`] compares all pairs on worlds. [`terms`] compares the fused terms on
//! logits, [`families`] the exact tables, and [`layers`] the layers of a network. [`report`] writes the results as
//! text.

pub mod bounds;
pub mod equations;
pub mod families;
pub mod layers;
pub mod pairs;
pub mod report;
pub mod terms;
