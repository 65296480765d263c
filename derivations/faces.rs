//! What people see: each face a function from values to text or JSON.

#[cfg(feature = "twin")]
pub mod agreement;
pub mod breakage;
pub mod check;
pub mod critical;
pub mod ledger;
pub mod lines;
#[cfg(feature = "twin")]
pub mod model;
pub mod refutation;
pub mod show;
pub mod step;
#[cfg(feature = "twin")]
pub mod sweep;

mod provenance;

pub use provenance::Provenance;
