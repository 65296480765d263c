//! The note, step by step.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod faces;
mod table;
