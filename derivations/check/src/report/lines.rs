//! Names of rows and lines of text that every report of a check has.

use std::fmt::Write as _;

use note::assumption::{Assumption, assumption};
use note::proposition::Kind;
use typeset::wrap::prose;
use worlds::generate::Origin;

use crate::observe::UNDECIDED;
use crate::verdict::Tally;
use crate::{Checked, Row};

/// `12-13 joint`: the name of a row.
#[must_use]
pub fn name(row: &Row) -> String {
    if row.claim.depends_on_reading && row.claim.kind != Kind::Repair {
        format!("{} {}", row.claim.id, row.claim.reading.name())
    } else {
        row.claim.id.clone()
    }
}

/// The letter of an assumption.
pub(super) fn letter(name: &str) -> String {
    assumption(name).map_or_else(|| name.to_owned(), Assumption::letter)
}

/// Which claims the file's own worlds break, and the first row that does.
pub(super) fn in_the_file(out: &mut String, checked: &Checked, kind: &str) {
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

/// `256 from the file, 10 listed`
pub(super) fn counted(checked: &Checked) -> String {
    let worlds = checked.worlds.iter();
    let worlds: Vec<String> = worlds
        .map(|(source, n)| format!("{n} {}", source_name(*source)))
        .collect();
    worlds.join(", ")
}

/// The rows that failed, with how often and where first; none where all stand.
pub(super) fn failed(checked: &Checked) -> Option<String> {
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
