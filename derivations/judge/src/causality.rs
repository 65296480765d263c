//! Tests the log-probabilities of a model whose logits are not known. They must be those of one distribution of the
//! next token, given the tokens before it.
//!
//! ```text
//! rows that are alike                      have the same numbers
//! rows that begin alike                    have the same numbers so far
//! different next tokens of one beginning   have probabilities of sum at most 1, and 1 if all `entries` are there
//! ```

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bounds::{CAUSALITY, Comparison, EQUAL_BITS, MOST_APART, Number, Place, TELLING, normaliser};
use worlds::case::FileError;

use super::explanation::{Cause, Explanation};
use super::mistakes::LAWS;
use crate::dump::{Axis, Claim, Dump, Item};

/// The result of comparing the numbers of a claim with each other.
#[derive(Debug, Default)]
pub(super) struct Causality {
    pub(super) comparison: Comparison,
    /// The number of numbers that were compared with that of an equal beginning, plus the number of beginnings all of
    /// whose next tokens are there.
    pub(super) tested: usize,
    /// Sentences about what was tested less than it may seem.
    pub(super) notes: Vec<String>,
    /// Whether the claim keeps a number for every token.
    whole: bool,
    /// The first law that is broken, as an index into the list of laws.
    broken: Option<usize>,
}

impl Causality {
    /// The result for a claim that is compared with computed numbers only.
    pub(super) fn of(comparison: Comparison) -> Self {
        Self {
            comparison,
            ..Self::default()
        }
    }

    /// The broken law, as the explanation of a number that is out of bound.
    pub(super) fn explanations(&self) -> Vec<Explanation> {
        let law = self.broken.and_then(|law| LAWS.get(law));
        law.map(|law| Explanation::of(Cause::Mistakes(vec![law]), 0.0))
            .into_iter()
            .collect()
    }

    /// The reason why nothing was tested.
    pub(super) const fn untested(&self) -> &'static str {
        if self.whole {
            "without token_logits it is held against itself, token by token, and no two rows begin alike"
        } else {
            "without token_logits it is held against itself, token by token: neither sum nor mean"
        }
    }

    fn breaks(&mut self, law: usize) {
        self.broken = Some(self.broken.map_or(law, |broken| broken.min(law)));
    }
}

/// A beginning of a sequence, with what is known from the rows that were read so far.
#[derive(Debug, Default, Clone, Copy)]
struct Beginning {
    /// The `-ln p` of its last token, in nats.
    nll: f64,
    /// The sum of the probabilities of the next tokens so far, followed by the bound on its error and by the number of
    /// these tokens.
    mass: f64,
    off: f64,
    nexts: u64,
}

/// The beginnings of the rows that were read so far. They form a tree, and the first one is empty.
struct Beginnings {
    /// The map from a beginning and a token to the longer beginning.
    longer: HashMap<(usize, usize), usize>,
    met: Vec<Beginning>,
}

/// The bounds on the distance between two answers of a model to the same question.
struct Slack {
    unit: f64,
    stored: f64,
    smallest: f64,
    /// The relative bound on a sum of probabilities of one softmax.
    normaliser: f64,
}

impl Slack {
    fn of(dump: &Dump, claim: &Claim, has_equal_bits: bool) -> Self {
        let statement = &dump.statement;
        let sums = statement.accumulation.unwrap_or(statement.dtype);
        let unit = if has_equal_bits { EQUAL_BITS } else { CAUSALITY };
        Self {
            unit: (unit * statement.dtype.unit_roundoff()).min(MOST_APART),
            stored: 2.0 * claim.stored.unit_roundoff(), // Both answers are rounded.
            smallest: claim.stored.smallest_normal(),
            normaliser: (normaliser(statement.entries) * sums.unit_roundoff()).min(MOST_APART),
        }
    }

    fn at(&self, nll: f64) -> f64 {
        self.unit * (nll.abs() + 1.0) + self.stored * nll.abs() + self.smallest
    }
}

/// Compares the numbers of a model with each other, and each with 0, which none may be below.
pub(super) fn hold(dump: &Dump, claim: &Claim) -> Result<Causality, FileError> {
    let mut held = Causality {
        whole: claim.keeps(Axis::Batch) && claim.keeps(Axis::Token),
        ..Causality::default()
    };
    if !held.whole {
        return Ok(held);
    }
    let mut beginnings = Beginnings {
        longer: HashMap::new(),
        met: vec![Beginning::default()],
    };
    let mut rows: HashMap<usize, Vec<f64>> = HashMap::new();
    let slack = Slack::of(dump, claim, has_equal_bits(dump, claim)?);
    let largest = claim.stored.largest().min(dump.statement.dtype.largest());
    let nat = claim.factor() / claim.divisor(&dump.sizes);
    for batch in 0..dump.sizes.batch {
        let Item::Sequence(sequence) = dump.item(batch)? else {
            continue;
        };
        let numbers = dump.claimed(claim, Some(batch))?;
        let mut node = 0;
        for (t, (number, token)) in numbers.iter().zip(&sequence.tokens).enumerate() {
            let expected;
            (node, expected) = held.follow(
                &mut beginnings,
                (node, *token),
                number / nat,
                dump.statement.entries,
                &slack,
            );
            let bound = slack.at(expected) * nat.abs();
            let flat = batch * numbers.len() + t;
            let [item, row, entry] = [batch, t, 0];
            let place = Place { item, row, entry };
            held.comparison.compare(&Number {
                expected: expected * nat,
                found: *number,
                bound,
                open_to: bound,
                known_order: bound,
                ends: [f64::NEG_INFINITY, f64::INFINITY],
                in_row: false,
                tiny: 0.0,
                scale: f64::INFINITY, // The claim is compared with itself. A note says how little that proves.
                largest,
                flat,
                place,
            });
        }
        let alike = rows.entry(node).or_insert_with(|| numbers.clone());
        if alike
            .iter()
            .zip(&numbers)
            .any(|(a, b)| apart(a / nat, b / nat, slack.at(a / nat)))
        {
            held.breaks(0);
        }
    }
    held.note(&beginnings.met, dump.statement.entries, &slack);
    Ok(held)
}

