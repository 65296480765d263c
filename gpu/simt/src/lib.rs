//! Runs the kernels of `gpu/kernels` without a GPU. The machine's C++ compiler compiles them with the shim
//! `host/simt.h`, which simulates the threads of a block.

use std::ffi::{CString, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use gpu::kernels::{Arg, Launch};

pub mod driver;
mod simulator;

pub use simulator::{Buffer, Library, Simulator};

/// The reason why a kernel did not run, or the fault that it committed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The compiler is missing or refuses the source.
    #[error("{source_file} does not compile:\n{messages}")]
    Compile {
        /// The path of the source.
        source_file: String,
        /// The messages of the compiler.
        messages: String,
    },
    /// The compiled kernels cannot be loaded.
    #[error("{0}")]
    Load(#[from] libloading::Error),
    /// A file could not be read or written.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// The kernel diverges at a barrier, reads a lane that does not exist, or waits for ever.
    #[error("{kernel}: {what}")]
    Fault {
        /// The name of the kernel.
        kernel: String,
        /// A description of the fault.
        what: String,
    },
    /// A kernel wrote outside of its buffers.
    #[error("a kernel writes outside of its buffers")]
    OutOfBounds,
}

/// A number that decides the order in which the threads of a block run between two barriers, and the contents of
/// uninitialised shared memory. No result may depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order(pub u64);

impl Order {
    /// The orders of the tests: thread after thread forwards and backwards, warp after warp forwards and backwards, and
    /// two random orders. Shared memory begins as NaN for even numbers, and as 3.4e38 for odd ones.
    pub const ALL: [Self; 6] = [Self(0), Self(1), Self(2), Self(3), Self(0x5eed), Self(0x5eee)];
}

type Entry =
    unsafe extern "C" fn(*const c_char, *const u32, *const u32, u64, *mut *mut c_void, *mut c_char, usize) -> c_int;

/// The kernels of one source file, compiled and loaded.
pub struct Kernels {
    library: libloading::Library,
    /// A lock that lets one launch run at a time, because a library has its shared memory only once.
    one_at_a_time: Mutex<()>,
    _folder: tempfile::TempDir,
}

impl std::fmt::Debug for Kernels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kernels({:?})", self.library)
    }
}

/// The folder of the kernels' sources.
#[must_use]
pub fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../kernels")
}

/// The folder of the shim's own sources.
#[must_use]
pub fn host() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("host")
}

impl Kernels {
    /// Compiles a source file of `gpu/kernels`, without changes.
    ///
    /// # Errors
    /// [`Error::Compile`], [`Error::Load`] and [`Error::File`].
    pub fn of(source: &str) -> Result<Self, Error> {
        Self::compile(&sources().join(format!("{source}.cu")), &sources())
    }

    /// Compiles any source file. `include` is the folder of its headers.
    ///
    /// # Errors
    /// Those of [`Kernels::of`].
    pub fn compile(source: &Path, include: &Path) -> Result<Self, Error> {
        let folder = tempfile::tempdir()?;
        let library = folder.path().join("kernels.so");
        let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
        // Contraction is off, because fmaf is written where it is meant; nvcc gets -fmad=false for the same reason.
        // Symbols are hidden, so that two libraries in one process do not share the statics of templates.
        let flags = "-std=c++17 -O2 -fPIC -shared -fvisibility=hidden -ffp-contract=off -fno-stack-protector -Wall -Wno-unknown-pragmas -Wno-unused-function";
        let mut command = Command::new(&compiler);
        command.args(flags.split(' '));
        if std::arch::is_x86_feature_detected!("fma") {
            command.arg("-mfma");
        }
        command.arg("-I").arg(include).arg("-I").arg(host());
        command.arg("-include").arg(host().join("simt.h")).args(["-x", "c++"]);
        command.arg(source).arg(host().join("simt.cpp")).arg("-o").arg(&library);
        let refused = |messages| Error::Compile {
            source_file: source.display().to_string(),
            messages,
        };
        let done = command.output().map_err(|e| refused(format!("{compiler}: {e}")))?;
        if !done.status.success() {
            return Err(refused(String::from_utf8_lossy(&done.stderr).into_owned()));
        }
        #[expect(unsafe_code, reason = "our own code; its initialisers only fill a table of kernels")]
        let library = unsafe { libloading::Library::new(&library) }?;
        Ok(Self {
            library,
            one_at_a_time: Mutex::new(()),
            _folder: folder,
        })
    }

    /// Runs a launch whose pointers are [`Buffer`]s of this process.
    ///
    /// # Errors
    /// [`Error::Fault`] for a fault that the shim notices.
    pub fn launch(&self, launch: &Launch, Order(order): Order) -> Result<(), Error> {
        let fault = |what: String| Error::Fault {
            kernel: launch.kernel.clone(),
            what,
        };
        let name = CString::new(launch.kernel.as_str()).map_err(|e| fault(e.to_string()))?;
        let mut args = launch.args.clone();
        let mut pointers: Vec<*mut c_void> = args.iter_mut().map(address).collect();
        let mut text = [0_u8; 512];
        let _alone = self
            .one_at_a_time
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        #[expect(
            unsafe_code,
            reason = "the signature stands in simt.cpp; the kernel's own is what the launch describes"
        )]
        let code = unsafe {
            let entry: libloading::Symbol<'_, Entry> = self.library.get("simt_launch")?;
            let (grid, block) = ([launch.grid, 1, 1], [launch.block, 1, 1]);
            let text = text.as_mut_ptr();
            entry(
                name.as_ptr(),
                grid.as_ptr(),
                block.as_ptr(),
                order,
                pointers.as_mut_ptr(),
                text.cast(),
                512,
            )
        };
        if code == 0 {
            return Ok(());
        }
        let sentence = text.split(|&byte| byte == 0).next().unwrap_or_default();
        Err(fault(String::from_utf8_lossy(sentence).into_owned()))
    }
}

const fn address(arg: &mut Arg) -> *mut c_void {
    match arg {
        Arg::Pointer(p) => std::ptr::from_mut(p).cast(),
        Arg::I32(n) => std::ptr::from_mut(n).cast(),
        Arg::F64(x) => std::ptr::from_mut(x).cast(),
    }
}
