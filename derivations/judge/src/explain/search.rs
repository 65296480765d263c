//! The data of a search for explanations of one claim.

use bounds::Place;

use crate::dump::Claim;
use crate::inputs::Inputs;

/// A claim that is out of bound, and what the search for its explanations needs.
pub(super) struct Search<'a> {
    pub(super) inputs: Inputs<'a>,
    pub(super) claim: &'a Claim,
    pub(super) claimed: Vec<f64>,
    /// The claims that are within their bounds, with their numbers.
    pub(super) right: &'a [(Claim, Vec<f64>)],
    /// The places of the numbers that are out of bound.
    pub(super) places: Vec<Place>,
    /// The number of numbers that are out of bound.
    pub(super) failed: usize,
    /// For a gradient, the claim of which it is the gradient, where that claim is not out of bound.
    pub(super) value_stands: Option<&'a Claim>,
    /// Its numbers by the definition and their bounds, in the order of the tensor. The list is empty where a row has no
    /// value.
    pub(super) stated: Vec<[f64; 2]>,
}
