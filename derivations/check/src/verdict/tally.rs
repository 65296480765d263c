//! Counts the observations of a claim.

use std::collections::BTreeMap;

use crate::observe::{Class, Observation};

/// The observations of a claim over many worlds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// The number of worlds in which the claim says something.
    pub judged: u64,
    /// The number of these worlds in which it does not hold.
    pub broken: u64,
    /// The number of the first world in which it does not hold.
    pub first_broken: Option<u64>,
    /// The number of worlds in which rounding hides whether it holds.
    pub undecided: u64,
    /// The number of worlds in which the upper side has no value.
    pub undefined: u64,
    /// The number of worlds in which all numbers of the row are finite.
    pub closed: u64,
    /// The number of worlds with an infinite or undefined side, by class.
    pub classes: BTreeMap<Class, u64>,
    /// The largest residue in units of its bound, and the number of its world.
    pub worst: Option<(f64, u64)>,
    /// The smallest finite slack in nats, and the number of its world.
    pub smallest: Option<(f64, u64)>,
    /// The worlds in which the row does not close or the sign that we claim fails: the first one, and how many there
    /// are.
    pub ours_broken: Option<(u64, u64)>,
    /// The observations by the set of violated assumptions.
    pub masks: BTreeMap<u16, MaskTally>,
}

/// The observations in the worlds that violate the same set of assumptions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MaskTally {
    /// The number of worlds in which the claim does not hold.
    pub broken: u64,
    /// The number of worlds in which it holds with slack 0.
    pub equal: u64,
    /// The number of worlds in which it holds with a slack other than 0.
    pub strict: u64,
    /// The number of worlds in which rounding hides whether it holds.
    pub undecided: u64,
}

impl Tally {
    /// Adds the observation on world number `index`, which violates the assumptions of `mask`.
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
        if seen.broken {
            self.broken += 1;
            self.first_broken = Some(self.first_broken.map_or(index, |first| first.min(index)));
        }
        let entry = self.masks.entry(mask).or_default();
        if seen.broken {
            entry.broken += 1;
        } else if seen.undecided {
            self.undecided += 1;
            entry.undecided += 1;
        } else if seen.zero {
            entry.equal += 1;
        } else {
            entry.strict += 1;
        }
    }

    /// Adds another tally. Of two equal extremes the one with the lower world number is kept, so that the order of
    /// merging does not matter.
    pub fn merge(&mut self, other: &Self) {
        self.judged += other.judged;
        self.broken += other.broken;
        self.first_broken = match (self.first_broken, other.first_broken) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.undecided += other.undecided;
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
            entry.undecided += seen.undecided;
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