/// Whether some rows are alike, and all that are have the same bits.
fn has_equal_bits(dump: &Dump, claim: &Claim) -> Result<bool, FileError> {
    let mut known: HashMap<Vec<usize>, Vec<u64>> = HashMap::new();
    let mut any = false;
    for batch in 0..dump.sizes.batch {
        let Item::Sequence(sequence) = dump.item(batch)? else {
            continue;
        };
        let bits: Vec<u64> = dump
            .claimed(claim, Some(batch))?
            .iter()
            .map(|number| number.to_bits())
            .collect();
        match known.entry(sequence.tokens) {
            Entry::Occupied(before) if *before.get() != bits => return Ok(false),
            Entry::Occupied(_) => any = true,
            Entry::Vacant(place) => {
                place.insert(bits);
            }
        }
    }
    Ok(any)
}

/// Whether two numbers differ by more than a bound. A finite number and an infinity do. A NaN breaks no law.
fn apart(a: f64, b: f64, bound: f64) -> bool {
    let same = a.total_cmp(&b).is_eq() || (a - b).abs() <= bound && bound.is_finite();
    !same && !a.is_nan() && !b.is_nan()
}

impl Causality {
    /// Follows a token from a beginning, and tests its number. Returns the longer beginning, and the number that the
    /// token must have.
    fn follow(
        &mut self,
        beginnings: &mut Beginnings,
        (parent, token): (usize, usize),
        found: f64,
        entries: Option<u64>,
        slack: &Slack,
    ) -> (usize, f64) {
        let met = &mut beginnings.met;
        let node = *beginnings.longer.entry((parent, token)).or_insert(met.len());
        if node < met.len() {
            self.tested += 1;
            let known = met[node].nll;
            if apart(found, known, slack.at(known)) {
                self.breaks(1);
            }
            return (node, if found.is_nan() { 0.0 } else { known }); // A NaN is no number of any model.
        }
        met.push(Beginning {
            nll: found,
            ..Beginning::default()
        });
        (node, self.add(&mut met[parent], found, entries, slack))
    }

    /// Adds a next token to a beginning. Returns the number that this token must have: its own, or the one that the
    /// other tokens leave, where the probabilities add up to a wrong sum.
    fn add(&mut self, before: &mut Beginning, found: f64, entries: Option<u64>, slack: &Slack) -> f64 {
        let probability = (-found).exp();
        let off = if found.is_finite() {
            probability * slack.at(found)
        } else {
            0.0
        };
        let Beginning { mass, nexts, .. } = *before;
        let (sum, off) = (mass + probability, before.off + off);
        let complete = entries == Some(nexts + 1);
        self.tested += usize::from(complete);
        let room = off + slack.normaliser;
        let wrong = sum > 1.0 + room || complete && sum < 1.0 - room;
        if found < -slack.at(0.0) {
            self.breaks(3);
        } else if wrong && (mass > 0.0 || complete) {
            self.breaks(2);
        }
        (before.mass, before.off, before.nexts) = (sum, off, nexts + 1);
        // This is the probability that the other tokens leave, as `-ln p`.
        let left = -(1.0 - mass).max(0.0).ln();
        if wrong { left } else { found.max(0.0) } // The larger of NaN and 0 is 0.
    }

    fn note(&mut self, met: &[Beginning], entries: Option<u64>, slack: &Slack) {
        let full = |before: &&Beginning| entries == Some(before.nexts);
        if met.iter().filter(full).count() == 0 {
            let most = met.iter().map(|before| before.mass).fold(0.0, f64::max);
            self.notes.push(format!(
                "no beginning has all its next tokens (`entries` says how many there are): that probabilities sum to 1 is not tested, the largest sum is {most:.3}"
            ));
        }
        if slack.unit > TELLING {
            self.notes.push(format!(
                "at this precision equal log-probabilities may lie {:.2} apart, relative to a nat and to themselves: the laws of a model tell little",
                slack.unit
            ));
        }
    }
}
