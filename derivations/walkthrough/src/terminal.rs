//! A section of the walk as plain text, at most 100 columns wide. Headings are styled. The program drops the style
//! where output goes into a pipe.

use anstyle::Style;
use typeset::amount::Amount;
use typeset::latex::plain_or_source;
use typeset::wrap;

use crate::ledger::Closing;
use crate::line::{LineSection, StepSection};
use crate::opening::Opening;
use crate::picture::NumberLine;
use crate::section::Section;
use crate::table::printed;

const INDENT: &str = "    ";
/// The width of the number line, in characters.
const AXIS: usize = 88;

/// A section as text.
#[must_use]
pub fn text(section: &Section) -> String {
    let mut lines = match section {
        Section::Opening(opening) => open(opening),
        Section::Line(line) => walk(line),
        Section::Closing(closing) => close(closing),
    };
    lines.push(String::new());
    lines.join("\n")
}

fn heading(words: &str) -> String {
    let bold = Style::new().bold();
    let rule: String = wrap::prose(words, "", "");
    format!("{bold}{rule}{bold:#}\n")
}

fn open(opening: &Opening) -> Vec<String> {
    let mut lines = vec![heading(&format!("The world '{}'", opening.name))];
    lines.extend(opening.sentences.iter().map(|s| wrap::prose(s, "", "")));
    for table in &opening.tables {
        lines.push(String::new());
        let name = plain_or_source(table.latex);
        lines.push(wrap::prose(table.about, &format!("  {name:<18}"), &" ".repeat(20)));
        let cells = table.rows.iter().flat_map(|row| &row.cells).map(|cell| &cell.text);
        let width = cells
            .chain(&table.columns)
            .map(|s| s.chars().count())
            .max()
            .unwrap_or(0);
        let row = |name: &str, cells: Vec<&str>, end: &str| {
            let room = (wrap::WIDTH - 28) / (width + 2);
            let cells: String = cells
                .iter()
                .take(room)
                .map(|cell| format!("{cell:>width$}  "))
                .collect();
            format!("  {name:<18}{}{end}", cells.trim_end())
        };
        lines.push(row("", table.columns.iter().map(String::as_str).collect(), ""));
        for given in &table.rows {
            let mark = if given.observed { " observed" } else { "" };
            let cells = given.cells.iter().map(|cell| cell.text.as_str()).collect();
            let more = if table.cut { "  …" } else { "" };
            lines.push(row(&format!("{:>6}{mark}", given.name), cells, more));
        }
    }
    lines
}

fn walk(line: &LineSection) -> Vec<String> {
    let verdict = line.label();
    let dash = if verdict.is_empty() { "" } else { ": " };
    let mut lines = vec![heading(&format!("Line {}{dash}{verdict}", line.id))];
    lines.push(wrap::formula(&plain_or_source(&line.latex), INDENT, "      "));
    lines.push(String::new());
    for written in &line.written {
        let name = plain_or_source(written.name);
        let lead = if name.is_empty() {
            String::new()
        } else {
            format!("where {name} ")
        };
        let terms = plain_or_source(&written.latex);
        lines.push(wrap::formula(&terms, &format!("{INDENT}{lead}= "), "      "));
        let pad = " ".repeat(lead.chars().count());
        lines.push(format!("{INDENT}{pad}= {}{}", written.value, unit(written.value)));
    }
    lines.push(String::new());
    lines.push(wrap::prose(&capital(line.reads), INDENT, INDENT));
    if let Some(step) = &line.step {
        lines.extend(explain(step));
    }
    lines.push(String::new());
    lines.extend(draw(&line.picture, line.value));
    lines
}

fn explain(step: &StepSection) -> Vec<String> {
    let mut slack = plain_or_source(step.slack_latex);
    if let Some(written) = &step.slack_written {
        slack += &format!(" = {}", plain_or_source(written));
    }
    if slack != "0" {
        slack += &format!(" = {}{}", step.slack, unit(step.slack));
    }
    vec![
        String::new(),
        format!(
            "{INDENT}From line {}. Rule: {}. The note prints {}.",
            step.from,
            step.rule.words(),
            printed(step.printed)
        ),
        wrap::formula(&slack, &format!("{INDENT}slack = "), "            "),
        wrap::prose(&format!("{}.", capital(step.remark)), INDENT, INDENT),
        wrap::prose(&step.outcome, INDENT, INDENT),
    ]
}

fn unit(amount: Amount) -> &'static str {
    if amount.finite().is_some() { " nats" } else { "" }
}

/// The sentence with a capital letter at its beginning, unless it begins with a formula.
pub(super) fn capital(words: &str) -> String {
    let first = words.split(' ').next().unwrap_or_default();
    let is_word = first == "a" || first.len() > 1 && first != "ln" && first.chars().all(char::is_alphabetic);
    if !is_word {
        return words.to_owned();
    }
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Draws the number line: the current line above the axis, and the evidence below it.
fn draw(picture: &NumberLine, value: Amount) -> Vec<String> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of 0 to 1 of a few dozen columns"
    )]
    let column = |value: f64| (picture.share(value) * (AXIS - 1) as f64).round() as usize;
    let mut axis = vec!['─'; AXIS];
    for (_, value) in &picture.marks {
        axis[column(*value)] = '○';
    }
    let mut above = String::new();
    if let Some((id, at)) = picture.current() {
        above = label(&format!("({id}) {value}"), column(at));
    }
    let mut below = String::new();
    if let Some(evidence) = picture.evidence.finite() {
        axis[column(evidence)] = '┃';
        below = label(&format!("ln p(x,y) {}", picture.evidence), column(evidence));
    }
    if let Some((_, at)) = picture.current() {
        axis[column(at)] = '●';
    } else {
        above = format!("this line is {value}: not on the axis");
    }
    let axis: String = axis.into_iter().collect();
    [above, axis, below]
        .into_iter()
        .filter(|row| !row.is_empty())
        .map(|row| format!("{INDENT}{row}"))
        .collect()
}

/// A line with a text that is centred at a column of the axis, as far as it stays within the axis.
fn label(text: &str, at: usize) -> String {
    let size = text.chars().count();
    let start = at.saturating_sub(size / 2).min(AXIS.saturating_sub(size));
    format!("{}{text}", " ".repeat(start))
}

fn close(closing: &Closing) -> Vec<String> {
    let mut lines = vec![heading("The ledger")];
    lines.push(wrap::formula(&closing.ledger, INDENT, "      "));
    lines.push(wrap::prose(&closing.bound, INDENT, INDENT));
    let moved = if closing.moves.is_empty() {
        "Nothing moved the line.\n"
    } else {
        "What moved the line:\n"
    };
    lines.push(format!("\n{INDENT}{moved}"));
    for (name, slack, remark) in &closing.moves {
        lines.push(wrap::prose(
            remark,
            &format!("{INDENT}{name:<12}{slack:>16}   "),
            &" ".repeat(35),
        ));
    }
    lines.push(format!("\n{INDENT}What the note got wrong or left unsaid:\n"));
    for finding in &closing.findings {
        lines.push(wrap::prose(finding, &format!("{INDENT}- "), "      "));
    }
    lines
}
