//! The report of `elbo break`: the claim that an assumption supports, on a world that violates the assumption and on
//! one that satisfies it.

use std::fmt::Write as _;

use note::assumption::{Assumption, Condition, Kind};
use note::line::{LineId, line};
use note::proposition::{Proposition, proposition};
use note::under_reading::UnderReading;
use reference::vocab::{Error, Nats, Reading};
use reference::world::World;
use serde_json::{Value, json};
use worlds::case::FileError;
use worlds::fractions::InFractions as _;

use crate::counterexample::shrinkable::Shrinkable;
use crate::observe::{Observation, Values, judge};
use crate::report::lines::wrap;
use crate::report::number::{amount, number};

/// The observation of a claim on one world.
#[derive(Debug, Clone)]
pub struct View {
    /// Whether the world satisfies the assumption.
    pub assumption_holds: bool,
    /// The observation of the claim.
    pub seen: Observation,
    /// The upper side in nats, where it has a value.
    pub above: Option<Nats>,
    /// The lower side in nats, where it has a value.
    pub below: Option<Nats>,
}

/// An assumption that is violated and then restored, and its claim in both worlds.
#[derive(Debug, Clone)]
pub struct Breakage<W: Shrinkable = World> {
    /// The claim that the assumption supports.
    pub claim: Proposition,
    /// The world that violates the assumption, in fractions.
    pub witness: W::Written,
    /// The claim on the witness.
    pub broken: View,
    /// The claim on the restored world.
    pub restored: View,
    /// A world near the witness that satisfies the assumption.
    pub restored_world: W,
}

/// The reason why a breakage could not be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BreakError {
    /// The committed witness is not a world.
    #[error(transparent)]
    Case(#[from] FileError),
    /// A line has no value where one was needed.
    #[error(transparent)]
    Reference(#[from] Error),
    /// The table has no such claim.
    #[error("no claim {id} under the {reading} reading")]
    Proposition {
        /// The name of the claim.
        id: &'static str,
        /// The reading.
        reading: &'static str,
    },
}

/// A sentence about why no linear-Gaussian world violates an assumption.
#[must_use]
pub const fn no_continuous_witness(assumption: &Assumption) -> &'static str {
    match assumption.says {
        Condition::PosteriorCovered => "a Gaussian encoder is positive everywhere",
        Condition::JointFactorises => "a linear-Gaussian world has no encoder but the product of its two",
        _ => "the lines that need it have no closed form there",
    }
}

/// Evaluates the claim that an assumption supports on a witness and on the restored world.
///
/// # Errors
/// [`BreakError`]. A test shows that the committed tables never cause it.
pub fn shown<W: Shrinkable>(assumption: &Assumption, witness: &str) -> Result<Breakage<W>, BreakError> {
    let reading: Reading = assumption.reading;
    let claim = proposition(assumption.breaks, reading).ok_or(BreakError::Proposition {
        id: assumption.breaks,
        reading: reading.name(),
    })?;
    let witness = W::Written::from_toml(witness)?;
    let world = witness.to_world()?;
    let restored_world = world.restored(assumption.says)?;
    let view = |world: &W| -> Result<View, Error> {
        let scene = UnderReading::new(world, reading)?;
        let side = |id: LineId| line(id).value(&scene).ok()?.first().copied();
        Ok(View {
            assumption_holds: assumption.holds(&scene),
            seen: judge(&claim, &scene, &mut Values::new()),
            above: side(claim.from),
            below: side(claim.to),
        })
    };
    Ok(Breakage {
        broken: view(&world)?,
        restored: view(&restored_world)?,
        claim,
        witness,
        restored_world,
    })
}

/// The report as text, at most 100 columns wide.
#[must_use]
pub fn text<W: Shrinkable>(assumption: &Assumption, shown: &Breakage<W>) -> String {
    let mut out = String::new();
    let origin = match assumption.kind {
        Kind::Stated => "the note states it",
        Kind::Support => "the note does not state it; only a zero probability violates it",
        Kind::Repair => "the note does not make it; it repairs a refuted line",
    };
    wrap(
        &mut out,
        &format!("{}: ", assumption.id),
        &format!("{} ({origin})", assumption.words),
    );
    out.push('\n');
    if let Some(note) = shown.witness.note() {
        wrap(&mut out, "Witness: ", note);
    }
    let bare = shown.witness.clone().noted(None);
    let _ = writeln!(out, "\n{bare}");
    let _ = writeln!(out, "Proposition {}: {}", shown.claim.id, shown.claim.sentence());
    let _ = writeln!(out, "  {:<28} {:>14} {:>14}", "", "without it", "with it");
    let row = |out: &mut String, name: &str, a: String, b: String| {
        let _ = writeln!(out, "  {name:<28} {a:>14} {b:>14}");
    };
    row(
        &mut out,
        &format!("line {}", shown.claim.from),
        amount(shown.broken.above),
        amount(shown.restored.above),
    );
    row(
        &mut out,
        &format!("line {}", shown.claim.to),
        amount(shown.broken.below),
        amount(shown.restored.below),
    );
    let word = |view: &View| match view.seen.holds() {
        Some(true) => "holds".to_owned(),
        Some(false) => "broken".to_owned(),
        None => "not decided".to_owned(),
    };
    row(&mut out, "the claim", word(&shown.broken), word(&shown.restored));
    out
}

/// The report as JSON.
#[must_use]
pub fn json<W: Shrinkable>(assumption: &Assumption, shown: &Breakage<W>) -> Value {
    let view = |view: &View| {
        json!({
            "assumption_holds": view.assumption_holds,
            "claim_broken": view.seen.broken,
            "claim_decided": !view.seen.undecided,
            "above": number(view.above),
            "below": number(view.below),
        })
    };
    json!({
        "schema": "elbo-break/1",
        "assumption": assumption.id,
        "words": assumption.words,
        "kind": assumption.kind,
        "claim": shown.claim.id,
        "reading": assumption.reading.name(),
        "witness_toml": shown.witness.to_toml(),
        "without": view(&shown.broken),
        "with": view(&shown.restored),
    })
}
