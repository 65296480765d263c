//! The report as Markdown, for a comment on a pull request.

use std::fmt::Write as _;

use typeset::words::{code, plain};

use super::{index, used, verdict};
use crate::{Judgement, Verdict};

/// The report: a table for each dump, and a sentence for each claim that is wrong.
#[must_use]
pub fn markdown(judgements: &[Judgement], errors: &[String]) -> String {
    let stand = judgements.iter().filter(|judgement| judgement.stands()).count();
    let mut out = format!("**{stand} of {} dumps stand**\n\n", judgements.len() + errors.len());
    for error in errors {
        let _ = writeln!(out, "> could not be judged: {}\n", code(error));
    }
    for judgement in judgements {
        let word = if judgement.stands() { "stands" } else { "does not stand" };
        let _ = writeln!(out, "### {} {word}\n", code(&judgement.name));
        let _ = writeln!(out, "{}\n", code(&judgement.subject));
        out.push_str("| claim | verdict | numbers | error / bound | at | explained by |\n|---|---|---|---|---|---|\n");
        for judged in &judgement.claims {
            let (ratio, at) = judged.comparison.worst.as_ref().map_or_else(
                || ("-".to_owned(), "-".to_owned()),
                |worst| (used(worst.ratio), index(&judged.claim, worst)),
            );
            let cause = match (&judged.verdict, judged.explanations.first()) {
                (Verdict::Beyond, Some(explanation)) => {
                    format!("`{}`: {}", explanation.name(), explanation.words())
                }
                (Verdict::Beyond, None) => judged
                    .unexplained
                    .clone()
                    .unwrap_or_else(|| "no known mistake".to_owned()),
                (Verdict::Follows(upstream), _) => {
                    let names: Vec<&str> = upstream.iter().map(|quantity| quantity.name()).collect();
                    format!("{} as claimed", names.join(" and "))
                }
                (Verdict::Undecided(reason) | Verdict::Skipped(reason) | Verdict::Known(reason), _) => reason.clone(),
                (Verdict::Within, _) => String::new(),
            };
            let _ = writeln!(
                out,
                "| {} | {} | {} | {ratio} | {at} | {} |",
                judged.claim.quantity.name(),
                verdict(judged),
                judged.comparison.numbers,
                escaped(&cause)
            );
        }
        for noise in &judgement.noise {
            let verdict = if noise.failed.is_none() { "ok" } else { "OUT" };
            let cause = noise.failed.as_deref().unwrap_or_default();
            let _ = writeln!(
                out,
                "| {} | {verdict} | {} | - | - | {} |",
                noise.tensor,
                noise.numbers,
                escaped(cause)
            );
        }
        out.push('\n');
        for warning in &judgement.warnings {
            let _ = writeln!(out, "> {}\n", escaped(warning));
        }
    }
    out
}

fn escaped(text: &str) -> String {
    plain(text).replace('|', "\\|").replace('<', "&lt;")
}
