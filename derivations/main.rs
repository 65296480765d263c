//! The program `elbo`: arguments in, a report and an exit code out.

mod cli;
mod run;

use std::process::ExitCode;

/// A training step makes and frees hundreds of tensors: with the system's allocator a third of its time goes into new pages.
#[cfg(feature = "twin")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match run::run(cli.command) {
        Ok(run::Outcome::Stands) => ExitCode::SUCCESS,
        Ok(run::Outcome::Fails) => ExitCode::from(1),
        Err(error) => {
            anstream::eprintln!("elbo: {error}");
            ExitCode::from(2)
        }
    }
}
