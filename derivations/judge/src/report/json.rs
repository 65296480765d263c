//! The report as JSON. Its schema is committed.

use schemars::JsonSchema;
use serde::Serialize;

use super::{bits, verdict};
use crate::{Judged, Judgement, NoiseVerdict, Verdict, Worst};

/// The version of the report's shape.
pub const SCHEMA: &str = "elbo-judgement/1";

/// The report of a call.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Report {
    /// `elbo-judgement/1`
    pub schema: &'static str,
    /// The program's version.
    pub version: &'static str,
    /// Whether every dump stands.
    pub stands: bool,
    /// The dumps that could be judged, in the order of the call.
    pub dumps: Vec<Dump>,
    /// Why the others could not.
    pub errors: Vec<String>,
}

/// A dump.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Dump {
    /// Its path.
    pub name: String,
    /// What it says of itself.
    pub subject: String,
    /// Whether every claim is within its bound, or undecided where that is allowed.
    pub stands: bool,
    /// The earliest claim that is wrong by itself.
    pub first_divergence: Option<&'static str>,
    /// Its claims, in the order of the derivation.
    pub claims: Vec<Claim>,
    /// The noise that it gives, held against its law.
    pub noise: Vec<Noise>,
    /// What its claims would show; null where `--power` was not asked for.
    pub power: Option<Power>,
    /// What makes the judgement say less than it seems to.
    pub warnings: Vec<String>,
}

/// A tensor of noise.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Noise {
    /// Its name.
    pub tensor: &'static str,
    /// `ok` or `OUT`.
    pub verdict: &'static str,
    /// How many numbers it has.
    pub numbers: usize,
    /// Why it is not of its law.
    pub because: Option<String>,
}

/// What the claims of a dump would show.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Power {
    /// Its claims.
    pub claims: Vec<ClaimPower>,
    /// The known mistakes that change no number of any claim.
    pub silent: Vec<&'static str>,
}

/// What a claim would show.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ClaimPower {
    /// Its name.
    pub name: &'static str,
    /// The smallest relative error of all numbers together that is noticed; null where none is.
    pub notices: Option<f64>,
    /// The largest relative error, in the norm, that may be hidden; null where any may.
    pub hides: Option<f64>,
    /// The known mistakes that it would show.
    pub noticed: Vec<&'static str>,
    /// The known mistakes that change it by less than its bounds.
    pub hidden: Vec<&'static str>,
}

/// A claim.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Claim {
    /// Its name.
    pub name: &'static str,
    /// `ok`, `OUT`, `follows` (out of bound because of `because`), `known` (out of bound, and allowed), `undecided` or
    /// `skipped`.
    pub verdict: &'static str,
    /// The claims that it follows from, or why it is undecided or was skipped.
    pub because: Vec<String>,
    /// How many numbers it has.
    pub numbers: usize,
    /// How many of them were not compared, since nothing bounds them.
    pub unbounded: usize,
    /// How many of them, these included, may be far off within their bounds.
    pub untold: usize,
    /// How many are out of bound.
    pub failed: usize,
    /// Error over bound of the worst; null where it is infinite.
    pub used: Option<f64>,
    /// The worst.
    pub worst: Option<Number>,
    /// What explains it, best first.
    pub explanations: Vec<Explanation>,
    /// Where the numbers out of bound lie: item, row, entry; at most 100 of them.
    pub places: Vec<[usize; 3]>,
}

/// A number beside what was expected. What JSON cannot hold is a string: `NaN`, `inf`, `-inf`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Number {
    /// Its index in the tensor, flat.
    pub index: usize,
    /// Whether it is the sum of the row that begins there.
    pub is_sum: bool,
    /// What is claimed.
    pub claimed: String,
    /// The same as the stored type's bits.
    pub claimed_bits: String,
    /// What was computed.
    pub expected: String,
    /// The same as the stored type's bits.
    pub expected_bits: String,
    /// How far a correct subject may be off.
    pub bound: Option<f64>,
    /// The distance in units in the last place of the stored type.
    pub ulps: Option<f64>,
}

/// An explanation.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Explanation {
    /// The mistakes' names, joined by ` + `.
    pub name: String,
    /// A sentence.
    pub words: String,
    /// Where the derivation has it.
    pub source: String,
    /// The share of its bound that the worst number uses.
    pub used: f64,
}

/// The report of these judgements.
#[must_use]
pub fn report(judgements: &[Judgement], errors: &[String]) -> Report {
    Report {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        stands: errors.is_empty() && judgements.iter().all(Judgement::stands),
        errors: errors.to_vec(),
        dumps: judgements.iter().map(dump).collect(),
    }
}

fn dump(judgement: &Judgement) -> Dump {
    Dump {
        name: judgement.name.clone(),
        subject: judgement.subject.clone(),
        stands: judgement.stands(),
        first_divergence: judgement.first_divergence().map(|judged| judged.claim.quantity.name()),
        claims: judgement.claims.iter().map(claim).collect(),
        noise: judgement.noise.iter().map(noise).collect(),
        power: judgement.power.as_ref().map(power),
        warnings: judgement.warnings.clone(),
    }
}

fn noise(noise: &NoiseVerdict) -> Noise {
    Noise {
        tensor: noise.tensor,
        verdict: if noise.failed.is_none() { "ok" } else { "OUT" },
        numbers: noise.numbers,
        because: noise.failed.clone(),
    }
}

fn power(power: &crate::Power) -> Power {
    let finite = |value: f64| value.is_finite().then_some(value);
    let claim = |claim: &crate::ClaimPower| ClaimPower {
        name: claim.quantity.name(),
        notices: finite(claim.notices),
        hides: finite(claim.hides),
        noticed: claim.noticed.clone(),
        hidden: claim.hidden.clone(),
    };
    Power {
        claims: power.claims.iter().map(claim).collect(),
        silent: power.silent.clone(),
    }
}

fn claim(judged: &Judged) -> Claim {
    let finite = |value: f64| value.is_finite().then_some(value);
    let number = |worst: &Worst| Number {
        index: worst.flat,
        is_sum: worst.is_sum,
        claimed: worst.found.to_string(),
        claimed_bits: bits(worst.found, judged.claim.stored),
        expected: worst.expected.to_string(),
        expected_bits: bits(worst.expected, judged.claim.stored),
        bound: finite(worst.bound),
        ulps: worst.ulps(judged.claim.stored),
    };
    Claim {
        name: judged.claim.quantity.name(),
        verdict: verdict(judged),
        because: match &judged.verdict {
            Verdict::Follows(upstream) => upstream.iter().map(|quantity| quantity.name().to_owned()).collect(),
            Verdict::Undecided(reason) | Verdict::Skipped(reason) | Verdict::Known(reason) => vec![reason.clone()],
            Verdict::Within | Verdict::Beyond => Vec::new(),
        },
        numbers: judged.comparison.numbers,
        unbounded: judged.comparison.unbounded,
        untold: judged.comparison.untold,
        failed: judged.comparison.failed,
        used: finite(judged.comparison.used()),
        worst: judged.comparison.worst.as_ref().map(number),
        explanations: judged
            .explanations
            .iter()
            .map(|explanation| Explanation {
                name: explanation.name(),
                words: explanation.words(),
                source: explanation.source(),
                used: explanation.used,
            })
            .collect(),
        places: judged
            .comparison
            .places
            .iter()
            .take(100)
            .map(|at| [at.item, at.row, at.entry])
            .collect(),
    }
}
