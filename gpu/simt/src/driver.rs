//! Builds the emulated CUDA driver, and calls it as any program calls a CUDA driver: through the functions of its
//! library, by their names.

use std::ffi::{CString, c_char, c_int, c_uint, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;

use gpu::device::EMULATED;
use gpu::kernels::{Launch, Memory, RunError};
use libloading::{Library, Symbol};

use crate::{Error, address, sources};

/// The folder of the driver's own sources.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("driver")
}

/// Builds the driver, the stand-ins for NVIDIA's libraries, and the kernels into a folder. candle's kernels come from
/// the sources that cargo has downloaded.
///
/// # Errors
/// [`Error::Compile`] with the messages of the compiler.
pub fn build(into: &Path) -> Result<(), Error> {
    let script = folder().join("build.sh");
    let mut kernels: Vec<PathBuf> = std::fs::read_dir(sources())?
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "cu"))
        .collect();
    kernels.sort();
    let done = Command::new(&script).arg(into).args(kernels).output()?;
    if done.status.success() {
        return Ok(());
    }
    Err(Error::Compile {
        source_file: script.display().to_string(),
        messages: String::from_utf8_lossy(&done.stderr).into_owned(),
    })
}

/// A call that the driver refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{call}: status {status}")]
pub struct Refused {
    /// The name of the driver's function.
    pub call: &'static str,
    /// The status that it returned.
    pub status: i32,
}

/// The loaded driver, with its only device and a stream.
#[derive(Debug)]
pub struct Driver {
    library: Library,
    stream: u64,
}

/// A block of memory of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The address of its first byte.
    pub first: u64,
    /// The number of bytes that are in use.
    pub size: usize,
}

macro_rules! call {
    ($self:ident, $name:ident($($argument:expr => $kind:ty),*)) => {{
        #[expect(unsafe_code, reason = "the driver's function has this signature in every CUDA driver")]
        let status = unsafe {
            let function: Symbol<'_, unsafe extern "C" fn($($kind),*) -> c_int> = $self.library.get(stringify!($name)).map_err(Error::from)?;
            function($($argument),*)
        };
        if status == 0 {
            Ok::<(), RunError>(())
        } else {
            Err(Refused { call: stringify!($name), status }.into())
        }
    }};
}

impl Driver {
    /// Loads the driver from a folder that [`build`] has filled.
    ///
    /// # Errors
    /// When the driver cannot be loaded.
    pub fn load(from: &Path) -> Result<Self, RunError> {
        #[expect(unsafe_code, reason = "its initialisers reserve addresses and nothing else")]
        let library = unsafe { Library::new(from.join("libcuda.so.1")) }?;
        let mut driver = Self { library, stream: 0 };
        let mut context = 0_u64;
        call!(driver, cuInit(0 => c_uint))?;
        call!(driver, cuDevicePrimaryCtxRetain(&raw mut context => *mut u64, 0 => c_int))?;
        driver.stream = driver.another_stream()?;
        Ok(driver)
    }

    /// Makes a stream that does not wait for others.
    ///
    /// # Errors
    /// The driver's.
    pub fn another_stream(&self) -> Result<u64, RunError> {
        let mut stream = 0;
        call!(self, cuStreamCreate(&raw mut stream => *mut u64, 1 => c_uint))?;
        Ok(stream)
    }

    /// The stream of all calls that do not name another one.
    #[must_use]
    pub const fn stream(&self) -> u64 {
        self.stream
    }

    /// Allocates memory, whose contents are undefined.
    ///
    /// # Errors
    /// The driver's.
    pub fn allocate(&self, size: usize) -> Result<Place, RunError> {
        let mut first = 0;
        call!(self, cuMemAlloc_v2(&raw mut first => *mut u64, size => usize))?;
        Ok(Place { first, size })
    }

    /// Frees memory.
    ///
    /// # Errors
    /// The driver's.
    pub fn free(&self, place: Place) -> Result<(), RunError> {
        call!(self, cuMemFree_v2(place.first => u64))
    }

    /// Queues a copy of bytes to the device.
    ///
    /// # Errors
    /// The driver's.
    pub fn write(&self, to: u64, bytes: &[u8], stream: u64) -> Result<(), RunError> {
        call!(self, cuMemcpyHtoDAsync_v2(to => u64, bytes.as_ptr().cast() => *const c_void, bytes.len() => usize, stream => u64))
    }

