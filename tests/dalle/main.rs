//! Data, training, evaluation and sampling of the three networks.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod evaluation;
mod files;
mod optimiser;
mod released;
mod shares;
mod training;
