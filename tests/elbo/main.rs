//! The program as its users meet it, and the rules of the house.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod cli;
#[cfg(feature = "lapack")]
mod continuous;
mod docs;
mod dumps;
mod formats;
mod imports;
mod overflow;
mod probe;
mod tidy;
#[cfg(feature = "twin")]
mod trained;

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;

/// The top of the project.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("derivations/elbo lies two folders down")
}

/// A path from the top of the project.
fn path(name: &str) -> PathBuf {
    root().join(name)
}

/// The program, run at the top of the project.
fn program() -> Command {
    let mut command = Command::cargo_bin("elbo").unwrap();
    command.current_dir(root()).env_remove("ELBO_SEED");
    command
}

/// What a call comes to.
fn elbo(args: &[&str]) -> Output {
    program().args(args).output().unwrap()
}
