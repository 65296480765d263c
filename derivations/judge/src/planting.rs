//! Finds the power of a dump, by planting errors and known mistakes in its own inputs.

use rayon::prelude::*;
use worlds::case::FileError;

use super::explain::Plant;
use super::mistakes::{Mistake, of_form, with};
use super::power::{ClaimPower, Power};
use crate::dump::{Claim, Dump};

/// What the claims of a dump would show, whatever is claimed in it.
///
/// # Errors
/// [`FileError`] for a number in the inputs that is not allowed, or a file that cannot be read.
pub fn power(dump: &Dump, progress: &(dyn Fn(u64) + Sync)) -> Result<Power, FileError> {
    let planted: Vec<&Mistake> = of_form(dump.statement.inputs).collect();
    let plant = Plant::new(dump)?;
    let mut claims = Vec::new();
    let mut shown = vec![false; planted.len()];
    for claim in &dump.claims {
        let found: Vec<Option<bool>> = match plant.stated(claim) {
            None => vec![None; planted.len()],
            Some(stated) => {
                let each = planted.par_iter().map(|mistake| {
                    let shows = plant.shows(claim, &stated, &with(&[mistake]));
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
    (of_form(dump.statement.inputs).count() * dump.claims.len()) as u64
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
