//! The marginals of a joint table.

use ndarray::{Axis, Ix1, Ix2};

use crate::special::log_sum_exp;
use crate::vocab::{Error, LogProbs, Nats};

/// The logarithms of the sums of a joint over one of its axes, not renormalised.
pub(super) fn marginal_terms(joint: &LogProbs<Ix2>, over: Axis) -> Vec<Nats> {
    let kept = Axis(1 - over.index());
    joint
        .ln()
        .axis_iter(kept)
        .map(|row| log_sum_exp(&row.iter().map(|&entry| Nats::of(entry)).collect::<Vec<_>>()))
        .collect()
}

/// The marginal of a joint over one of its axes, as a distribution. `tensor` is the name that an error gives to it.
pub(super) fn marginal(tensor: &'static str, joint: &LogProbs<Ix2>, over: Axis) -> Result<LogProbs<Ix1>, Error> {
    LogProbs::proportional_to(
        tensor,
        &marginal_terms(joint, over).into_iter().map(Nats::value).collect(),
    )
}
