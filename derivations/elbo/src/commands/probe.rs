//! `elbo probe`: asks a command questions, and judges its answers.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use judge::probe::{Found, KINDS, NoAnswer, Options, probe};
use judge::report;
use worlds::case::{expect_writable, write_bytes};

use super::output::{pretty, print, progress};
use super::signal::stopped;
use crate::arguments::Format;
use crate::outcome::{Outcome, Result};

/// Arguments of `probe`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo probe -- python subject.py\n  elbo probe --rounds 20 --save smallest.safetensors -- ./subject --quiet\n\nderivations/probe-protocol.md says what the command reads and writes; derivations/producers/subject.py is one.\nExit codes: 0 every law held, 1 one was broken, a claim was not decided or the command did not answer, 2 could not run."
)]
pub(crate) struct Probe {
    /// Rounds of each kind of question
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    rounds: u64,
    /// Seed of the questions
    #[arg(long, env = "ELBO_SEED", default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// Seconds that one answer may take
    #[arg(long, default_value_t = 10.0, value_parser = seconds)]
    timeout: f64,
    /// Seconds that the command may take to start, until it answers the greeting; at least --timeout
    #[arg(long, default_value_t = 60.0, value_parser = seconds)]
    start_timeout: f64,
    /// Where the smallest question that breaks a law goes, with its answer: `elbo judge` judges it again
    #[arg(long, default_value = "probe-failure.safetensors")]
    save: PathBuf,
    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The command to probe, after `--`
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

fn seconds(text: &str) -> std::result::Result<f64, String> {
    let seconds: Option<f64> = text.parse().ok().filter(|seconds| (0.01..=86_400.0).contains(seconds));
    seconds.ok_or_else(|| "expected seconds from 0.01 to 86400".to_owned())
}

pub(crate) fn run(args: &Probe) -> Result<Outcome> {
    expect_writable(&args.save)?;
    let options = Options {
        seed: args.seed,
        rounds: args.rounds,
        timeout: Duration::from_secs_f64(args.timeout),
        start: Duration::from_secs_f64(args.start_timeout.max(args.timeout)),
        stop: stopped()?,
    };
    let bar = progress(args.rounds * KINDS.len() as u64, "questions");
    let report = probe(&args.command, options, &|questions| bar.inc(questions))?;
    bar.finish_and_clear();
    if let Found::NoAnswer(failure @ NoAnswer::Interrupted { .. }, _) = &report.found {
        return Err(failure.to_string().into());
    }
    let saved = match &report.found {
        Found::Nothing | Found::NoAnswer(_, None) => None,
        Found::Law(finding) => Some(&finding.draft),
        Found::NoAnswer(_, Some(draft)) => Some(&**draft),
    };
    let written = saved.map_or(Ok(()), |draft| write_bytes(&args.save, &draft.bytes()));
    let saved = saved.filter(|_| written.is_ok());
    let saved = saved.map(|_| args.save.display().to_string());
    print(&match args.format {
        Format::Text => report::probe::text(&report, saved.as_deref()),
        Format::Json => pretty(&report::probe::json(&report, saved.as_deref()))?,
    })?;
    written?; // The finding is printed before, and so is not lost if its file cannot be written.
    Ok(report.stands().into())
}
