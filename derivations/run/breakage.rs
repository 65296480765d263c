//! Shows an assumption's witness.

use derivations::faces::{Provenance, breakage};
use derivations::shrinkable::Shrinkable;
use note::assumption::{ASSUMPTIONS, Assumption, assumption};
#[cfg(feature = "lapack")]
use reference::gaussian::Gaussian;
use reference::world::World;

use super::output::{pretty, print};
use super::{Outcome, Result};
use crate::cli::{self, Format};

pub(super) fn show(args: &cli::Break) -> Result<Outcome> {
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
fn break_on_continuous_worlds(args: &cli::Break, assumption: &Assumption) -> Result<Outcome> {
    let witness = assumption.continuous.ok_or_else(|| {
        format!(
            "{} has no continuous witness: {}",
            assumption.id,
            breakage::no_continuous_witness(assumption)
        )
    })?;
    broken_on::<Gaussian>(args, assumption, witness)
}

#[cfg(not(feature = "lapack"))]
fn break_on_continuous_worlds(_: &cli::Break, _: &Assumption) -> Result<Outcome> {
    super::output::without_lapack("--continuous")
}

fn broken_on<W: Shrinkable>(args: &cli::Break, assumption: &Assumption, witness: &str) -> Result<Outcome> {
    let shown = breakage::breakage::<W>(assumption, witness)?;
    print(&match args.format {
        Format::Text => breakage::text(assumption, &shown),
        Format::Json => {
            let mut body = breakage::json(assumption, &shown);
            body["provenance"] = serde_json::to_value(Provenance::of_text(assumption.id, witness))?;
            pretty(&body)?
        }
    })?;
    Ok((shown.broken.seen.broken && !shown.restored.seen.broken).into())
}
