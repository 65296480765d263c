//! `elbo ledger`: prints the ledger of a world.

use std::path::PathBuf;

use check::ledger::ledger as draw_up;
use check::report;
use clap::Args;
use note::checkable::Checkable;
use reference::vocab::{Beta, Reading};
use serde_json::json;
use worlds::case::Case;

use super::input::{Chosen, read, row};
use super::output::{of_case, pretty, print};
use crate::arguments::{Format, beta, reading};
use crate::outcome::{Outcome, Result};

/// Arguments of `ledger`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo ledger --row 3\n  elbo ledger --row 3 --beta 6.6 --reading joint\n  elbo ledger my-case.toml --format json"
)]
pub(crate) struct Ledger {
    /// A case file; without it, the embedded one
    file: Option<PathBuf>,
    /// Row of the file
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    row: usize,
    /// Weight on the divergence; without it, the file's
    #[arg(long, value_parser = beta, allow_negative_numbers = true)]
    beta: Option<Beta>,
    /// What q(y,z|x) is taken to mean: observed, pointwise, joint, footnote, expected
    #[arg(long, value_parser = reading, default_value = "observed")]
    reading: Reading,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(crate) fn run(args: &Ledger) -> Result<Outcome> {
    let case = read(args.file.as_deref())?;
    match row(&case, args.row)? {
        Chosen::Finite(world) => drawn_up(args, &case, *world),
        #[cfg(feature = "lapack")]
        Chosen::Gaussian(world) => drawn_up(args, &case, world),
    }
}

fn drawn_up<W: Checkable>(args: &Ledger, case: &Case, mut world: W) -> Result<Outcome> {
    if let Some(beta) = args.beta {
        world.set_beta(beta);
    }
    let ledger = draw_up(&world, args.reading)?;
    let stands = ledger.adds_up() && report::ledger::rows_close(&world, &ledger)?;
    let title = format!("{}, row {} of {}", case.source, args.row, case.len());
    print(&match args.format {
        Format::Text => report::ledger::text(&ledger, &title),
        Format::Json => {
            let body = report::ledger::json(&ledger);
            let from = of_case(case, None);
            pretty(&json!({"schema": "elbo-ledger/1", "provenance": from, "row": args.row, "ledger": body}))?
        }
    })?;
    Ok(stands.into())
}
