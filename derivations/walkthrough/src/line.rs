//! The section of the walk about one line of the note: its formula, the formula with numbers, its value, and the step
//! that led to it.

use check::observe::UNDECIDED;
use note::line::{Line, LineId, line};
use note::rule::{Relation, Rule, Sign};
use note::step::Step;
use note::under_reading::UnderReading;
use reference::vocab::{Error, Nats};
use typeset::amount::{Amount, VISIBLE};

use crate::narrated::Narrated;
use crate::numbers::Written;
use crate::picture::NumberLine;

/// A line of the note on a world under a reading.
#[derive(Debug, Clone, PartialEq)]
pub struct LineSection {
    /// The id of the line.
    pub id: LineId,
    /// Its formula under the reading, in LaTeX.
    pub latex: String,
    /// The formula in words.
    pub reads: &'static str,
    /// The formula with the world's numbers, followed by the quantities that occur in it.
    pub written: Vec<Written>,
    /// The value of the line.
    pub value: Amount,
    /// The step from the line before. The first line has none.
    pub step: Option<StepSection>,
    /// The number line on which it is drawn.
    pub picture: NumberLine,
}

impl LineSection {
    /// The step to this line in a few words. It is empty for the first line.
    #[must_use]
    pub fn label(&self) -> String {
        let verdict = self.step.as_ref().map_or("", |step| step.verdict.label());
        match self.value {
            Amount::Undefined if !verdict.is_empty() => format!("{verdict}, undefined here"),
            _ => verdict.to_owned(),
        }
    }
}

/// The step from one line to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSection {
    /// The line before.
    pub from: LineId,
    /// The relation that the note prints between the two.
    pub printed: Relation,
    /// The rule by which the line follows.
    pub rule: Rule,
    /// A sentence about what the note says or does here.
    pub remark: &'static str,
    /// The slack in closed form, in LaTeX.
    pub slack_latex: &'static str,
    /// The slack with the world's numbers, in LaTeX, where it can be written out.
    pub slack_written: Option<String>,
    /// The value of the slack.
    pub slack: Amount,
    /// The kind of step.
    pub verdict: StepMark,
    /// A sentence about what the step does in this world.
    pub outcome: String,
}

/// The kind of a step, which decides its colour and its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StepMark {
    /// Both sides are equal in every world.
    Identity,
    /// Jensen's inequality: the line falls and stays a bound.
    Jensen,
    /// The sides are equal if `q` covers the posterior's support. Otherwise a part of the evidence is lost.
    Support,
    /// The sides are equal if an assumption holds.
    Assumption,
    /// The note drops a term of the wrong sign.
    SignError,
    /// The note drops a term of the wrong sign that is 0 in this world, so that nothing moves.
    Harmless,
    /// The note uses the same name for another quantity.
    Renaming,
    /// The note gives a term another weight.
    Reweighting,
}

impl StepMark {
    fn of(step: &Step, slack: Amount) -> Self {
        match (step.rule, step.sign) {
            (Rule::Drop, _) if slack.is_nothing() => Self::Harmless,
            (Rule::Jensen, _) => Self::Jensen,
            (Rule::Assume, _) => Self::Assumption,
            (Rule::Drop, _) => Self::SignError,
            (Rule::Reweight, _) => Self::Reweighting,
            (_, Sign::Zero) => Self::Identity,
            (Rule::MultiplyByOne, _) => Self::Support,
            _ => Self::Renaming,
        }
    }

    /// The kind of step in a word or two.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Jensen => "Jensen",
            Self::Support => "identity on q's support",
            Self::Assumption => "assumption",
            Self::SignError => "sign error",
            Self::Harmless => "sign error, harmless here",
            Self::Renaming => "another quantity",
            Self::Reweighting => "reweighting",
        }
    }

    /// The class of the style sheet for this kind of step.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Identity | Self::Support => "identity",
            Self::Jensen => "jensen",
            Self::Assumption | Self::Harmless => "assumption",
            Self::SignError | Self::Renaming => "error",
            Self::Reweighting => "reweighting",
        }
    }
}

