//! What a claim's numbers are by the definition, whatever a dump claims.

use worlds::case::FileError;

use super::evaluate::{self, Evaluation, StopAt};
use super::hypothesis::Hypothesis;
use super::inputs::Inputs;
use super::reduction::Reduction;
use crate::dump::{Claimed, Dump, Quantity};

/// A number by the definition, and how far a correct program's may lie from it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Defined {
    /// The number, in the unit and with the divisors of the claim; NaN where it is not defined.
    pub value: f64,
    /// The largest error of a correct program that computes in the types that the dump states; infinite where nothing bounds it.
    pub bound: f64,
}

impl Defined {
    /// What is not defined: no number, and nothing that bounds it.
    pub const UNDEFINED: Self = Self {
        value: f64::NAN,
        bound: f64::INFINITY,
    };
}

/// A claim's numbers by the definition, in the order of its tensor; none where the dump does not claim the quantity, or a row has no value.
///
/// It is the computation of a verdict, on the hypothesis that the program computes the definition.
///
/// # Errors
/// [`FileError`]: a number in the inputs that may not stand there, a file that cannot be read.
pub fn defined(dump: &Dump, quantity: Quantity) -> Result<Option<Vec<Defined>>, FileError> {
    let Some(claim) = dump.claims.iter().find(|claim| claim.quantity == quantity) else {
        return Ok(None);
    };
    let (statement, sizes, arithmetic) = (&dump.statement, &dump.sizes, dump.statement.arithmetic());
    let mut reduction = Reduction::new(claim, statement, sizes, arithmetic);
    reduction.record();
    for batch in 0..reduction.items() {
        let item = [dump.item(batch)?];
        let inputs = Inputs {
            statement,
            sizes,
            items: &item,
            arithmetic,
            shared: None,
        };
        let by = (claim, &Hypothesis::AS_STATED);
        let mut evaluation = [Evaluation::new(by, Claimed::NONE, &mut reduction, StopAt::Nothing)];
        evaluate::item(&inputs, 0, batch, &mut evaluation);
        if evaluation[0].stopped.is_some() {
            return Ok(None);
        }
        reduction.end_of_item(batch, Claimed::NONE);
    }
    if !reduction.keeps_batch() {
        reduction.end(Claimed::NONE);
    }
    let recorded = reduction.into_comparison().recorded.unwrap_or_default();
    Ok(Some(
        recorded
            .into_iter()
            .map(|[value, bound]| Defined { value, bound })
            .collect(),
    ))
}

/// The one of a claim's numbers whose bound is the widest. It is [`Defined::UNDEFINED`] where [`defined`] finds none.
///
/// # Errors
/// Those of [`defined`].
pub fn widest(dump: &Dump, quantity: Quantity) -> Result<Defined, FileError> {
    let numbers = defined(dump, quantity)?.unwrap_or_default();
    let wider = |a: Defined, b: Defined| if b.bound > a.bound || a.value.is_nan() { b } else { a };
    Ok(numbers.into_iter().reduce(wider).unwrap_or(Defined::UNDEFINED))
}
