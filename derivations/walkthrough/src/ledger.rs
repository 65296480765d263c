//! The end of the walk: the ledger, the steps that moved the line, and the mistakes of the note that lie on the way.

use check::observe::{UNDECIDED, Values, judge};
use check::report::critical_beta::threshold;
use note::checkable::Checkable;
use note::proposition::bound_at_beta;
use note::rule::{Relation, Rule, Sign};
use note::step::Step;
use note::under_reading::UnderReading;
use reference::critical::{CriticalBeta, critical_beta};
use reference::vocab::Error;
use typeset::amount::{Amount, VISIBLE};

use crate::line::LineSection;

/// The last section of the walk.
#[derive(Debug, Clone, PartialEq)]
pub struct Closing {
    /// A sentence that writes the evidence as the last line plus every slack.
    pub ledger: String,
    /// A sentence about whether the last line is a lower bound in this world.
    pub bound: String,
    /// The steps that move the line: the name, the slack, and a few words about the step.
    pub moves: Vec<(String, Amount, &'static str)>,
    /// The mistakes of the note on this chain, one sentence each.
    pub findings: Vec<String>,
}

pub(super) fn closing<W: Checkable>(
    scene: &UnderReading<W>,
    lines: &[LineSection],
    steps: &[&'static Step],
    evidence: Amount,
) -> Result<Closing, Error> {
    let last = lines.last().map_or(Amount::Undefined, |line| line.value);
    let name = lines.last().map_or("", |line| line.id.as_str());
    let mut moves = Vec::new();
    let mut total = String::new();
    let mut finite = evidence.finite().is_some() && last.finite().is_some();
    for line in lines {
        let Some(step) = &line.step else { continue };
        match step.slack.finite() {
            Some(slack) if slack.abs() < VISIBLE => continue,
            _ if line.value.finite().is_none()
                && lines
                    .iter()
                    .any(|other| other.id == step.from && other.value == line.value) =>
            {
                continue; // The line stays at the same infinity, so it did not move.
            }
            Some(slack) => {
                let sign = if slack < 0.0 { '−' } else { '+' };
                let words = step.rule.words();
                total += &format!(" {sign} {} ({words}, {} to {})", step.slack.size(), step.from, line.id);
            }
            None if step.slack == Amount::Undefined => {
                finite = false;
                continue; // Without evidence there is no posterior, and nothing that could move.
            }
            None => finite = false,
        }
        moves.push((format!("{} to {}", step.from, line.id), step.slack, step.remark));
    }
    let ledger = if finite {
        let rest = if total.is_empty() { ": nothing was lost." } else { "." };
        format!("ln p(x,y) = {evidence} = {last} (line {name}){total}{rest}")
    } else if evidence.finite().is_some() && last.finite().is_some() {
        format!(
            "ln p(x,y) is {evidence} and line {name} is {last}: a slack between them is infinite, so that they do not \
             add up step by step. `elbo ledger` adds up what such steps come to together."
        )
    } else {
        format!(
            "ln p(x,y) is {evidence} and line {name} is {last}: with an infinite or undefined entry no ledger adds up."
        )
    };
    Ok(Closing {
        ledger,
        bound: bound(name, last, evidence, scene),
        moves,
        findings: undefined(lines).into_iter().chain(findings(scene, steps)?).collect(),
    })
}

/// A sentence about whether the last line bounds the evidence. It agrees with what `check` says about the same claim.
fn bound<W: Checkable>(name: &str, last: Amount, evidence: Amount, scene: &UnderReading<W>) -> String {
    let claim = bound_at_beta(scene.reading);
    let seen = claim.map(|claim| judge(&claim, scene, &mut Values::new()).holds());
    match (last.value(), seen) {
        _ if evidence.finite().is_none() => "ln p(x,y) is infinite: there is nothing to bound.".to_owned(),
        (None, _) | (_, None) => format!("Line {name} has no value to compare."),
        (Some(f64::NEG_INFINITY), _) => {
            format!("Line {name} is minus infinity: in this world it is a lower bound that says nothing.")
        }
        (_, Some(Some(false))) => {
            format!("Line {name} exceeds ln p(x,y): in this world the note's last line is no lower bound.")
        }
        (_, Some(Some(true))) => {
            format!("Line {name} does not exceed ln p(x,y): in this world it is a lower bound.")
        }
        (_, Some(None)) => format!("Whether line {name} exceeds ln p(x,y) is {UNDECIDED}."),
    }
}

/// A sentence about the first line without a value, and about the step to it.
fn undefined(lines: &[LineSection]) -> Option<String> {
    let line = lines.iter().find(|line| line.value == Amount::Undefined)?;
    let step = line.step.as_ref()?;
    Some(format!(
        "{} to {}: line {} has no value in this world, plus infinity meets minus infinity: the claim is broken. {}.",
        step.from, line.id, line.id, step.remark
    ))
}

/// The mistakes of the note along this chain, with the numbers of this world.
fn findings<W: Checkable>(scene: &UnderReading<W>, steps: &[&'static Step]) -> Result<Vec<String>, Error> {
    let mut findings = Vec::new();
    let equal: Vec<&str> = steps
        .iter()
        .filter(|step| step.printed == Relation::AtLeast && step.sign == Sign::Zero)
        .map(|step| step.to.as_str())
        .collect();
    if !equal.is_empty() {
        findings.push(format!(
            "The note prints ≥ on lines {} too, where nothing is lost: each equals the line before wherever both have a value.",
            equal.join(", ")
        ));
    }
    for step in steps {
        let silent = step.printed == Relation::Equal && step.sign != Sign::Zero;
        let raises = step.printed == Relation::AtLeast && matches!(step.sign, Sign::NonPositive | Sign::Unsigned);
        if !(silent || raises) {
            continue;
        }
        let slack = Amount::of(step.slack(scene))?;
        let here = match (step.rule, slack) {
            (Rule::Drop, slack) if slack.is_nothing() => "Here ln q(y|x) = 0, and nothing moves".to_owned(),
            (Rule::Drop, slack) => format!("Here ln q(y|x) = {slack}"),
            (_, slack) if slack.is_nothing() => "Here nothing moves".to_owned(),
            (_, slack) => format!("Here the slack is {slack}"),
        };
        findings.push(format!("{} to {}: {}. {here}.", step.from, step.to, step.remark));
    }
    findings.push(beta(scene)?);
    Ok(findings)
}

/// A sentence that weighs the note's 'the bound only holds for beta = 1' in this world.
fn beta<W: Checkable>(scene: &UnderReading<W>) -> Result<String, Error> {
    let target = if scene.reading.averages_captions() {
        "ln p(x)"
    } else {
        "ln p(x,y)"
    };
    let hidden = || "from a beta on of which rounding leaves nothing".to_owned();
    let words = match critical_beta(&scene.world, scene.reading, false) {
        Err(Error::Indeterminate { .. }) => "it has no value to ask".to_owned(),
        Err(error) => return Err(error),
        Ok(CriticalBeta::From(at)) if at.beta + at.within <= 0.0 => "for every beta".to_owned(),
        Ok(CriticalBeta::From(at)) => {
            threshold(at).map_or_else(hidden, |beta| format!("for every beta from {beta} on"))
        }
        Ok(CriticalBeta::UpTo(at)) if at.beta + at.within < 0.0 => "for no beta".to_owned(),
        Ok(CriticalBeta::UpTo(at)) => threshold(at).map_or_else(hidden, |beta| format!("for beta up to {beta}")),
        Ok(CriticalBeta::Never) => "for no beta".to_owned(),
        Ok(CriticalBeta::Always | CriticalBeta::Positive { at_zero: Some(true) }) => "for every beta".to_owned(),
        Ok(CriticalBeta::Positive { .. }) => "for every beta above 0".to_owned(),
        Ok(CriticalBeta::Negative) => "for no beta above 0".to_owned(),
        Ok(CriticalBeta::Undecided) => hidden(),
    };
    Ok(format!(
        "'The bound only holds for beta = 1': in this world Eq. 14 stays at or below {target} {words}."
    ))
}
