//! Reports for which values of beta the objective bounds the evidence, in words and as JSON.

use std::cmp::Ordering;

use reference::critical::{CriticalBeta, Threshold};
use reference::vocab::Nats;
use serde_json::{Value, json};
use typeset::amount::{VISIBLE, digits};

use crate::ledger::{Bound, Ledger};
use crate::observe::UNDECIDED;
use crate::report::number::number;

/// A critical beta as text, with six decimals where they are known. Otherwise it has the decimals that are known, and a
/// bound on its error. It is `None` where rounding leaves no digit.
#[must_use]
pub fn threshold(critical: Threshold) -> Option<String> {
    let Threshold { beta, within } = critical;
    let beta = beta + 0.0; // A zero must not have a minus sign.
    if !(within <= 0.5 * beta.abs().max(1.0)) {
        return None;
    }
    let digits = digits(beta, within)?;
    Some(if within <= VISIBLE {
        digits
    } else {
        format!("{digits} (known to within {within:.1e})")
    })
}

/// A sentence about the set of beta for which the objective is a bound, and about whether the ledger's beta lies in it.
pub(super) fn sentence(ledger: &Ledger) -> String {
    let beta = ledger.beta;
    let side = match ledger.bound {
        Bound::NoValue => return "the objective or the evidence has no value in this world".to_owned(),
        Bound::Holds => "the bound holds".to_owned(),
        Bound::Fails => "the bound FAILS".to_owned(),
        Bound::Undecided => format!("whether the bound holds is {UNDECIDED}"),
    };
    let side = &side;
    let Some(critical) = ledger.critical else {
        return format!("beta*: no value in this world; at beta = {beta} {side}");
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
        CriticalBeta::Undecided => lost(beta, side),
        CriticalBeta::Negative => {
            format!("D = -inf: the objective is +inf for every beta > 0, and bounds nothing; at beta = {beta} {side}")
        }
        CriticalBeta::Positive { .. } => {
            format!(
                "D = +inf: the objective is -inf for every beta > 0, and bounds the evidence; at beta = {beta} {side}"
            )
        }
    }
}

fn told(at: Threshold, set: &str, beta: f64, side: &str) -> String {
    let Some(critical) = threshold(at) else {
        return lost(beta, side);
    };
    let place = match at.compare(beta) {
        Some(Ordering::Greater) => "above it",
        Some(Ordering::Less) => "below it",
        Some(Ordering::Equal) => "on it",
        None => "on it, as far as that is known",
    };
    format!("beta* = {critical}: {set}; at beta = {beta} ({place}) {side}")
}

fn lost(beta: f64, side: &str) -> String {
    format!("beta*: D is so small here that rounding leaves nothing of it; at beta = {beta} {side}")
}

/// The critical beta as JSON: its kind, its value, and a bound on its rounding error.
pub(super) fn json(critical: Option<CriticalBeta>) -> Value {
    let at = |kind: &str, at: Threshold| json!({"kind": kind, "beta": number(Some(Nats::of(at.beta))), "within": number(Some(Nats::of(at.within)))});
    match critical {
        None => Value::Null,
        Some(CriticalBeta::From(threshold)) => at("from", threshold),
        Some(CriticalBeta::UpTo(threshold)) => at("up-to", threshold),
        Some(CriticalBeta::Always) => json!({"kind": "always"}),
        Some(CriticalBeta::Never) => json!({"kind": "never"}),
        Some(CriticalBeta::Undecided) => json!({"kind": "undecided"}),
        Some(CriticalBeta::Negative) => json!({"kind": "negative", "at_zero": null}),
        Some(CriticalBeta::Positive { at_zero }) => json!({"kind": "positive", "at_zero": at_zero}),
    }
}
