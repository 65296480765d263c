//! The results of comparisons as text.

use std::fmt::Write as _;

use typeset::plural::count;

use crate::equations::Report;
use crate::terms;

/// A comparison of the equations as a table with the used shares of bounds, at most 100 columns wide.
#[must_use]
pub fn text(report: &Report) -> String {
    let kind = if report.continuous {
        "continuous worlds"
    } else {
        "worlds"
    };
    let mut text = format!(
        "agreement: {} {kind}, {} on {}\n\n",
        report.worlds, report.float, report.device
    );
    line(
        &mut text,
        [
            "function",
            "reading",
            "values",
            "classed",
            "worst/bound",
            "at",
            "verdict",
        ],
    );
    for row in &report.rows {
        let (ratio, at) = row.agreement.worst.as_ref().map_or_else(
            || ("-".to_owned(), "-".to_owned()),
            |worst| {
                (
                    used(worst.ratio),
                    format!("{}[{}]", worst.place.world, worst.place.index),
                )
            },
        );
        let verdict = verdict(row.agreement.failed, row.agreement.compared);
        line(
            &mut text,
            [
                row.name,
                row.reading.unwrap_or("-"),
                &row.agreement.compared.to_string(),
                &row.agreement.classed.to_string(),
                &ratio,
                &at,
                &verdict,
            ],
        );
    }
    closing(&mut text, report);
    if report.left_out > 0 {
        text.push_str(&left_out(report));
        text.push('\n');
    }
    text
}

/// A sentence about how many worlds could not be compared, and why.
#[must_use]
pub fn left_out(report: &Report) -> String {
    format!(
        "{} left out: so ill-conditioned or so large that {} knows the evidence to no sixteenth of a nat",
        count(report.left_out, "world"),
        report.float
    )
}

/// A comparison of the fused terms, as a table of the same kind.
#[must_use]
pub fn terms(report: &terms::Report) -> String {
    let mut text = format!(
        "fused terms: {} with {}, logits of every kind, seed {}\n\n",
        report.dtype, report.engine, report.seed
    );
    let ats = report.rows.iter().filter_map(|row| row.agreement.worst.as_ref());
    let wide = ats.map(|worst| worst.place.at.len()).max().unwrap_or(2);
    let mut row = |name: &str, part: &str, values: &str, classed: &str, ratio: &str, at: &str, verdict: &str| {
        let padded = format!("{name:<22} {part:<10} {values:>8} {classed:>7} {ratio:>11}  {at:<wide$} {verdict}");
        text.push_str(padded.trim_end());
        text.push('\n');
    };
    row("function", "part", "numbers", "classed", "worst/bound", "at", "verdict");
    for r in &report.rows {
        let (ratio, at) = r.agreement.worst.as_ref().map_or_else(
            || ("-".to_owned(), "-".to_owned()),
            |worst| (used(worst.ratio.min(f64::MAX)), worst.place.at.clone()),
        );
        let verdict = verdict(r.agreement.failed, r.agreement.compared);
        let (compared, classed) = (r.agreement.compared.to_string(), r.agreement.classed.to_string());
        row(r.name, r.part, &compared, &classed, &ratio, &at, &verdict);
    }
    text.push('\n');
    let failed = report.rows.iter().filter(|r| r.agreement.failed > 0);
    for (r, worst) in failed.filter_map(|r| r.agreement.worst.as_ref().map(|worst| (r, worst))) {
        let _ = writeln!(
            text,
            "{} {}: {:e} at {}[{}], expected {:e} within {:.2e}",
            r.name, r.part, worst.found, worst.place.at, worst.place.index, worst.expected, worst.bound
        );
    }
    let sum = |of: fn(&terms::TermRow) -> usize| report.rows.iter().map(of).sum::<usize>();
    let (compared, classed, failed) = (
        sum(|r| r.agreement.compared),
        sum(|r| r.agreement.classed),
        sum(|r| r.agreement.failed),
    );
    let worst = report
        .rows
        .iter()
        .filter_map(|r| r.agreement.worst.as_ref().map(|worst| (r, worst.ratio)));
    let worst = worst.max_by(|a, b| a.1.total_cmp(&b.1));
    let _ = match worst {
        _ if compared == 0 => writeln!(text, "compared nothing: that is a failure"),
        _ if failed > 0 => writeln!(text, "{failed} of {compared} numbers differ"),
        Some((row, ratio)) => writeln!(
            text,
            "{compared} numbers agree, {classed} of them by class; the worst uses {} of its bound ({} {})",
            used(ratio),
            row.name,
            row.part
        ),
        None => writeln!(text, "{compared} numbers agree, all of them by class"),
    };
    text
}

/// The verdict on a row.
fn verdict(failed: usize, compared: usize) -> String {
    match (failed, compared) {
        (_, 0) => "nothing compared".to_owned(),
        (0, _) => "agrees".to_owned(),
        (failed, _) => format!("{failed} differ"),
    }
}

/// A share of a bound with two digits, or with as many as distinguish it from 1.
fn used(ratio: f64) -> String {
    let short = format!("{ratio:.1e}");
    if short == "1.0e0" && ratio < 1.0 {
        format!("{ratio:.4}")
    } else {
        short
    }
}

fn closing(text: &mut String, report: &Report) {
    let compared: usize = report.rows.iter().map(|row| row.agreement.compared).sum();
    let classed: usize = report.rows.iter().map(|row| row.agreement.classed).sum();
    let failed: usize = report.rows.iter().map(|row| row.agreement.failed).sum();
    text.push('\n');
    // Writing to a `String` never fails.
    let _ = match report.worst() {
        _ if compared == 0 => writeln!(text, "compared nothing: that is a failure"),
        Some(row) if failed > 0 => {
            let _ = writeln!(text, "{failed} of {compared} values differ; the worst, {}:", row.name);
            row.agreement.worst.as_ref().map_or(Ok(()), |worst| {
                writeln!(
                    text,
                    "  world {}, value {}: reference {:e}, twin {:e}, bound {:.2e}",
                    worst.place.world, worst.place.index, worst.expected, worst.found, worst.bound
                )
            })
        }
        worst => {
            let share = worst.and_then(|row| row.agreement.used()).unwrap_or(0.0);
            let name = worst.map_or("-", |row| row.name);
            writeln!(
                text,
                "{compared} values agree, {classed} of them by class; the worst uses {} of its bound ({name})",
                used(share)
            )
        }
    };
}

fn line(text: &mut String, cells: [&str; 7]) {
    let [name, reading, values, classed, ratio, at, verdict] = cells;
    let padded = format!("{name:<25} {reading:<9} {values:>8} {classed:>8} {ratio:>11}  {at:<12} {verdict}");
    text.push_str(padded.trim_end());
    text.push('\n');
}
