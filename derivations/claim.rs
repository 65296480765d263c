//! What is judged: the step from the line before, the bound on the evidence, and the bound at a given beta.

use reference::vocab::{Error, Nats, Reading};
use serde::Serialize;

use crate::line::{LINES, Line, chain, chain_from, line, own_bound, sign_of_reweighting};
use crate::rule::{Relation, Rule, Sign};
use crate::scene::Scene;
use crate::subject::Subject;

/// Which of a line's claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The relation of a line to the line before, as printed.
    Step,
    /// `ln p(x,y) >=` this line.
    Bound,
    /// A row that the note does not print: what a reading does bound.
    Repair,
}

/// A claim under a reading.
#[derive(Debug, Clone)]
pub struct Claim {
    /// `12-13` for a step, `3-13` for a bound.
    pub id: String,
    /// Step, bound or repair.
    pub kind: Kind,
    /// The reading it is judged under.
    pub reading: Reading,
    /// Whether another reading would give another claim.
    pub depends_on_reading: bool,
    /// The expression above.
    pub from: &'static str,
    /// The expression below.
    pub to: &'static str,
    /// What is claimed of the two.
    pub relation: Relation,
    /// What we claim of the slack.
    pub sign: Sign,
    /// The rule of the step, [`Rule::Compose`] for a bound over several.
    pub rule: Rule,
    /// The rows it is made of; under the expected reading, those below line 14, whose own gap is no row.
    pub rows: Vec<&'static Line>,
}

/// Whose slack a part of a claim's is.
#[derive(Clone, Copy)]
enum Row {
    /// Of the rows that a divergence to the posterior composes, which is never negative.
    Gap,
    /// Of the weight on `D`.
    Reweighting,
    /// A row's own.
    Of(&'static Line),
}

impl Row {
    fn sign_at<W: Subject>(self, scene: &Scene<W>) -> Sign {
        match self {
            Self::Gap => Sign::NonNegative,
            Self::Reweighting => sign_of_reweighting(scene),
            Self::Of(row) => row.sign_at(scene),
        }
    }
}

impl Claim {
    /// The slack of the claim: of the row, or the sum along the chain with `KL*` for the rows from (3) to (6).
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when a row's slack, or their sum, has no value.
    pub fn slack<W: Subject>(&self, scene: &Scene<W>) -> Result<Nats, Error> {
        self.signed_slack(scene).map(|(slack, _)| slack)
    }

    /// The slack, and the sign that it has for sure: of its value where that is clear of rounding, else what the signs of its parts come to.
    ///
    /// # Errors
    /// As [`Claim::slack`].
    pub fn signed_slack<W: Subject>(&self, scene: &Scene<W>) -> Result<(Nats, Sign), Error> {
        let parts = self.parts(scene)?;
        let slack = match parts[..] {
            [(slack, _)] => slack,
            _ => parts.iter().fold(Nats::ZERO, |sum, (part, _)| sum + *part),
        };
        let slack = slack.determinate("the composed slack")?;
        let sign = |(part, row): &(Nats, Row)| Sign::seen(*part).unwrap_or_else(|| row.sign_at(scene));
        let composed = || parts.iter().map(sign).fold(Sign::Zero, Sign::and);
        Ok((slack, Sign::seen(slack).unwrap_or_else(composed)))
    }

    /// What the slack is the sum of.
    fn parts<W: Subject>(&self, scene: &Scene<W>) -> Result<Vec<(Nats, Row)>, Error> {
        let mut parts = Vec::with_capacity(self.rows.len() + 1);
        if self.kind == Kind::Bound && self.reading == Reading::Expected {
            parts.push((scene.seen.joint_posterior_gap()?, Row::Gap));
            if self.to != "14" {
                let slack = scene.seen.reweighted_divergence(Reading::Expected)?;
                parts.push((slack, Row::Reweighting));
            }
            return Ok(parts);
        }
        let jensen = self.kind == Kind::Bound && self.rows.iter().any(|row| row.id == "5-6");
        if jensen {
            parts.push((scene.seen.posterior_gap()?, Row::Gap));
        }
        for row in &self.rows {
            if !(jensen && matches!(row.id, "3-4" | "4-5" | "5-6")) {
                parts.push((row.slack(scene)?, Row::Of(row)));
            }
        }
        Ok(parts)
    }

    /// The sentence that is judged.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "{} {} {}",
            in_words(self.from),
            self.relation.symbol(),
            in_words(self.to)
        )
    }
}

