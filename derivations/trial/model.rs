//! What a model that nobody sees into must obey: its numbers are those of one distribution of the next token, given the tokens before it.
//!
//! ```text
//! rows that are alike                      have the same numbers
//! rows that begin alike                    have the same numbers so far
//! different next tokens of one beginning   have probabilities that sum to at most 1
//! ```

use std::collections::HashMap;

use super::explanation::Explanation;
use super::fit::Fit;
use super::mistakes::Mistake;
use super::recipe::Recipe;
use crate::case::CaseError;
use crate::dump::{Axis, Claim, Dump, Form, Item};
use crate::precision::subject::CAUSALITY;

/// What a broken law says of the model: the laws in the order in which one explains the next.
pub(super) const LAWS: [Mistake; 3] = [
    law(
        "row-leak",
        "rows that are alike have different log-probabilities: a row moves with the other rows, or with chance",
    ),
    law(
        "future-leak",
        "a token's log-probability moves with tokens that come after it",
    ),
    law(
        "own-token-leak",
        "probabilities of different next tokens sum to more than 1: a token sees itself, or nothing normalises",
    ),
];

const fn law(name: &'static str, words: &'static str) -> Mistake {
    Mistake {
        name,
        words,
        source: "Eq. 2, p(y,z) token by token: each given those before it",
        forms: &[Form::Sequence],
        change: |_: &mut Recipe| (),
    }
}

/// A claim held against itself.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) fit: Fit,
    /// How many numbers were held against that of an equal beginning.
    pub(super) alike: usize,
    /// The first of the laws that is broken.
    broken: Option<usize>,
}

impl Held {
    /// What explains a number out of bound.
    pub(super) fn explanations(&self) -> Vec<Explanation> {
        let law = self.broken.and_then(|law| LAWS.get(law));
        law.map(|law| Explanation {
            mistakes: vec![law],
            sums: None,
            used: 0.0,
            contradicted: Vec::new(),
        })
        .into_iter()
        .collect()
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
    /// The sum of the probabilities of the next tokens that were met, and how far it may be off.
    mass: f64,
    off: f64,
}

/// Holds a model's numbers against each other, and each against 0, which none is below.
pub(super) fn hold(dump: &Dump, claim: &Claim) -> Result<Held, CaseError> {
    let mut held = Held::default();
    if !(claim.keeps(Axis::Batch) && claim.keeps(Axis::Token)) {
        return Ok(held);
    }
    // A tree of beginnings: which one comes after another by a token.
    let mut next: HashMap<(usize, usize), usize> = HashMap::new();
    let mut met = vec![Beginning::default()];
    let mut rows: HashMap<usize, Vec<f64>> = HashMap::new();
    let unit = CAUSALITY * dump.statement.dtype.unit_roundoff();
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
            let size = |nll: f64| unit * (nll.abs() + 1.0);
            let expected = if node < met.len() {
                held.alike += 1;
                let known = met[node].nll;
                if (found - known).abs() > size(known) {
                    held.breaks(1);
                }
                known
            } else {
                let probability = (-found).exp();
                let apart = if found.is_finite() {
                    probability * size(found)
                } else {
                    0.0
                };
                let Beginning { mass, off, .. } = met[parent];
                let above = mass + probability > 1.0 + off + apart;
                if above && mass > 0.0 && found >= 0.0 {
                    held.breaks(2);
                }
                // No number is below 0, nor below what the others leave.
                let least = if above { -(1.0 - mass).max(0.0).ln() } else { 0.0 };
                met[parent].mass += probability;
                met[parent].off += apart;
                met.push(Beginning {
                    nll: found,
                    ..Beginning::default()
                });
                found.max(least)
            };
            let bound = size(expected) * nat.abs();
            let flat = batch * numbers.len() + t;
            held.fit
                .compare(expected * nat, *number, bound, claim.stored, flat, [batch, t, 0]);
        }
        let alike = rows.entry(node).or_insert_with(|| numbers.clone());
        let far = |(a, b): (&f64, &f64)| (a - b).abs() > unit * (a.abs() + nat.abs());
        if alike.iter().zip(&numbers).any(far) {
            held.breaks(0);
        }
    }
    Ok(held)
}
