//! The steps of the derivation, `to = from - slack`: the relation that the note prints, and the sign that we claim for
//! the slack.

use reference::vocab::Reading;

use crate::line::id::LineId;
use crate::rule::Sign;

mod id;
mod repairs;
mod row;
mod slack;
mod slack_term;
mod table;

pub use id::StepId;
pub use row::Step;
pub use slack::sign_of_reweighting;
pub use slack_term::SlackTerm;
pub use table::STEPS;

/// The row with this id under a reading.
#[must_use]
pub fn step(id: StepId, reading: Reading) -> Option<&'static Step> {
    STEPS
        .iter()
        .find(|step| step.id == id && step.readings.contains(&reading))
}

/// The row that says what line 14 bounds under a reading, in every world. It is `None` where that is the evidence, from
/// which the chain starts.
#[must_use]
pub fn own_bound(reading: Reading) -> Option<&'static Step> {
    let bounds = |step: &&Step| step.to.line_14_under() == Some(reading) && step.sign == Sign::NonNegative;
    STEPS.iter().find(bounds)
}

/// The steps of the note from the evidence, Eq. 3, down to a line, under a reading.
#[must_use]
pub fn chain(to: LineId, reading: Reading) -> Option<Vec<&'static Step>> {
    chain_from(LineId::Eq3, to, reading)
}

/// The steps of the note from one line down to another, under a reading. It is `None` where no chain leads there.
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
