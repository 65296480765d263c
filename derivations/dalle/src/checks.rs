//! A trained model against the reference: its layers, and its training steps.

pub mod layers;
pub mod steps;
