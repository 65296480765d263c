//! `elbo step`: walks through all lines of the note on one world.

use std::io::{BufRead as _, IsTerminal as _};

use clap::{Args, ValueEnum};
use reference::vocab::Reading;
use walkthrough::{Narrated, html, sections, text};

use super::input::Chosen;
use super::named::named_or_file;
use super::output::print;
use crate::arguments::reading;
use crate::outcome::{Outcome, Result};

/// How a walk is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StepFormat {
    /// For a terminal.
    Text,
    /// One self-contained page.
    Html,
}

/// Arguments of `step`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo step\n  elbo step --world fig3 --all\n  elbo step --format html > derivation.html"
)]
pub(crate) struct Step {
    /// A named world (teaching, fig3; curves, a continuous one) or a case file
    #[arg(long, default_value = "teaching")]
    world: String,
    /// Row of the case file
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    row: usize,
    /// What q(y,z|x) is taken to mean: observed, pointwise, joint, footnote, expected
    #[arg(long, value_parser = reading, default_value = "pointwise")]
    reading: Reading,
    /// Print all lines at once, without waiting for Enter
    #[arg(long)]
    all: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t = StepFormat::Text)]
    format: StepFormat,
}

pub(crate) fn run(args: &Step) -> Result<Outcome> {
    match named_or_file(&args.world, args.row)? {
        (Chosen::Finite(world), name) => walk_through(args, &*world, &name),
        #[cfg(feature = "lapack")]
        (Chosen::Gaussian(world), name) => walk_through(args, &world, &name),
    }
}

fn walk_through<W: Narrated>(args: &Step, world: &W, name: &str) -> Result<Outcome> {
    if args.format == StepFormat::Html {
        print(&html(world, name, args.reading)?)?;
        return Ok(Outcome::Stands);
    }
    let wait = !args.all && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let sections = sections(world, name, args.reading)?;
    let last = sections.len().saturating_sub(1);
    for (count, section) in sections.iter().enumerate() {
        print(&(text(section) + "\n"))?;
        if wait && count < last {
            print("  [Enter: next, q: quit] ")?;
            let mut line = String::new();
            if std::io::stdin().lock().read_line(&mut line)? == 0 || line.trim() == "q" {
                break;
            }
        }
    }
    Ok(Outcome::Stands)
}
