//! The report on probing a black box, as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};
use typeset::wrap::prose;

use crate::probe::{Found, Report};

/// The report as text: a sentence, and where a law is broken the judgement on the smallest question.
#[must_use]
pub fn text(report: &Report, saved: Option<&str>) -> String {
    let mut out = String::new();
    match &report.found {
        Found::Nothing => out.push_str(&nothing(report)),
        Found::NoAnswer(trouble, _) => {
            let _ = writeln!(out, "{}", prose(&format!("NO ANSWER: {trouble}"), "", "  "));
        }
        Found::Law(finding) => {
            let broken = &finding.violation;
            let cause = broken
                .explained
                .as_ref()
                .map_or_else(String::new, |name| format!(", as by {name}"));
            let text = format!(
                "BROKEN: {} is not what it is by {}{cause}",
                broken.claim,
                law(broken.law)
            );
            let _ = writeln!(out, "{}", prose(&text, "", "  "));
            let [first, last] = &finding.sizes;
            let _ = writeln!(
                out,
                "found with {first}, shrunk to {last}, {} questions in all\n",
                report.asked
            );
            out.push_str(&super::text(std::slice::from_ref(&finding.judgement)));
        }
    }
    if let Some(path) = saved {
        let replays = matches!(report.found, Found::Law(_));
        let what = if replays {
            format!("again, without the command: elbo judge {path}")
        } else {
            format!("the question: {path}")
        };
        let _ = writeln!(out, "{what}");
    }
    if report.wavering {
        out.push_str("the same question was answered with other bits, within the bounds\n");
    }
    out
}

/// The report where no law is broken: what was decided, and what was not.
fn nothing(report: &Report) -> String {
    let kinds = report.kinds.iter().filter(|(_, n)| *n > 0);
    let kinds: Vec<String> = kinds.map(|(name, n)| format!("{n} {name}")).collect();
    let asked = format!("{} answers, each question asked twice", report.asked);
    let mut paragraphs = vec![if report.stands() {
        format!("{asked}, every law holds: {}", kinds.join(", "))
    } else {
        format!(
            "NOT DECIDED: {asked}, none broke a law, and not every claim was held against something: {}",
            kinds.join(", ")
        )
    }];
    for ((claim, kind), found) in report.decisions.iter().filter(|(_, found)| found.undecided > 0) {
        let (undecided, all, reason) = (found.undecided, found.decided + found.undecided, &found.reason);
        paragraphs.push(format!(
            "{claim}, {kind}: not decided in {undecided} of {all} questions, {reason}"
        ));
    }
    if !report.too_large.is_empty() {
        paragraphs.push(format!(
            "not asked, too large at these sizes: {}",
            report.too_large.join(", ")
        ));
    }
    paragraphs.iter().map(|text| prose(text, "", "  ") + "\n").collect()
}

fn law(law: &str) -> &'static str {
    match law {
        "same-twice" => "its definition, the second time that the same was asked",
        _ => "its definition",
    }
}

/// The report as JSON.
#[must_use]
pub fn json(report: &Report, saved: Option<&str>) -> Value {
    let found = match &report.found {
        Found::Nothing => json!(null),
        Found::NoAnswer(trouble, _) => json!({"trouble": trouble.to_string()}),
        Found::Law(finding) => json!({
            "law": finding.violation.law,
            "claim": finding.violation.claim,
            "explained": finding.violation.explained,
            "found_with": finding.sizes[0],
            "shrunk_to": finding.sizes[1],
            "judgement": super::report(std::slice::from_ref(&finding.judgement), &[]),
        }),
    };
    json!({
        "schema": "elbo-probe/1",
        "version": env!("CARGO_PKG_VERSION"),
        "stands": report.stands(),
        "asked": report.asked,
        "kinds": report.kinds.iter().map(|(name, n)| json!({"kind": name, "questions": n})).collect::<Vec<_>>(),
        "too_large": report.too_large,
        "undecided": report.decisions.iter().filter(|(_, found)| found.undecided > 0).map(|((claim, kind), found)| json!({
            "claim": claim, "kind": kind, "undecided": found.undecided, "decided": found.decided, "reason": found.reason,
        })).collect::<Vec<_>>(),
        "found": found,
        "saved": saved,
        "wavering": report.wavering,
    })
}
