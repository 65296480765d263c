//! The note, checked.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod assumptions;
mod certainty;
#[cfg(feature = "lapack")]
mod continuous;
#[cfg(feature = "lapack")]
mod continuous_cases;
mod counting;
mod ledger;
mod lines;
mod search;
mod verdicts;
