//! The type of a row of the table of steps.

use reference::vocab::Reading;

use super::id::StepId;
use super::slack_term::SlackTerm;
use crate::line::id::{LineId, Stage};
use crate::rule::{Relation, Rule, Sign};

/// A step from one line to another: the relation that the note prints, and the slack that we claim.
#[derive(Debug)]
pub struct Step {
    /// The id, `from-to`, as the command line takes it.
    pub id: StepId,
    /// The upper line.
    pub from: LineId,
    /// The lower line.
    pub to: LineId,
    /// The relation that the note prints between them.
    pub printed: Relation,
    /// The sign that we claim for the slack.
    pub sign: Sign,
    /// The rule by which the lower line follows.
    pub rule: Rule,
    /// The slack in closed form, as LaTeX.
    pub slack_latex: &'static str,
    /// The function that computes the slack. It shares no code with the two sides.
    pub slack_term: SlackTerm,
    /// The readings under which this row is the one that the id names.
    pub readings: &'static [Reading],
    /// A sentence about what the note says or does here.
    pub remark: &'static str,
    /// Whether the two sides are computed by the same floating-point operations, so that they must agree to the bit.
    pub exact: bool,
}

impl Step {
    /// Whether the row is the note's own rather than a repair of ours.
    #[must_use]
    pub fn is_of_the_note(&self) -> bool {
        self.to.stage() != Stage::Repair
    }
}
