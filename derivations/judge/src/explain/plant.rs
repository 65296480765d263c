//! Evaluates hypotheses on a dump, whatever is claimed in it.

use worlds::case::FileError;

use super::super::evaluate::StopAt;
use super::super::hypothesis::Hypothesis;
use super::super::inputs::Inputs;
use super::super::reduction::Reduction;
use super::items;
use super::search::{Items, Search};
use crate::dump::{Claim, Dump};

/// The inputs of a dump, on which hypotheses are evaluated.
pub(crate) struct Plant<'a> {
    dump: &'a Dump,
    items: Items<'a>,
}

impl<'a> Plant<'a> {
    /// The inputs of a dump.
    ///
    /// # Errors
    /// [`FileError`] for a number that is not allowed, or a file that cannot be read.
    pub(crate) fn new(dump: &'a Dump) -> Result<Self, FileError> {
        Ok(Self {
            dump,
            items: items(dump)?,
        })
    }

    fn search<'b>(&'b self, claim: &'b Claim, claimed: Vec<f64>) -> Search<'b> {
        Search {
            inputs: Inputs {
                statement: &self.dump.statement,
                sizes: &self.dump.sizes,
                items: &[],
                arithmetic: self.dump.statement.arithmetic(),
                shared: None,
            },
            items: &self.items,
            claim,
            claimed,
            right: &[],
            places: Vec::new(),
            failed: 0,
            different: 0,
            value_stands: None,
            stated: Vec::new(),
        }
    }

    fn numbers(&self, claim: &Claim, hypothesis: &Hypothesis, cells: Reduction) -> Option<Vec<[f64; 2]>> {
        let search = self.search(claim, vec![0.0; claim.shape.iter().product()]);
        let mut cells = cells;
        cells.record();
        let comparison = search.compared(claim, &search.claimed, hypothesis, cells, StopAt::Nothing)?;
        comparison.recorded
    }

    fn cells(&self, claim: &Claim) -> Reduction {
        let arithmetic = self.dump.statement.arithmetic();
        Reduction::new(claim, &self.dump.statement, &self.dump.sizes, arithmetic)
    }

    /// The numbers of a claim by the definition, with their bounds, where it has some.
    pub(crate) fn stated(&self, claim: &Claim) -> Option<Vec<[f64; 2]>> {
        self.numbers(claim, &Hypothesis::AS_STATED, self.cells(claim))
    }

    /// Whether the claim would certainly show a hypothesis with a mistake. It is `None` where its numbers are the same.
    pub(crate) fn shows(&self, claim: &Claim, stated: &[[f64; 2]], hypothesis: &Hypothesis) -> Option<bool> {
        let search = self.search(claim, Vec::new());
        if !search.moves(claim, hypothesis) {
            return None;
        }
        let mistaken = self.numbers(claim, hypothesis, self.cells(claim).of_mistakes())?;
        shows(stated, &mistaken)
    }
}

/// Whether numbers with a mistake lie certainly outside of the bounds of those without: one of them does, by more than
/// what rounding may do to either. It is `None` where no number differs.
fn shows(stated: &[[f64; 2]], mistaken: &[[f64; 2]]) -> Option<bool> {
    let mut differs = false;
    for ([right, bound], [wrong, own]) in stated.iter().zip(mistaken) {
        if right.to_bits() == wrong.to_bits() {
            continue;
        }
        let both_finite = right.is_finite() && wrong.is_finite();
        let distance = (right - wrong).abs();
        if (both_finite && distance > bound + own) || (!both_finite && right.is_finite() != wrong.is_finite()) {
            return Some(true);
        }
        differs |= !both_finite || distance > 1e-12 * (right.abs() + wrong.abs());
    }
    differs.then_some(false)
}
