//! How far a long command has come, told by whoever does the work: a bar that is drawn from it ends where the work does.

/// What a phase of the work tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// A phase begins, and the one before it has ended.
    Begins {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        total: u64,
    },
    /// So many more of them are done.
    Done(u64),
}
