//! The table as a whole: what it says of itself, and the copy of it that a reviewer sees change.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test stops at the first thing that is not there"
)]

use note::line::{LINES, LineId, line};
use note::notation::NOTATION;
use note::rule::Sign::{NonNegative, Unsigned, Zero};
use note::step::{STEPS, StepId, chain};
use reference::vocab::Reading;
use typeset::latex::{mathml, plain};
use walkthrough::table as lines;

/// The readings that start from `ln p(x,y)`.
const AT_Y: [Reading; 4] = [Reading::Observed, Reading::Pointwise, Reading::Joint, Reading::Footnote];

#[test]
fn the_table_is_the_committed_one() {
    insta::assert_json_snapshot!("lines", lines::json());
}

#[test]
fn every_line_is_a_side_of_some_step() {
    for side in LINES {
        assert!(
            STEPS.iter().any(|step| step.from == side.id || step.to == side.id),
            "{} stands alone",
            side.id
        );
    }
}

#[test]
fn the_table_has_each_line_once_in_the_order_of_its_names_and_a_step_one_row_per_reading() {
    let ids: Vec<LineId> = LINES.iter().map(|line| line.id).collect();
    assert_eq!(ids, LineId::ALL);
    for &id in LineId::ALL {
        assert_eq!(line(id).id, id);
        assert_eq!(id.as_str().parse(), Ok(id));
    }
    let mut ids: Vec<StepId> = STEPS.iter().map(|step| step.id).collect();
    ids.dedup();
    assert_eq!(ids, StepId::ALL);
    for &id in StepId::ALL {
        assert_eq!(id.as_str().parse(), Ok(id));
    }
    assert!(
        "15".parse::<LineId>()
            .unwrap_err()
            .to_string()
            .starts_with("`15` is no line, expected one of 2a, 2b, 3, ")
    );
    for (k, step) in STEPS.iter().enumerate() {
        for other in &STEPS[..k] {
            let clash = step.readings.iter().find(|reading| other.readings.contains(reading));
            assert!(
                other.id != step.id || clash.is_none(),
                "{} twice under {clash:?}",
                step.id
            );
        }
    }
}

#[test]
fn every_line_names_a_function_that_exists() {
    for side in LINES {
        let path: Vec<&str> = side.function.split("::").collect();
        let [package, modules @ .., function] = path.as_slice() else {
            panic!("{}: {} is no path", side.id, side.function)
        };
        assert_eq!(*package, "reference", "{}", side.id);
        // A trait's function stands in the trait's file.
        let modules: Vec<&str> = modules
            .iter()
            .copied()
            .filter(|name| !name.starts_with(char::is_uppercase))
            .collect();
        let file = format!(
            "{}/../../reference/src/{}.rs",
            env!("CARGO_MANIFEST_DIR"),
            modules.join("/")
        );
        let source = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {file}: {error}", side.id));
        assert!(
            ["(", "<"]
                .iter()
                .any(|next| source.contains(&format!("fn {function}{next}"))),
            "{}: no {function} in {file}",
            side.id
        );
    }
}

#[test]
fn the_chain_is_a_bound_down_to_line_11_and_below_it_under_the_observed_reading_alone() {
    let composed = |to, reading| {
        let steps = chain(to, reading).unwrap();
        steps.iter().fold(Zero, |sign, step| sign.and(step.sign))
    };
    for reading in AT_Y {
        for &to in &LineId::ALL[3..=10] {
            assert_eq!(composed(to, reading), NonNegative, "{to} {reading:?}");
        }
        // Under the observed reading q(y|x) = 1 and q(y,z|x) is the product: rows 11-12 and 13-14 lose nothing there.
        let below = if reading == Reading::Observed {
            NonNegative
        } else {
            Unsigned
        };
        for to in [LineId::Eq12, LineId::Eq13, LineId::Eq14] {
            assert_eq!(composed(to, reading), below, "{to} {reading:?}");
        }
    }
}

#[test]
fn a_chain_starts_at_the_evidence_and_has_no_gap() {
    for reading in AT_Y {
        let steps = chain(LineId::Eq14AtBeta, reading).unwrap();
        assert_eq!(steps.first().unwrap().from, LineId::Eq3);
        assert!(steps.windows(2).all(|pair| pair[0].to == pair[1].from), "{reading:?}");
    }
    assert!(
        chain(LineId::Eq14, Reading::Expected).is_none(),
        "its expectation runs over captions: no line 12"
    );
}

#[test]
fn the_table_in_plain_text_fits_the_terminal_and_names_every_row() {
    let text = lines::text();
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    for (id, function) in LINES.iter().map(|side| (side.id, side.function)) {
        assert!(text.contains(id.as_str()) && text.contains(function), "{id}");
    }
    for step in STEPS {
        assert!(text.contains(step.id.as_str()), "{}", step.id);
    }
    assert!(!text.contains('\\'), "LaTeX left over");
}

#[test]
fn every_formula_of_the_tables_sets_both_ways_without_an_error_element() {
    let formulas = LINES
        .iter()
        .map(|e| e.latex)
        .chain(STEPS.iter().map(|l| l.slack_latex))
        .chain(NOTATION.iter().map(|s| s.latex));
    for latex in formulas {
        let markup = mathml(latex).unwrap_or_else(|error| panic!("{error}"));
        assert!(
            markup.starts_with("<math") && markup.ends_with("</math>"),
            "{latex}: {markup}"
        );
        assert!(!markup.contains("merror"), "{latex}: {markup}");
        let text = plain(latex).unwrap_or_else(|error| panic!("{error}"));
        assert!(
            !text.is_empty() && !text.contains('\\') && !text.contains("  "),
            "{latex}: {text}"
        );
    }
}
