//! Known deviations: claims that are out of bound, by how much, why, and until when.

use serde::Deserialize;
use toml::value::Date;

use crate::dump::Quantity;
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
    /// Whether a claim of it was judged, and whether one needed it.
    #[serde(skip)]
    met: bool,
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
    let names = Quantity::ALL.map(Quantity::name);
    for known in &file.known {
        if !names.contains(&known.claim.as_str()) {
            return Err(format!(
                "there is no claim {:?}, expected one of {}",
                known.claim,
                names.join(", ")
            ));
        }
        if known.dump.as_deref() == Some("") {
            return Err(format!(
                "the dump of the known deviation of {} is empty, expected the end of a path, or no such key",
                known.claim
            ));
        }
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
    let mut known = file.known;
    for known in &mut known {
        known.reason = known.reason.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    Ok(known)
}

/// Lets claims stand that are out of bound by no more than is known. `today` decides which deviations are still allowed.
pub fn allow(judgements: &mut [Judgement], known: &mut [KnownDeviation], today: Date) {
    for judgement in judgements {
        for judged in &mut judgement.claims {
            let name = judged.claim.quantity.name();
            let is_out = matches!(judged.verdict, Verdict::Beyond | Verdict::Follows(_));
            let ends = |end: &String| judgement.name.ends_with(end.as_str());
            let mut of_claim: Vec<&mut KnownDeviation> = known
                .iter_mut()
                .filter(|known| known.claim == name && known.dump.as_ref().is_none_or(ends))
                .collect();
            for known in &mut of_claim {
                known.met = true;
                known.needed |= is_out;
            }
            // Of several the one that allows most.
            let widest = of_claim
                .into_iter()
                .max_by(|a, b| a.until.cmp(&b.until).then(a.size.total_cmp(&b.size)));
            let Some(known) = widest.filter(|_| is_out) else {
                continue;
            };
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
            let why = if known.met {
                "is needed no more: nothing is out of bound there"
            } else {
                "was not tried: no dump that was judged has such a claim"
            };
            let KnownDeviation {
                claim, size, reason, ..
            } = known;
            format!("the known deviation of {claim}{of} by {size:e} {why} ({reason})")
        })
        .collect()
}
