//! `elbo check`: judges every line of the note.

use std::path::PathBuf;

#[cfg(feature = "lapack")]
use check::continuous;
use check::continuous::{Continuous, SKIPPED};
use check::{Options, report};
use clap::Args;
use reference::vocab::{Beta, Reading};
use serde_json::json;
#[cfg(feature = "lapack")]
use worlds::case;
use worlds::case::Case;
use worlds::generate::Cases;

use super::input::read;
use super::output::{Bars, of_case, pretty, print};
use crate::arguments::{Format, MOST_WORLDS, beta, reading};
use crate::outcome::{Outcome, Result};

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo check\n  elbo check my-case.safetensors --worlds 100000 --seed 7\n  elbo check --reading joint --format json"
)]
pub(crate) struct Check {
    /// A case file (safetensors or TOML); without it, the embedded emoji mixture of 256 real images
    file: Option<PathBuf>,
    /// Random worlds to draw; of continuous ones a tenth as many
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(..=MOST_WORLDS))]
    worlds: u64,
    /// Seed of the random worlds
    #[arg(long, env = "ELBO_SEED", default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// Judge every world at this beta instead of its own
    #[arg(long, value_parser = beta, allow_negative_numbers = true)]
    beta: Option<Beta>,
    /// Only this reading of q(y,z|x): observed, pointwise, joint, footnote, expected; rows 2 to 11-12 are judged on the tables as given
    #[arg(long, value_parser = reading)]
    reading: Option<Reading>,
    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(crate) fn run(args: &Check) -> Result<Outcome> {
    let case = read(args.file.as_deref())?;
    let cases = Cases::all(&case.worlds, args.worlds, args.seed);
    let options = Options {
        reading: args.reading,
        beta: args.beta,
    };
    let bars = Bars::default();
    let checked = ::check::check(&cases, &options, &|told| bars.tell(told))?;
    let continuous = continuous(args, &case, &options, &bars)?;
    drop(bars);
    let from = of_case(&case, Some(args.seed));
    print(&match args.format {
        Format::Text => report::text(&checked, &from) + &report::continuous(continuous.as_ref()),
        Format::Json => {
            let mut body = report::json(&checked, &from);
            body["continuous"] = report::continuous_json(continuous.as_ref());
            if continuous.is_none() {
                body["skipped"] = json!([SKIPPED]);
            }
            pretty(&body)?
        }
    })?;
    let stands = checked.failures().next().is_none() && continuous.is_none_or(|found| found.stands());
    Ok(stands.into())
}

/// Checks the same claims on continuous worlds. There are a tenth as many, because each takes about a hundred times the
/// work.
#[cfg(feature = "lapack")]
fn continuous(args: &Check, case: &Case, options: &Options, bars: &Bars) -> Result<Option<Continuous>> {
    let file = if args.file.is_none() {
        case::embedded_gaussian()?.gaussian
    } else {
        case.gaussian.clone()
    };
    let random = args.worlds.div_ceil(10);
    let found = continuous::judge(&file, random, args.seed, options, &|told| bars.tell(told))?;
    Ok(Some(found))
}

#[cfg(not(feature = "lapack"))]
#[expect(clippy::unnecessary_wraps, reason = "it is asked as the one that can fail")]
fn continuous(_: &Check, _: &Case, _: &Options, _: &Bars) -> Result<Option<Continuous>> {
    Ok(None)
}
