//! Runs `judge`.

use derivations::case::{expect_writable, write_text};
use derivations::faces::trial as face;
use derivations::{dump, trial};
use rayon::prelude::*;

use super::output::{pretty, print, progress};
use super::{Outcome, Result};
use crate::cli::{Format, Judge};

pub(super) fn judge(args: &Judge) -> Result<Outcome> {
    for path in [&args.junit, &args.markdown].into_iter().flatten() {
        expect_writable(path)?;
    }
    // Opened first: what is no dump is said before the work.
    let dumps = args
        .dumps
        .iter()
        .map(|path| dump::open(path))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let items = dumps.iter().map(|dump| dump.sizes.batch.max(1) as u64).sum();
    let bar = progress(items, "items");
    let judgements = dumps
        .par_iter()
        .map(|dump| trial::judge(dump, &|items| bar.inc(items)))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    bar.finish_and_clear();
    if let Some(path) = &args.junit {
        write_text(path, &face::junit(&judgements)?)?;
    }
    if let Some(path) = &args.markdown {
        write_text(path, &face::markdown(&judgements))?;
    }
    print(&match args.format {
        Format::Text => face::text(&judgements),
        Format::Json => pretty(&serde_json::to_value(face::report(&judgements))?)?,
    })?;
    Ok(judgements.iter().all(trial::Judgement::stands).into())
}
