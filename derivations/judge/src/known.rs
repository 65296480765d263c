//! Known deviations: claims that are out of bound, by how much, why, and until when.

use serde::Deserialize;
use toml::value::Date;

use crate::{Judgement, Verdict};

/// A known deviation of a claim.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownDeviation {
    /// The claim's name, such as `kl`.
    pub claim: String,
    /// The end of the dump's path, where it is not every dump.
    pub dump: Option<String>,
    /// The largest error of a number that is known, in the claim's own unit.
    pub size: f64,
    /// Why it is there.
    pub reason: String,
    /// The last day on which it is allowed.
    pub until: Date,
    /// Whether a claim needed it.
    #[serde(skip)]
    needed: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    known: Vec<KnownDeviation>,
}

/// Reads known deviations.
///
/// ```
/// let known = judge::known::read("[[known]]\nclaim = 'kl'\nsize = 1e-3\nreason = 'clamped'\nuntil = 2027-03-01\n")?;
/// assert_eq!(known.len(), 1);
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
/// A sentence about what is wrong in the text.
pub fn read(text: &str) -> Result<Vec<KnownDeviation>, String> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error
            .span()
            .map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        format!("line {line}: {}", error.message().lines().collect::<Vec<_>>().join(" "))
    })?;
    for known in &file.known {
        if !(known.size > 0.0 && known.size.is_finite()) {
            return Err(format!(
                "the size of the known deviation of {} is {}, expected a positive number",
                known.claim, known.size
            ));
        }
        if known.reason.trim().is_empty() {
            return Err(format!(
                "the known deviation of {} has no reason, expected one",
                known.claim
            ));
        }
    }
    Ok(file.known)
}

/// Lets claims stand that are out of bound by no more than is known. `today` decides which deviations are still allowed.
pub fn allow(judgements: &mut [Judgement], known: &mut [KnownDeviation], today: Date) {
    for judgement in judgements {
        for judged in &mut judgement.claims {
            if !matches!(judged.verdict, Verdict::Beyond | Verdict::Follows(_)) {
                continue;
            }
            let name = judged.claim.quantity.name();
            let mut of_claim = known.iter_mut().filter(|known| {
                known.claim == name
                    && known
                        .dump
                        .as_ref()
                        .is_none_or(|end| judgement.name.ends_with(end.as_str()))
            });
            let Some(known) = of_claim.next() else { continue };
            known.needed = true;
            let error = judged.comparison.largest_error;
            if !(error <= known.size) {
                judgement.warnings.push(format!(
                    "{name} is off by {error:.3e}, more than the known deviation of {:e} ({})",
                    known.size, known.reason
                ));
            } else if today > known.until {
                judgement.warnings.push(format!(
                    "the known deviation of {name} was allowed until {} ({})",
                    known.until, known.reason
                ));
            } else {
                judged.verdict = Verdict::Known(format!("{} (until {})", known.reason, known.until));
            }
        }
    }
}

/// Sentences about known deviations that no claim needed.
#[must_use]
pub fn unneeded(known: &[KnownDeviation]) -> Vec<String> {
    let unneeded = known.iter().filter(|known| !known.needed);
    unneeded
        .map(|known| {
            let of = known.dump.as_ref().map_or(String::new(), |dump| format!(" in {dump}"));
            format!(
                "the known deviation of {}{of} is needed no more: nothing is out of bound there ({})",
                known.claim, known.reason
            )
        })
        .collect()
}