    /// Copies bytes from the device, and waits until they have arrived.
    ///
    /// # Errors
    /// The driver's.
    pub fn read(&self, from: u64, size: usize, stream: u64) -> Result<Vec<u8>, RunError> {
        let mut bytes = vec![0_u8; size];
        call!(self, cuMemcpyDtoHAsync_v2(bytes.as_mut_ptr().cast() => *mut c_void, from => u64, size => usize, stream => u64))?;
        Ok(bytes)
    }

    /// Allocates pinned memory of the host, into which copies can be queued.
    ///
    /// # Errors
    /// The driver's.
    pub fn pinned(&self, size: usize) -> Result<*mut u8, RunError> {
        let mut place: *mut c_void = std::ptr::null_mut();
        call!(self, cuMemHostAlloc(&raw mut place => *mut *mut c_void, size => usize, 0 => c_uint))?;
        Ok(place.cast())
    }

    /// Queues a copy into pinned memory.
    ///
    /// # Errors
    /// The driver's.
    pub fn read_pinned(&self, to: *mut u8, from: u64, size: usize) -> Result<(), RunError> {
        call!(self, cuMemcpyDtoHAsync_v2(to.cast() => *mut c_void, from => u64, size => usize, self.stream => u64))
    }

    /// Frees pinned memory.
    ///
    /// # Errors
    /// The driver's.
    pub fn free_pinned(&self, place: *mut u8) -> Result<(), RunError> {
        call!(self, cuMemFreeHost(place.cast() => *mut c_void))
    }

    /// Waits until everything on a stream has run.
    ///
    /// # Errors
    /// The failure of anything that ran on it.
    pub fn synchronize(&self, stream: u64) -> Result<(), RunError> {
        call!(self, cuStreamSynchronize(stream => u64))
    }

    /// Queues a launch on a stream. `shared` is the number of bytes of shared memory beside the kernel's own.
    ///
    /// # Errors
    /// The driver's.
    pub fn queue(&self, launch: &Launch, shared: u32, stream: u64) -> Result<(), RunError> {
        let (mut module, mut function) = (0_u64, 0_u64);
        let (code, name) = (c"", CString::new(launch.kernel.as_str())?);
        call!(self, cuModuleLoadData(&raw mut module => *mut u64, code.as_ptr() => *const c_char))?;
        call!(self, cuModuleGetFunction(&raw mut function => *mut u64, module => u64, name.as_ptr() => *const c_char))?;
        let mut args = launch.args.clone();
        let mut places: Vec<*mut c_void> = args.iter_mut().map(address).collect();
        call!(self, cuLaunchKernel(
            function => u64, launch.grid => c_uint, 1 => c_uint, 1 => c_uint, launch.block => c_uint, 1 => c_uint, 1 => c_uint,
            shared => c_uint, stream => u64, places.as_mut_ptr() => *mut *mut c_void, std::ptr::null_mut() => *mut *mut c_void))
    }
}

/// A block of memory of the device that is freed when it is dropped.
#[derive(Debug)]
pub struct Held<'a>(Place, &'a Driver);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // After a fault the driver refuses every call. Only memory of a process that ends anyway is lost.
        let _ = self.1.free(self.0);
    }
}

impl<'a> Memory for &'a Driver {
    type Buffer = Held<'a>;

    fn name(&self) -> String {
        format!("CUDA kernels on {EMULATED}")
    }

    fn upload(&self, bytes: &[u8], _unit: usize) -> Result<Held<'a>, RunError> {
        let place = self.allocate(bytes.len())?;
        self.write(place.first, bytes, self.stream)?;
        Ok(Held(place, self))
    }

    fn pointer(&self, buffer: &mut Held<'a>) -> u64 {
        buffer.0.first
    }

    fn download(&self, buffer: &Held<'a>) -> Result<Vec<u8>, RunError> {
        self.read(buffer.0.first, buffer.0.size, self.stream)
    }

    fn launch(&self, launch: &Launch) -> Result<(), RunError> {
        self.queue(launch, 0, self.stream)
    }
}
