//! The arguments of `fit`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `fit`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  elbo fit emoji.safetensors --out emoji-factors.safetensors")]
pub(crate) struct Fit {
    /// A safetensors file: images [N, 3, H, W] of bytes, H and W multiples of 8, a category a line in the metadata's `categories`
    pub(crate) file: PathBuf,
    /// The case file to write
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Factors, the dimension of the code
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=63))]
    pub(crate) factors: u64,
    /// Rounds of expectation-maximisation
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) rounds: u64,
    /// Images that become worlds, spread over the file
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) worlds: u64,
}
