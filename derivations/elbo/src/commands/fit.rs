//! `elbo fit`: fits a continuous case to images.

use std::path::PathBuf;

use clap::Args;
use worlds::{case, fitting};

use super::output::{print, progress};
use crate::outcome::{Outcome, Result};

/// Arguments of `fit`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  elbo fit emoji.safetensors --out emoji-factors.safetensors")]
pub(crate) struct Fit {
    /// A safetensors file: images [N, 3, H, W] of bytes, H and W multiples of 8, a category a line in the metadata's `categories`
    file: PathBuf,
    /// The case file to write
    #[arg(long)]
    out: PathBuf,
    /// Factors, the dimension of the code
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=63))]
    factors: u64,
    /// Rounds of expectation-maximisation
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    rounds: u64,
    /// Images that become worlds, spread over the file
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    worlds: u64,
}

#[cfg(feature = "lapack")]
pub(crate) fn run(args: &Fit) -> Result<Outcome> {
    case::expect_writable(&args.out)?;
    let count = |n: u64| usize::try_from(n);
    let options = fitting::Options {
        factors: count(args.factors)?,
        rounds: count(args.rounds)?,
        worlds: count(args.worlds)?,
    };
    let bar = progress(0, "fitting");
    let fitted = fitting::from_file(&args.file, options)?;
    bar.finish_and_clear();
    let title = format!(
        "factor analysis of the luminance of {} images on 8 x 8 pixels: {} factors, {} worlds",
        fitted.images,
        args.factors,
        fitted.worlds.len()
    );
    case::write_gaussian(&args.out, &fitted.worlds, &title, &fitted.categories)?;
    print(&format!("{}: {title}\n", args.out.display()))?;
    Ok(Outcome::Stands)
}
