//! `elbo judge`: judges dumps of somebody's code.

use std::path::{Path, PathBuf};

use chrono::{Datelike as _, Utc};
use clap::Args;
use judge::known::{self, KnownDeviation};
use judge::{Judgement, dump, report};
use toml::value::Date;
use typeset::words::plain;
use worlds::case::{expect_writable, write_text};

use super::output::{pretty, print, progress, tell};
use crate::arguments::Format;
use crate::outcome::{Outcome, Result};

/// Arguments of `judge`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo judge run/*.safetensors\n  elbo judge step-100.safetensors --format json\n  elbo judge dumps/*.safetensors --junit elbo.xml --markdown comment.md\n\nderivations/dump-format.md describes a dump, derivations/producers writes one from Python.\nExit codes: 0 every claim is within its bound, 1 one is not, is undecided or was not judged, 2 could not run."
)]
pub(crate) struct Judge {
    /// Dumps, or folders of them: inputs and what somebody's code claims for them
    #[arg(required = true)]
    dumps: Vec<PathBuf>,
    /// Write a `JUnit` report to this file, one test case a claim
    #[arg(long)]
    junit: Option<PathBuf>,
    /// Write a table to this file, for a pull request's comment
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// Let a dump stand with undecided claims (`undecided`), or with the known deviations of a file (KNOWN.toml)
    #[arg(long, value_parser = allowed, value_name = "WHAT")]
    allow: Vec<Allowed>,
    /// Look for no explanations, which take longer than a verdict
    #[arg(long)]
    no_explanations: bool,
    /// Also print what the claims would show: planted errors and mistakes that they would notice
    #[arg(long)]
    power: bool,
    /// Divide each distribution in tables of worlds by its sum, however far that is from 1, and say how far it was
    #[arg(long)]
    renormalise: bool,
    /// How to write the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What may be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// Claims whose bounds admit too much for a verdict.
    Undecided,
    /// Claims that are out of bound by no more than a file of known deviations says.
    Known(PathBuf),
}

#[expect(clippy::unnecessary_wraps, reason = "a parser of arguments")]
fn allowed(text: &str) -> std::result::Result<Allowed, std::convert::Infallible> {
    Ok(match text {
        "undecided" => Allowed::Undecided,
        path => Allowed::Known(PathBuf::from(path)),
    })
}

/// The known deviations in the files that were named.
fn known_deviations(allowed: &[Allowed]) -> Result<Vec<KnownDeviation>> {
    let mut all = Vec::new();
    for allowed in allowed {
        let Allowed::Known(path) = allowed else { continue };
        let text = std::fs::read_to_string(path).map_err(|error| {
            format!(
                "--allow {} cannot be read ({error}), expected undecided or a file of known deviations",
                path.display()
            )
        })?;
        all.extend(known::read(&text).map_err(|reason| format!("{}: {reason}", path.display()))?);
    }
    Ok(all)
}

/// The day that it is, in Greenwich.
fn today() -> Date {
    let now = Utc::now().date_naive();
    let part = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
    Date {
        year: u16::try_from(now.year()).unwrap_or(u16::MAX),
        month: part(now.month()),
        day: part(now.day()),
    }
}

pub(crate) fn run(args: &Judge) -> Result<Outcome> {
    if let (Some(junit), true) = (&args.junit, args.junit == args.markdown) {
        return Err(format!(
            "{} is both --junit and --markdown, expected a file for each",
            junit.display()
        )
        .into());
    }
    let mut known = known_deviations(&args.allow)?;
    let dumps = dumps(&args.dumps)?;
    for path in [&args.junit, &args.markdown].into_iter().flatten() {
        if inputs(&dumps, &args.allow)
            .iter()
            .any(|input| is_same_file(input, path))
        {
            return Err(format!(
                "{} is read and a report's place, expected a file for each",
                path.display()
            )
            .into());
        }
        expect_writable(path)?;
    }
    let mut errors = Vec::new();
    let mut judgements = judged(&dumps, args, &mut errors);
    for judgement in &mut judgements {
        judgement.allows_undecided = args.allow.contains(&Allowed::Undecided);
    }
    known::allow(&mut judgements, &mut known, today());
    for sentence in known::unneeded(&known) {
        tell(&format!("elbo: {}", plain(&sentence)));
    }
    // The verdict is printed first. If a report cannot be written, the verdict and the other reports are still there.
    let mut handed = vec![show(args.format, &judgements, &errors)];
    if let Some(path) = &args.junit {
        let xml = report::junit(&judgements, &errors).map_err(Into::into);
        handed.push(xml.and_then(|xml| Ok(write_text(path, &xml)?)));
    }
    if let Some(path) = &args.markdown {
        let text = report::markdown(&judgements, &errors);
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

/// The files that were named, and those of the folders that were: every `.safetensors` and `.npz` file in one, by name.
fn dumps(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
        let entries = std::fs::read_dir(path).map_err(unreadable)?;
        let mut found: Vec<PathBuf> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::result::Result<_, _>>()
            .map_err(unreadable)?;
        found.retain(|file| {
            file.extension()
                .is_some_and(|kind| kind == "safetensors" || kind == "npz")
        });
        if found.is_empty() {
            return Err(format!(
                "{} holds no file of dumps, expected *.safetensors or *.npz",
                path.display()
            )
            .into());
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

/// Everything that is read: dumps, the statements beside archives, known deviations.
fn inputs(dumps: &[PathBuf], allowed: &[Allowed]) -> Vec<PathBuf> {
    let mut all = dumps.to_vec();
    let archives = dumps
        .iter()
        .filter(|dump| dump.extension().is_some_and(|end| end == "npz"));
    all.extend(archives.map(|archive| archive.with_extension("json")));
    for allowed in allowed {
        if let Allowed::Known(path) = allowed {
            all.push(path.clone());
        }
    }
    all
}

/// Whether two paths lead to the same existing file.
fn is_same_file(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Judges dumps one after the other, so that neither open files nor memory grow with their number. A file that is not a
/// dump does not prevent the others from being judged.
fn judged(paths: &[PathBuf], args: &Judge, errors: &mut Vec<String>) -> Vec<Judgement> {
    let alone = paths.len() == 1;
    let bar = progress(paths.len() as u64, if alone { "items" } else { "dumps" });
    let mut judgements = Vec::new();
    for path in paths {
        let opened = if args.renormalise {
            dump::open_renormalised(path)
        } else {
            dump::open(path)
        };
        let judged = opened.and_then(|dump| {
            if alone {
                bar.set_length(dump.sizes.batch.max(1) as u64);
            }
            let done = |items| {
                if alone {
                    bar.inc(items);
                }
            };
            let mut judgement = if args.no_explanations {
                judge::verdicts(&dump, &done)?
            } else {
                judge::judge(&dump, &done)?
            };
            if args.power {
                let planted = progress(judge::steps(&dump), "planted mistakes");
                judgement.power = Some(judge::power(&dump, &|one| planted.inc(one))?);
                planted.finish_and_clear();
            }
            Ok(judgement)
        });
        match judged {
            Ok(judgement) => judgements.push(judgement),
            Err(error) if error.misses_one() && !args.renormalise => {
                errors.push(format!("{error}, or --renormalise, which divides by the sum"));
            }
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
        Format::Text => report::text(judgements),
        Format::Json => pretty(&serde_json::to_value(report::report(judgements, errors))?)?,
    })
}
