//! The power of a dump: which errors its claims would show, found by planting them in its own inputs.

use rayon::prelude::*;
use worlds::case::FileError;

use super::explain::Plant;
use super::hypothesis::Hypothesis;
use super::mistakes::MISTAKES;
use crate::dump::{Claim, Dump, Quantity};

/// What a claim of a dump would show.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ClaimPower {
    /// The quantity that is claimed.
    pub quantity: Quantity,
    /// The smallest share by which all of its numbers may be wrong at once so that one is certainly out of bound:
    /// `min 2 bound / |number|`. It is infinite where no number shows it.
    pub notices: f64,
    /// The largest error that may be hidden in it, relative to it: the norm of the bounds over that of the numbers. An
    /// adversary who moves every number to its bound reaches it.
    pub hides: f64,
    /// The known mistakes that it would certainly show, in the order of their table.
    pub noticed: Vec<&'static str>,
    /// The known mistakes that change it by less than its bounds.
    pub hidden: Vec<&'static str>,
}

/// What a dump would show.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Power {
    /// Its claims, in the order of the derivation.
    pub claims: Vec<ClaimPower>,
    /// The known mistakes on inputs of this form that change no number of any claim here: a weight of 1 hides a missing
    /// weight, and a claim that is not there shows nothing.
    pub silent: Vec<&'static str>,
}

/// What the claims of a dump would show, whatever is claimed in it.
///
/// # Errors
/// [`FileError`] for a number in the inputs that is not allowed, or a file that cannot be read.
pub fn power(dump: &Dump, progress: &(dyn Fn(u64) + Sync)) -> Result<Power, FileError> {
    let form = dump.statement.inputs;
    let planted: Vec<_> = MISTAKES
        .iter()
        .filter(|mistake| mistake.forms.contains(&form))
        .collect();
    let plant = Plant::new(dump)?;
    let mut claims = Vec::new();
    let mut shown = vec![false; planted.len()];
    for claim in &dump.claims {
        let found: Vec<Option<bool>> = match plant.stated(claim) {
            None => vec![None; planted.len()],
            Some(stated) => {
                let each = planted.par_iter().map(|mistake| {
                    let mut hypothesis = Hypothesis::AS_STATED;
                    (mistake.change)(&mut hypothesis);
                    let shows = plant.shows(claim, &stated, &hypothesis);
                    progress(1);
                    shows
                });
                let found = each.collect();
                claims.push(of(claim, &stated));
                found
            }
        };
        for (k, (mistake, found)) in planted.iter().zip(found).enumerate() {
            let Some(shows) = found else { continue };
            shown[k] = true;
            if let Some(power) = claims.last_mut() {
                let list = if shows { &mut power.noticed } else { &mut power.hidden };
                list.push(mistake.name);
            }
        }
    }
    let silent = planted.iter().zip(shown).filter(|(_, shown)| !shown);
    Ok(Power {
        claims,
        silent: silent.map(|(mistake, _)| mistake.name).collect(),
    })
}

/// The number of steps of which [`power`] tells its progress.
#[must_use]
pub fn steps(dump: &Dump) -> u64 {
    let form = dump.statement.inputs;
    let planted = MISTAKES.iter().filter(|mistake| mistake.forms.contains(&form)).count();
    (planted * dump.claims.len()) as u64
}

/// The power of a claim against errors of any kind, by its numbers and their bounds.
fn of(claim: &Claim, stated: &[[f64; 2]]) -> ClaimPower {
    let known = || stated.iter().filter(|[value, _]| value.is_finite());
    let notices = known()
        .filter(|[value, _]| *value != 0.0)
        .map(|[value, bound]| 2.0 * bound / value.abs())
        .fold(f64::INFINITY, f64::min);
    let norm = |at: fn(&[f64; 2]) -> f64| known().map(|number| at(number).powi(2)).sum::<f64>().sqrt();
    let [values, bounds] = [norm(|[value, _]| *value), norm(|[_, bound]| *bound)];
    ClaimPower {
        quantity: claim.quantity,
        notices,
        hides: if bounds == 0.0 { 0.0 } else { bounds / values },
        noticed: Vec::new(),
        hidden: Vec::new(),
    }
}

/// Whether numbers with a mistake lie certainly outside of the bounds of those without: one of them does, by more than
/// what rounding may do to either. It is `None` where no number differs.
pub(super) fn shows(stated: &[[f64; 2]], mistaken: &[[f64; 2]]) -> Option<bool> {
    let mut differs = false;
    for ([right, bound], [wrong, own]) in stated.iter().zip(mistaken) {
        if right.to_bits() == wrong.to_bits() {
            continue;
        }
        let both_finite = right.is_finite() && wrong.is_finite();
        let distance = (right - wrong).abs();
        if (both_finite && distance > bound + own) || (!both_finite && right.is_finite() != wrong.is_finite()) {
            return Some(true);
        }
        differs |= !both_finite || distance > 1e-12 * (right.abs() + wrong.abs());
    }
    differs.then_some(false)
}
