//! For which beta the objective bounds the evidence, in words and for a program.

use std::cmp::Ordering;

use reference::critical::{CriticalBeta, Threshold};
use reference::vocab::Nats;
use serde_json::{Value, json};

use crate::faces::ledger::number;
use crate::ledger::Ledger;
use crate::render::number::VISIBLE;

/// Six decimals where they are known; else those that are, and how far off the true one may be; none where rounding leaves nothing of it.
#[must_use]
pub fn threshold(critical: Threshold) -> Option<String> {
    let Threshold { beta, within } = critical;
    let beta = beta + 0.0; // no minus on a zero
    if !(within <= 0.5 * beta.abs().max(1.0)) {
        return None;
    }
    if within <= VISIBLE {
        return Some(format!("{beta:.6}"));
    }
    let (mut places, mut unit) = (0, 0.1);
    while within <= unit {
        (places, unit) = (places + 1, unit / 10.0);
    }
    if beta.abs() < 1e15 {
        Some(format!("{beta:.places$} (known to within {within:.1e})"))
    } else {
        Some(format!("{beta:.3e} (known to within {within:.1e})"))
    }
}

/// The set of beta, and on which side of it this ledger's beta lies.
pub(super) fn sentence(ledger: &Ledger) -> String {
    let beta = ledger.beta;
    let side = match ledger.holds {
        None => return "the objective or the evidence has no value in this world".to_owned(),
        Some(true) => "the bound holds",
        Some(false) => "the bound FAILS",
    };
    let Some(critical) = ledger.critical else {
        return format!("beta*: no value in this world; at beta = {beta} {side}");
    };
    // The objective exceeds the evidence, but not by as much as their rounding: of two ways to ask the finer one answers.
    let side = if critical.holds(beta) == Some(false) && ledger.holds == Some(true) {
        "the bound FAILS, by less than the rounding of its two sides"
    } else {
        side
    };
    match critical {
        CriticalBeta::From(at) if at.beta + at.within <= 0.0 => {
            told(at, "the objective bounds the evidence at every beta >= 0", beta, side)
        }
        CriticalBeta::From(at) => told(at, "the objective bounds the evidence from there up", beta, side),
        CriticalBeta::UpTo(at) if at.beta + at.within < 0.0 => told(
            at,
            "D is negative, so the objective bounds the evidence at no beta >= 0",
            beta,
            side,
        ),
        CriticalBeta::UpTo(at) => told(
            at,
            "D is negative, so the objective bounds the evidence up to there",
            beta,
            side,
        ),
        CriticalBeta::Always => format!("no beta*: the bound holds whatever beta is; at beta = {beta} {side}"),
        CriticalBeta::Never => format!("no beta*: the bound fails whatever beta is; at beta = {beta} {side}"),
        CriticalBeta::Positive { .. } => {
            format!(
                "D = +inf: the objective is -inf for every beta > 0, and bounds the evidence; at beta = {beta} {side}"
            )
        }
    }
}

fn told(at: Threshold, set: &str, beta: f64, side: &str) -> String {
    let Some(critical) = threshold(at) else {
        return format!("beta*: D is so small here that rounding leaves nothing of it; at beta = {beta} {side}");
    };
    let place = match at.compare(beta) {
        Some(Ordering::Greater) => "above it",
        Some(Ordering::Less) => "below it",
        Some(Ordering::Equal) => "on it",
        None => "on it, as far as that is known",
    };
    format!("beta* = {critical}: {set}; at beta = {beta} ({place}) {side}")
}

/// The critical beta for a program: its kind, its value, how far rounding can have moved it.
pub(super) fn json(critical: Option<CriticalBeta>) -> Value {
    let at = |kind: &str, at: Threshold| json!({"kind": kind, "beta": number(Some(Nats::of(at.beta))), "within": number(Some(Nats::of(at.within)))});
    match critical {
        None => Value::Null,
        Some(CriticalBeta::From(threshold)) => at("from", threshold),
        Some(CriticalBeta::UpTo(threshold)) => at("up-to", threshold),
        Some(CriticalBeta::Always) => json!({"kind": "always"}),
        Some(CriticalBeta::Never) => json!({"kind": "never"}),
        Some(CriticalBeta::Positive { at_zero }) => json!({"kind": "positive", "at_zero": at_zero}),
    }
}
