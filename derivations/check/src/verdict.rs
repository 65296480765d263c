//! Turns the observations of a claim into a verdict. Nothing here depends on the name of a claim.

mod tally;

use note::assumption::{ASSUMPTIONS, Kind};
use note::proposition::Proposition;
use note::rule::Relation;
use serde::Serialize;

use crate::observe::UNDECIDED;

pub use tally::{MaskTally, Tally};

/// The bit of a mask which says that some probability is zero. The other bits are those of the violated assumptions.
pub const SOME_ZERO: u16 = 1 << 15;

/// The verdict on a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "standing")]
pub enum Standing {
    /// The claim was judged in no world.
    Unjudged,
    /// No world broke it.
    Holds,
    /// It was broken only in worlds that violate one of these assumptions. The note states each of them, or only a zero
    /// probability violates it.
    HoldsIf {
        /// The names of the assumptions.
        assumptions: Vec<&'static str>,
        /// The names of repairs each of which suffices as well, and is satisfied by more worlds.
        weaker: Vec<&'static str>,
    },
    /// It was broken in a world of positive probabilities that satisfies everything that the note assumes.
    Refuted {
        /// The smallest sets of assumptions under which no world broke it.
        repairs: Vec<Vec<&'static str>>,
    },
    /// The note prints no relation here, so that nothing is claimed.
    NoClaim,
    /// Rounding hides in some world whether it holds, and the verdict depends on that world.
    Undecided,
}

/// A verdict on a claim, and whether the claim is an equality where it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The verdict itself.
    #[serde(flatten)]
    pub standing: Standing,
    /// Whether the slack is 0 in every world in which the claim holds.
    pub equality: bool,
}

/// The number of worlds in which a claim must have been seen to hold under a repair before the repair is named.
const SEEN: u64 = 20;

/// Computes the verdict from the observations. Where rounding hides whether some worlds break the claim, the verdict is
/// the one that it would be either way, or else `Undecided`.
#[must_use]
pub fn verdict(claim: &Proposition, tally: &Tally) -> Verdict {
    let known = decided(claim, tally);
    if tally.undecided == 0 || matches!(known.standing, Standing::Refuted { .. }) {
        return known;
    }
    let mut worst = tally.clone();
    for seen in worst.masks.values_mut() {
        seen.broken += std::mem::take(&mut seen.undecided);
    }
    if decided(claim, &worst).standing == known.standing {
        return known;
    }
    Verdict {
        standing: Standing::Undecided,
        equality: false,
    }
}

fn decided(claim: &Proposition, tally: &Tally) -> Verdict {
    if tally.judged == 0 {
        return Verdict {
            standing: Standing::Unjudged,
            equality: false,
        };
    }
    if claim.relation == Relation::Nothing {
        return Verdict {
            standing: Standing::NoClaim,
            equality: !is_strict(tally, 0),
        };
    }
    let broken: Vec<u16> = tally
        .masks
        .iter()
        .filter(|(_, seen)| seen.broken > 0)
        .map(|(mask, _)| *mask)
        .collect();
    if broken.is_empty() {
        return Verdict {
            standing: Standing::Holds,
            equality: !is_strict(tally, 0),
        };
    }
    verdict_on_broken(tally, &broken)
}

/// The verdict on a claim that is broken in worlds which violate these sets of assumptions.
fn verdict_on_broken(tally: &Tally, broken: &[u16]) -> Verdict {
    let stated = bits(|kind| kind == Kind::Stated)
        .into_iter()
        .fold(0, |mask, bit| mask | bit);
    let refuted = broken.iter().any(|mask| mask & (stated | SOME_ZERO) == 0);
    let candidates = if refuted {
        bits(|_| true)
    } else {
        bits(|kind| kind != Kind::Repair)
    };
    let satisfied = |set: u16| {
        let seen = tally.masks.iter().filter(|(mask, _)| **mask & set == 0);
        seen.map(|(_, seen)| seen.equal + seen.strict).sum::<u64>()
    };
    let sets = hitting_sets(&candidates, broken, |set| satisfied(set) >= SEEN);
    // The claim is not refuted, but no set was seen to hold often enough. Then the smallest sets that would explain
    // every break are taken.
    let sets = if refuted || !sets.is_empty() {
        sets
    } else {
        hitting_sets(&candidates, broken, |_| true)
    };
    if refuted || sets.is_empty() {
        return Verdict {
            standing: Standing::Refuted {
                repairs: sets.iter().map(|set| names(*set)).collect(),
            },
            equality: false,
        };
    }
    let set = sets[0];
    let weaker = bits(|kind| kind == Kind::Repair)
        .into_iter()
        .filter(|bit| broken.iter().all(|mask| mask & bit != 0) && satisfied(*bit) > satisfied(set))
        .flat_map(names)
        .collect();
    Verdict {
        standing: Standing::HoldsIf {
            assumptions: names(set),
            weaker,
        },
        equality: !is_strict(tally, set),
    }
}

/// Whether the claim holds with room in some world that violates none of these assumptions.
fn is_strict(tally: &Tally, set: u16) -> bool {
    let mut masks = tally.masks.iter();
    masks.any(|(mask, seen)| mask & set == 0 && seen.strict > 0)
}

/// The bits of the assumptions of the wanted kinds.
fn bits(wanted: impl Fn(Kind) -> bool) -> Vec<u16> {
    (0..ASSUMPTIONS.len())
        .filter(|bit| wanted(ASSUMPTIONS[*bit].kind))
        .map(|bit| 1 << bit)
        .collect()
}

/// The smallest sets of bits such that every broken mask has at least one bit of the set, and enough worlds violate
/// none of it. `exercised` decides what is enough. A set has at most four bits.
fn hitting_sets(candidates: &[u16], broken: &[u16], exercised: impl Fn(u16) -> bool) -> Vec<u16> {
    let mut sets: Vec<u16> = vec![0];
    for _ in 0..candidates.len().min(4) {
        let mut larger: Vec<u16> = sets
            .iter()
            .flat_map(|set| candidates.iter().filter(|bit| **bit > *set).map(move |bit| set | bit))
            .collect();
        larger.sort_unstable();
        larger.dedup();
        let found: Vec<u16> = larger
            .iter()
            .copied()
            .filter(|set| broken.iter().all(|mask| mask & set != 0) && exercised(*set))
            .collect();
        if !found.is_empty() {
            return found;
        }
        sets = larger;
    }
    Vec::new()
}

fn names(set: u16) -> Vec<&'static str> {
    ASSUMPTIONS
        .iter()
        .enumerate()
        .filter(|(bit, _)| set & (1 << bit) != 0)
        .map(|(_, a)| a.id)
        .collect()
}

impl Verdict {
    /// The verdict in a few words.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.standing {
            Standing::Unjudged => "not judged".to_owned(),
            Standing::NoClaim => "-".to_owned(),
            Standing::Undecided => UNDECIDED.to_owned(),
            Standing::Holds if self.equality => "equality".to_owned(),
            Standing::Holds => "holds".to_owned(),
            Standing::HoldsIf { assumptions, .. } => {
                let kind = if self.equality { "equality" } else { "holds" };
                format!("{kind} if {}", assumptions.join(", "))
            }
            Standing::Refuted { .. } => "REFUTED".to_owned(),
        }
    }
}
