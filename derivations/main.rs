//! The program `elbo`: arguments in, a report and an exit code out.

mod cli;
mod run;

use std::process::ExitCode;

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
