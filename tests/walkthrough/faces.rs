//! What people read: the walk in the terminal, the page, and one line at a time.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test stops at the first thing that is not there"
)]
mod arithmetic;
mod one_line;
mod pictures;
mod worlds;

use ::worlds::fractions::FractionWorld;
use ::worlds::generate::list;
use approx::assert_abs_diff_eq;
use arithmetic::evaluate;
use note::line::{LINES, LineId};
use reference::vocab::Reading;
use reference::world::World;
use typeset::latex::plain;
use walkthrough::{self as step, LineSection, Section, StepError, StepMark, show};

const AT_Y: [Reading; 4] = [Reading::Observed, Reading::Pointwise, Reading::Joint, Reading::Footnote];

fn lines_of(world: &World, reading: Reading) -> Vec<LineSection> {
    let sections = step::sections(world, "a world", reading).unwrap();
    sections
        .into_iter()
        .filter_map(|section| match section {
            Section::Line(line) => Some(*line),
            _ => None,
        })
        .collect()
}

fn line_of(world: &World, reading: Reading, id: LineId) -> LineSection {
    lines_of(world, reading).into_iter().find(|line| line.id == id).unwrap()
}

fn walk(world: &World, reading: Reading) -> String {
    let sections = step::sections(world, "a world", reading).unwrap();
    let text: String = sections.iter().map(step::text).collect();
    anstream::adapter::strip_str(&text).to_string()
}

/// Text without its line breaks.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn simple() -> [World; 2] {
    ["teaching", "fig3"].map(|name| list::named(name).unwrap())
}

#[test]
fn the_numbers_put_in_evaluate_to_the_printed_value() {
    for world in simple() {
        for reading in AT_Y {
            // The divergence is printed to six decimals and weighted by up to 6.6; the footnote's q(y|x) to four.
            let epsilon = if reading == Reading::Footnote { 2e-3 } else { 5e-6 };
            for line in lines_of(&world, reading) {
                for written in &line.written {
                    assert!(written.complete, "line {}", line.id);
                    let text = plain(&written.latex).unwrap();
                    let value = evaluate(&text).unwrap_or_else(|why| panic!("line {}: {text}: {why}", line.id));
                    assert_abs_diff_eq!(value, written.value.finite().unwrap(), epsilon = epsilon);
                }
                let Some(step) = line.step else { continue };
                if let Some(written) = step.slack_written {
                    let value = evaluate(&plain(&written).unwrap()).unwrap();
                    assert_abs_diff_eq!(value, step.slack.finite().unwrap(), epsilon = epsilon);
                }
            }
        }
    }
}

#[test]
fn decimals_put_in_evaluate_to_the_printed_value_as_far_as_they_go() {
    for reading in AT_Y {
        for line in lines_of(&worlds::decimals(), reading) {
            let written = &line.written[0];
            let value = evaluate(&plain(&written.latex).unwrap()).unwrap();
            assert_abs_diff_eq!(value, written.value.finite().unwrap(), epsilon = 2e-3);
        }
    }
}

#[test]
fn a_long_sum_ends_in_an_ellipsis() {
    for line in lines_of(&worlds::large(), Reading::Joint) {
        for written in line.written {
            assert!(!written.complete, "line {}", line.id);
            assert!(plain(&written.latex).unwrap().contains('…'), "line {}", line.id);
        }
    }
}

#[test]
fn everything_fits_100_columns() {
    let worlds = simple()
        .into_iter()
        .chain(worlds::edges().into_iter().map(|(_, world)| world))
        .chain([worlds::decimals(), worlds::large()]);
    for world in worlds {
        for reading in AT_Y {
            for line in walk(&world, reading).lines() {
                assert!(line.chars().count() <= 100, "{reading:?}: {line}");
            }
        }
    }
}

#[test]
fn worlds_with_zeros_print_words_and_never_nan() {
    for (name, world) in worlds::edges() {
        for reading in AT_Y {
            let page = step::html(&world, name, reading).unwrap();
            for text in [walk(&world, reading), page] {
                let odd = ["NaN", "nan nats", "inf ", "-inf", "−inf"]
                    .into_iter()
                    .find(|odd| text.contains(odd));
                assert!(odd.is_none(), "{name} {reading:?}: {odd:?}\n{text}");
            }
            for side in LINES {
                let text = show::text(side.id.as_str(), reading, &world).unwrap();
                assert!(!text.contains("NaN"), "{name} {reading:?}\n{text}");
            }
        }
    }
}

/// Two rows whose slacks are infinite and cancel: `q(y,z|x)` is 0 where the product of its marginals is not.
#[test]
fn where_infinite_slacks_cancel_the_walk_says_that_the_ledger_adds_them_up() {
    let world = FractionWorld::from_toml(
        r#"
        y = 1
        beta = "3/2"
        p_x_given_yz = [["1/2", "1/3", "1/8"], ["1/4", "3/4", "1/10"]]
        p_yz = [["1/4", "1/8", "1/8"], ["1/6", "1/6", "1/6"]]
        q_z_given_x = ["1/4", "1/2", "1/4"]
        q_y_given_x = ["1/2", "1/2"]
        q_yz_given_x = [["1/8", "1/8", "1/4"], ["1/8", "3/8", "0"]]
        "#,
    )
    .unwrap()
    .to_world()
    .unwrap();
    let text = flat(&walk(&world, Reading::Joint));
    assert!(
        text.contains("a slack between them is infinite") && !text.contains("no ledger adds up"),
        "{text}"
    );
    let ledger = check::ledger::ledger(&world, Reading::Joint).unwrap();
    let (residue, bound) = ledger.residue.unwrap();
    assert!(residue.abs() <= bound, "{residue}");
}

