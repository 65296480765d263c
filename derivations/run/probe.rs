//! Runs `probe`.

use std::time::Duration;

use judge::probe::{Found, KINDS, Options, Trouble, probe as ask};
use judge::report::probe as face;
use worlds::case::{expect_writable, write_bytes};

use super::output::{pretty, print, progress};
use super::signal::stopped;
use super::{Outcome, Result};
use crate::cli::{Format, Probe};

pub(super) fn probe(args: &Probe) -> Result<Outcome> {
    expect_writable(&args.save)?;
    let options = Options {
        seed: args.seed,
        rounds: args.rounds,
        timeout: Duration::from_secs_f64(args.timeout),
        stop: stopped()?,
    };
    let bar = progress(args.rounds * KINDS.len() as u64, "questions");
    let report = ask(&args.command, options, &|questions| bar.inc(questions))?;
    bar.finish_and_clear();
    if let Found::Trouble(trouble @ Trouble::Interrupted { .. }, _) = &report.found {
        return Err(trouble.to_string().into());
    }
    let saved = match &report.found {
        Found::Nothing | Found::Trouble(_, None) => None,
        Found::Law(finding) => Some(&finding.draft),
        Found::Trouble(_, Some(draft)) => Some(&**draft),
    };
    let written = saved.map_or(Ok(()), |draft| write_bytes(&args.save, &draft.bytes()));
    let saved = saved.filter(|_| written.is_ok());
    let saved = saved.map(|_| args.save.display().to_string());
    print(&match args.format {
        Format::Text => face::text(&report, saved.as_deref()),
        Format::Json => pretty(&face::json(&report, saved.as_deref()))?,
    })?;
    written?; // after the finding, which is not lost with its file
    Ok(report.stands().into())
}
