//! The loop that evaluates a claim by a hypothesis, item by item and row by row. The reduction compares the numbers.
//! The result is a verdict where the hypothesis is the definition, and tests an explanation where it has a mistake in
//! it.

use std::ops::ControlFlow;

use bounds::{BoundedSum, Comparison};
use rayon::prelude::*;

use super::hypothesis::Hypothesis;
use super::inputs::{Absence, Inputs};
use super::reduction::Reduction;
use crate::dump::Claim;

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

/// Evaluates an item of a claim. It is number `at` in `inputs` and number `item` of the batch, and its claimed numbers
/// are given.
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
        Ok(if fine {
            addends
        } else {
            vec![BoundedSum::of_row(&addends, inputs.arithmetic)]
        })
    };
    let most = if fine {
        (NUMBERS / reduction.entries()).clamp(1, ROWS)
    } else {
        ROWS
    };
    // The first row rules out most mistakes. So the number of rows that are computed in parallel grows as the
    // evaluation goes on.
    let (mut start, mut some) = (0, if stop == StopAt::Nothing { most } else { 1 });
    while start < rows {
        let these = start..rows.min(start + some);
        if stop == StopAt::Nothing && reduction.compares_rows_apart() {
            let compared = |row: usize| Ok(reduction.row_apart(item, row, &reduced(row)?, claimed));
            let each: Vec<Result<Comparison, Absence>> = these.clone().into_par_iter().map(compared).collect();
            for (row, compared) in these.clone().zip(each) {
                match compared {
                    Ok(compared) => reduction.append(compared),
                    Err(why) => return ControlFlow::Break(Stopped::Absent { row, why }),
                }
            }
            start = these.end;
            continue;
        }
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
        (start, some) = (these.end, (2 * some).min(most));
    }
    ControlFlow::Continue(())
}
