//! `elbo refute`: searches the smallest counterexample to a claim.

use std::path::{Path, PathBuf};

use check::counterexample::refute;
use check::counterexample::shrinkable::Shrinkable;
use check::counterexample::target::Target;
use check::report::counterexample as report;
use clap::Args;
use note::proposition::{
    Kind, Proposition, bound_at_beta, has_closed_form, own_bound_at_beta, proposition, propositions,
};
use note::rule::Relation;
use reference::vocab::{Beta, Reading};
use reference::world::World;
use serde_json::json;
use typeset::wrap::prose;
use worlds::case;
use worlds::fractions::InFractions as _;

use super::output::{of_search, pretty, print, progress};
use crate::arguments::{Format, MOST_WORLDS, beta, reading};
use crate::outcome::{Outcome, Result};

/// Arguments of `refute`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo refute 14 --reading joint\n  elbo refute 13-14 --save counterexample.toml\n  elbo refute 14 --reading observed --beta 0.99\n  elbo refute 14 --continuous"
)]
pub(crate) struct Refute {
    /// A claim: a bound (14, or 3-14), a step (13-14)
    claim: String,
    /// What q(y,z|x) is taken to mean from line 12-13 on: observed, pointwise (the default), joint, footnote, expected
    #[arg(long, value_parser = reading)]
    reading: Option<Reading>,
    /// Ask for the bound of Eq. 14 at this beta
    #[arg(long, value_parser = beta, allow_negative_numbers = true)]
    beta: Option<Beta>,
    /// Search linear-Gaussian worlds, whose codes are integrated over
    #[arg(long)]
    continuous: bool,
    /// Random worlds to search
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=MOST_WORLDS))]
    worlds: u64,
    /// Seed of the random worlds
    #[arg(long, env = "ELBO_SEED", default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// Write the counterexample to this file: TOML if it ends in .toml, else safetensors
    #[arg(long)]
    save: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(crate) fn run(args: &Refute) -> Result<Outcome> {
    let reading = args.reading.unwrap_or(Reading::Pointwise);
    let claim = asked(&args.claim, reading, args.beta, args.continuous)?;
    if let Some(reading) = args
        .reading
        .filter(|_| !claim.depends_on_reading && claim.kind != Kind::Repair)
    {
        return Err(format!(
            "claim {} is judged on the tables as given and takes no reading; leave out --reading {}",
            claim.id,
            reading.name()
        )
        .into());
    }
    let target = Target {
        claim,
        beta: args.beta.map(writable).transpose()?,
    };
    if args.continuous {
        return in_continuous_worlds(args, &target);
    }
    searched::<World>(args, &target)
}

#[cfg(feature = "lapack")]
fn in_continuous_worlds(args: &Refute, target: &Target) -> Result<Outcome> {
    searched::<reference::gaussian::Gaussian>(args, target)
}

#[cfg(feature = "lapack")]
fn in_closed_form(claim: &Proposition) -> bool {
    has_closed_form::<reference::gaussian::Gaussian>(claim)
}

#[cfg(not(feature = "lapack"))]
const fn in_closed_form(_: &Proposition) -> bool {
    true // A search in continuous worlds is refused as a whole.
}

#[cfg(not(feature = "lapack"))]
fn in_continuous_worlds(_: &Refute, _: &Target) -> Result<Outcome> {
    super::output::without_lapack("--continuous")
}

fn searched<W: Shrinkable>(args: &Refute, target: &Target) -> Result<Outcome> {
    if !has_closed_form::<W>(&target.claim) {
        return Err(format!(
            "continuous worlds have no closed form, since p(z) is a mixture, for {}",
            report::sentence(target)
        )
        .into());
    }
    args.save.as_deref().map_or(Ok(()), case::expect_writable)?;
    let spinner = progress(0, "searching");
    let found = refute::<W>(target, args.seed, args.worlds)?;
    spinner.finish_and_clear();
    let Some(mut found) = found else {
        print(&survived(args, target)?)?;
        return Ok(Outcome::Fails);
    };
    let note = format!("counterexample to {}", report::sentence(target));
    if args.save.is_some() {
        found.world = found.world.noted(Some(note.clone()));
    }
    let saved = match &args.save {
        Some(path) => save::<W>(path, &found.world, &note),
        None => Ok(()),
    };
    let path = args.save.as_ref().filter(|_| saved.is_ok());
    print(&match args.format {
        Format::Text => {
            let path = path.map(|path| format!("Saved: {}\n", path.display()));
            report::text(&found) + path.as_deref().unwrap_or_default()
        }
        Format::Json => {
            let mut body = report::json(&found);
            body["saved"] = json!(path);
            body["provenance"] = serde_json::to_value(of_search(Some(args.seed)))?;
            pretty(&body)?
        }
    })?;
    saved.map(|()| Outcome::Stands) // The counterexample was printed before, in case its file cannot be written.
}

