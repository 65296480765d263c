//! The interface of a memory in which kernels run: a CUDA device, the emulated driver or the simulator.

use super::Launch;

/// The error of an upload, a launch or a download.
pub type RunError = Box<dyn std::error::Error + Send + Sync>;

/// A memory in which kernels run.
pub trait Memory {
    /// A block of this memory.
    type Buffer;

    /// The name in reports.
    fn name(&self) -> String;

    /// Copies bytes into a new buffer. They hold numbers of `unit` bytes each.
    ///
    /// # Errors
    /// When there is no room.
    fn upload(&self, bytes: &[u8], unit: usize) -> Result<Self::Buffer, RunError>;

    /// The address of the buffer, as an argument of a launch.
    fn pointer(&self, buffer: &mut Self::Buffer) -> u64;

    /// The contents of the buffer, after all launches before have run.
    ///
    /// # Errors
    /// When a launch before has failed.
    fn download(&self, buffer: &Self::Buffer) -> Result<Vec<u8>, RunError>;

    /// Runs a launch whose pointers are buffers of this memory.
    ///
    /// # Errors
    /// When the launch is refused or fails.
    fn launch(&self, launch: &Launch) -> Result<(), RunError>;
}
