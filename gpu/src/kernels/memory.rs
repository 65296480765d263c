//! Who runs a launch: the memory that its pointers mean, and the launch itself.

use super::Launch;

/// What goes wrong on the way.
pub type RunError = Box<dyn std::error::Error + Send + Sync>;

/// A place where kernels run.
pub trait Memory {
    /// Some of its memory.
    type Buffer;

    /// What it is called in reports.
    fn name(&self) -> String;

    /// A copy of these bytes there, numbers of `unit` bytes.
    ///
    /// # Errors
    /// When there is no room.
    fn upload(&self, bytes: &[u8], unit: usize) -> Result<Self::Buffer, RunError>;

    /// Where the buffer starts, as a launch's argument.
    fn pointer(&self, buffer: &mut Self::Buffer) -> u64;

    /// What the buffer holds once every launch before has run.
    ///
    /// # Errors
    /// When a launch has failed meanwhile.
    fn download(&self, buffer: &Self::Buffer) -> Result<Vec<u8>, RunError>;

    /// Runs a launch whose pointers are buffers of this memory.
    ///
    /// # Errors
    /// When it is refused or fails.
    fn launch(&self, launch: &Launch) -> Result<(), RunError>;
}
