//! `elbo show`: describes one line, step or bound on a world.

use clap::Args;
use note::checkable::Checkable;
use note::under_reading::UnderReading;
use reference::vocab::Reading;
use walkthrough::show;

use super::input::Chosen;
use super::named::named_or_file;
use super::output::print;
use crate::arguments::reading;
use crate::outcome::{Outcome, Result};

/// Arguments of `show`.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// A line (13), its form at beta (14b), a step (12-13) or a bound (3-13)
    line: String,
    /// A case file or a named world (teaching, fig3; curves, a continuous one)
    #[arg(long, default_value = "teaching")]
    world: String,
    /// Row of the case file
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    row: usize,
    /// What q(y,z|x) is taken to mean: observed, pointwise, joint, footnote, expected
    #[arg(long, value_parser = reading, default_value = "pointwise")]
    reading: Reading,
}

pub(crate) fn run(args: &Show) -> Result<Outcome> {
    match named_or_file(&args.world, args.row)? {
        (Chosen::Finite(world), name) => display(args, &*world, &name),
        #[cfg(feature = "lapack")]
        (Chosen::Gaussian(world), name) => display(args, &world, &name),
    }
}

fn display<W: Checkable>(args: &Show, world: &W, name: &str) -> Result<Outcome> {
    let shown = show::text(&args.line, args.reading, world)?;
    let (reading, beta) = (args.reading.name(), world.beta().get());
    let replaced = UnderReading::new(world, args.reading)?.in_place_of_tables();
    let replaced = replaced.map_or_else(String::new, |words| format!("\nwhatever the tables say, {words}"));
    print(&format!("{name}, reading {reading}, beta {beta}{replaced}\n\n{shown}"))?;
    Ok(Outcome::Stands)
}
