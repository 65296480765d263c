//! Causality, of a model that nobody sees into: where two rows of tokens begin alike, so do their log-probabilities.

use std::collections::HashMap;

use super::explain::Explanation;
use super::fit::Fit;
use super::mistakes::Mistake;
use super::recipe::Recipe;
use crate::case::CaseError;
use crate::dump::{Claim, Dump, Form, Item};
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

/// Compares each number with that of the first row that has the same tokens up to and with it.
pub(super) fn compare(dump: &Dump, claim: &Claim) -> Result<Fit, CaseError> {
    let mut first: HashMap<Vec<usize>, f64> = HashMap::new();
    let mut fit = Fit::default();
    let u = dump.statement.dtype.unit_roundoff();
    let scale = claim.divisor(&dump.sizes) / claim.factor();
    for batch in 0..dump.sizes.batch {
        let Item::Sequence(sequence) = dump.item(batch)? else {
            continue;
        };
        let numbers = dump.claimed(claim, Some(batch))?;
        for (t, number) in numbers.iter().enumerate() {
            let prefix = sequence.tokens.iter().take(t + 1).copied().collect();
            match first.get(&prefix) {
                None => {
                    first.insert(prefix, *number);
                }
                Some(expected) => {
                    let bound = CAUSALITY * u * (expected.abs() + scale.abs().recip());
                    let flat = batch * numbers.len() + t;
                    fit.compare(*expected, *number, bound, claim.stored, flat, [batch, t, 0]);
                }
            }
        }
    }
    Ok(fit)
}
