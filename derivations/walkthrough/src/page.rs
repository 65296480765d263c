//! The walk as one HTML page that opens without a network, because it contains its styles, script, formulas and
//! pictures.

use std::fmt::Write;

use reference::vocab::Reading;
use typeset::amount::Amount;
use typeset::html::{document, escape, prose};
use typeset::latex::{RenderError, mathml, mathml_inline};

use crate::ledger::Closing;
use crate::line::{LineSection, StepSection};
use crate::narrated::Narrated;
use crate::opening::{Opening, Table};
use crate::section::{Section, StepError, sections};
use crate::svg;
use crate::table::printed;
use crate::terminal::capital;

const STYLE: &str = include_str!("step.css");
const SCRIPT: &str = include_str!("step.js");

/// The walk through a world under a reading, as an HTML page.
///
/// # Errors
/// Those of [`sections`].
pub fn html<W: Narrated>(world: &W, name: &str, reading: Reading) -> Result<String, StepError> {
    let sections = sections(world, name, reading)?;
    let mut body = String::new();
    for section in &sections {
        body += &match section {
            Section::Opening(opening) => open(opening)?,
            Section::Line(line) => walk(line)?,
            Section::Closing(closing) => close(closing),
        };
    }
    let title = format!("The ELBO, line by line: {name}, read as {}", reading.name());
    Ok(document(&title, STYLE, SCRIPT, &frame(&sections, &body)))
}

fn frame(sections: &[Section], body: &str) -> String {
    let mut links = String::new();
    for section in sections {
        let (id, word, class) = match section {
            Section::Opening(_) => ("world".to_owned(), "world".to_owned(), ""),
            Section::Line(line) => {
                let class = line.step.as_ref().map_or("", |step| step.verdict.class());
                (format!("line-{}", line.id), line.id.to_string(), class)
            }
            Section::Closing(_) => ("ledger".to_owned(), "ledger".to_owned(), ""),
        };
        let _ = write!(links, "<a href=\"#{id}\" class=\"{class}\">{word}</a>"); // Writing to a `String` never fails.
    }
    format!("<nav aria-label=\"lines\">{links}</nav>\n<main>\n{body}</main>\n")
}

fn open(opening: &Opening) -> Result<String, RenderError> {
    let sentences: String = opening
        .sentences
        .iter()
        .map(|sentence| format!("<p>{}</p>\n", prose(sentence)))
        .collect();
    let mut tables = String::new();
    for table in &opening.tables {
        tables += &heat(table)?;
    }
    if !tables.is_empty() {
        tables = format!("<div class=\"tables\">{tables}</div>\n");
    }
    let pictures: String = (opening.pictures.iter())
        .map(|picture| {
            format!(
                "<figure class=\"curves\">{}<figcaption><span>{}</span></figcaption></figure>\n",
                svg::wide(&picture.svg, picture.about),
                prose(picture.about)
            )
        })
        .collect();
    let name = escape(&opening.name);
    Ok(format!(
        "<section id=\"world\">\n<header><p class=\"kicker\">The ELBO, line by line</p><h1>The world “{name}”</h1></header>\n\
         <div class=\"lead\">{sentences}</div>\n{tables}{pictures}</section>\n"
    ))
}

fn heat(table: &Table) -> Result<String, RenderError> {
    let named = table.rows.iter().any(|row| !row.name.is_empty());
    let mut rows = String::from(if named { "<tr><td></td>" } else { "<tr>" });
    for column in &table.columns {
        let _ = write!(rows, "<th scope=\"col\">{}</th>", escape(column)); // Writing to a `String` never fails.
    }
    rows += "</tr>";
    for row in &table.rows {
        let (class, mark) = if row.observed {
            (" class=\"observed\"", " ●")
        } else {
            ("", "")
        };
        let _ = write!(rows, "<tr{class}>"); // This never fails.
        if named {
            let _ = write!(rows, "<th scope=\"row\">{}{mark}</th>", escape(&row.name)); // This never fails.
        }
        for cell in &row.cells {
            let percent = 100.0 * cell.heat;
            let _ = write!(rows, "<td style=\"--share:{percent:.0}%\">{}</td>", escape(&cell.text)); // This never fails.
        }
        rows += if table.cut { "<td>…</td></tr>" } else { "</tr>" };
    }
    Ok(format!(
        "<figure><figcaption>{}<span>{}</span></figcaption><table>{rows}</table></figure>\n",
        mathml_inline(table.latex)?,
        prose(table.about)
    ))
}

