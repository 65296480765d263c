//! From what was seen to a verdict. Nothing here knows a claim by name.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::assumption::{ASSUMPTIONS, Kind};
use crate::claim::Claim;
use crate::judge::{Class, Observation};
use crate::rule::Relation;

/// The bit of a mask that says: some probability is zero.
pub const SOME_ZERO: u16 = 1 << 15;

/// What was seen of a claim, in total.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// Worlds in which the claim says something.
    pub judged: u64,
    /// Of these, worlds in which it does not hold.
    pub broken: u64,
    /// Worlds in which the upper side has no value.
    pub undefined: u64,
    /// Rows that closed on finite numbers.
    pub closed: u64,
    /// Rows with an infinite or undefined side, by class.
    pub classes: BTreeMap<Class, u64>,
    /// The worst residue in units of its bound, and its world.
    pub worst: Option<(f64, u64)>,
    /// The smallest finite slack, and its world.
    pub smallest: Option<(f64, u64)>,
    /// Worlds where a row does not close or a sign that we claim fails: the first, and how many.
    pub ours_broken: Option<(u64, u64)>,
    /// By the set of assumptions violated.
    pub masks: BTreeMap<u16, MaskTally>,
}

/// What was seen in worlds that violate the same set of assumptions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MaskTally {
    /// The claim does not hold.
    pub broken: u64,
    /// It holds with slack 0.
    pub equal: u64,
    /// It holds with room, or between infinities.
    pub strict: u64,
}

impl Tally {
    /// Adds what was seen on world number `index`, which violates the assumptions of `mask`.
    pub fn add(&mut self, index: u64, mask: u16, seen: &Observation) {
        if seen.ours_broken {
            let (first, count) = self.ours_broken.unwrap_or((index, 0));
            self.ours_broken = Some((first.min(index), count + 1));
        }
        match seen.class {
            Class::Undefined => {
                self.undefined += 1;
                return;
            }
            Class::Closed => {
                self.closed += 1;
                if self.worst.is_none_or(|(worst, _)| !(seen.residue <= worst)) {
                    self.worst = Some((seen.residue, index));
                }
                if self.smallest.is_none_or(|(smallest, _)| seen.slack < smallest) {
                    self.smallest = Some((seen.slack, index));
                }
            }
            Class::Infinite(..) => *self.classes.entry(seen.class).or_default() += 1,
        }
        self.judged += 1;
        self.broken += u64::from(seen.broken);
        let entry = self.masks.entry(mask).or_default();
        if seen.broken {
            entry.broken += 1;
        } else if seen.zero || seen.class != Class::Closed {
            entry.equal += 1;
        } else {
            entry.strict += 1;
        }
    }

    /// Adds another tally; ties go to the lower world number, so that the order of merging does not matter.
    pub fn merge(&mut self, other: &Self) {
        self.judged += other.judged;
        self.broken += other.broken;
        self.undefined += other.undefined;
        self.closed += other.closed;
        for (class, count) in &other.classes {
            *self.classes.entry(*class).or_default() += count;
        }
        self.worst = pick(self.worst, other.worst, |a, b| !(a <= b));
        self.smallest = pick(self.smallest, other.smallest, |a, b| a < b);
        self.ours_broken = match (self.ours_broken, other.ours_broken) {
            (Some((a, m)), Some((b, n))) => Some((a.min(b), m + n)),
            (a, b) => a.or(b),
        };
        for (mask, seen) in &other.masks {
            let entry = self.masks.entry(*mask).or_default();
            entry.broken += seen.broken;
            entry.equal += seen.equal;
            entry.strict += seen.strict;
        }
    }
}

fn pick(a: Option<(f64, u64)>, b: Option<(f64, u64)>, better: impl Fn(f64, f64) -> bool) -> Option<(f64, u64)> {
    match (a, b) {
        (Some(x), Some(y)) => Some(if better(y.0, x.0) || (!better(x.0, y.0) && y.1 < x.1) {
            y
        } else {
            x
        }),
        (x, y) => x.or(y),
    }
}

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
    },
    /// Broken in a world of positive probabilities that satisfies what the note assumes.
    Refuted {
        /// The smallest sets of assumptions under which no world broke it.
        repairs: Vec<Vec<&'static str>>,
    },
    /// The note prints no relation; the row closes.
    NoClaim,
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

/// Computes the verdict from what was seen.
#[must_use]
pub fn verdict(claim: &Claim, tally: &Tally) -> Verdict {
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
    let sets = hitting_sets(&candidates, &broken, |set| {
        tally
            .masks
            .iter()
            .filter(|(mask, _)| **mask & set == 0)
            .map(|(_, seen)| seen.equal + seen.strict)
            .sum::<u64>()
            >= SEEN
    });
    if refuted || sets.is_empty() {
        return Verdict {
            standing: Standing::Refuted {
                repairs: sets.iter().map(|set| names(*set)).collect(),
            },
            equality: false,
        };
    }
    let set = sets[0];
    Verdict {
        standing: Standing::HoldsIf {
            assumptions: names(set),
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
            Standing::Holds if self.equality => "equality".to_owned(),
            Standing::Holds => "holds".to_owned(),
            Standing::HoldsIf { assumptions } => {
                let kind = if self.equality { "equality" } else { "holds" };
                format!("{kind} if {}", assumptions.join(", "))
            }
            Standing::Refuted { .. } => "REFUTED".to_owned(),
        }
    }
}
