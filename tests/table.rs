//! The table as a whole: what it says of itself, and the copy of it that a reviewer sees change.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test stops at the first thing that is not there"
)]

use derivations::expr::{EXPRS, expr};
use derivations::faces::lines;
use derivations::line::{LINES, chain};
use derivations::rule::Sign::{NonNegative, Unsigned, Zero};
use reference::vocab::Reading;

/// The readings that start from `ln p(x,y)`.
const AT_Y: [Reading; 4] = [Reading::Observed, Reading::Pointwise, Reading::Joint, Reading::Footnote];

#[test]
fn the_table_is_the_committed_one() {
    insta::assert_json_snapshot!("lines", lines::json());
}

#[test]
fn every_line_joins_two_expressions_that_exist() {
    for line in LINES {
        assert!(line.from_expr().is_some(), "{}: no expression {}", line.id, line.from);
        assert!(line.to_expr().is_some(), "{}: no expression {}", line.id, line.to);
    }
}

#[test]
fn every_expression_is_a_side_of_some_line() {
    for side in EXPRS {
        assert!(
            LINES.iter().any(|line| line.from == side.id || line.to == side.id),
            "{} stands alone",
            side.id
        );
    }
}

#[test]
fn an_expression_has_one_name_and_a_step_one_row_per_reading() {
    for (k, side) in EXPRS.iter().enumerate() {
        assert!(EXPRS[..k].iter().all(|other| other.id != side.id), "{} twice", side.id);
        assert!(std::ptr::eq(expr(side.id).unwrap(), side));
    }
    for (k, line) in LINES.iter().enumerate() {
        for other in &LINES[..k] {
            let clash = line.readings.iter().find(|reading| other.readings.contains(reading));
            assert!(
                other.id != line.id || clash.is_none(),
                "{} twice under {clash:?}",
                line.id
            );
        }
    }
}

#[test]
fn every_expression_names_a_function_that_exists() {
    for side in EXPRS {
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
        let file = format!("{}/reference/src/{}.rs", env!("CARGO_MANIFEST_DIR"), modules.join("/"));
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
        for to in ["4", "5", "6", "7", "8", "9", "10", "11"] {
            assert_eq!(composed(to, reading), NonNegative, "{to} {reading:?}");
        }
        // Under the observed reading q(y|x) = 1 and q(y,z|x) is the product: rows 11-12 and 13-14 lose nothing there.
        let below = if reading == Reading::Observed {
            NonNegative
        } else {
            Unsigned
        };
        for to in ["12", "13", "14"] {
            assert_eq!(composed(to, reading), below, "{to} {reading:?}");
        }
    }
}

#[test]
fn a_chain_starts_at_the_evidence_and_has_no_gap() {
    for reading in AT_Y {
        let steps = chain("14b", reading).unwrap();
        assert_eq!(steps.first().unwrap().from, "3");
        assert!(steps.windows(2).all(|pair| pair[0].to == pair[1].from), "{reading:?}");
    }
    assert!(
        chain("14", Reading::Expected).is_none(),
        "its expectation runs over captions: no line 12"
    );
}

#[test]
fn the_table_in_plain_text_fits_the_terminal_and_names_every_row() {
    let text = lines::text();
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    for (id, function) in EXPRS.iter().map(|side| (side.id, side.function)) {
        assert!(text.contains(id) && text.contains(function), "{id}");
    }
    for line in LINES {
        assert!(text.contains(line.id), "{}", line.id);
    }
    assert!(!text.contains('\\'), "LaTeX left over");
}
