//! Arguments of `probe`.

use std::path::PathBuf;

use clap::Args;

use super::Format;

/// Arguments of `probe`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo probe -- python subject.py\n  elbo probe --rounds 20 --save smallest.safetensors -- ./subject --quiet\n\nderivations/probe-protocol.md says what the command reads and writes; derivations/producers/subject.py is one.\nExit codes: 0 every law held, 1 one was broken, a claim was not decided or the command did not answer, 2 could not run."
)]
pub(crate) struct Probe {
    /// Rounds of each kind of question
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) rounds: u64,
    /// Seed of the questions
    #[arg(long, env = "ELBO_SEED", default_value_t = 1, allow_negative_numbers = true)]
    pub(crate) seed: u64,
    /// Seconds that one answer may take
    #[arg(long, default_value_t = 10.0, value_parser = seconds)]
    pub(crate) timeout: f64,
    /// Where the smallest question that breaks a law goes, with its answer: `elbo judge` judges it again
    #[arg(long, default_value = "probe-failure.safetensors")]
    pub(crate) save: PathBuf,
    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// The command to probe, after `--`
    #[arg(last = true, required = true)]
    pub(crate) command: Vec<String>,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: Option<f64> = text.parse().ok().filter(|seconds| (0.01..=86_400.0).contains(seconds));
    seconds.ok_or_else(|| "expected seconds from 0.01 to 86400".to_owned())
}
