//! What a dump would show, as text.

use std::fmt::Write as _;

use typeset::plural::count;
use typeset::wrap::prose;

use crate::{ClaimPower, Power};

/// The largest number of names that are listed.
const MOST_NAMES: usize = 12;

/// A table of the claims, and lists of what they would not show.
pub(super) fn text(power: &Power) -> String {
    if power.claims.is_empty() {
        return "  nothing is computed again here, and no mistake can be planted\n".to_owned();
    }
    let mut out = format!(
        "  {:<20} {:>12} {:>12} {:>10}\n",
        "would show", "error from", "hides up to", "mistakes"
    );
    let cell = |value: f64, infinite: &str| {
        if value.is_finite() {
            format!("{value:.1e}")
        } else {
            infinite.to_owned()
        }
    };
    for claim in &power.claims {
        let ClaimPower {
            quantity,
            notices,
            hides,
            noticed,
            hidden,
        } = claim;
        let mistakes = format!("{} of {}", noticed.len(), noticed.len() + hidden.len());
        let (notices, hides) = (cell(*notices, "none"), cell(*hides, "all of it"));
        let _ = writeln!(
            out,
            "  {:<20} {notices:>12} {hides:>12} {mistakes:>10}",
            quantity.name()
        );
    }
    for claim in power.claims.iter().filter(|claim| !claim.hidden.is_empty()) {
        let text = format!("{} would not show {}", claim.quantity.name(), listed(&claim.hidden));
        let _ = writeln!(out, "{}", prose(&text, "    ", "      "));
    }
    if !power.silent.is_empty() {
        let text = format!(
            "of no effect on any claim here: {}, {}",
            count(power.silent.len(), "known mistake"),
            listed(&power.silent)
        );
        let _ = writeln!(out, "{}", prose(&text, "    ", "      "));
    }
    out
}

fn listed(names: &[&str]) -> String {
    let first = names.iter().take(MOST_NAMES).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
