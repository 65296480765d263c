//! Causality, of a model that nobody sees into: where two rows of tokens begin alike, so do their log-probabilities.

use std::collections::HashMap;

use super::explanation::Explanation;
use super::fit::Fit;
use super::mistakes::Mistake;
use super::recipe::Recipe;
use crate::case::CaseError;
use crate::dump::{Axis, Claim, Dump, Form, Item};
use crate::precision::subject::CAUSALITY;

/// What a broken law says of the model.
const LEAK: Mistake = Mistake {
    name: "future-leak",
    words: "a token's log-probability moves with tokens that come after it",
    source: "Eq. 2, p(y,z) token by token: each given those before it",
    forms: &[Form::Sequence],
    change: |_: &mut Recipe| (),
};

/// The explanation of a broken law.
pub(super) fn leak() -> Explanation {
    Explanation {
        mistakes: vec![&LEAK],
        sums: None,
        used: 0.0,
        contradicted: Vec::new(),
    }
}

/// Compares each number with that of the first row that has the same tokens up to and with it; that one with 0, if it is below or no number. Beside it, how many
/// were held against another.
pub(super) fn compare(dump: &Dump, claim: &Claim) -> Result<(Fit, usize), CaseError> {
    // A tree of beginnings: which node comes after a node by a token, and the first number there.
    let mut next: HashMap<(usize, usize), usize> = HashMap::new();
    let mut first: Vec<f64> = vec![0.0];
    let (mut fit, mut alike) = (Fit::default(), 0);
    if !(claim.keeps(Axis::Batch) && claim.keeps(Axis::Token)) {
        return Ok((fit, alike));
    }
    let u = dump.statement.dtype.unit_roundoff();
    let nat = claim.factor() / claim.divisor(&dump.sizes);
    for batch in 0..dump.sizes.batch {
        let Item::Sequence(sequence) = dump.item(batch)? else {
            continue;
        };
        let numbers = dump.claimed(claim, Some(batch))?;
        let mut node = 0;
        for (t, (number, token)) in numbers.iter().zip(&sequence.tokens).enumerate() {
            let fresh = first.len();
            node = *next.entry((node, *token)).or_insert(fresh);
            if node == fresh {
                // -ln p is at least 0, whatever the model.
                first.push((number / nat).max(0.0));
            } else {
                alike += 1;
            }
            let expected = first[node] * nat;
            let bound = CAUSALITY * u * (expected.abs() + nat.abs());
            let place = [batch, t, 0];
            fit.compare(expected, *number, bound, claim.stored, batch * numbers.len() + t, place);
        }
    }
    Ok((fit, alike))
}
