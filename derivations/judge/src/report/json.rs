//! The report as JSON. Its schema is committed.

use schemars::JsonSchema;
use serde::Serialize;

use super::{bits, verdict};
use crate::{Judged, Judgement, Verdict, Worst};

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
    /// What makes the judgement say less than it seems to.
    pub warnings: Vec<String>,
}

/// A claim.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Claim {
    /// Its name.
    pub name: &'static str,
    /// `ok`, `OUT`, `follows` (out of bound because of `because`), `undecided` or `skipped`.
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
        warnings: judgement.warnings.clone(),
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
            Verdict::Undecided(reason) | Verdict::Skipped(reason) => vec![reason.clone()],
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
