//! The whole table of lines and steps, for `elbo lines`.

use note::line::{LINES, Line, line};
use note::notation::NOTATION;
use note::rule::Relation;
use note::step::{STEPS, Step};
use serde_json::{Value, json};
use typeset::latex::plain_or_source;
use typeset::wrap;

/// The name and version of the format that [`json()`] returns.
pub const SCHEMA: &str = "elbo-lines/1";

/// The table in plain text, 100 columns wide.
#[must_use]
pub fn text() -> String {
    let mut out = vec![
        "Every row is  to = from - slack.  All in nats.".to_owned(),
        String::new(),
    ];
    out.push("NOTATION".to_owned());
    for symbol in NOTATION {
        let head = format!("  {:<14}{:<22}", plain_or_source(symbol.latex), symbol.code);
        let shape = if symbol.shape.is_empty() {
            String::new()
        } else {
            format!(" {}", symbol.shape)
        };
        out.push(wrap::prose(&format!("{}{shape}", symbol.means), &head, &" ".repeat(38)));
    }
    out.extend([String::new(), "EXPRESSIONS".to_owned()]);
    out.extend(LINES.iter().map(expression));
    out.extend([String::new(), "LINES".to_owned()]);
    out.extend(STEPS.iter().map(|step| row(step) + "\n"));
    out.join("\n").trim_end().to_owned() + "\n"
}

fn expression(line: &Line) -> String {
    let indent = " ".repeat(10);
    [
        wrap::formula(&plain_or_source(line.latex), &format!("  {:<8}", line.id), &indent),
        wrap::prose(line.reads, &indent, &indent),
        format!("{indent}{}", line.function),
    ]
    .join("\n")
}

fn row(step: &Step) -> String {
    let indent = " ".repeat(12);
    let formula = plain_or_source(line(step.to).latex);
    let readings: Vec<&str> = step.readings.iter().map(|reading| reading.name()).collect();
    let slack = format!("{}   ({})", plain_or_source(step.slack_latex), step.sign.symbol());
    [
        wrap::formula(&formula, &format!("  {:<10}", step.id), &indent),
        format!(
            "{indent}printed  {}   rule  {}",
            printed(step.printed),
            step.rule.words()
        ),
        wrap::formula(&slack, &format!("{indent}slack    "), &" ".repeat(21)),
        format!("{indent}reading  {}", readings.join(", ")),
        wrap::prose(step.remark, &indent, &indent),
    ]
    .join("\n")
}

/// The relation that the note prints, as a short text for a table.
pub(super) const fn printed(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => "=",
        Relation::AtLeast => "≥",
        Relation::Nothing => "nothing",
    }
}

/// The table as JSON, with the keys `schema`, `notation`, `expressions` and `lines`.
#[must_use]
pub fn json() -> Value {
    let expressions: Vec<Value> = LINES
        .iter()
        .map(|line| {
            json!({
                "id": line.id.as_str(),
                "latex": line.latex,
                "plain": plain_or_source(line.latex),
                "reads": line.reads,
                "function": line.function,
            })
        })
        .collect();
    let lines: Vec<Value> = STEPS
        .iter()
        .map(|step| {
            json!({
                "id": step.id.as_str(),
                "from": step.from.as_str(),
                "to": step.to.as_str(),
                "printed": step.printed,
                "sign": step.sign,
                "rule": step.rule,
                "readings": step.readings.iter().map(|reading| reading.name()).collect::<Vec<_>>(),
                "slack": { "latex": step.slack_latex, "plain": plain_or_source(step.slack_latex) },
                "exact": step.exact,
                "remark": step.remark,
            })
        })
        .collect();
    json!({ "schema": SCHEMA, "notation": NOTATION, "expressions": expressions, "lines": lines })
}