fn save<W: Shrinkable>(path: &Path, world: &W::Written, note: &str) -> Result<()> {
    if path.extension().is_some_and(|extension| extension == "toml") {
        Ok(case::write_toml(path, world)?)
    } else {
        Ok(W::write(path, &[world.to_world()?], note)?)
    }
}

fn survived(args: &Refute, target: &Target) -> Result<String> {
    let (tried, seed) = (args.worlds, args.seed);
    match args.format {
        Format::Text => {
            let sentence = report::sentence(target);
            let words = format!("in {tried} random worlds of seed {seed} it survives: {sentence}");
            Ok(format!("{}\n", prose(&words, "Nothing found: ", "               ")))
        }
        Format::Json => pretty(&json!({
            "schema": "elbo-refutation/1", "claim": target.claim.id, "sentence": target.claim.sentence(), "found": false, "worlds": tried,
            "provenance": of_search(Some(seed)),
        })),
    }
}

/// The claim that was asked for. `14` is the bound `3-14`. `14b`, or `14` with a beta, is the bound of Eq. 14 at beta.
fn asked(name: &str, reading: Reading, beta: Option<Beta>, continuous: bool) -> Result<Proposition> {
    let at_beta = matches!(name, "14b" | "3-14b") || (beta.is_some() && matches!(name, "14" | "3-14" | "1" | "3-1"));
    if at_beta {
        return bound_at_beta(reading).ok_or_else(|| "there is no bound at beta under this reading".into());
    }
    if name == "fixed-14b" {
        return own_bound_at_beta(reading).ok_or_else(|| {
            let reading = reading.name();
            format!("under the {reading} reading there is no {name}; it exists under joint and footnote").into()
        });
    }
    if beta.is_some() {
        return Err(format!("--beta goes with the bound 14, not with {name}").into());
    }
    let here = |claim: &Proposition| {
        let read = claim.reading == reading || !claim.depends_on_reading;
        read && (!continuous || in_closed_form(claim))
    };
    let ids = |wanted: &dyn Fn(&Proposition) -> bool| {
        let mut ids: Vec<String> = propositions()
            .into_iter()
            .filter(wanted)
            .map(|claim| claim.id)
            .collect();
        ids.sort();
        ids.dedup();
        ids
    };
    let ending = ids(&|claim| here(claim) && claim.to.as_str() == name);
    let found = proposition(name, reading).or_else(|| proposition(&format!("3-{name}"), reading));
    match (found, ending.as_slice()) {
        (Some(claim), _) if claim.relation == Relation::Nothing => Err(format!(
            "nothing is claimed in row {name}: the note prints no relation there; ask for the bound at beta, 14b"
        )
        .into()),
        (Some(claim), _) => Ok(claim),
        (None, [only]) => proposition(only, reading).ok_or_else(|| format!("no claim {name}").into()),
        (None, []) => Err(format!(
            "no claim {name} under the {} reading; the claims are {}",
            reading.name(),
            ids(&|claim| here(claim) && claim.relation != Relation::Nothing).join(", ")
        )
        .into()),
        (None, several) => Err(format!("{name} ends several claims; ask for one of {}", several.join(", ")).into()),
    }
}

/// Checks that a world of fractions can hold beta, because the counterexample has to be written in fractions.
fn writable(beta: Beta) -> Result<Beta> {
    if case::as_decimal(beta.get()).is_some() {
        Ok(beta)
    } else {
        Err(format!(
            "--beta {:e}: expected a number that a fraction of 64-bit integers holds, since the counterexample is written with it",
            beta.get()
        )
        .into())
    }
}
