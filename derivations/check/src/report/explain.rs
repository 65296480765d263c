//! The part of the report that gives reasons for the verdicts: assumptions, grounds and refutations.

use std::fmt::Write as _;

use note::assumption::{ASSUMPTIONS, Kind as Origin};
use note::proposition::{Kind, in_words, instead};
use note::rule::Relation;

use super::lines::{letter, name, wrap};
use crate::observe::UNDECIDED;
use crate::verdict::Standing;
use crate::{Checked, Row};

pub(super) fn explanations(out: &mut String, checked: &Checked) {
    let _ = writeln!(
        out,
        "\nworst residue: |from - slack - to| in units of its bound; below 1, the row closes."
    );
    let _ = writeln!(
        out,
        "file broken: of the file's worlds, those that break the step / the bound."
    );
    let _ = writeln!(out, "\nAssumptions");
    for assumption in ASSUMPTIONS {
        let origin = match assumption.kind {
            Origin::Stated => "stated by the note",
            Origin::Support => "not stated",
            Origin::Repair => "a repair",
        };
        let label = format!("  {} {:<24} ", letter(assumption.id), assumption.id);
        wrap(out, &label, &format!("{} ({origin})", assumption.words));
    }
    let _ = writeln!(out, "\nWhat stands, and on what ground");
    for row in &checked.rows {
        if let Some(ground) = ground(row) {
            wrap(out, &format!("  {:<18} ", name(row)), &ground);
        }
    }
    let _ = writeln!(
        out,
        "\nRefuted: broken where every probability is positive and the note's assumptions hold"
    );
    if let Some(beta) = checked.beta {
        let asked = format!(
            "every world is judged at beta = {}, as asked: rows 14b-1 and 3-1 speak of that beta, so assumptions on beta neither break nor \
             repair them; the note's own bound is at beta = 1",
            beta.get()
        );
        wrap(out, "  ", &asked);
    }
    for row in &checked.rows {
        if let Standing::Refuted { repairs } = row.verdict().standing {
            wrap(out, &format!("  {:<18} ", name(row)), &refutation(row, &repairs));
        }
    }
    undecided(out, checked);
}

/// Writes how many worlds were not counted for a claim, because rounding hides whether it holds there.
pub(super) fn undecided(out: &mut String, checked: &Checked) {
    let hidden: u64 = checked.rows.iter().map(|row| row.all.undecided).sum();
    if hidden == 0 {
        return;
    }
    let _ = writeln!(out, "\nThe sign of a slack that rounding may have made: {UNDECIDED}");
    let turning = checked
        .rows
        .iter()
        .filter(|row| row.verdict().standing == Standing::Undecided);
    for row in turning.clone() {
        let words = format!(
            "in {} of {} worlds, and the verdict turns on them",
            row.all.undecided, row.all.judged
        );
        wrap(out, &format!("  {:<18} ", name(row)), &words);
    }
    let all = if turning.count() == 0 {
        "no verdict turns on them"
    } else {
        "they count neither way"
    };
    wrap(out, "  ", &format!("in {hidden} row checks in all; {all}"));
}

/// The reason why a claim holds: the rule, and the slack in closed form.
fn ground(row: &Row) -> Option<String> {
    let verdict = row.verdict();
    let claim = &row.claim;
    if claim.kind == Kind::Bound && !claim.depends_on_reading {
        return None; // The steps of the bound give the reason.
    }
    let condition = match &verdict.standing {
        Standing::Holds => String::new(),
        Standing::HoldsIf { assumptions, weaker } if weaker.is_empty() => format!(", if {}", assumptions.join(" and ")),
        Standing::HoldsIf { assumptions, weaker } => {
            format!(", if {} ({} is enough)", assumptions.join(" and "), weaker.join(" or "))
        }
        _ => return None,
    };
    let slack = match (claim.kind, claim.rows.first()) {
        (Kind::Bound, _) if claim.reading.averages_captions() => "the gap of line 14 below ln p(x)".to_owned(),
        (Kind::Bound, _) => "the slacks of its steps add up".to_owned(),
        (_, Some(line)) if line.slack_latex == "0" => "slack 0".to_owned(),
        (_, Some(line)) => format!("slack = {}", plain(line.slack_latex)),
        _ => String::new(),
    };
    let though = if verdict.equality && claim.relation == Relation::AtLeast && claim.kind == Kind::Step {
        "; true, but an equality"
    } else {
        ""
    };
    Some(format!("{}: {slack}{condition}{though}", claim.rule.words()))
}

fn refutation(row: &Row, repairs: &[Vec<&'static str>]) -> String {
    let remark = row.claim.rows.last().map_or("", |line| line.remark);
    let remark = if row.claim.kind == Kind::Bound { "" } else { remark };
    let repaired = if repairs.is_empty() {
        "no single assumption of the list repairs it".to_owned()
    } else {
        format!(
            "repaired by {}",
            repairs
                .iter()
                .map(|set| set.join(" and "))
                .collect::<Vec<_>>()
                .join(", or ")
        )
    };
    let instead = instead(&row.claim).map_or_else(String::new, |line| {
        format!(
            "; from beta = 1 up it does bound {}: row {}",
            in_words(line.from),
            line.id
        )
    });
    let repaired = repaired + &instead;
    let broken = format!("broken in {} of {} worlds", row.all.broken, row.all.judged);
    if remark.is_empty() {
        format!("{broken}; {repaired}")
    } else {
        format!("{remark}; {broken}; {repaired}")
    }
}

fn plain(latex: &str) -> String {
    typeset::latex::plain_or_source(latex)
}
