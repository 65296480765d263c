//! What people see of a trained model, and of the experiment over beta.

pub mod model;
pub mod sweep;
