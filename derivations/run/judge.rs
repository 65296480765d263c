//! Runs `judge`.

use derivations::case::{CaseError, expect_writable, write_text};
use derivations::dump::{self, Dump};
use derivations::faces::trial as face;
use derivations::render::words::plain;
use derivations::trial::{self, Judgement};
use rayon::prelude::*;

use super::output::{pretty, print, progress};
use super::{Outcome, Result};
use crate::cli::{Allowed, Format, Judge};

pub(super) fn judge(args: &Judge) -> Result<Outcome> {
    if let (Some(junit), true) = (&args.junit, args.junit == args.markdown) {
        return Err(format!(
            "{} is both --junit and --markdown, expected a file for each",
            junit.display()
        )
        .into());
    }
    for path in [&args.junit, &args.markdown].into_iter().flatten() {
        expect_writable(path)?;
    }
    // Opened first: what is no dump is said before the work, and does not keep the others from it.
    let mut errors = Vec::new();
    let opened = args.dumps.iter().map(|path| dump::open(path)).collect();
    let dumps: Vec<Dump> = told_apart(opened, &mut errors);
    let items = dumps.iter().map(|dump| dump.sizes.batch.max(1) as u64).sum();
    let bar = progress(items, "items");
    let judged = dumps
        .par_iter()
        .map(|dump| trial::judge(dump, &|items| bar.inc(items)))
        .collect();
    bar.finish_and_clear();
    let mut judgements: Vec<Judgement> = told_apart(judged, &mut errors);
    for judgement in &mut judgements {
        judgement.allows_undecided = args.allow == Some(Allowed::Undecided);
    }
    if let Some(path) = &args.junit {
        write_text(path, &face::junit(&judgements, &errors)?)?;
    }
    if let Some(path) = &args.markdown {
        write_text(path, &face::markdown(&judgements, &errors))?;
    }
    for error in &errors {
        anstream::eprintln!("elbo: {}", plain(error));
    }
    if !judgements.is_empty() || args.format == Format::Json {
        print(&match args.format {
            Format::Text => face::text(&judgements),
            Format::Json => pretty(&serde_json::to_value(face::report(&judgements, &errors))?)?,
        })?;
    }
    if errors.is_empty() {
        Ok(judgements.iter().all(Judgement::stands).into())
    } else {
        Ok(Outcome::CouldNotRun)
    }
}

/// What there is; why the rest is not goes to the errors.
fn told_apart<T>(results: Vec<std::result::Result<T, CaseError>>, errors: &mut Vec<String>) -> Vec<T> {
    let told = results
        .into_iter()
        .map(|result| result.map_err(|error| errors.push(error.to_string())));
    told.filter_map(std::result::Result::ok).collect()
}
