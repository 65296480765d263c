//! The checker's report, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::assumption::{ASSUMPTIONS, Kind as Origin};
use crate::cases::Source;
use crate::check::{BETAS, Checked, Row};
use crate::claim::Kind;
use crate::expr::expr;
use crate::judge::Class;
use crate::rule::Relation;
use crate::verdict::{Standing, Tally, Verdict};

/// What the run was made with; every report carries it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Provenance {
    /// Version of the program.
    pub version: &'static str,
    /// Name of the input.
    pub input: String,
    /// SHA-256 of the input.
    pub input_sha256: String,
    /// Title that the input gives itself.
    pub title: Option<String>,
    /// The largest correction that renormalising the input's rows made.
    pub correction: f64,
    /// Seed of the random worlds.
    pub seed: u64,
    /// Features that the program was built with.
    pub features: Vec<&'static str>,
}

impl Provenance {
    /// The features of this build.
    #[must_use]
    pub fn features() -> Vec<&'static str> {
        [("twin", cfg!(feature = "twin")), ("cuda", cfg!(feature = "cuda"))]
            .into_iter()
            .filter_map(|(name, on)| on.then_some(name))
            .collect()
    }
}

/// The whole report as text, at most 100 columns.
#[must_use]
pub fn text(checked: &Checked, from: &Provenance) -> String {
    let mut out = String::new();
    table(&mut out, checked);
    explanations(&mut out, checked);
    sweep(&mut out, checked);
    classes(&mut out, checked);
    ending(&mut out, checked, from);
    out
}

/// A line with its step and its bound side by side, as in the table of verdicts.
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

/// `12-13 joint`: the name of a row.
#[must_use]
pub fn name(row: &Row) -> String {
    if row.claim.depends_on_reading && row.claim.kind != Kind::Repair {
        format!("{} {}", row.claim.id, row.claim.reading.name())
    } else {
        row.claim.id.clone()
    }
}

/// A verdict in at most twelve letters, with a letter for each assumption.
fn short(row: Option<&Row>) -> String {
    let Some(row) = row else { return "-".to_owned() };
    let verdict = row.verdict();
    let letters = |names: &[&str]| names.iter().map(|name| letter(name)).collect::<Vec<_>>().join("");
    match &verdict.standing {
        Standing::HoldsIf { assumptions } if verdict.equality => format!("equality if {}", letters(assumptions)),
        Standing::HoldsIf { assumptions } => format!("holds if {}", letters(assumptions)),
        _ => verdict.words(),
    }
}

fn letter(name: &str) -> String {
    let place = ASSUMPTIONS.iter().position(|a| a.id == name).unwrap_or(0);
    u8::try_from(place).map_or_else(|_| name.to_owned(), |place| char::from(b'A' + place).to_string())
}

fn table(out: &mut String, checked: &Checked) {
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
        Some((slack, _)) if slack.abs() < 1e-9 => "0".to_owned(),
        Some((slack, _)) => format!("{slack:.3}"),
    }
}

fn explanations(out: &mut String, checked: &Checked) {
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
    for row in &checked.rows {
        if let Standing::Refuted { repairs } = row.verdict().standing {
            wrap(out, &format!("  {:<18} ", name(row)), &refutation(row, &repairs));
        }
    }
}