#[test]
fn an_undefined_line_is_called_undefined() {
    let (_, world) = worlds::edges()
        .into_iter()
        .find(|(name, _)| *name == "caption impossible")
        .unwrap();
    let text = walk(&world, Reading::Pointwise);
    assert!(text.contains("= undefined"), "{text}");
    assert!(flat(&text).contains("no ledger adds up"), "{text}");
    assert!(
        step::html(&world, "w", Reading::Pointwise)
            .unwrap()
            .contains("undefined")
    );
}

#[test]
fn dropping_the_constant_lifts_line_14_above_the_evidence_in_the_teaching_world() {
    let world = list::named("teaching").unwrap();
    let evidence = line_of(&world, Reading::Pointwise, LineId::Eq3).value.finite().unwrap();
    let line_14 = line_of(&world, Reading::Pointwise, LineId::Eq14);
    assert_abs_diff_eq!(evidence, 0.25_f64.ln(), epsilon = 1e-12);
    assert!(line_14.value.finite().unwrap() > evidence);
    assert_eq!(line_14.step.as_ref().unwrap().verdict, StepMark::SignError);
    assert!(walk(&world, Reading::Pointwise).contains("ABOVE ln p(x,y)"));
    let line_6 = line_of(&world, Reading::Pointwise, LineId::Eq6);
    assert_abs_diff_eq!(
        line_6.step.unwrap().slack.finite().unwrap(),
        2.0_f64.ln() / 4.0,
        epsilon = 1e-12
    );
}

#[test]
fn under_the_observed_reading_the_sign_error_does_no_harm() {
    for world in simple() {
        let line_14 = line_of(&world, Reading::Observed, LineId::Eq14);
        assert_eq!(line_14.step.unwrap().verdict, StepMark::Harmless);
        assert!(line_14.value.finite().unwrap() <= line_14.picture.evidence.finite().unwrap());
    }
}

#[test]
fn the_printed_ledger_adds_up() {
    for world in simple() {
        for reading in AT_Y {
            let sections = step::sections(&world, "w", reading).unwrap();
            let Some(Section::Closing(closing)) = sections.last() else {
                panic!("no closing")
            };
            let words: String = closing
                .ledger
                .split(" (")
                .flat_map(|part| part.splitn(2, ')').last())
                .collect();
            let sides: Vec<&str> = words.trim_end_matches(['.', ' ']).split(" = ").collect();
            let [_, evidence, sum] = sides.as_slice() else {
                panic!("{words}")
            };
            let number = |text: &str| evaluate(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_abs_diff_eq!(number(evidence), number(sum), epsilon = 5e-6);
        }
    }
}

#[test]
fn the_page_opens_without_a_network() {
    for world in simple() {
        for reading in AT_Y {
            let page = step::html(&world, "teaching", reading).unwrap();
            for outside in ["http", "src=", "@import", "url(", "<link"] {
                assert!(!page.contains(outside), "{outside}");
            }
            let lines = lines_of(&world, reading);
            assert_eq!(page.matches("<svg").count(), lines.len());
            assert_eq!(page.matches("display=\"block\"").count(), lines.len());
            assert!(!page.contains("merror"));
            for tag in ["section", "math", "svg", "table", "div", "figure", "dl", "span"] {
                let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
                assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
            }
        }
    }
}

#[test]
fn the_page_and_the_terminal_print_the_same_values() {
    let world = list::named("teaching").unwrap();
    let (page, text) = (
        step::html(&world, "teaching", Reading::Pointwise).unwrap(),
        walk(&world, Reading::Pointwise),
    );
    for line in lines_of(&world, Reading::Pointwise) {
        for value in line.written.iter().map(|written| written.value.to_string()) {
            assert!(page.contains(&value) && text.contains(&value), "{value}");
        }
    }
}

#[test]
fn a_name_is_text_and_never_markup() {
    let page = step::html(&simple()[0], "<img onerror='x'>&", Reading::Pointwise).unwrap();
    assert!(!page.contains("<img"));
    assert!(page.contains("&lt;img onerror=&#39;x&#39;&gt;&amp;"));
}

#[test]
fn the_expected_reading_has_no_walk_and_says_why() {
    let error = step::sections(&simple()[0], "w", Reading::Expected).unwrap_err();
    assert!(matches!(error, StepError::NoChain { .. }));
    assert!(error.to_string().contains("runs over captions"));
}

#[test]
fn every_named_world_can_be_walked_through() {
    for named in list::NAMED {
        let world = list::named(named.name).unwrap();
        assert!(!walk(&world, Reading::Observed).is_empty(), "{}", named.name);
    }
}
