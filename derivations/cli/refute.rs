//! Arguments of `refute` and `break`.

use std::path::PathBuf;

use clap::Args;
use reference::vocab::{Beta, Reading};

use super::{Format, MOST_WORLDS, beta, reading};

/// Arguments of `refute`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo refute 14 --reading joint\n  elbo refute 13-14 --save counterexample.toml\n  elbo refute 14 --reading observed --beta 0.99\n  elbo refute 14 --continuous"
)]
pub(crate) struct Refute {
    /// A claim: a bound (14, or 3-14), a step (13-14)
    pub(crate) claim: String,
    /// What q(y,z|x) is taken to mean from line 12-13 on: observed, pointwise (the default), joint, footnote, expected
    #[arg(long, value_parser = reading)]
    pub(crate) reading: Option<Reading>,
    /// Ask for the bound of Eq. 14 at this beta
    #[arg(long, value_parser = beta, allow_negative_numbers = true)]
    pub(crate) beta: Option<Beta>,
    /// Search linear-Gaussian worlds, whose codes are integrated over
    #[arg(long)]
    pub(crate) continuous: bool,
    /// Random worlds to search
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=MOST_WORLDS))]
    pub(crate) worlds: u64,
    /// Seed of the random worlds
    #[arg(long, env = "ELBO_SEED", default_value_t = 1, allow_negative_numbers = true)]
    pub(crate) seed: u64,
    /// Write the counterexample to this file: TOML if it ends in .toml, else safetensors
    #[arg(long)]
    pub(crate) save: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Arguments of `break`.
#[derive(Debug, Args)]
pub(crate) struct Break {
    /// An assumption by name or letter, as `check` lists them
    pub(crate) assumption: String,
    /// Show it on a linear-Gaussian world
    #[arg(long)]
    pub(crate) continuous: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}
