//! The report of a ledger, as text and as JSON.

use std::fmt::Write as _;

use note::checkable::Checkable;
use note::proposition::proposition;
use note::under_reading::UnderReading;
use reference::vocab::{Error, Nats, closure_bound};
use serde_json::{Value, json};
use typeset::wrap::prose;

use crate::ledger::{Bound, Entry, Ledger};
use crate::observe::{Values, judge};
use crate::report::critical_beta;
use crate::report::number::{amount, number};

/// The ledger as text, at most 100 columns wide.
#[must_use]
pub fn text(ledger: &Ledger, title: &str) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{title}, reading {}, beta {}", ledger.reading.name(), ledger.beta);
    if let Some(replaced) = ledger.replaced {
        let _ = writeln!(
            out,
            "{}",
            prose(&format!("whatever the tables say, {replaced}"), "  ", "  ")
        );
    }
    let _ = writeln!(out);
    let row = |out: &mut String, sign: &str, entry: &Entry| {
        let _ = writeln!(
            out,
            "  {sign} {:<24} {:>16}   {}",
            entry.name,
            amount(entry.nats),
            entry.formula
        );
    };
    row(&mut out, " ", &ledger.evidence);
    for (count, entry) in ledger.entries.iter().enumerate() {
        row(&mut out, if count == 0 { "=" } else { "+" }, entry);
    }
    let _ = writeln!(out, "\n  of which the objective is reconstruction - beta x divergence");
    for entry in &ledger.parts {
        row(&mut out, " ", entry);
    }
    let _ = writeln!(out, "\n{}", prose(&critical_beta::sentence(ledger), "  ", "  "));
    match ledger.residue {
        Some((residue, bound)) => {
            let state = if ledger.adds_up() { "adds up" } else { "DOES NOT ADD UP" };
            let _ = writeln!(
                out,
                "  residue of the unrounded sum {residue:.1e}, bound {bound:.1e}: {state}"
            );
        }
        None => {
            let _ = writeln!(
                out,
                "  an entry is infinite or has no value in this world: the sum is not formed"
            );
        }
    }
    out
}

/// The ledger as JSON.
#[must_use]
pub fn json(ledger: &Ledger) -> Value {
    let entry = |entry: &Entry| {
        json!({
            "name": entry.name,
            "formula": entry.formula,
            "nats": number(entry.nats),
            "mass": entry.nats.map(Nats::mass),
            "within": entry.nats.map(|nats| closure_bound(&[nats])),
        })
    };
    json!({
        "reading": ledger.reading.name(),
        "beta": ledger.beta,
        "evidence": entry(&ledger.evidence),
        "entries": ledger.entries.iter().map(entry).collect::<Vec<_>>(),
        "parts": ledger.parts.iter().map(entry).collect::<Vec<_>>(),
        "residue": ledger.residue.map(|(residue, bound)| json!({"nats": residue, "bound": bound})),
        "adds_up": ledger.residue.map(|_| ledger.adds_up()),
        "critical_beta": critical_beta::json(ledger.critical),
        "bound_holds": ledger.bound.holds(),
        "bound_decided": ledger.bound != Bound::Undecided,
    })
}

/// Whether every step from the evidence down to the objective closes on this world. This proves that the ledger is
/// correct.
///
/// # Errors
/// None that a validated world can cause.
pub fn rows_close<W: Checkable>(world: &W, ledger: &Ledger) -> Result<bool, Error> {
    let scene = UnderReading::new(world, ledger.reading)?;
    let mut values = Values::new();
    let bounds = ["3-13", "3-14", "3-1"];
    Ok(bounds
        .iter()
        .filter_map(|id| proposition(id, ledger.reading))
        .all(|claim| !judge(&claim, &scene, &mut values).ours_broken))
}
