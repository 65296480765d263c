//! The outcome of a command, and its exit code.

use std::error::Error;

/// The outcome of a command that ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything stands: exit code 0.
    Stands,
    /// Something does not stand: exit code 1.
    Fails,
    /// A part of the work could not be done, and the rest was done: exit code 2.
    #[cfg(feature = "judge")]
    CouldNotRun,
}

impl From<bool> for Outcome {
    fn from(stands: bool) -> Self {
        if stands { Self::Stands } else { Self::Fails }
    }
}

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;
