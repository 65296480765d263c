//! Checks of a trained model: its layers against the reference, and its training steps against those on the CPU.

pub mod layers;
pub mod steps;
