//! From what was seen to a verdict. Nothing here knows a claim by name.

mod tally;

use note::assumption::{ASSUMPTIONS, Kind};
use note::proposition::Proposition;
use note::rule::Relation;
use serde::Serialize;

use crate::observe::UNDECIDED;

pub use tally::{MaskTally, Tally};

/// The bit of a mask that says: some probability is zero.
pub const SOME_ZERO: u16 = 1 << 15;

/// How a claim stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "standing")]
pub enum Standing {
    /// Nothing was judged.
    Unjudged,
    /// Not broken in any world.
    Holds,
    /// Broken only where one of these, stated by the note or violated only by a zero probability, is violated.
    HoldsIf {
        /// Assumptions by name.
        assumptions: Vec<&'static str>,
        /// Single repairs that are enough as well and ask for less: more worlds satisfy them.
        weaker: Vec<&'static str>,
    },
    /// Broken in a world of positive probabilities that satisfies what the note assumes.
    Refuted {
        /// The smallest sets of assumptions under which no world broke it.
        repairs: Vec<Vec<&'static str>>,
    },
    /// The note prints no relation; the row closes.
    NoClaim,
    /// Rounding hides in some world whether it holds, and the verdict turns on that.
    Undecided,
}

/// A verdict: how the claim stands, and whether it is an equality where it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// How it stands.
    #[serde(flatten)]
    pub standing: Standing,
    /// Slack 0 in every world in which it holds.
    pub equality: bool,
}

/// A repair must have been seen to hold in this many worlds before it is named.
const SEEN: u64 = 20;

/// Computes the verdict from what was seen. Where rounding hides whether some worlds break the claim, it stands as it would both ways or is undecided.
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
    let strict_under = |set: u16| {
        tally
            .masks
            .iter()
            .any(|(mask, seen)| mask & set == 0 && seen.strict > 0)
    };
    if claim.relation == Relation::Nothing {
        return Verdict {
            standing: Standing::NoClaim,
            equality: !strict_under(0),
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
            equality: !strict_under(0),
        };
    }
    let bits = |wanted: &dyn Fn(Kind) -> bool| -> Vec<u16> {
        (0..ASSUMPTIONS.len())
            .filter(|bit| wanted(ASSUMPTIONS[*bit].kind))
            .map(|bit| 1 << bit)
            .collect()
    };
    let stated = bits(&|kind| kind == Kind::Stated)
        .into_iter()
        .fold(0, |mask, bit| mask | bit);
    let refuted = broken.iter().any(|mask| mask & (stated | SOME_ZERO) == 0);
    let candidates = if refuted {
        bits(&|_| true)
    } else {
        bits(&|kind| kind != Kind::Repair)
    };
    let satisfied = |set: u16| {
        let seen = tally.masks.iter().filter(|(mask, _)| **mask & set == 0);
        seen.map(|(_, seen)| seen.equal + seen.strict).sum::<u64>()
    };
    let sets = hitting_sets(&candidates, &broken, |set| satisfied(set) >= SEEN);
    // Not refuted, but no set was seen to hold often enough: the smallest that would explain every break.
    let sets = if refuted || !sets.is_empty() {
        sets
    } else {
        hitting_sets(&candidates, &broken, |_| true)
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
    let weaker = bits(&|kind| kind == Kind::Repair)
        .into_iter()
        .filter(|bit| broken.iter().all(|mask| mask & bit != 0) && satisfied(*bit) > satisfied(set))
        .flat_map(names)
        .collect();
    Verdict {
        standing: Standing::HoldsIf {
            assumptions: names(set),
            weaker,
        },
        equality: !strict_under(set),
    }
}

/// The smallest sets of bits of which every broken mask has at least one, and that some worlds satisfy.
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
