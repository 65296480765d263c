//! The reports on a trained model, and on the experiment over beta.

pub mod model;
pub mod sweep;