/// Why a claim that stands does: the rule and the closed slack.
fn ground(row: &Row) -> Option<String> {
    let verdict = row.verdict();
    let claim = &row.claim;
    if claim.kind == Kind::Bound && !claim.depends_on_reading {
        return None; // the table says it; its steps give the ground
    }
    let condition = match &verdict.standing {
        Standing::Holds => String::new(),
        Standing::HoldsIf { assumptions } => format!(", if {}", assumptions.join(" and ")),
        _ => return None,
    };
    let slack = match (claim.kind, claim.rows.first()) {
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
    let broken = format!("broken in {} of {} worlds", row.all.broken, row.all.judged);
    if remark.is_empty() {
        format!("{broken}; {repaired}")
    } else {
        format!("{remark}; {broken}; {repaired}")
    }
}

fn sweep(out: &mut String, checked: &Checked) {
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
    let worlds: Vec<String> = checked
        .worlds
        .iter()
        .map(|(source, n)| format!("{n} {}", source_name(*source)))
        .collect();
    let _ = writeln!(out, "\nWorlds: {}", worlds.join(", "));
    let title = from
        .title
        .as_deref()
        .map_or_else(String::new, |title| format!(" ({title})"));
    wrap(
        out,
        "Input: ",
        &format!("{}{title}, sha256 {}", from.input, from.input_sha256),
    );
    let _ = writeln!(
        out,
        "Largest correction by renormalising the input: {:.1e}; seed {}",
        from.correction, from.seed
    );
    let failures: Vec<String> = checked
        .failures()
        .map(|row| {
            let (first, count) = row.all.ours_broken.unwrap_or_default();
            format!("{} ({count} worlds, first {first})", name(row))
        })
        .collect();
    if failures.is_empty() {
        let _ = writeln!(
            out,
            "OK: {} row checks; every row closes within its bound, every sign that we claim holds.",
            checked.judged()
        );
    } else {
        let _ = writeln!(
            out,
            "FAILED: a row does not close or a sign that we claim does not hold: {}",
            failures.join("; ")
        );
    }
}

const fn source_name(source: Source) -> &'static str {
    match source {
        Source::File => "from the file",
        Source::List => "listed",
        Source::Edge => "edge",
        Source::Tiny => "tiny (exhaustive)",
        Source::Random => "random",
    }
}

/// Writes text behind a label, broken at spaces, at most 100 columns, hanging under its own start.
pub(crate) fn wrap(out: &mut String, label: &str, text: &str) {
    const WIDTH: usize = 100;
    let indent = label.chars().count();
    out.push_str(label);
    let mut column = indent;
    for (count, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if count > 0 {
            if column + 1 + length > WIDTH {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                column = indent;
            } else {
                out.push(' ');
                column += 1;
            }
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
}

fn plain(latex: &str) -> String {
    crate::render::latex::plain_or_source(latex)
}

/// The whole report for a program.
#[must_use]
pub fn json(checked: &Checked, from: &Provenance) -> Value {
    let row = |row: &Row| {
        json!({
            "id": row.claim.id,
            "kind": row.claim.kind,
            "reading": row.claim.depends_on_reading.then(|| row.claim.reading.name()),
            "claim": row.claim.sentence(),
            "printed": row.claim.relation,
            "rule": row.claim.rule,
            "sign": row.claim.sign,
            "function": expr(row.claim.to).map(|expr| expr.function),
            "verdict": row.verdict(),
            "all": tally(&row.all),
            "file": tally(&row.file),
        })
    };
    json!({
        "schema": "elbo-check/1",
        "provenance": from,
        "ok": checked.failures().next().is_none(),
        "worlds": checked.worlds.iter().map(|(source, n)| json!({"source": source, "count": n})).collect::<Vec<_>>(),
        "judged": checked.judged(),
        "rows": checked.rows.iter().map(row).collect::<Vec<_>>(),
        "beta_sweep": checked.sweep.iter().map(|beta| {
            let verdict: Verdict = beta.row.verdict();
            json!({
                "reading": beta.row.claim.reading.name(),
                "beta": beta.beta,
                "verdict": verdict,
                "broken": beta.row.all.broken,
                "judged": beta.row.all.judged,
            })
        }).collect::<Vec<_>>(),
        "only_for_beta_one": only_beta_one(checked),
    })
}

fn tally(tally: &Tally) -> Value {
    json!({
        "judged": tally.judged,
        "broken": tally.broken,
        "closed": tally.closed,
        "undefined": tally.undefined,
        "infinite": tally.classes.iter().map(|(class, count)| match class {
            Class::Infinite(above, below) => json!({"above": above.words(), "below": below.words(), "count": count}),
            _ => json!({"count": count}),
        }).collect::<Vec<_>>(),
        "worst_residue": tally.worst.map(|(residue, world)| json!({"of_bound": residue, "world": world})),
        "smallest_slack": tally.smallest.map(|(slack, world)| json!({"nats": slack, "world": world})),
        "failed": tally.ours_broken.map(|(first, count)| json!({"first_world": first, "count": count})),
    })
}
