//! Eq. 14 at each beta, and what that says of 'only for beta = 1'.

use std::fmt::Write as _;

use super::wrap;
use crate::check::{BETAS, Checked};
use crate::verdict::Standing;

pub(super) fn sweep(out: &mut String, checked: &Checked) {
    if checked.sweep.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n'The bound only holds for beta = 1': ln p >= line 14 at each beta (x: counterexample found)"
    );
    let _ = write!(out, "  {:<10}", "beta");
    for beta in BETAS {
        let _ = write!(out, "{beta:>5}");
    }
    out.push('\n');
    let mut at = 0;
    while at < checked.sweep.len() {
        let rows = &checked.sweep[at..(at + BETAS.len()).min(checked.sweep.len())];
        let _ = write!(out, "  {:<10}", rows[0].row.claim.reading.name());
        for beta in rows {
            let mark = match beta.row.verdict().standing {
                Standing::Refuted { .. } => "x",
                Standing::Holds => "ok",
                Standing::HoldsIf { .. } => "if",
                Standing::Unjudged | Standing::NoClaim => "?",
            };
            let _ = write!(out, "{mark:>5}");
        }
        out.push('\n');
        at += BETAS.len();
    }
    for line in only_beta_one(checked) {
        wrap(out, "  ", &line);
    }
}

/// What the sweep says of 'only for beta = 1', in sentences.
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
        let refuted = |row: &&&crate::check::BetaRow| matches!(row.row.verdict().standing, Standing::Refuted { .. });
        let holds = |row: &&&crate::check::BetaRow| row.row.verdict().standing == Standing::Holds;
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
