//! `elbo break`: shows the witness of an assumption, and the claim that is false there.

use check::counterexample::shrinkable::Shrinkable;
use check::report::broken_assumption as report;
use clap::Args;
use note::assumption::{ASSUMPTIONS, Assumption, assumption};
#[cfg(feature = "lapack")]
use reference::gaussian::Gaussian;
use reference::world::World;

use super::output::{of_text, pretty, print};
use crate::arguments::Format;
use crate::outcome::{Outcome, Result};

/// Arguments of `break`.
#[derive(Debug, Args)]
pub(crate) struct Break {
    /// An assumption by name or letter, as `check` lists them
    assumption: String,
    /// Show it on a linear-Gaussian world
    #[arg(long)]
    continuous: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(crate) fn run(args: &Break) -> Result<Outcome> {
    let Some(assumption) = assumption(&args.assumption) else {
        let known: Vec<String> = ASSUMPTIONS.iter().map(|a| format!("{} {}", a.letter(), a.id)).collect();
        return Err(format!("no assumption {}; there are {}", args.assumption, known.join(", ")).into());
    };
    if args.continuous {
        return break_on_continuous_worlds(args, assumption);
    }
    broken_on::<World>(args, assumption, assumption.witness)
}

#[cfg(feature = "lapack")]
fn break_on_continuous_worlds(args: &Break, assumption: &Assumption) -> Result<Outcome> {
    let witness = assumption.continuous.ok_or_else(|| {
        format!(
            "{} has no continuous witness: {}",
            assumption.id,
            report::no_continuous_witness(assumption)
        )
    })?;
    broken_on::<Gaussian>(args, assumption, witness)
}

#[cfg(not(feature = "lapack"))]
fn break_on_continuous_worlds(_: &Break, _: &Assumption) -> Result<Outcome> {
    super::output::without_lapack("--continuous")
}

fn broken_on<W: Shrinkable>(args: &Break, assumption: &Assumption, witness: &str) -> Result<Outcome> {
    let shown = report::shown::<W>(assumption, witness)?;
    print(&match args.format {
        Format::Text => report::text(assumption, &shown),
        Format::Json => {
            let mut body = report::json(assumption, &shown);
            body["provenance"] = serde_json::to_value(of_text(assumption.id, witness))?;
            pretty(&body)?
        }
    })?;
    Ok((shown.broken.seen.broken && !shown.restored.seen.broken).into())
}
