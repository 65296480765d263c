//! The claims that are judged: steps from one line to the next, bounds on the evidence, bounds at a given beta, and
//! repairs.

use reference::vocab::{Error, Nats, Reading};
use serde::Serialize;

use crate::checkable::Checkable;
use crate::line::id::LineId;
use crate::rule::{Relation, Rule, Sign};
use crate::step::{Step, StepId, chain, chain_from, own_bound, sign_of_reweighting, step};
use crate::under_reading::UnderReading;

/// The kind of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The relation of a line to the line before, as printed.
    Step,
    /// The line is a lower bound: `ln p(x,y) >=` this line.
    Bound,
    /// A bound that the note does not print, and that a reading does give.
    Repair,
}

/// A claim under a reading: a relation between two lines.
#[derive(Debug, Clone)]
pub struct Proposition {
    /// The name of the claim: `12-13` for a step, `3-13` for a bound.
    pub id: String,
    /// Whether it is a step, a bound or a repair.
    pub kind: Kind,
    /// The reading it is judged under.
    pub reading: Reading,
    /// Whether the claim is a different one under another reading.
    pub depends_on_reading: bool,
    /// The upper side.
    pub from: LineId,
    /// The lower side.
    pub to: LineId,
    /// The relation that is claimed between the two sides.
    pub relation: Relation,
    /// The sign that we claim for the slack.
    pub sign: Sign,
    /// The rule of the step. It is [`Rule::Compose`] for a bound over several steps.
    pub rule: Rule,
    /// The rows of which the claim is composed. A bound under the expected reading has only those below line 14,
    /// because the gap of line 14 itself is no row there.
    pub rows: Vec<&'static Step>,
}

/// The origin of one addend of a claim's slack, which decides the sign that is known of it.
#[derive(Clone, Copy)]
enum Row {
    /// A divergence to the posterior, which stands for several rows at once and is never negative.
    Gap,
    /// The change of the weight on `D` from 1 to beta.
    Reweighting,
    /// The slack of a single row.
    Of(&'static Step),
}

impl Row {
    fn sign_at<W: Checkable>(self, scene: &UnderReading<W>) -> Sign {
        match self {
            Self::Gap => Sign::NonNegative,
            Self::Reweighting => sign_of_reweighting(scene),
            Self::Of(row) => row.sign_at(scene),
        }
    }
}

impl Proposition {
    /// The slack of the claim, in nats: the upper side minus the lower one. For a bound it is the sum along the chain,
    /// in which one divergence to the posterior stands for the rows from (3) to (6).
    ///
    /// # Errors
    /// [`Error::Indeterminate`] when a row's slack, or their sum, has no value.
    pub fn slack<W: Checkable>(&self, scene: &UnderReading<W>) -> Result<Nats, Error> {
        self.signed_slack(scene).map(|(slack, _)| slack)
    }

