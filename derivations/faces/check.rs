//! The checker's report, for people and for programs.

use std::fmt::Write as _;

use note::assumption::{Assumption, assumption};
use note::proposition::Kind;
use typeset::words::one_line;
use typeset::wrap::prose;
use worlds::generate::Origin;

use crate::check::{Checked, Row};
use crate::faces::Provenance;
use crate::observe::{Class, UNDECIDED};
use crate::verdict::Tally;

mod continuous;
mod explain;
mod json;
mod sweep;
mod table;

pub use continuous::{continuous, continuous_json};
pub use json::json;
pub use sweep::{only_beta_one, what_it_bounds};
pub use table::pairs;

/// The whole report as text, at most 100 columns.
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

/// `12-13 joint`: the name of a row.
#[must_use]
pub fn name(row: &Row) -> String {
    if row.claim.depends_on_reading && row.claim.kind != Kind::Repair {
        format!("{} {}", row.claim.id, row.claim.reading.name())
    } else {
        row.claim.id.clone()
    }
}

fn letter(name: &str) -> String {
    assumption(name).map_or_else(|| name.to_owned(), Assumption::letter)
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

/// Which claims the file's own worlds break, and the first row that does.
fn in_the_file(out: &mut String, checked: &Checked, kind: &str) {
    if !checked.worlds.iter().any(|(source, _)| *source == Origin::File) {
        return;
    }
    let _ = writeln!(out, "\nIn the file's own {kind}");
    let mut none = true;
    for row in &checked.rows {
        let Tally {
            broken,
            undecided,
            judged,
            first_broken,
            ..
        } = &row.file;
        let label = name(row);
        if let Some(first) = first_broken {
            none = false;
            let _ = writeln!(
                out,
                "  {label:<18} broken in {broken} of {judged}, first in row {first}"
            );
        }
        if *undecided > 0 {
            none = false;
            let _ = writeln!(out, "  {label:<18} {UNDECIDED} in {undecided} of {judged}");
        }
    }
    if none {
        let _ = writeln!(out, "  no claim is broken");
    }
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

/// `256 from the file, 10 listed`
fn counted(checked: &Checked) -> String {
    let worlds = checked.worlds.iter();
    let worlds: Vec<String> = worlds
        .map(|(source, n)| format!("{n} {}", source_name(*source)))
        .collect();
    worlds.join(", ")
}

/// The rows that failed, with how often and where first; none where all stand.
fn failed(checked: &Checked) -> Option<String> {
    let failures: Vec<String> = checked
        .failures()
        .map(|row| {
            let (first, count) = row.all.ours_broken.unwrap_or_default();
            format!("{} ({count} worlds, first {first})", name(row))
        })
        .collect();
    (!failures.is_empty()).then(|| failures.join("; "))
}

const fn source_name(source: Origin) -> &'static str {
    match source {
        Origin::File => "from the file",
        Origin::List => "listed",
        Origin::Edge => "edge",
        Origin::Tiny => "tiny (exhaustive)",
        Origin::Random => "random",
    }
}

/// Writes text behind a label, broken at spaces, at most 100 columns, hanging under its own start.
pub(crate) fn wrap(out: &mut String, label: &str, text: &str) {
    out.push_str(&prose(text, label, &" ".repeat(label.chars().count())));
    out.push('\n');
}
