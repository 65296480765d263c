//! The note as data: its numbered lines, the steps between them with their slacks, what each claims under each reading, and what it assumes.
//!
//! A line knows the function of the reference that computes it and nothing of the worlds that it is tried on, nor of what becomes of a claim
//! there: that is the checker's.

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
