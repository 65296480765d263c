//! Arguments of `judge`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Format;

/// Arguments of `judge`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo judge run/*.safetensors\n  elbo judge step-100.safetensors --format json\n  elbo judge dumps/*.safetensors --junit elbo.xml --markdown comment.md\n\nderivations/dump-format.md describes a dump, derivations/producers writes one from Python.\nExit codes: 0 every claim is within its bound, 1 one is not, is undecided or was not judged, 2 could not run."
)]
pub(crate) struct Judge {
    /// Dumps: inputs and what somebody's code claims for them
    #[arg(required = true)]
    pub(crate) dumps: Vec<PathBuf>,
    /// Write a `JUnit` report to this file, one test case a claim
    #[arg(long)]
    pub(crate) junit: Option<PathBuf>,
    /// Write a table to this file, for a pull request's comment
    #[arg(long)]
    pub(crate) markdown: Option<PathBuf>,
    /// Let a dump stand that has claims of this verdict
    #[arg(long, value_enum, value_name = "VERDICT")]
    pub(crate) allow: Option<Allowed>,
    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// What may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Allowed {
    /// Claims whose bounds admit too much for a verdict
    Undecided,
}
