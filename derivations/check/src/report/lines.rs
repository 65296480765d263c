//! Names of rows, and the lines of text that all reports of a check share.

use std::fmt::Write as _;

use note::assumption::{Assumption, assumption};
use note::proposition::Kind;
use typeset::wrap::prose;
use worlds::generate::Origin;

use crate::observe::UNDECIDED;
use crate::verdict::Tally;
use crate::{Checked, Row};

/// The name of a row, such as `12-13 joint`.
#[must_use]
pub fn name(row: &Row) -> String {
    if row.claim.depends_on_reading && row.claim.kind != Kind::Repair {
        format!("{} {}", row.claim.id, row.claim.reading.name())
    } else {
        row.claim.id.clone()
    }
}

/// The letter of an assumption in the table.
pub(super) fn letter(name: &str) -> String {
    assumption(name).map_or_else(|| name.to_owned(), Assumption::letter)
}

/// Writes which claims the worlds of the file break, and the first world that breaks each.
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

/// The numbers of worlds by source, such as `256 from the file, 10 listed`.
pub(super) fn counted(checked: &Checked) -> String {
    let worlds = checked.worlds.iter();
    let worlds: Vec<String> = worlds
        .map(|(source, n)| format!("{n} {}", source_name(*source)))
        .collect();
    worlds.join(", ")
}

/// The rows that failed, with the number of failures and the first world of each. It is `None` where no row failed.
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

/// Writes text after a label, broken at spaces into lines of at most 100 columns. Further lines are indented to the
/// beginning of the text.
pub(crate) fn wrap(out: &mut String, label: &str, text: &str) {
    out.push_str(&prose(text, label, &" ".repeat(label.chars().count())));
    out.push('\n');
}
