//! Reference and twin.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod agreement;
mod network;
mod terms;
