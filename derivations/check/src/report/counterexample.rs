//! The report of a counterexample, as text and as JSON.

use std::fmt::Write as _;

use note::assumption::{Kind, assumption};
use note::line::{LineId, line};
use note::proposition::{in_words, instead};
use note::step::Step;
use note::under_reading::UnderReading;
use reference::vocab::{Beta, Nats};
use serde_json::{Value, json};
use typeset::plural::count;
use typeset::wrap::prose;
use worlds::fractions::InFractions as _;

use crate::counterexample::Counterexample;
use crate::counterexample::shrinkable::Shrinkable;
use crate::counterexample::target::{Grade, Target};
use crate::report::lines::wrap;
use crate::report::number::{amount, number};

/// The counterexample as text, at most 100 columns wide.
#[must_use]
pub fn text<W: Shrinkable>(found: &Counterexample<W>) -> String {
    let mut out = String::new();
    let heading = match found.grade {
        Grade::Refutes => "REFUTED",
        _ => "BROKEN where an assumption is violated",
    };
    let _ = writeln!(out, "{heading}: {}", sentence(&found.target));
    let states = found.world.states().map(|(what, n)| count(n, what)).join(" x ");
    let _ = writeln!(
        out,
        "The smallest world found: {states}, caption y{} observed",
        found.world.y()
    );
    let _ = writeln!(out, "\n{}", found.world);
    if let Some(caveat) = caveat(found) {
        let _ = writeln!(out, "{}", prose(&caveat, "  ", "  "));
    }
    write_sides(&mut out, found);
    out.push('\n');
    if let Some(step) = found.because {
        wrap(&mut out, "Why: ", &format!("row {}: {}", step.id, step.remark));
    }
    write_assumptions(&mut out, found);
    if let Some((step, bounded)) = bounded_instead(found) {
        let words = format!(
            "{} (row {}), here {}",
            in_words(step.from),
            step.id,
            amount(Some(bounded))
        );
        wrap(&mut out, "What line 14 does bound under this reading: ", &words);
    }
    let search = format!(
        "random world {} broke the claim with {}; {} candidates tried to find the simplest",
        found.drawn, found.found_at, found.shrinks
    );
    wrap(&mut out, "Search: ", &search);
    out
}

/// Writes the values of the two lines that the claim compares, and their difference where both are finite.
fn write_sides<W: Shrinkable>(out: &mut String, found: &Counterexample<W>) {
    let claim = &found.target.claim;
    let _ = writeln!(out, "  {:<28} {:>14}", side(claim.from), amount(found.above));
    let _ = writeln!(out, "  {:<28} {:>14}", side(claim.to), amount(found.below));
    if let (Some(above), Some(below)) = (found.above, found.below)
        && above.is_finite()
        && below.is_finite()
    {
        let higher = below - above;
        let (side, size) = if higher.value() < 0.0 {
            ("lower", -higher)
        } else {
            ("higher", higher)
        };
        let _ = writeln!(
            out,
            "  {:<28} {:>14}",
            format!("the line below is {side} by"),
            amount(Some(size))
        );
    }
}

/// Writes which of the assumptions hold in this world and which are violated.
fn write_assumptions<W: Shrinkable>(out: &mut String, found: &Counterexample<W>) {
    let violated = |wanted: fn(Kind) -> bool| {
        let all = found.violates.iter().filter_map(|id| assumption(id));
        all.filter(|a| wanted(a.kind))
            .map(|a| format!("{} ({})", a.id, a.words))
            .collect::<Vec<_>>()
            .join("; ")
    };
    if found.grade == Grade::Refutes {
        let beta = match found.target.beta {
            Some(beta) if beta != Beta::ONE => {
                format!(
                    ", but for beta: its own bound is at beta = 1, and {} was asked for",
                    beta.get()
                )
            }
            _ => String::new(),
        };
        let holds = format!("every probability is positive and what the note assumes holds{beta}.");
        wrap(out, "Here ", &holds);
        let repairs = violated(|kind| kind == Kind::Repair);
        if !repairs.is_empty() {
            wrap(out, "Not assumed by the note, and not so here: ", &repairs);
        }
    } else {
        wrap(out, "Violated: ", &violated(|kind| kind != Kind::Repair));
    }
}

/// The row that says what line 14 bounds under the reading in place of the evidence, and the value of that target in
/// this world. It is `None` below beta = 1, where line 14 bounds nothing.
fn bounded_instead<W: Shrinkable>(found: &Counterexample<W>) -> Option<(&'static Step, Nats)> {
    let target = &found.target;
    let step = instead(&target.claim).filter(|_| target.beta.is_none_or(|beta| beta >= Beta::ONE))?;
    let scene = target.scene(&found.world.to_world().ok()?).ok()?;
    let at_least_one = scene.world.beta() >= Beta::ONE || target.claim.to == LineId::Eq14;
    let value = line(step.from).value(&scene).ok()?;
    value
        .first()
        .copied()
        .filter(|_| at_least_one)
        .map(|value| (step, value))
}

/// A sentence about the tables that the reading of the claim replaces, where it does not evaluate the ones that are
/// printed.
fn caveat<W: Shrinkable>(found: &Counterexample<W>) -> Option<String> {
    let claim = &found.target.claim;
    let world = found.world.to_world().ok().filter(|_| claim.depends_on_reading)?;
    let scene = UnderReading::new(&world, claim.reading).ok()?;
    let replaced = scene.in_place_of_tables()?;
    Some(format!(
        "read as '{}': whatever the tables say, {replaced}",
        claim.reading.name()
    ))
}

/// A sentence that says what is claimed, under which reading and at which beta.
#[must_use]
pub fn sentence(target: &Target) -> String {
    let claim = &target.claim;
    let reading = if claim.depends_on_reading {
        format!(", reading {}", claim.reading.name())
    } else {
        String::new()
    };
    let beta = target
        .beta
        .map_or_else(String::new, |beta| format!(", beta {}", beta.get()));
    format!("claim {} ({}){reading}{beta}", claim.id, claim.sentence())
}

fn side(id: LineId) -> String {
    if id == LineId::Eq3 {
        return format!("line 3, {}", in_words(id));
    }
    in_words(id)
}

/// The counterexample as JSON.
#[must_use]
pub fn json<W: Shrinkable>(found: &Counterexample<W>) -> Value {
    let claim = &found.target.claim;
    let states = found.world.states().map(|(what, n)| (format!("{what}s"), json!(n)));
    json!({
        "schema": "elbo-refutation/1",
        "found": true,
        "claim": claim.id,
        "sentence": claim.sentence(),
        "reading": claim.depends_on_reading.then(|| claim.reading.name()),
        "beta": found.target.beta.map(Beta::get),
        "grade": found.grade,
        "violates": found.violates,
        "states": serde_json::Map::from_iter(states),
        "above": number(found.above),
        "below": number(found.below),
        "bounded_instead": bounded_instead(found).map(|(step, value)| {
            json!({"row": step.id.as_str(), "target": in_words(step.from), "value": number(Some(value))})
        }),
        "world_toml": found.world.to_toml(),
        "random_worlds_drawn": found.drawn,
        "candidates_tried": found.shrinks,
    })
}
