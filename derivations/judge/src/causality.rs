//! What a model that nobody sees into must obey: its numbers are those of one distribution of the next token, given the tokens before it.
//!
//! ```text
//! rows that are alike                      have the same numbers
//! rows that begin alike                    have the same numbers so far
//! different next tokens of one beginning   have probabilities that sum to at most 1, and to 1 if all `entries` are there
//! ```

use std::collections::HashMap;

use bounds::{CAUSALITY, Comparison, MOST_APART, NORMALISER, Number, Place, TELLING};
use worlds::case::FileError;

use super::explanation::Explanation;
use super::mistakes::LAWS;
use crate::dump::{Axis, Claim, Dump, Item};

/// A claim held against itself.
#[derive(Debug, Default)]
pub(super) struct Causality {
    pub(super) comparison: Comparison,
    /// How many numbers were held against that of an equal beginning, and how many beginnings have all their next tokens.
    pub(super) tested: usize,
    /// What was tested less than it may seem.
    pub(super) notes: Vec<String>,
    /// Whether the claim has a number for every token.
    whole: bool,
    /// The first of the laws that is broken.
    broken: Option<usize>,
}

impl Causality {
    /// Of a claim that is compared with numbers of our own, and is held against nothing else.
    pub(super) fn of(comparison: Comparison) -> Self {
        Self {
            comparison,
            ..Self::default()
        }
    }

    /// What explains a number out of bound.
    pub(super) fn explanations(&self) -> Vec<Explanation> {
        let law = self.broken.and_then(|law| LAWS.get(law));
        law.map(|law| Explanation {
            mistakes: vec![law],
            arithmetic: None,
            used: 0.0,
            contradicted: Vec::new(),
            moves_value: false,
        })
        .into_iter()
        .collect()
    }

    /// Why nothing was tested.
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

/// A beginning, as far as it was met.
#[derive(Debug, Default, Clone, Copy)]
struct Beginning {
    /// Its last token's `-ln p`, in nats.
    nll: f64,
    /// Of the next tokens that were met: the sum of their probabilities, how far it may be off, and how many they are.
    mass: f64,
    off: f64,
    nexts: u64,
}

/// How far a number may be off that is another answer to the same question.
struct Slack {
    unit: f64,
    stored: f64,
    smallest: f64,
    /// Of a sum of probabilities that one softmax has made.
    normaliser: f64,
}

impl Slack {
    fn of(dump: &Dump, claim: &Claim) -> Self {
        let statement = &dump.statement;
        let sums = statement.accumulation.unwrap_or(statement.dtype);
        Self {
            unit: (CAUSALITY * statement.dtype.unit_roundoff()).min(MOST_APART),
            stored: 2.0 * claim.stored.unit_roundoff(), // both are rounded
            smallest: claim.stored.smallest_normal(),
            normaliser: (NORMALISER * sums.unit_roundoff()).min(MOST_APART),
        }
    }

    fn at(&self, nll: f64) -> f64 {
        self.unit * (nll.abs() + 1.0) + self.stored * nll.abs() + self.smallest
    }
}

/// Holds a model's numbers against each other, and each against 0, which none is below.
pub(super) fn hold(dump: &Dump, claim: &Claim) -> Result<Causality, FileError> {
    let mut held = Causality {
        whole: claim.keeps(Axis::Batch) && claim.keeps(Axis::Token),
        ..Causality::default()
    };
    if !held.whole {
        return Ok(held);
    }
    // A tree of beginnings: which one comes after another by a token.
    let mut next: HashMap<(usize, usize), usize> = HashMap::new();
    let mut met = vec![Beginning::default()];
    let mut rows: HashMap<usize, Vec<f64>> = HashMap::new();
    let slack = Slack::of(dump, claim);
    let largest = claim.stored.largest().min(dump.statement.dtype.largest());
    let nat = claim.factor() / claim.divisor(&dump.sizes);
    for batch in 0..dump.sizes.batch {
        let Item::Sequence(sequence) = dump.item(batch)? else {
            continue;
        };
        let numbers = dump.claimed(claim, Some(batch))?;
        let mut node = 0;
        for (t, (number, token)) in numbers.iter().zip(&sequence.tokens).enumerate() {
            let (parent, found) = (node, number / nat);
            node = *next.entry((parent, *token)).or_insert(met.len());
            let expected = if node < met.len() {
                held.tested += 1;
                let known = met[node].nll;
                if apart(found, known, slack.at(known)) {
                    held.breaks(1);
                }
                known
            } else {
                let probability = (-found).exp();
                let off = if found.is_finite() {
                    probability * slack.at(found)
                } else {
                    0.0
                };
                let Beginning { mass, nexts, .. } = met[parent];
                let (sum, off) = (mass + probability, met[parent].off + off);
                let complete = dump.statement.entries == Some(nexts + 1);
                held.tested += usize::from(complete);
                let room = off + slack.normaliser;
                let wrong = sum > 1.0 + room || complete && sum < 1.0 - room;
                if found < -slack.at(0.0) {
                    held.breaks(3);
                } else if wrong && (mass > 0.0 || complete) {
                    held.breaks(2);
                }
                let before = &mut met[parent];
                (before.mass, before.off, before.nexts) = (sum, off, nexts + 1);
                met.push(Beginning {
                    nll: found,
                    ..Beginning::default()
                });
                // What the others leave.
                let left = -(1.0 - mass).max(0.0).ln();
                if wrong { left } else { found.max(0.0) }
            };
            let bound = slack.at(expected) * nat.abs();
            let flat = batch * numbers.len() + t;
            held.comparison.compare(Number {
                expected: expected * nat,
                found: *number,
                bound,
                ends: [f64::NEG_INFINITY, f64::INFINITY],
                tiny: 0.0,
                scale: f64::INFINITY, // held against itself: a note says how little that tells
                largest,
                flat,
                place: Place {
                    item: batch,
                    row: t,
                    entry: 0,
                },
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
    held.note(&met, dump.statement.entries, &slack);
    Ok(held)
}

/// Whether two numbers differ by more than a bound; numbers and infinities do, what is no number breaks no law.
fn apart(a: f64, b: f64, bound: f64) -> bool {
    let same = a.total_cmp(&b).is_eq() || (a - b).abs() <= bound && bound.is_finite();
    !same && !a.is_nan() && !b.is_nan()
}

impl Causality {
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
