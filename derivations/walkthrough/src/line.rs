//! A line of the note on a world: its formula, the numbers put in, its value, and the step that led to it.

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

/// A line of the note.
#[derive(Debug, Clone, PartialEq)]
pub struct LineSection {
    /// The note's number.
    pub id: LineId,
    /// Its formula under the reading, as LaTeX.
    pub latex: String,
    /// The formula in a sentence.
    pub reads: &'static str,
    /// The formula with the world's numbers, then what those need.
    pub written: Vec<Written>,
    /// What it comes to.
    pub value: Amount,
    /// How it follows from the line before; none for the first.
    pub step: Option<StepSection>,
    /// Where it stands.
    pub picture: NumberLine,
}

impl LineSection {
    /// What the step to this line is, in a few words; empty for the first line.
    #[must_use]
    pub fn label(&self) -> String {
        let verdict = self.step.as_ref().map_or("", |step| step.verdict.label());
        match self.value {
            Amount::Undefined if !verdict.is_empty() => format!("{verdict}, undefined here"),
            _ => verdict.to_owned(),
        }
    }
}

/// How a line follows from the one before.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSection {
    /// The line before.
    pub from: LineId,
    /// What the note prints between the two.
    pub printed: Relation,
    /// Why it follows.
    pub rule: Rule,
    /// What the note says or does here.
    pub remark: &'static str,
    /// The slack in closed form, as LaTeX.
    pub slack_latex: &'static str,
    /// The slack with the world's numbers, as LaTeX, where there is something to write.
    pub slack_written: Option<String>,
    /// The slack.
    pub slack: Amount,
    /// What the step is.
    pub verdict: StepMark,
    /// What happens in this world.
    pub outcome: String,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StepMark {
    /// Both sides are the same number.
    Identity,
    /// Jensen's inequality: the line falls and stays a bound.
    Jensen,
    /// True if `q` covers the posterior's support; some of it is lost otherwise.
    Support,
    /// True if an assumption holds.
    Assumption,
    /// The note drops a term of the wrong sign.
    SignError,
    /// The same, where the term is 0 and nothing moves.
    Harmless,
    /// The same name for another quantity.
    Renaming,
    /// A term is given another weight.
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

    /// In a word or two.
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

    /// As a word in a style sheet.
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

/// All lines along the chain, the evidence first.
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

/// What the step does to the line, in a sentence.
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

/// Where the line stands, in a sentence.
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
