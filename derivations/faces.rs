//! What people see: each face a function from values to text or JSON.

pub mod breakage;
pub mod ledger;
pub mod lines;
pub mod refutation;
pub mod show;
pub mod step;
