//! A joint from its factors, and back.

use ndarray::{Array2, Axis, Ix1, Ix2};

use crate::special::log_sum_exp;
use crate::vocab::{Error, LogProbs, Nats, UNIT_ROUNDOFF_F64};

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

pub(super) fn product(ln_q_y: &LogProbs<Ix1>, ln_q_z: &LogProbs<Ix1>) -> Result<LogProbs<Ix2>, Error> {
    let table = Array2::from_shape_fn((ln_q_y.ln().len(), ln_q_z.ln().len()), |(y, z)| {
        ln_q_y.ln()[y] + ln_q_z.ln()[z]
    });
    LogProbs::new("ln_q_yz_given_x", table, UNIT_ROUNDOFF_F64)
}
