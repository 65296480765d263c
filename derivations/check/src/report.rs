//! The reports of the checker, as text for people and as JSON for programs.

use std::fmt::Write as _;

use typeset::words::one_line;
use worlds::provenance::Provenance;

use self::lines::{counted, failed, in_the_file, wrap};
use crate::Checked;
use crate::observe::Class;

pub mod broken_assumption;
mod continuous;
pub mod counterexample;
pub mod critical_beta;
mod explain;
mod json;
pub mod ledger;
mod lines;
pub mod number;
mod sweep;
mod table;

pub use continuous::{continuous, continuous_json};
pub use json::json;
pub use lines::name;
pub use sweep::{only_beta_one, what_it_bounds};
pub use table::pairs;

/// The whole report as text, at most 100 columns wide.
#[must_use]
pub fn text(checked: &Checked, from: &Provenance) -> String {
    let mut out = String::new();
    table::table(&mut out, checked);
    explain::explanations(&mut out, checked);
    sweep::sweep(&mut out, checked);
    classes(&mut out, checked);
    in_the_file(&mut out, checked, "worlds");
    ending(&mut out, checked, from);
    out
}

fn classes(out: &mut String, checked: &Checked) {
    let mut total = std::collections::BTreeMap::new();
    let mut undefined = 0;
    for row in &checked.rows {
        undefined += row.all.undefined;
        for (class, count) in &row.all.classes {
            *total.entry(*class).or_insert(0) += count;
        }
    }
    let _ = writeln!(
        out,
        "\nRows with a side that is not a number: classed and counted, not summed"
    );
    for (class, count) in total {
        if let Class::Infinite(above, below) = class {
            let _ = writeln!(
                out,
                "  {:>9} above, {:>9} below {count:>10}",
                above.words(),
                below.words()
            );
        }
    }
    let _ = writeln!(out, "  {:>9} above: nothing claimed {undefined:>12}", "undefined");
}

fn ending(out: &mut String, checked: &Checked, from: &Provenance) {
    let _ = writeln!(out, "\nWorlds: {}", counted(checked));
    let title = from
        .title
        .as_deref()
        .map_or_else(String::new, |title| format!(" ({})", one_line(title)));
    wrap(
        out,
        "Input: ",
        &format!(
            "{}{title}, sha256 {}",
            from.input,
            from.input_sha256.as_deref().unwrap_or("none")
        ),
    );
    let _ = writeln!(
        out,
        "Largest correction by renormalising the input: {:.1e}; seed {}",
        from.correction,
        from.seed.map_or_else(|| "none".to_owned(), |seed| seed.to_string())
    );
    if let Some(failures) = failed(checked) {
        let _ = writeln!(
            out,
            "FAILED: a row does not close or a sign that we claim does not hold: {failures}"
        );
    } else {
        let judged = checked.judged();
        let stands = format!(
            "in {judged} row checks every row closes within its bound and has the sign that the table claims. \
             What the note claims is judged above."
        );
        wrap(out, "OK, the tool's own statements stand: ", &stands);
    }
}
