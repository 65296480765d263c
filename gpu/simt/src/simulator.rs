//! The shim as a place where kernels run: buffers framed so that a write outside shows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gpu::kernels::{Launch, Memory, RunError};

use crate::{Error, Kernels, Order};

/// Bytes of the frame on either side: more than a block writes at once.
const FRAME: usize = 4096;

/// What the frame holds.
const MARK: u8 = 0xA5;

/// Framed bytes.
#[derive(Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    length: usize,
}

impl Buffer {
    /// A copy of these bytes, `shift` bytes behind an address that is a multiple of 16.
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

    /// Where the first byte lies.
    #[must_use]
    pub fn pointer(&mut self) -> u64 {
        self.bytes[self.start..].as_mut_ptr().expose_provenance() as u64
    }

    /// The content, unless the frame was written to.
    #[must_use]
    pub fn content(&self) -> Option<&[u8]> {
        let end = self.start + self.length;
        let whole = |bytes: &[u8]| bytes.iter().all(|&byte| byte == MARK);
        (whole(&self.bytes[..self.start]) && whole(&self.bytes[end..])).then(|| &self.bytes[self.start..end])
    }
}

/// Where the source of a launch is compiled.
pub type Library = dyn Fn(&str) -> Result<Arc<Kernels>, Error> + Send + Sync;

/// Runs launches through the shim; what is varied in them must not change a result.
#[derive(Clone)]
pub struct Simulator {
    /// The kernels of a source.
    pub library: Arc<Library>,
    /// The order of threads.
    pub order: Order,
    /// Threads of a block, up to what the kernel allows, in place of the launch's own.
    pub block: Option<u32>,
    /// Blocks, in place of the launch's own.
    pub grid: Option<u32>,
    /// How many numbers every buffer lies behind an aligned address.
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
    /// The project's kernels, launched as they are on a GPU.
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

/// Every source once, compiled when it is first asked for.
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
