//! The simulator as a memory in which kernels run. Its buffers have a frame, so that a write outside of them is
//! noticed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gpu::kernels::{Launch, Memory, RunError};

use crate::{Error, Kernels, Order};

/// The number of bytes of the frame on either side of a buffer, which is more than a block writes at once.
const FRAME: usize = 4096;

/// The byte with which the frame is filled.
const MARK: u8 = 0xA5;

/// A buffer with a frame on either side.
#[derive(Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    length: usize,
}

impl Buffer {
    /// A buffer with a copy of these bytes. It begins `shift` bytes after an address that is a multiple of 16.
    #[must_use]
    pub fn of(content: &[u8], shift: usize) -> Self {
        let mut bytes = vec![MARK; content.len() + 2 * FRAME + 16 + shift];
        let first = bytes.as_ptr().addr();
        let start = (first + FRAME).next_multiple_of(16) - first + shift;
        bytes[start..start + content.len()].copy_from_slice(content);
        Self {
            bytes,
            start,
            length: content.len(),
        }
    }

    /// The address of the first byte.
    #[must_use]
    pub fn pointer(&mut self) -> u64 {
        self.bytes[self.start..].as_mut_ptr().expose_provenance() as u64
    }

    /// The contents of the buffer. They are `None` if something wrote to the frame.
    #[must_use]
    pub fn content(&self) -> Option<&[u8]> {
        let end = self.start + self.length;
        let whole = |bytes: &[u8]| bytes.iter().all(|&byte| byte == MARK);
        (whole(&self.bytes[..self.start]) && whole(&self.bytes[end..])).then(|| &self.bytes[self.start..end])
    }
}

/// A function that returns the compiled kernels of a source.
pub type Library = dyn Fn(&str) -> Result<Arc<Kernels>, Error> + Send + Sync;

/// Runs launches through the shim. The fields vary a launch in ways that must not change its results.
#[derive(Clone)]
pub struct Simulator {
    /// The compiled kernels by source.
    pub library: Arc<Library>,
    /// The order of threads.
    pub order: Order,
    /// The number of threads of a block in place of the launch's own, limited to what the kernel allows.
    pub block: Option<u32>,
    /// The number of blocks in place of the launch's own.
    pub grid: Option<u32>,
    /// The distance of every buffer from an aligned address, in numbers.
    pub shift: usize,
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Simulator({:?}, block {:?}, grid {:?})",
            self.order, self.block, self.grid
        )
    }
}

impl Simulator {
    /// A simulator of the project's kernels, which launches them as a GPU does.
    #[must_use]
    pub fn healthy(order: Order) -> Self {
        Self {
            library: Arc::new(compiled),
            order,
            block: None,
            grid: None,
            shift: 0,
        }
    }
}

/// The compiled kernels of a source. Each source is compiled once, when it is first needed.
fn compiled(source: &str) -> Result<Arc<Kernels>, Error> {
    static COMPILED: OnceLock<Mutex<BTreeMap<String, Arc<Kernels>>>> = OnceLock::new();
    let mut compiled = COMPILED
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(kernels) = compiled.get(source) {
        return Ok(Arc::clone(kernels));
    }
    let kernels = Arc::new(Kernels::of(source)?);
    compiled.insert(source.to_owned(), Arc::clone(&kernels));
    Ok(kernels)
}

impl Memory for Simulator {
    type Buffer = Buffer;

    fn name(&self) -> String {
        format!("CUDA kernels through the shim, order {}", self.order.0)
    }

    fn upload(&self, bytes: &[u8], unit: usize) -> Result<Buffer, RunError> {
        Ok(Buffer::of(bytes, self.shift * unit))
    }

    fn pointer(&self, buffer: &mut Buffer) -> u64 {
        buffer.pointer()
    }

    fn download(&self, buffer: &Buffer) -> Result<Vec<u8>, RunError> {
        Ok(buffer.content().ok_or(Error::OutOfBounds)?.to_vec())
    }

    fn launch(&self, launch: &Launch) -> Result<(), RunError> {
        let mut launch = launch.clone();
        launch.block = self.block.map_or(launch.block, |block| block.min(launch.largest));
        launch.grid = self.grid.unwrap_or(launch.grid);
        Ok((self.library)(launch.source)?.launch(&launch, self.order)?)
    }
}