/// A side in a sentence: `ln p(x,y)`, `line 14 at beta`.
#[must_use]
pub fn in_words(id: &str) -> String {
    match id {
        "3" => "ln p(x,y)".to_owned(),
        "p(x)" => "ln p(x)".to_owned(),
        "mean-3" => "E_y[ln p(x,y)]".to_owned(),
        "fixed" => "ln sum_z p(z) p(x|y,z)".to_owned(),
        "14b" => "line 14 at beta".to_owned(),
        "2a" | "2b" => format!("form {} of Eq. 2", &id[1..]),
        id => format!("line {id}"),
    }
}

/// Every claim, in the order of the table.
#[must_use]
pub fn claims() -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut ids: Vec<&str> = LINES.iter().map(|line| line.id).collect();
    ids.dedup();
    for id in ids {
        for reading in Reading::ALL {
            let Some(line) = line(id, reading) else { continue };
            let depends = matches!(line.to, "13" | "14" | "14b" | "1");
            if line.is_of_the_note() && !depends && reading != Reading::Pointwise {
                continue; // the same claim under every reading; judged on the world as given
            }
            claims.push(step(line, reading, depends));
            if line.is_of_the_note() && line.to != "2b" && line.from != "14" {
                claims.extend(bound(line.to, reading, depends));
            }
        }
    }
    claims
}

/// The claim of that name, under that reading if it depends on one.
#[must_use]
pub fn claim(id: &str, reading: Reading) -> Option<Claim> {
    let all = claims();
    let named = |c: &&Claim| c.id == id;
    all.iter()
        .find(|c| named(c) && c.reading == reading)
        .or_else(|| all.iter().find(|c| named(c) && !c.depends_on_reading))
        .cloned()
}

/// The bound of Eq. 14 at the world's beta, for a sweep over beta.
#[must_use]
pub fn bound_at_beta(reading: Reading) -> Option<Claim> {
    bound("14b", reading, true)
}

/// The bound of Eq. 14 at the world's beta on what line 14 does bound under a reading, where that is not the evidence.
#[must_use]
pub fn own_bound_at_beta(reading: Reading) -> Option<Claim> {
    let (at_one, reweighted) = (own_bound(reading)?, line("14-14b", reading)?);
    Some(Claim {
        id: format!("{}-{}", at_one.from, reweighted.to),
        kind: Kind::Bound,
        reading,
        depends_on_reading: true,
        from: at_one.from,
        to: reweighted.to,
        relation: Relation::AtLeast,
        sign: at_one.sign.and(reweighted.sign),
        rule: Rule::Compose,
        rows: vec![at_one, reweighted],
    })
}

/// The row of what a reading's line 14 bounds in place of the evidence that a claim names.
#[must_use]
pub fn instead(claim: &Claim) -> Option<&'static Line> {
    let of_line_14 = claim.kind == Kind::Bound && claim.from == "3" && matches!(claim.to, "14" | "14b" | "1");
    own_bound(claim.reading).filter(|_| of_line_14)
}

fn step(line: &'static Line, reading: Reading, depends: bool) -> Claim {
    let of_the_note = line.is_of_the_note();
    Claim {
        id: line.id.to_owned(),
        kind: if of_the_note { Kind::Step } else { Kind::Repair },
        reading,
        depends_on_reading: depends,
        from: line.from,
        to: line.to,
        relation: if of_the_note { line.printed } else { Relation::AtLeast },
        sign: line.sign,
        rule: line.rule,
        rows: vec![line],
    }
}

fn bound(to: &'static str, reading: Reading, depends: bool) -> Option<Claim> {
    let expected = reading == Reading::Expected;
    let rows = if expected {
        // Line 14 bounds ln p(x) by itself; line 13 lies beside it, not on the way.
        chain_from("14", to, reading).unwrap_or_default()
    } else {
        chain(to, reading)?
    };
    let from = if expected { "p(x)" } else { "3" };
    let sign = match (expected, to) {
        (true, "14") => Sign::NonNegative,
        (true, _) => Sign::Unsigned,
        _ => rows.iter().fold(Sign::Zero, |sign, row| sign.and(row.sign)),
    };
    Some(Claim {
        id: format!("3-{to}"),
        kind: Kind::Bound,
        reading,
        depends_on_reading: depends,
        from,
        to,
        relation: Relation::AtLeast,
        sign,
        rule: Rule::Compose,
        rows,
    })
}