    /// The slack, and the sign that it certainly has. That is the sign of its value where rounding cannot have changed
    /// it, and otherwise what follows from the signs of its addends.
    ///
    /// # Errors
    /// Those of [`Proposition::slack`].
    pub fn signed_slack<W: Checkable>(&self, scene: &UnderReading<W>) -> Result<(Nats, Sign), Error> {
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

    /// The addends of the slack, each with its origin.
    fn parts<W: Checkable>(&self, scene: &UnderReading<W>) -> Result<Vec<(Nats, Row)>, Error> {
        let mut parts = Vec::with_capacity(self.rows.len() + 1);
        if self.kind == Kind::Bound && self.reading.averages_captions() {
            parts.push((scene.seen.joint_posterior_gap()?, Row::Gap));
            if self.to != LineId::Eq14 {
                let slack = scene.seen.reweighted_divergence(self.reading)?;
                parts.push((slack, Row::Reweighting));
            }
            return Ok(parts);
        }
        let jensen = self.kind == Kind::Bound && self.rows.iter().any(|row| row.id == StepId::Eq5To6);
        if jensen {
            parts.push((scene.seen.posterior_gap()?, Row::Gap));
        }
        for row in &self.rows {
            if !(jensen && matches!(row.id, StepId::Eq3To4 | StepId::Eq4To5 | StepId::Eq5To6)) {
                parts.push((row.slack(scene)?, Row::Of(row)));
            }
        }
        Ok(parts)
    }

    /// The claim as a sentence, such as `ln p(x,y) ≥ line 13`.
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

/// The name of a line in a sentence: `ln p(x,y)`, `line 14 at beta`.
#[must_use]
pub fn in_words(id: LineId) -> String {
    match id {
        LineId::Eq2a => "form a of Eq. 2".to_owned(),
        LineId::Eq2b => "form b of Eq. 2".to_owned(),
        LineId::Eq3 => "ln p(x,y)".to_owned(),
        LineId::ImageEvidence => "ln p(x)".to_owned(),
        LineId::AverageEvidence => "E_y[ln p(x,y)]".to_owned(),
        LineId::FixedCaptionEvidence => "ln sum_z p(z) p(x|y,z)".to_owned(),
        LineId::Eq14AtBeta => "line 14 at beta".to_owned(),
        LineId::Eq4
        | LineId::Eq5
        | LineId::Eq6
        | LineId::Eq7
        | LineId::Eq8
        | LineId::Eq9
        | LineId::Eq10
        | LineId::Eq11
        | LineId::Eq12
        | LineId::Eq13
        | LineId::Eq14
        | LineId::Eq1
        | LineId::A1
        | LineId::A2
        | LineId::A3
        | LineId::A4
        | LineId::A5
        | LineId::A6 => format!("line {id}"),
    }
}

/// Every claim, in the order of the table.
#[must_use]
pub fn propositions() -> Vec<Proposition> {
    let mut claims = Vec::new();
    for &id in StepId::ALL {
        for reading in Reading::ALL {
            let Some(step) = step(id, reading) else { continue };
            let depends = step.to.depends_on_reading();
            if step.is_of_the_note() && !depends && reading != Reading::Pointwise {
                continue; // It is the same claim under every reading, and is judged once.
            }
            claims.push(of_step(step, reading, depends));
            if step.is_of_the_note() && step.to != LineId::Eq2b && step.from != LineId::Eq14 {
                claims.extend(bound(step.to, reading, depends));
            }
        }
    }
    claims
}

/// The claim with this name. If it depends on the reading, it is the one under `reading`.
#[must_use]
pub fn proposition(id: &str, reading: Reading) -> Option<Proposition> {
    let all = propositions();
    let named = |c: &&Proposition| c.id == id;
    all.iter()
        .find(|c| named(c) && c.reading == reading)
        .or_else(|| all.iter().find(|c| named(c) && !c.depends_on_reading))
        .cloned()
}

/// The claim that Eq. 14 at the world's beta bounds the evidence, for a sweep over beta.
#[must_use]
pub fn bound_at_beta(reading: Reading) -> Option<Proposition> {
    bound(LineId::Eq14AtBeta, reading, true)
}

/// The claim that Eq. 14 at the world's beta bounds what line 14 does bound under a reading. It is `None` where that is
/// the evidence itself.
#[must_use]
pub fn own_bound_at_beta(reading: Reading) -> Option<Proposition> {
    let (at_one, reweighted) = (own_bound(reading)?, step(StepId::Eq14ToBeta, reading)?);
    Some(Proposition {
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

/// For a claim that line 14 bounds `ln p(x,y)`: the row that says what line 14 does bound under the claim's reading. It
/// is `None` for every other claim.
#[must_use]
pub fn instead(claim: &Proposition) -> Option<&'static Step> {
    let of_line_14 = claim.kind == Kind::Bound
        && claim.from == LineId::Eq3
        && matches!(claim.to, LineId::Eq14 | LineId::Eq14AtBeta | LineId::Eq1);
    own_bound(claim.reading).filter(|_| of_line_14)
}

fn of_step(step: &'static Step, reading: Reading, depends: bool) -> Proposition {
    let of_the_note = step.is_of_the_note();
    Proposition {
        id: step.id.to_string(),
        kind: if of_the_note { Kind::Step } else { Kind::Repair },
        reading,
        depends_on_reading: depends,
        from: step.from,
        to: step.to,
        relation: if of_the_note { step.printed } else { Relation::AtLeast },
        sign: step.sign,
        rule: step.rule,
        rows: vec![step],
    }
}

fn bound(to: LineId, reading: Reading, depends: bool) -> Option<Proposition> {
    let expected = reading.averages_captions();
    let rows = if expected {
        // Line 14 bounds ln p(x) by itself; line 13 lies beside it, not on the way.
        chain_from(LineId::Eq14, to, reading).unwrap_or_default()
    } else {
        chain(to, reading)?
    };
    let from = if expected { LineId::ImageEvidence } else { LineId::Eq3 };
    let sign = if !expected {
        rows.iter().fold(Sign::Zero, |sign, row| sign.and(row.sign))
    } else if to == LineId::Eq14 {
        Sign::NonNegative
    } else {
        Sign::Unsigned
    };
    Some(Proposition {
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

/// Whether both sides of a claim have a closed form in a kind of world.
#[must_use]
pub fn has_closed_form<W: Checkable>(claim: &Proposition) -> bool {
    let known = |side| !W::NO_CLOSED_FORM.contains(&side);
    let readable = !claim.depends_on_reading || W::READINGS.contains(&claim.reading);
    readable && known(claim.from) && known(claim.to)
}
