//! `elbo show`: one expression, step or bound at a time.

use note::line::LINES;
use note::step::STEPS;
use reference::vocab::Reading;
use walkthrough::show::{self, ShowError};
use worlds::generate::list;

use super::{flat, simple};

#[test]
fn a_line_is_shown_with_its_step_its_function_and_its_residue() {
    let world = list::named("teaching").unwrap();
    let text = show::text("14", Reading::Pointwise, &world).unwrap();
    for part in [
        "eq14_objective",
        "13-14",
        "drop a term",
        "−0.405465",
        "−1.154116",
        "residue",
        "never positive",
    ] {
        assert!(flat(&text).contains(part), "{part}\n{text}");
    }
    assert_eq!(show::text("Eq. (14)", Reading::Pointwise, &world).unwrap(), text);
    let expected = flat(&show::text("14", Reading::Expected, &world).unwrap());
    assert!(
        expected.contains("E_{y,z~q_φ(y,z|x)}["),
        "what is evaluated is what is printed: {expected}"
    );
    let step = show::text("12-13", Reading::Joint, &world).unwrap();
    assert!(
        step.contains("A(y)") && step.contains("(12)") && step.contains("(13)"),
        "{step}"
    );
}

#[test]
fn every_expression_and_every_step_can_be_shown_in_100_columns() {
    for world in simple() {
        let ids = LINES.iter().map(|side| (side.id.as_str(), Reading::Pointwise));
        let ids = ids.chain(STEPS.iter().map(|step| (step.id.as_str(), step.readings[0])));
        for (id, reading) in ids {
            let text = show::text(id, reading, &world).unwrap();
            for line in text.lines() {
                assert!(line.chars().count() <= 100, "{line}");
            }
        }
    }
}

#[test]
fn an_unknown_line_is_answered_with_the_known_ones() {
    let world = &simple()[0];
    let error = show::text("15", Reading::Pointwise, world).unwrap_err();
    assert!(matches!(error, ShowError::Unknown { .. }) && error.to_string().contains("12-13"));
    let error = show::text("12-13", Reading::Expected, world).unwrap_err();
    assert!(matches!(error, ShowError::Reading { .. }) && error.to_string().contains("joint"));
}

#[test]
fn what_a_readings_own_target_is_held_against_is_shown_under_every_reading() {
    let world = list::named("teaching").unwrap();
    for id in ["fixed-A4", "p(x)-A4", "p(x)-A3", "3-A1"] {
        let text = show::text(id, Reading::Pointwise, &world).unwrap();
        for reading in Reading::ALL {
            assert_eq!(show::text(id, reading, &world).unwrap(), text, "{id} {reading:?}");
        }
    }
}
