//! What the explanations of one claim are looked for with.

use bounds::Place;

use crate::dump::Claim;
use crate::inputs::Inputs;

/// One claim that is out of bound, and what is known beside it.
pub(super) struct Search<'a> {
    pub(super) inputs: Inputs<'a>,
    pub(super) claim: &'a Claim,
    pub(super) claimed: Vec<f64>,
    /// The claims that are within their bounds, and their numbers.
    pub(super) right: &'a [(Claim, Vec<f64>)],
    /// Where numbers are out of bound.
    pub(super) places: Vec<Place>,
    /// How many are.
    pub(super) failed: usize,
    /// Of a gradient: what it is the gradient of, where that is not out of bound.
    pub(super) value_stands: Option<&'a Claim>,
    /// Its numbers by the definition and their bounds, in the order of the tensor; none where a row has none.
    pub(super) stated: Vec<[f64; 2]>,
}
