//! The reference by itself: against 60 digits, worked by hand, at its limits.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod against_60_digits;
mod blocks;
mod golden;
mod limits;
mod masses;
mod properties;
mod support;
mod validation;
