//! Writes numbers of nats, as text and as JSON.

use reference::vocab::{Nats, closure_bound};
use serde_json::{Value, json};
use typeset::amount::{LOST, digits};

/// A number of nats with the digits that its bound leaves, at most six decimals. An infinity and a missing value are
/// words.
#[must_use]
pub fn amount(nats: Option<Nats>) -> String {
    match nats {
        None => "no value".to_owned(),
        Some(nats) if nats.value() == f64::INFINITY => "+inf".to_owned(),
        Some(nats) if nats.value() == f64::NEG_INFINITY => "-inf".to_owned(),
        Some(nats) => digits(nats.value(), closure_bound(&[nats])).unwrap_or_else(|| LOST.to_owned()),
    }
}

/// A number of nats as JSON. Because JSON has no infinities, these are `"inf"` and `"-inf"`. A missing value is null.
#[must_use]
pub fn number(nats: Option<Nats>) -> Value {
    match nats.map(Nats::value) {
        None => Value::Null,
        Some(value) if value == f64::INFINITY => json!("inf"),
        Some(value) if value == f64::NEG_INFINITY => json!("-inf"),
        Some(value) => json!(value),
    }
}
