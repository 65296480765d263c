//! A row of the table.

use reference::vocab::Reading;

use super::id::StepId;
use super::slack_term::SlackTerm;
use crate::line::id::{LineId, Stage};
use crate::rule::{Relation, Rule, Sign};

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
