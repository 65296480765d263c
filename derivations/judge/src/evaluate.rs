//! The loop that evaluates claims by hypotheses, item by item and row by row. The reductions compare the numbers.
//! The result is a verdict where the hypothesis is the definition, and tests an explanation where it has a mistake in
//! it.

use bounds::Comparison;
use rayon::prelude::*;

use super::hypothesis::Hypothesis;
use super::inputs::{Absence, Inputs, Row, Shared};
use super::reduction::Reduction;
use crate::dump::{Claim, Claimed};

/// The largest number of rows that are computed in parallel.
const ROWS: usize = 256;

/// The largest number of numbers that are computed in parallel, of claims that keep them all: they stay in the cache.
const NUMBERS: usize = 1 << 16;

/// When an evaluation may end before its last row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopAt {
    /// It may not end early, so that every number is compared.
    Nothing,
    /// It ends with the first number out of bound.
    FirstOutOfBound,
}

/// The reason why an evaluation ended before its last row.
#[derive(Debug)]
pub(super) enum Stopped {
    /// A row has no value by the hypothesis.
    Absent {
        /// The index of the row.
        row: usize,
        /// The reason.
        why: Absence,
    },
    /// A number is out of bound, and [`StopAt::FirstOutOfBound`] was asked for.
    OutOfBound,
}

/// A claim that is evaluated by a hypothesis, and how far that has got.
#[derive(Debug)]
pub(super) struct Evaluation<'a> {
    claim: &'a Claim,
    hypothesis: &'a Hypothesis,
    /// The claimed numbers of the item.
    claimed: Claimed<'a>,
    reduction: &'a mut Reduction,
    stop: StopAt,
    /// Why it ended early, if it did.
    pub(super) stopped: Option<Stopped>,
}

/// What was computed of a row.
enum Computed {
    /// Nothing: the claim has no such row.
    Nothing,
    /// The row, which has still to be added to others.
    Row(Row),
    /// The comparison of the row.
    Compared(Comparison),
    /// No value.
    Absent(Absence),
}

impl<'a> Evaluation<'a> {
    /// A claim, a hypothesis, and the claimed numbers of the item.
    pub(super) const fn new(
        (claim, hypothesis): (&'a Claim, &'a Hypothesis),
        claimed: Claimed<'a>,
        reduction: &'a mut Reduction,
        stop: StopAt,
    ) -> Self {
        Self {
            claim,
            hypothesis,
            claimed,
            reduction,
            stop,
            stopped: None,
        }
    }

    /// The number of its rows.
    const fn rows(&self) -> usize {
        if self.stopped.is_some() {
            0
        } else {
            self.reduction.rows()
        }
    }

    /// Whether its rows are compared where they are computed.
    const fn compares_apart(&self) -> bool {
        matches!(self.stop, StopAt::Nothing) && self.reduction.compares_rows_apart()
    }

    /// The largest number of rows that may be computed before they are added up.
    fn most(&self) -> usize {
        if self.reduction.is_fine() && !self.compares_apart() {
            (NUMBERS / self.reduction.entries()).clamp(1, ROWS)
        } else {
            ROWS
        }
    }

    /// Computes a row of item number `item` of the batch, which is number `at` in `inputs`.
    fn compute(&self, inputs: &Inputs<'_>, [at, item, row]: [usize; 3]) -> Computed {
        if row >= self.rows() {
            return Computed::Nothing;
        }
        let fine = self.reduction.is_fine();
        match inputs.row(self.claim, self.hypothesis, at, row, fine) {
            Err(why) => Computed::Absent(why),
            Ok(computed) => {
                let computed = if fine {
                    computed
                } else {
                    Row::Sum(computed.sum(inputs.arithmetic))
                };
                if self.compares_apart() {
                    Computed::Compared(self.reduction.row_apart(item, row, &computed, self.claimed))
                } else {
                    Computed::Row(computed)
                }
            }
        }
    }

    /// Takes what was computed of a row, after the rows before it.
    fn take(&mut self, computed: Computed, item: usize, row: usize) {
        if self.stopped.is_some() {
            return;
        }
        match computed {
            Computed::Nothing => {}
            Computed::Compared(compared) => self.reduction.append(compared),
            Computed::Row(computed) => self.reduction.row(item, row, &computed, self.claimed),
            Computed::Absent(why) => self.stopped = Some(Stopped::Absent { row, why }),
        }
        if self.stop == StopAt::FirstOutOfBound && !self.reduction.fits() {
            self.stopped = Some(Stopped::OutOfBound);
        }
    }
}

/// Evaluates claims of an item, row by row. It is number `at` in `inputs` and number `item` of the batch.
pub(super) fn item(inputs: &Inputs<'_>, at: usize, item: usize, evaluations: &mut [Evaluation<'_>]) {
    // The first row rules out most mistakes. So the number of rows that are computed in parallel grows as the
    // evaluation goes on.
    let stops = evaluations.iter().any(|one| one.stop == StopAt::FirstOutOfBound);
    let most = evaluations.iter().map(Evaluation::most).min().unwrap_or(ROWS);
    let (mut start, mut some) = (0, if stops { 1 } else { most });
    loop {
        let rows = evaluations.iter().map(Evaluation::rows).max().unwrap_or(0);
        if start >= rows {
            return;
        }
        let these = start..rows.min(start + some);
        let asked = &*evaluations;
        let compute = |row: usize| -> Vec<Computed> {
            let shared = Shared::at(at, row);
            let inputs = Inputs {
                shared: Some(&shared),
                ..*inputs
            };
            asked.iter().map(|one| one.compute(&inputs, [at, item, row])).collect()
        };
        let each: Vec<Vec<Computed>> = these.clone().into_par_iter().map(compute).collect();
        for (row, computed) in these.clone().zip(each) {
            for (one, computed) in evaluations.iter_mut().zip(computed) {
                one.take(computed, item, row);
            }
        }
        (start, some) = (these.end, (2 * some).min(most));
    }
}
