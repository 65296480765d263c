//! The settings of a probe.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The settings of a probe.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The seed of the questions.
    pub seed: u64,
    /// The number of rounds. Each round has a question of every kind.
    pub rounds: u64,
    /// The longest time that the child may take for one answer.
    pub timeout: Duration,
    /// The longest time that it may take to start, until it answers the greeting.
    pub start: Duration,
    /// A flag that is set when the program is told to end. Then the child is ended and the folder deleted.
    pub stop: &'static AtomicBool,
}
