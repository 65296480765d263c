//! Sets up the process before a command runs: how much address space its libraries take, and how many threads it
//! starts.

use std::env;
use std::thread::available_parallelism;

use files::limits::room;
use rayon::ThreadPoolBuilder;

use crate::outcome::Result;

const MIB: u64 = 1 << 20;

/// The size of the buffer that `OpenBLAS` 0.3 allocates for each thread that calls it, in bytes. If it is refused,
/// `OpenBLAS` asks again without end.
const BUFFER: u64 = if cfg!(feature = "lapack") { 128 * MIB } else { 0 };

/// The address space of a thread, in bytes: its buffer, its arena in the C library (which takes twice its size until it
/// is aligned), and its stack.
const THREAD: u64 = BUFFER + 130 * MIB;

/// The address space of everything else, in bytes: worlds, tables and reports.
const REST: u64 = 64 * MIB;

/// Restarts the program with the right environment variables for its libraries, if they are not set. The libraries read
/// them when they are loaded, before `main`.
///
/// Otherwise `OpenBLAS` would start a thread for each core. Such threads are of no use for matrices of 64 rows, and
/// bits would depend on their number. Under a limit on address space each would ask for its buffer without end, so that
/// the program would never end. Under a limit, the allocator takes memory in small parts, and not everything at once.
/// The restart happens once, in the same process. The children of the program get the variables as they were.
#[cfg(all(unix, any(feature = "lapack", feature = "judge", feature = "twin")))]
pub(crate) fn keep_libraries_small() {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    const BLAS: (&str, &str) = ("OPENBLAS_NUM_THREADS", "1");
    const ALLOCATOR: (&str, &str) = ("MIMALLOC_ARENA_RESERVE", "65536"); // The unit is KiB.
    let before = |name: &str| format!("ELBO_BEFORE_{name}");
    let again = [BLAS, ALLOCATOR].map(|(name, _)| (name, env::var_os(before(name))));
    if again.iter().any(|(_, before)| before.is_some()) {
        for (name, value) in again {
            #[expect(unsafe_code, reason = "the standard library offers no other way")]
            // SAFETY: this runs at the beginning of `main`, before there is a second thread that could read the
            // environment.
            unsafe {
                env::remove_var(before(name));
                match value {
                    Some(value) if value.is_empty() => env::remove_var(name),
                    Some(value) => env::set_var(name, value),
                    None => {}
                }
            }
        }
        return;
    }
    let mut wanted = Vec::new();
    if cfg!(feature = "lapack") {
        wanted.push(BLAS);
    }
    if cfg!(any(feature = "judge", feature = "twin")) && room().is_some() {
        wanted.push(ALLOCATOR);
    }
    wanted.retain(|(name, value)| env::var_os(name).is_none_or(|found| found != *value));
    let Ok(program) = env::current_exe() else { return };
    if wanted.is_empty() {
        return;
    }
    let mut args = env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = args.next() {
        command.arg0(name);
    }
    command.args(args);
    for (name, value) in wanted {
        command.env(before(name), env::var_os(name).unwrap_or_default());
        command.env(name, value);
    }
    let _ = command.exec(); // It returns only if it failed, and then the program runs as it was started.
}

#[cfg(not(all(unix, any(feature = "lapack", feature = "judge", feature = "twin"))))]
pub(crate) const fn keep_libraries_small() {}

/// Starts as many threads as there are cores, or fewer if a limit on address space has no room for them: the BLAS needs
/// a buffer for each thread that calls it.
pub(crate) fn start_threads() -> Result<()> {
    let Some(room) = room() else { return Ok(()) }; // Without a limit, rayon starts its threads when they are first needed.
    if cfg!(feature = "lapack") && room < REST + BUFFER {
        return Err(format!(
            "a limit leaves {} MiB of memory, expected at least {} MiB (ulimit -v, ulimit -d)",
            room / MIB,
            (REST + BUFFER) / MIB
        )
        .into());
    }
    let asked = env::var("RAYON_NUM_THREADS")
        .ok()
        .and_then(|threads| threads.parse().ok());
    let cores = || available_parallelism().map_or(1, usize::from);
    let wanted = asked.filter(|threads| *threads > 0).unwrap_or_else(cores);
    let most = usize::try_from(room.saturating_sub(REST + BUFFER) / THREAD).unwrap_or(usize::MAX);
    let pool = ThreadPoolBuilder::new().num_threads(wanted.min(most).max(1));
    let pool = if most == 0 { pool.use_current_thread() } else { pool };
    Ok(pool.build_global()?)
}
