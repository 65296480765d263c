//! How to probe.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How to probe.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Seed of the questions.
    pub seed: u64,
    /// How many rounds of every kind of question.
    pub rounds: u64,
    /// How long the child may take for one answer.
    pub timeout: Duration,
    /// Set where the program is told to end: the child ends, the folder goes.
    pub stop: &'static AtomicBool,
}
