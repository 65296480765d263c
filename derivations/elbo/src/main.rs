//! The program `elbo`. It parses the arguments, runs a command, and ends with a report and an exit code.

mod arguments;
mod cli;
mod commands;
mod outcome;
mod start;

use std::process::ExitCode;

/// The allocator of the program. A training step allocates and frees hundreds of tensors, and a judgement the vectors of
/// each row: with the system's allocator a third of their time would go into new pages.
#[cfg(any(feature = "judge", feature = "twin"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use clap::Parser as _;

use crate::commands::output::tell;
use crate::outcome::Outcome;

/// Tells candle to use a single thread. Shares of a training batch run in parallel, and candle's own thread pool, which
/// takes one operation at a time and spins between two, would slow them down.
#[cfg(feature = "twin")]
fn keep_candle_to_its_thread() {
    const THREADS: &str = "CANDLE_NUM_THREADS";
    if std::env::var_os(THREADS).is_none() {
        #[expect(unsafe_code, reason = "candle offers no other way")]
        // SAFETY: this runs at the beginning of `main`, before there is a second thread that could read the
        // environment.
        unsafe {
            std::env::set_var(THREADS, "1");
        }
    }
}

fn main() -> ExitCode {
    start::keep_libraries_small();
    #[cfg(feature = "twin")]
    keep_candle_to_its_thread();
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => return say(&said),
    };
    match start::start_threads().and_then(|()| cli::run(cli.command)) {
        Ok(Outcome::Stands) => ExitCode::SUCCESS,
        Ok(Outcome::Fails) => ExitCode::from(1),
        #[cfg(feature = "judge")]
        Ok(Outcome::CouldNotRun) => ExitCode::from(2),
        Err(error) => {
            tell(&format!("elbo: {error}"));
            ExitCode::from(2)
        }
    }
}

/// Prints the help, the version, or what is wrong with the call. It is an error, too, if the help could not be printed.
fn say(said: &clap::Error) -> ExitCode {
    match said.print() {
        Err(error) if !said.use_stderr() && error.kind() != std::io::ErrorKind::BrokenPipe => {
            tell(&format!("elbo: the output cannot be written: {error}"));
            ExitCode::from(2)
        }
        _ => ExitCode::from(u8::try_from(said.exit_code()).unwrap_or(2)),
    }
}
