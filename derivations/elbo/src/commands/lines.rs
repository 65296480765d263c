//! `elbo lines`: prints the whole table of lines and steps.

use clap::Args;
use walkthrough::table;

use super::output::{of_search, pretty, print};
use crate::arguments::Format;
use crate::outcome::{Outcome, Result};

/// Arguments of `lines`.
#[derive(Debug, Args)]
pub(crate) struct Lines {
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(crate) fn run(args: &Lines) -> Result<Outcome> {
    print(&match args.format {
        Format::Text => table::text(),
        Format::Json => {
            let mut body = table::json();
            body["provenance"] = serde_json::to_value(of_search(None))?;
            pretty(&body)?
        }
    })?;
    Ok(Outcome::Stands)
}
