//! Somebody's numbers, judged.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod allowance;
mod faults;