fn walk(line: &LineSection) -> Result<String, RenderError> {
    let verdict = line.step.as_ref().map_or_else(String::new, |step| {
        format!(
            "<span class=\"verdict {}\">{}</span>",
            if line.value == Amount::Undefined {
                "assumption"
            } else {
                step.verdict.class()
            },
            line.label()
        )
    });
    let mut written = String::new();
    for row in &line.written {
        let lead = if row.name.is_empty() {
            String::new()
        } else {
            format!("<span class=\"where\">where</span> {} ", mathml_inline(row.name)?)
        };
        let class = if row.name.is_empty() {
            "written"
        } else {
            "written aside"
        };
        let _ = writeln!(
            written,
            "<div class=\"{class}\">{lead}<span class=\"rel\">=</span> {} <span class=\"value\">= {}</span></div>",
            terms(&row.latex)?,
            nats(row.value)
        ); // Writing to a `String` never fails.
    }
    let step = line.step.as_ref().map_or_else(|| Ok(String::new()), explain)?;
    Ok(format!(
        "<section id=\"line-{id}\">\n<header><p class=\"kicker\">Line</p><h2>{id}</h2>{verdict}</header>\n\
         <div class=\"formula\">{}</div>\n<p class=\"reads\">{}</p>\n{written}{}\n{step}</section>\n",
        mathml(&line.latex)?,
        prose(&capital(line.reads)),
        svg::number_line(&line.picture, line.id.as_str(), line.value),
        id = line.id,
    ))
}

/// Sets each term of a sum as a formula of its own, so that a long sum can break between terms.
fn terms(latex: &str) -> Result<String, RenderError> {
    let mut terms: Vec<String> = Vec::new();
    let mut open = 0;
    for part in latex.split(" + ") {
        match terms.last_mut() {
            Some(last) if open > 0 => *last += &format!(" + {part}"),
            _ => terms.push(part.to_owned()),
        }
        open += part.matches(r"\left").count();
        open = open.saturating_sub(part.matches(r"\right").count());
    }
    let mut set = String::new();
    for (k, term) in terms.iter().enumerate() {
        let sign = if k == 0 { "" } else { "<span class=\"rel\">+</span> " };
        let _ = write!(set, "<span class=\"term\">{sign}{}</span> ", mathml_inline(term)?); // This never fails.
    }
    Ok(set)
}

fn explain(step: &StepSection) -> Result<String, RenderError> {
    let mut slack = mathml_inline(step.slack_latex)?;
    if let Some(written) = &step.slack_written {
        let _ = write!(slack, " <span class=\"rel\">=</span> {}", terms(written)?); // This never fails.
    }
    if step.slack_latex != "0" {
        let _ = write!(slack, " <span class=\"value\">= {}</span>", nats(step.slack)); // This never fails.
    }
    Ok(format!(
        "<dl>\n<dt>from line {}</dt><dd>{} <span class=\"quiet\">(the note prints {})</span></dd>\n\
         <dt>slack</dt><dd>{slack}</dd>\n<dt>why</dt><dd>{}.</dd>\n<dt>here</dt><dd class=\"outcome {}\">{}</dd>\n</dl>\n",
        step.from,
        step.rule.words(),
        printed(step.printed),
        prose(&capital(step.remark)),
        step.verdict.class(),
        prose(&step.outcome)
    ))
}

fn nats(amount: Amount) -> String {
    let unit = if amount.finite().is_some() { " nats" } else { "" };
    format!("{amount}{unit}")
}

fn close(closing: &Closing) -> String {
    let mut moves = String::new();
    for (name, slack, remark) in &closing.moves {
        let (name, remark) = (escape(name), prose(remark));
        let _ = write!(
            moves,
            "<tr><th scope=\"row\">{name}</th><td>{slack}</td><td>{remark}</td></tr>"
        ); // Writing to a `String` never fails.
    }
    let heading = if closing.moves.is_empty() {
        "Nothing moved the line"
    } else {
        "What moved the line"
    };
    let findings: String = closing
        .findings
        .iter()
        .map(|finding| format!("<li>{}</li>", prose(finding)))
        .collect();
    format!(
        "<section id=\"ledger\">\n<header><p class=\"kicker\">At the end</p><h2>The ledger</h2></header>\n\
         <p class=\"ledger\">{}</p>\n<p class=\"lead\">{}</p>\n<h3>{heading}</h3>\n<table class=\"moves\">{moves}</table>\n\
         <h3>What the note got wrong or left unsaid</h3>\n<ul>{findings}</ul>\n</section>\n",
        prose(&closing.ledger),
        prose(&closing.bound)
    )
}
