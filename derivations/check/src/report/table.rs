//! The table of verdicts, one line for each row.

use std::fmt::Write as _;

use note::proposition::Kind;

use super::lines::{letter, name};
use crate::verdict::{Standing, Tally};
use crate::{Checked, Row};

pub(super) fn table(out: &mut String, checked: &Checked) {
    let _ = writeln!(
        out,
        "{:<17} {:>2} {:<16} {:<13} {:<12} {:>7} {:>9} {:>7} {:>7}",
        "line", "", "rule", "step", "bound", "worst", "smallest", "worlds", "file"
    );
    let _ = writeln!(
        out,
        "{:<17} {:>2} {:<16} {:<13} {:<12} {:>7} {:>9} {:>7} {:>7}",
        "", "", "", "", "ln p >= line", "residue", "slack", "tried", "broken"
    );
    let mut repairs = false;
    for (step, bound) in pairs(checked) {
        let Some(row) = step.or(bound) else { continue };
        if row.claim.kind == Kind::Repair && !repairs {
            repairs = true;
            let _ = writeln!(out, "\nNot printed in the note: what the readings do bound");
        }
        let both = [step, bound].into_iter().flatten();
        let worst = both
            .clone()
            .filter_map(|r| r.all.worst)
            .map(|(residue, _)| residue)
            .fold(0.0, f64::max);
        let broken: Vec<String> = both.map(|r| r.file.broken.to_string()).collect();
        let _ = writeln!(
            out,
            "{:<17} {:>2} {:<16} {:<13} {:<12} {:>7.4} {:>9} {:>7} {:>7}",
            name(row),
            row.claim.relation.symbol(),
            row.claim.rule.words(),
            if row.claim.kind == Kind::Bound {
                "-".to_owned()
            } else {
                short(step)
            },
            short(bound),
            worst,
            smallest(&row.all),
            row.all.judged,
            broken.join("/"),
        );
    }
}

fn smallest(tally: &Tally) -> String {
    match tally.smallest {
        None => "-".to_owned(),
        Some((slack, _)) if slack.abs() < 1e-6 => "0".to_owned(),
        Some((slack, _)) if slack.abs() >= 1e6 => format!("{slack:.2e}"),
        Some((slack, _)) => format!("{slack:.3}"),
    }
}

/// The step to a line and the bound by that line, side by side, as in the table of verdicts.
#[must_use]
pub fn pairs(checked: &Checked) -> Vec<(Option<&Row>, Option<&Row>)> {
    let mut pairs: Vec<(Option<&Row>, Option<&Row>)> = Vec::new();
    for row in &checked.rows {
        let step_of = |pair: &(Option<&Row>, Option<&Row>)| {
            pair.1.is_none()
                && pair
                    .0
                    .is_some_and(|s| s.claim.to == row.claim.to && s.claim.reading == row.claim.reading)
        };
        match (row.claim.kind, pairs.iter().position(step_of)) {
            (Kind::Bound, Some(at)) => pairs[at].1 = Some(row),
            (Kind::Bound, None) => pairs.push((None, Some(row))),
            _ => pairs.push((Some(row), None)),
        }
    }
    pairs
}

/// A verdict in at most twelve characters, with a letter for each assumption.
fn short(row: Option<&Row>) -> String {
    let Some(row) = row else { return "-".to_owned() };
    let verdict = row.verdict();
    let letters = |names: &[&str]| names.iter().map(|name| letter(name)).collect::<Vec<_>>().join(",");
    match &verdict.standing {
        Standing::HoldsIf { assumptions, .. } if verdict.equality => format!("equality if {}", letters(assumptions)),
        Standing::HoldsIf { assumptions, .. } => format!("holds if {}", letters(assumptions)),
        Standing::Undecided => "undecided".to_owned(),
        _ => verdict.words(),
    }
}
