//! The kernels of `gpu/kernels` without a GPU: compiled by the machine's C++ compiler behind `host/simt.h`, and launched.

use std::ffi::{CString, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use gpu::kernels::{Arg, Launch};

pub mod driver;
mod simulator;

pub use simulator::{Buffer, Library, Simulator};

/// Why a kernel was not run, or what it did wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The compiler is missing or refuses the source.
    #[error("{source_file} does not compile:\n{messages}")]
    Compile {
        /// The source.
        source_file: String,
        /// What the compiler says.
        messages: String,
    },
    /// The compiled kernels cannot be loaded.
    #[error("{0}")]
    Load(#[from] libloading::Error),
    /// A file that cannot be read or written.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// The kernel diverges at a barrier, reads a lane that is not there, or waits for ever.
    #[error("{kernel}: {what}")]
    Fault {
        /// The kernel.
        kernel: String,
        /// What it does wrong.
        what: String,
    },
    /// A kernel wrote outside of what it was given.
    #[error("a kernel writes outside of its buffers")]
    OutOfBounds,
}

/// The order in which the threads of a block run between two barriers, and what uninitialised shared memory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order(pub u64);

impl Order {
    /// Thread after thread, forwards and backwards; warp after warp, forwards and backwards; at random. Even ones start on NaN, odd ones on 3.4e38.
    pub const ALL: [Self; 6] = [Self(0), Self(1), Self(2), Self(3), Self(0x5eed), Self(0x5eee)];
}

type Entry =
    unsafe extern "C" fn(*const c_char, *const u32, *const u32, u64, *mut *mut c_void, *mut c_char, usize) -> c_int;

/// One source file, compiled and loaded.
pub struct Kernels {
    library: libloading::Library,
    /// Shared memory exists once in a library: one launch at a time.
    one_at_a_time: Mutex<()>,
    _folder: tempfile::TempDir,
}

impl std::fmt::Debug for Kernels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kernels({:?})", self.library)
    }
}

/// Where the kernels' sources lie.
#[must_use]
pub fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../kernels")
}

/// Where the shim's own sources lie.
#[must_use]
pub fn host() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("host")
}

impl Kernels {
    /// Compiles a source file of `gpu/kernels` as it is.
    ///
    /// # Errors
    /// [`Error::Compile`], [`Error::Load`], [`Error::File`].
    pub fn of(source: &str) -> Result<Self, Error> {
        Self::compile(&sources().join(format!("{source}.cu")), &sources())
    }

    /// Compiles a source file; `include` is where its own headers are.
    ///
    /// # Errors
    /// As [`Kernels::of`].
    pub fn compile(source: &Path, include: &Path) -> Result<Self, Error> {
        let folder = tempfile::tempdir()?;
        let library = folder.path().join("kernels.so");
        let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
        // No contraction: fmaf is written where it is meant, as nvcc is told with -fmad=false.
        // Hidden: template statics of two libraries in one process are two.
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
    /// [`Error::Fault`] for what the shim finds.
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
