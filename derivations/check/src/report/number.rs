//! Numbers of nats, for people and for programs.

use reference::vocab::{Nats, closure_bound};
use serde_json::{Value, json};
use typeset::amount::{LOST, digits};

/// An amount in the digits that its bound carries, six decimals at most; what is not a number in words.
#[must_use]
pub fn amount(nats: Option<Nats>) -> String {
    match nats {
        None => "no value".to_owned(),
        Some(nats) if nats.value() == f64::INFINITY => "+inf".to_owned(),
        Some(nats) if nats.value() == f64::NEG_INFINITY => "-inf".to_owned(),
        Some(nats) => digits(nats.value(), closure_bound(&[nats])).unwrap_or_else(|| LOST.to_owned()),
    }
}

/// A number for JSON, which knows no infinities: `"inf"`, `"-inf"`, or null where there is no value.
#[must_use]
pub fn number(nats: Option<Nats>) -> Value {
    match nats.map(Nats::value) {
        None => Value::Null,
        Some(value) if value == f64::INFINITY => json!("inf"),
        Some(value) if value == f64::NEG_INFINITY => json!("-inf"),
        Some(value) => json!(value),
    }
}
