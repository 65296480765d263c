//! The edges of the derivation: `to = from - slack`, what the note prints there and what we claim.

use reference::vocab::Reading;

use crate::expr::{Expr, expr};
use crate::rule::{Relation, Rule, Sign};

mod loss;
mod repairs;
mod table;

pub use loss::Loss;
pub(crate) use loss::sign_of_reweighting;
pub use table::LINES;

/// A row of the table.
#[derive(Debug)]
pub struct Line {
    /// `from-to`, as on the command line.
    pub id: &'static str,
    /// The side above.
    pub from: &'static str,
    /// The side below.
    pub to: &'static str,
    /// What the note prints between them.
    pub printed: Relation,
    /// What we claim of the slack.
    pub sign: Sign,
    /// Why the lower side follows.
    pub rule: Rule,
    /// The slack in closed form, as LaTeX.
    pub slack_latex: &'static str,
    /// The slack's function, from code that neither side runs.
    pub loses: Loss,
    /// The readings under which this row is the one that counts.
    pub readings: &'static [Reading],
    /// What the note says or does here, in a sentence.
    pub remark: &'static str,
    /// Whether the two sides are the same floating-point operations, so that no residue is expected.
    pub exact: bool,
}

impl Line {
    /// The expression above.
    #[must_use]
    pub fn from_expr(&self) -> Option<&'static Expr> {
        expr(self.from)
    }

    /// The expression below.
    #[must_use]
    pub fn to_expr(&self) -> Option<&'static Expr> {
        expr(self.to)
    }

    /// The reading under which the lower side of a row of ours is line 14 at `beta = 1`.
    #[must_use]
    pub fn line_14_under(&self) -> Option<Reading> {
        match self.to {
            "A4" => Some(Reading::Footnote),
            "A6" => Some(Reading::Joint),
            _ => None,
        }
    }

    /// Whether the row is the note's own rather than a repair of ours.
    #[must_use]
    pub fn is_of_the_note(&self) -> bool {
        !self.to.starts_with('A')
    }
}

/// The row of that name under that reading.
#[must_use]
pub fn line(id: &str, reading: Reading) -> Option<&'static Line> {
    LINES
        .iter()
        .find(|line| line.id == id && line.readings.contains(&reading))
}

/// What line 14 bounds under a reading in every world, where that is not the evidence that the chain starts from.
#[must_use]
pub fn own_bound(reading: Reading) -> Option<&'static Line> {
    let bounds = |line: &&Line| line.line_14_under() == Some(reading) && line.sign == Sign::NonNegative;
    LINES.iter().find(bounds)
}

/// The steps from the evidence down to the named side, under a reading.
#[must_use]
pub fn chain(to: &str, reading: Reading) -> Option<Vec<&'static Line>> {
    chain_from("3", to, reading)
}

/// The steps from one named side down to another, under a reading.
pub(crate) fn chain_from(from: &str, to: &str, reading: Reading) -> Option<Vec<&'static Line>> {
    let mut steps = Vec::new();
    let mut at = to;
    while at != from {
        let step = LINES
            .iter()
            .find(|l| l.to == at && l.is_of_the_note() && l.readings.contains(&reading))?;
        steps.push(step);
        at = step.from;
    }
    steps.reverse();
    Some(steps)
}
