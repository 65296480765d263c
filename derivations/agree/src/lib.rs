//! Reference and twin, held together.
//!
//! # Reading order
//!
//! [`bounds`] (how far a result of the twin may be off), [`pairs`] (which function of the twin is held against which of the reference), [`equations`]
//! (all pairs over worlds), [`terms`] (the fused terms over logits), [`families`] (worlds that exact tables are held on), [`layers`] (a network's layers, each from the twin's own inputs), [`report`].

pub mod bounds;
pub mod equations;
pub mod families;
pub mod layers;
pub mod pairs;
pub mod report;
pub mod terms;
