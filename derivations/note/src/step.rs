//! The steps of the derivation: `to = from - slack`, what the note prints there and what we claim.

use reference::vocab::Reading;

use crate::line::{LineId, Stage};
use crate::rule::{Relation, Rule, Sign};

mod id;
mod repairs;
mod slack_term;
mod table;

pub use id::StepId;
pub use slack_term::SlackTerm;
pub use slack_term::sign_of_reweighting;
pub use table::STEPS;

/// A row of the table.
#[derive(Debug)]
pub struct Step {
    /// `from-to`, as on the command line.
    pub id: StepId,
    /// The line above.
    pub from: LineId,
    /// The line below.
    pub to: LineId,
    /// What the note prints between them.
    pub printed: Relation,
    /// What we claim of the slack.
    pub sign: Sign,
    /// Why the lower side follows.
    pub rule: Rule,
    /// The slack in closed form, as LaTeX.
    pub slack_latex: &'static str,
    /// The slack's function, from code that neither side runs.
    pub slack_term: SlackTerm,
    /// The readings under which this row is the one that counts.
    pub readings: &'static [Reading],
    /// What the note says or does here, in a sentence.
    pub remark: &'static str,
    /// Whether the two sides are the same floating-point operations, so that no residue is expected.
    pub exact: bool,
}

impl Step {
    /// Whether the row is the note's own rather than a repair of ours.
    #[must_use]
    pub fn is_of_the_note(&self) -> bool {
        self.to.stage() != Stage::Repair
    }
}

/// The row of that name under that reading.
#[must_use]
pub fn step(id: StepId, reading: Reading) -> Option<&'static Step> {
    STEPS
        .iter()
        .find(|step| step.id == id && step.readings.contains(&reading))
}

/// What line 14 bounds under a reading in every world, where that is not the evidence that the chain starts from.
#[must_use]
pub fn own_bound(reading: Reading) -> Option<&'static Step> {
    let bounds = |step: &&Step| step.to.line_14_under() == Some(reading) && step.sign == Sign::NonNegative;
    STEPS.iter().find(bounds)
}

/// The steps from the evidence down to the named side, under a reading.
#[must_use]
pub fn chain(to: LineId, reading: Reading) -> Option<Vec<&'static Step>> {
    chain_from(LineId::Eq3, to, reading)
}

/// The steps from one named side down to another, under a reading.
#[must_use]
pub fn chain_from(from: LineId, to: LineId, reading: Reading) -> Option<Vec<&'static Step>> {
    let mut steps = Vec::new();
    let mut at = to;
    while at != from {
        let step = STEPS
            .iter()
            .find(|step| step.to == at && step.is_of_the_note() && step.readings.contains(&reading))?;
        steps.push(step);
        at = step.from;
    }
    steps.reverse();
    Some(steps)
}
