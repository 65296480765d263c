//! What a command comes to.

use std::error::Error;

/// Whether the tool's own statements stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit code 0.
    Stands,
    /// Exit code 1.
    Fails,
    /// Exit code 2: what could not be done was said, what could was done.
    CouldNotRun,
}

impl From<bool> for Outcome {
    fn from(stands: bool) -> Self {
        if stands { Self::Stands } else { Self::Fails }
    }
}

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;
