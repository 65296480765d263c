//! The note as data: its numbered lines, the steps between them with their slacks, the claims under each reading, and
//! the assumptions.
//!
//! A line knows the function of the reference that computes it. The worlds on which claims are tried, and the verdicts,
//! are not part of this package; they belong to the checker.

pub mod assumption;
pub mod checkable;
pub mod line;
mod named;
pub mod notation;
pub mod proposition;
pub mod rule;
pub mod step;
pub mod under_reading;

pub use named::UnknownId;
