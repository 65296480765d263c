//! A joint from its factors, and back.

use ndarray::{Axis, Ix1, Ix2};

use crate::special::log_sum_exp;
use crate::vocab::{Error, LogProbs, Nats};

pub(super) fn marginal_terms(joint: &LogProbs<Ix2>, over: Axis) -> Vec<Nats> {
    let kept = Axis(1 - over.index());
    joint
        .ln()
        .axis_iter(kept)
        .map(|row| log_sum_exp(&row.iter().map(|&entry| Nats::of(entry)).collect::<Vec<_>>()))
        .collect()
}

pub(super) fn marginal(tensor: &'static str, joint: &LogProbs<Ix2>, over: Axis) -> Result<LogProbs<Ix1>, Error> {
    LogProbs::proportional_to(
        tensor,
        &marginal_terms(joint, over).into_iter().map(Nats::value).collect(),
    )
}
