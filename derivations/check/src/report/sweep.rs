//! The part of the report about Eq. 14 at each beta: whether the note's 'only for beta = 1' is true, and what line 14
//! bounds under each reading.

use std::fmt::Write as _;

use note::line::LineId;
use note::proposition::{Kind, in_words};
use reference::vocab::Reading;

use super::lines::wrap;
use crate::verdict::Standing;
use crate::{BETAS, BetaRow, Checked, Row};

/// The two evidences that the note's own bound is about: that of the pair and that of the image.
const EVIDENCE: [LineId; 2] = [LineId::Eq3, LineId::ImageEvidence];

/// The sweep, split by claim.
fn swept(checked: &Checked) -> impl Iterator<Item = &[BetaRow]> {
    checked.sweep.chunks(BETAS.len())
}

/// Whether a row of the sweep is a bound on the evidence, and not on another target of its reading.
pub(super) fn on_the_evidence(row: &BetaRow) -> bool {
    EVIDENCE.contains(&row.row.claim.from)
}

pub(super) fn sweep(out: &mut String, checked: &Checked) {
    if checked.sweep.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n'The bound only holds for beta = 1': ln p >= line 14 at each beta (x: counterexample found)"
    );
    betas(out);
    swept(checked)
        .filter(|rows| on_the_evidence(&rows[0]))
        .for_each(|rows| marks(out, rows));
    for line in only_beta_one(checked) {
        wrap(out, "  ", &line);
    }
    let mut own = swept(checked).filter(|rows| !on_the_evidence(&rows[0])).peekable();
    if let Some(first) = own.peek() {
        let target = in_words(first[0].row.claim.from);
        let _ = writeln!(
            out,
            "\nWhat two readings bound instead: {target} >= line 14 at each beta"
        );
        betas(out);
        own.for_each(|rows| marks(out, rows));
    }
    readings(out, checked);
}

fn betas(out: &mut String) {
    let _ = write!(out, "  {:<10}", "beta");
    for beta in BETAS {
        let _ = write!(out, "{beta:>5}");
    }
    out.push('\n');
}

fn marks(out: &mut String, rows: &[BetaRow]) {
    let _ = write!(out, "  {:<10}", rows[0].row.claim.reading.name());
    for beta in rows {
        let mark = match beta.row.verdict().standing {
            Standing::Refuted { .. } => "x",
            Standing::Holds => "ok",
            Standing::HoldsIf { .. } => "if",
            Standing::Unjudged | Standing::NoClaim | Standing::Undecided => "?",
        };
        let _ = write!(out, "{mark:>5}");
    }
    out.push('\n');
}

/// Writes what each reading bounds. It follows from the verdicts alone.
fn readings(out: &mut String, checked: &Checked) {
    let _ = writeln!(
        out,
        "\nWhat each reading of q(y,z|x) bounds, with nothing found against it in any world"
    );
    for reading in Reading::ALL {
        let bounds = what_it_bounds(checked, reading);
        if !bounds.is_empty() {
            wrap(out, &format!("  {:<10} ", reading.name()), &bounds.join("; "));
        }
    }
}

/// What a reading bounds, one sentence for each target. First come the targets of line 14 at every beta from 1 up.
/// Where line 14 has none, that of line 13 follows. Then come the targets that line 14 has under a single further
/// assumption. Last comes `ln p(x)`, under assumptions that do not already give `ln p(x,y)`, which is smaller.
#[must_use]
pub fn what_it_bounds(checked: &Checked, reading: Reading) -> Vec<String> {
    let (mut bounds, mut conditional, mut enough) = (Vec::new(), Vec::new(), Vec::new());
    for rows in swept(checked).filter(|rows| rows[0].row.claim.reading == reading) {
        let bound = format!("{} by line 14, at every beta >= 1", in_words(rows[0].row.claim.from));
        match repairs_from_one(rows) {
            None => bounds.push(bound),
            Some(repairs) => {
                conditional.extend(repairs.iter().map(|repair| format!("{bound}, if {repair}")));
                enough.extend(repairs);
            }
        }
    }
    if bounds.is_empty() && conditional.is_empty() {
        return bounds; // This reading was not checked.
    }
    if bounds.is_empty() {
        let kept =
            |row: &&Row| row.claim.kind == Kind::Bound && row.claim.reading == reading && row.claim.to == LineId::Eq13;
        for row in checked.rows.iter().filter(kept) {
            let condition = match row.verdict().standing {
                Standing::Holds => String::new(),
                Standing::HoldsIf { assumptions, .. } => format!(", if {}", assumptions.join(" and ")),
                _ => continue,
            };
            let target = in_words(row.claim.from);
            bounds.push(format!(
                "{target} by line 13, which keeps ln q(y|x), at beta = 1{condition}"
            ));
        }
    }
    bounds.append(&mut conditional);
    let is_line_14 = |row: &&Row| {
        row.claim
            .rows
            .iter()
            .any(|step| step.to.line_14_under() == Some(reading))
    };
    for row in checked
        .rows
        .iter()
        .filter(|row| row.claim.from == LineId::ImageEvidence)
        .filter(is_line_14)
    {
        let target = in_words(row.claim.from);
        let more = alone(&row.verdict().standing)
            .into_iter()
            .filter(|repair| !enough.contains(repair));
        bounds.extend(more.map(|repair| format!("{target} by line 14, at beta = 1, if {repair}")));
    }
    bounds
}

/// `None` where the bound holds at every beta from 1 up. Otherwise the assumptions each of which, by itself, makes it
/// hold at all of them.
fn repairs_from_one(rows: &[BetaRow]) -> Option<Vec<&'static str>> {
    let from_one = rows.iter().filter(|at| at.beta >= 1.0);
    let standings: Vec<Standing> = from_one.map(|at| at.row.verdict().standing).collect();
    if standings.iter().all(|standing| *standing == Standing::Holds) {
        return None;
    }
    let mut common = alone(standings.first()?);
    common.retain(|repair| standings.iter().all(|standing| alone(standing).contains(repair)));
    Some(common)
}

/// The assumptions each of which repairs a refuted claim by itself.
fn alone(standing: &Standing) -> Vec<&'static str> {
    let Standing::Refuted { repairs } = standing else {
        return Vec::new();
    };
    repairs.iter().filter(|set| set.len() == 1).flatten().copied().collect()
}

/// Sentences about what the sweep says on the note's 'only for beta = 1'.
#[must_use]
pub fn only_beta_one(checked: &Checked) -> Vec<String> {
    let mut lines = Vec::new();
    for reading in ["observed", "expected"] {
        let rows: Vec<_> = checked
            .sweep
            .iter()
            .filter(|row| row.row.claim.reading.name() == reading)
            .collect();
        if rows.is_empty() {
            continue;
        }
        let refuted = |row: &&&BetaRow| matches!(row.row.verdict().standing, Standing::Refuted { .. });
        let holds = |row: &&&BetaRow| row.row.verdict().standing == Standing::Holds;
        let below = rows.iter().filter(|row| row.beta < 1.0);
        let above = rows.iter().filter(|row| row.beta > 1.0);
        let (failing, tried) = (below.clone().filter(refuted).count(), below.count());
        let (holding, tried_above) = (above.clone().filter(holds).count(), above.count());
        lines.push(format!(
            "{reading}: a counterexample at {failing} of {tried} betas below 1; holds at {holding} of {tried_above} above 1{}",
            if holding > 0 { ": 'only' is refuted" } else { "" }
        ));
    }
    lines
}
