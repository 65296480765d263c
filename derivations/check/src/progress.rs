//! Messages about the progress of long work. The code that does the work sends them, so that a progress bar ends when
//! the work does.

/// A message about progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// A phase begins, and the one before it has ended.
    Begins {
        /// The noun of what is counted.
        what: &'static str,
        /// The number of them in this phase.
        total: u64,
    },
    /// This many more of them are done.
    Done(u64),
}
