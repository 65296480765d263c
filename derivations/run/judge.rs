//! Runs `judge`.

use std::path::{Path, PathBuf};

use judge::Judgement;
use judge::dump;
use judge::report as face;
use typeset::words::plain;
use worlds::case::{expect_writable, write_text};

use super::output::{pretty, print, progress, tell};
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
        if args.dumps.iter().any(|dump| is_same_file(dump, path)) {
            return Err(format!(
                "{} is a dump and a report's place, expected a file for each",
                path.display()
            )
            .into());
        }
        expect_writable(path)?;
    }
    let mut errors = Vec::new();
    let mut judgements = judged(&args.dumps, &mut errors);
    for judgement in &mut judgements {
        judgement.allows_undecided = args.allow == Some(Allowed::Undecided);
    }
    // The verdict first: it is not lost with a report that cannot be written, nor a report with it.
    let mut handed = vec![show(args.format, &judgements, &errors)];
    if let Some(path) = &args.junit {
        let xml = face::junit(&judgements, &errors).map_err(Into::into);
        handed.push(xml.and_then(|xml| Ok(write_text(path, &xml)?)));
    }
    if let Some(path) = &args.markdown {
        let text = face::markdown(&judgements, &errors);
        handed.push(write_text(path, &text).map_err(Into::into));
    }
    let lost = handed
        .into_iter()
        .filter_map(|result| result.err().map(|error| error.to_string()));
    errors.extend(lost);
    for error in &errors {
        tell(&format!("elbo: {}", plain(error)));
    }
    if errors.is_empty() {
        Ok(judgements.iter().all(Judgement::stands).into())
    } else {
        Ok(Outcome::CouldNotRun)
    }
}

/// Whether two paths lead to one file that is there.
fn is_same_file(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Opened, judged and closed one after the other: neither files nor memory grow with their number. What is no dump does not keep the others from it.
fn judged(paths: &[PathBuf], errors: &mut Vec<String>) -> Vec<Judgement> {
    let alone = paths.len() == 1;
    let bar = progress(paths.len() as u64, if alone { "items" } else { "dumps" });
    let mut judgements = Vec::new();
    for path in paths {
        let judged = dump::open(path).and_then(|dump| {
            if alone {
                bar.set_length(dump.sizes.batch.max(1) as u64);
            }
            judge::judge(&dump, &|items| {
                if alone {
                    bar.inc(items);
                }
            })
        });
        match judged {
            Ok(judgement) => judgements.push(judgement),
            Err(error) => errors.push(error.to_string()),
        }
        if !alone {
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    judgements
}

fn show(format: Format, judgements: &[Judgement], errors: &[String]) -> Result<()> {
    if judgements.is_empty() && format == Format::Text {
        return Ok(());
    }
    print(&match format {
        Format::Text => face::text(judgements),
        Format::Json => pretty(&serde_json::to_value(face::report(judgements, errors))?)?,
    })
}
