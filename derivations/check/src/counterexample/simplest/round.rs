//! Rounds the world that was found to common denominators. It is used where the enumeration of simple worlds gives up.

use ndarray::{Array, Array1, Array2, Dimension};
use reference::model::Model as _;
use reference::world::World;
use worlds::case::as_decimal;
use worlds::fractions::{Fraction, FractionWorld};

use super::tables::sums;
use crate::counterexample::target::{Grade, Target};

/// Rounds the tables of a world, one after the other, to the smallest denominators with which it still breaks the
/// claim.
#[must_use]
pub fn round(target: &Target, grade: Grade, world: &World) -> Option<FractionWorld> {
    for whole in [12, 24, 60, 120, 360, 1000, 10_000] {
        let tables = world.tables();
        let joint = tables.ln_q_yz_given_x.as_ref().map(|joint| parts_of(joint, whole));
        let rows = |table: Vec<Fraction>| {
            table
                .chunks(world.codes())
                .map(<[Fraction]>::to_vec)
                .collect::<Vec<_>>()
        };
        let joint = joint.map(rows);
        let (q_z_given_x, q_y_given_x) = match &joint {
            Some(joint) => sums(joint),
            None => (
                parts_of(&tables.ln_q_z_given_x, whole),
                parts_of(&tables.ln_q_y_given_x, whole),
            ),
        };
        let likelihood = tables
            .ln_p_x_given_yz
            .iter()
            .map(|ln_p| nearest(ln_p.exp(), whole))
            .collect();
        let candidate = FractionWorld {
            p_x_given_yz: rows(likelihood),
            p_yz: rows(parts_of(&tables.ln_p_yz, whole)),
            q_z_given_x,
            q_y_given_x,
            q_yz_given_x: joint,
            y: world.y(),
            beta: match target.beta {
                Some(beta) => as_decimal(beta.get())?,
                None => Fraction::approximate_float(tables.beta)?,
            },
            note: None,
        };
        if let Ok(exact) = candidate.to_world()
            && target.grade(&exact).ok().flatten() >= Some(grade)
        {
            return Some(candidate);
        }
    }
    None
}

#[expect(clippy::cast_possible_truncation, reason = "a probability times at most 10 000")]
#[expect(clippy::cast_precision_loss, reason = "a denominator of at most 10 000")]
fn nearest(p: f64, whole: i64) -> Fraction {
    let parts = (p * whole as f64).round() as i64;
    Fraction::new(if p > 0.0 { parts.clamp(1, whole - 1) } else { 0 }, whole)
}

/// Rounds a distribution to multiples of `1 / whole` that sum to 1.
pub(super) fn parts_of<D: Dimension>(ln_p: &Array<f64, D>, whole: i64) -> Vec<Fraction> {
    summing_to_one(ln_p.iter().map(|ln_p| nearest(ln_p.exp(), whole)).collect())
}

/// Corrects the largest entry so that the entries sum to 1.
pub(super) fn summing_to_one(mut parts: Vec<Fraction>) -> Vec<Fraction> {
    let rest = Fraction::new(1, 1) - parts.iter().sum::<Fraction>();
    if let Some(largest) = parts.iter_mut().max() {
        *largest += rest;
    }
    parts
}

/// Normalises a table of log-weights. The result is `None` when the table has no mass.
pub(crate) fn normalised<D: Dimension>(ln_weights: Array<f64, D>) -> Option<Array<f64, D>> {
    let max = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total = max + ln_weights.iter().map(|w| (w - max).exp()).sum::<f64>().ln();
    total.is_finite().then(|| ln_weights.mapv(|w| w - total))
}

/// The logarithms of the two marginals of a joint: that of the captions, and that of the codes.
pub(crate) fn marginals(joint: &Array2<f64>) -> (Array1<f64>, Array1<f64>) {
    let ln_sum = |lane: ndarray::ArrayView1<f64>| {
        let max = lane.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if max == f64::NEG_INFINITY {
            max
        } else {
            max + lane.iter().map(|w| (w - max).exp()).sum::<f64>().ln()
        }
    };
    (
        joint.columns().into_iter().map(ln_sum).collect(),
        joint.rows().into_iter().map(ln_sum).collect(),
    )
}