/// The sections about all lines of the chain, beginning with the evidence.
pub(super) fn sections<W: Narrated>(
    scene: &UnderReading<W>,
    steps: &[&'static Step],
) -> Result<Vec<LineSection>, Error> {
    let first = steps.first().map(|step| line(step.from));
    let sides: Vec<&'static Line> = first
        .into_iter()
        .chain(steps.iter().map(|step| line(step.to)))
        .collect();
    let mut values = Vec::with_capacity(sides.len());
    for side in &sides {
        let value: Result<Nats, Error> = side.value(scene).map(|cells| cells.into_iter().sum());
        values.push(Amount::of(value)?);
    }
    let evidence = values.first().copied().unwrap_or(Amount::Undefined);
    let range = NumberLine::range_of(values.iter().filter_map(|value| value.finite()));
    let mut marks = Vec::new();
    let mut sections = Vec::with_capacity(sides.len());
    for (k, (side, &value)) in sides.iter().zip(&values).enumerate() {
        marks.extend(value.finite().map(|value| (side.id.as_str(), value)));
        let step = match k.checked_sub(1) {
            None => None,
            Some(before) => Some(taken(steps[before], scene, values[before], value, evidence)?),
        };
        sections.push(LineSection {
            id: side.id,
            latex: side.latex_of::<W>(scene.reading),
            reads: side.reads,
            written: W::written(side.id, scene, value)?,
            value,
            step,
            picture: NumberLine {
                marks: marks.clone(),
                has_current: value.finite().is_some(),
                evidence,
                range,
            },
        });
    }
    Ok(sections)
}

fn taken<W: Narrated>(
    step: &'static Step,
    scene: &UnderReading<W>,
    from: Amount,
    to: Amount,
    evidence: Amount,
) -> Result<StepSection, Error> {
    let slack = Amount::of(step.slack(scene))?;
    let verdict = StepMark::of(step, slack);
    Ok(StepSection {
        from: step.from,
        printed: step.printed,
        rule: step.rule,
        remark: step.remark,
        slack_latex: step.slack_latex,
        slack_written: W::slack_written(step.id, scene)?,
        slack,
        verdict,
        outcome: format!("{} {}", movement(step, slack, from, to), standing(to, evidence)),
    })
}

/// A sentence about what the step does to the line.
fn movement(step: &Step, slack: Amount, from: Amount, to: Amount) -> String {
    let (from, to) = match (from, to, slack) {
        (Amount::Undefined, _, _) | (_, Amount::Undefined, _) => {
            return "A side of this step is undefined: plus infinity meets minus infinity.".to_owned();
        }
        (from, _, Amount::Nats { value, .. }) if value.is_finite() && from.finite().is_some() => {
            let amount = slack.size();
            let printed = match (step.printed, step.sign) {
                (Relation::AtLeast, Sign::Zero) => " The note prints ≥; the two sides are equal.",
                _ => "",
            };
            return if slack.is_hidden() {
                format!("Whether the line moves is {UNDECIDED}.")
            } else if value >= VISIBLE {
                format!("The line falls by {amount} nats.")
            } else if value <= -VISIBLE {
                format!("The line RISES by {amount} nats.")
            } else if step.sign == Sign::Zero || slack.is_nothing() {
                format!("Nothing moves.{printed}")
            } else {
                "It moves by less than the sixth decimal.".to_owned()
            };
        }
        (from, to, _) => (from, to),
    };
    if from == to {
        format!("Both sides are {to}: there is nothing to subtract.")
    } else {
        format!("The line goes from {from} to {to}.")
    }
}

/// A sentence about where the line stands against the evidence.
fn standing(value: Amount, evidence: Amount) -> String {
    if evidence.finite().is_none() {
        return "ln p(x,y) is infinite: there is nothing to bound.".to_owned();
    }
    let Some(above) = value.less(evidence) else {
        return match value.value() {
            None => "It bounds nothing.".to_owned(),
            Some(value) if value > 0.0 => "It is above ln p(x,y): no lower bound here.".to_owned(),
            Some(_) => "It is below ln p(x,y), and says nothing.".to_owned(),
        };
    };
    match above.value().unwrap_or(f64::NAN) {
        _ if above.is_hidden() => format!("Where it stands beside ln p(x,y) is {UNDECIDED}."),
        height if height > VISIBLE => format!("It stands {above} nats ABOVE ln p(x,y): no lower bound here."),
        height if height < -VISIBLE => format!("It stands {} nats below ln p(x,y).", above.size()),
        _ => "It stands at ln p(x,y).".to_owned(),
    }
}
