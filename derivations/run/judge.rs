//! Runs `judge`.

use derivations::case::{expect_writable, write_text};
use derivations::dump::{self, Dump};
use derivations::faces::trial as face;
use derivations::trial::{self, Judgement};
use rayon::prelude::*;

use super::output::{pretty, print, progress};
use super::{Outcome, Result};
use crate::cli::{Format, Judge};

pub(super) fn judge(args: &Judge) -> Result<Outcome> {
    for path in [&args.junit, &args.markdown].into_iter().flatten() {
        expect_writable(path)?;
    }
    // Opened first: what is no dump is said before the work, and does not keep the others from it.
    let (dumps, mut errors): (Vec<_>, Vec<_>) = args
        .dumps
        .iter()
        .map(|path| dump::open(path))
        .partition(std::result::Result::is_ok);
    let dumps: Vec<Dump> = dumps.into_iter().flatten().collect();
    let items = dumps.iter().map(|dump| dump.sizes.batch.max(1) as u64).sum();
    let bar = progress(items, "items");
    let (judgements, others): (Vec<_>, Vec<_>) = dumps
        .par_iter()
        .map(|dump| trial::judge(dump, &|items| bar.inc(items)))
        .collect::<Vec<_>>()
        .into_iter()
        .partition(std::result::Result::is_ok);
    bar.finish_and_clear();
    let judgements: Vec<Judgement> = judgements.into_iter().flatten().collect();
    errors.extend(others.into_iter().filter_map(|other| other.err().map(Err)));
    let errors: Vec<String> = errors
        .into_iter()
        .filter_map(|error| error.err())
        .map(|error| error.to_string())
        .collect();
    if let Some(path) = &args.junit {
        write_text(path, &face::junit(&judgements, &errors)?)?;
    }
    if let Some(path) = &args.markdown {
        write_text(path, &face::markdown(&judgements, &errors))?;
    }
    for error in &errors {
        anstream::eprintln!("elbo: {error}");
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
