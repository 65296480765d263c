//! The one loop: an item of a claim, row by row, by a hypothesis. What becomes of the numbers is the reduction's to say: a verdict where the hypothesis is
//! the definition, an explanation where it has a mistake in it.

use std::ops::ControlFlow;

use bounds::BoundedSum;
use rayon::prelude::*;

use super::hypothesis::Hypothesis;
use super::inputs::{Absence, Inputs};
use super::reduction::Reduction;
use crate::dump::Claim;

/// How many rows are computed side by side at most.
const ROWS: usize = 256;

/// When an evaluation may end before its last row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopAt {
    /// It may not: every number is compared.
    Nothing,
    /// With the first number out of bound.
    FirstOutOfBound,
}

/// Why an evaluation ended before its last row.
#[derive(Debug)]
pub(super) enum Stopped {
    /// A row has no numbers.
    Absent {
        /// Which.
        row: usize,
        /// Why.
        why: Absence,
    },
    /// A number is out of bound, and that is all that was asked.
    OutOfBound,
}

/// An item of a claim: the one that `inputs` calls `at`, number `item` of the batch, whose claimed numbers are given.
pub(super) fn item(
    inputs: &Inputs<'_>,
    (claim, hypothesis): (&Claim, &Hypothesis),
    at: usize,
    (item, claimed): (usize, &[f64]),
    reduction: &mut Reduction,
    stop: StopAt,
) -> ControlFlow<Stopped> {
    let (rows, fine) = (reduction.rows(), reduction.is_fine());
    let reduced = |row: usize| -> Result<Vec<BoundedSum>, Absence> {
        let addends = inputs.row(claim, hypothesis, at, row, fine)?;
        Ok(if fine { addends } else { vec![addends.into_iter().sum()] })
    };
    // Most mistakes are ruled out by the first row: more are computed side by side the longer it goes on.
    let (mut start, mut some) = (0, if stop == StopAt::Nothing { ROWS } else { 1 });
    while start < rows {
        let these = start..rows.min(start + some);
        let each: Vec<_> = these.clone().into_par_iter().map(reduced).collect();
        for (row, addends) in these.clone().zip(each) {
            match addends {
                Ok(addends) => reduction.row(item, row, &addends, claimed),
                Err(why) => return ControlFlow::Break(Stopped::Absent { row, why }),
            }
            if stop == StopAt::FirstOutOfBound && !reduction.fits() {
                return ControlFlow::Break(Stopped::OutOfBound);
            }
        }
        (start, some) = (these.end, (2 * some).min(ROWS));
    }
    ControlFlow::Continue(())
}
