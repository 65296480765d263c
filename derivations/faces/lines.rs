//! The whole table, for `elbo lines`.

use serde_json::{Value, json};

use crate::expr::{EXPRS, Expr};
use crate::line::{LINES, Line};
use crate::notation::NOTATION;
use crate::render::latex::plain_or_source;
use crate::render::wrap;
use crate::rule::Relation;

/// Name and version of what [`json()`] returns.
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
    out.extend(EXPRS.iter().map(expression));
    out.extend([String::new(), "LINES".to_owned()]);
    out.extend(LINES.iter().map(|line| row(line) + "\n"));
    out.join("\n").trim_end().to_owned() + "\n"
}

fn expression(expr: &Expr) -> String {
    let indent = " ".repeat(10);
    [
        wrap::formula(&plain_or_source(expr.latex), &format!("  {:<8}", expr.id), &indent),
        wrap::prose(expr.reads, &indent, &indent),
        format!("{indent}{}", expr.function),
    ]
    .join("\n")
}

fn row(line: &Line) -> String {
    let indent = " ".repeat(12);
    let formula = line.to_expr().map_or_else(String::new, |to| plain_or_source(to.latex));
    let readings: Vec<&str> = line.readings.iter().map(|reading| reading.name()).collect();
    let slack = format!("{}   ({})", plain_or_source(line.slack_latex), line.sign.symbol());
    [
        wrap::formula(&formula, &format!("  {:<10}", line.id), &indent),
        format!(
            "{indent}printed  {}   rule  {}",
            printed(line.printed),
            line.rule.words()
        ),
        wrap::formula(&slack, &format!("{indent}slack    "), &" ".repeat(21)),
        format!("{indent}reading  {}", readings.join(", ")),
        wrap::prose(line.remark, &indent, &indent),
    ]
    .join("\n")
}

/// What the note prints, in words a table can hold.
pub(super) const fn printed(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => "=",
        Relation::AtLeast => "≥",
        Relation::Nothing => "nothing",
    }
}

/// The table as JSON: `schema`, `notation`, `expressions`, `lines`.
#[must_use]
pub fn json() -> Value {
    let expressions: Vec<Value> = EXPRS
        .iter()
        .map(|expr| {
            json!({
                "id": expr.id,
                "latex": expr.latex,
                "plain": plain_or_source(expr.latex),
                "reads": expr.reads,
                "function": expr.function,
            })
        })
        .collect();
    let lines: Vec<Value> = LINES
        .iter()
        .map(|line| {
            json!({
                "id": line.id,
                "from": line.from,
                "to": line.to,
                "printed": line.printed,
                "sign": line.sign,
                "rule": line.rule,
                "readings": line.readings.iter().map(|reading| reading.name()).collect::<Vec<_>>(),
                "slack": { "latex": line.slack_latex, "plain": plain_or_source(line.slack_latex) },
                "exact": line.exact,
                "remark": line.remark,
            })
        })
        .collect();
    json!({ "schema": SCHEMA, "notation": NOTATION, "expressions": expressions, "lines": lines })
}
