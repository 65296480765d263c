//! The bounds on the distance between `gpu` and `reference`, each with its reason. In this package `gpu` is called the
//! twin.
//!
//! A bound is `k u mass`: `u` the unit roundoff of the working type, `mass` the total size of what was added up (the
//! reference's `Nats::mass`), `k` a count of roundings that is derived here and never fitted.

mod equations;
mod terms;
mod tolerance;

pub use equations::{
    CLOSED_FORM, EVIDENCE, EXPECTED_JOINT, EXPECTED_TERMS, FOOTNOTE_JOINT, FROM_CODE_PRIOR, GRAPHICAL_MODEL, MIXTURE,
    OBJECTIVE_FOOTNOTE, OBJECTIVE_OVER_BOTH, OBJECTIVE_OVER_CODES, OBSERVED_JOINT, OVER_BOTH, OVER_CODES, SUM_OF_TWO,
};
pub use tolerance::{Precision, Size, Tolerance, floor};

pub use terms::{
    DIVERGENCE, LIKELIHOOD, MEAN, SAMPLE, SLOPE, Storage, TermPrecision, layer_bound, moved_by, step_bound,
    update_bound,
};
