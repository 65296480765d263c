//! A check of JSON documents that others wrote.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::words::{quoted, without_place};

/// Refuses a document in which any object, at any depth, has a key twice. A parser would keep one of the two values,
/// and nobody knows which one was meant.
///
/// # Errors
/// A sentence that names the key. For a document that is not JSON, the parser's message.
pub fn expect_keys_once(text: &str) -> Result<(), String> {
    let read: Result<KeysOnce, _> = serde_json::from_str(text);
    read.map(drop)
        .map_err(|error| without_place(&error.to_string()).to_owned())
}

/// Any value. Its keys are checked while it is parsed, and nothing of it is kept.
struct KeysOnce;

impl<'de> Deserialize<'de> for KeysOnce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for KeysOnce {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self, A::Error> {
        while sequence.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<Self>()?;
            if keys.contains(&key) {
                return Err(A::Error::custom(format!("the key {} stands there twice", quoted(&key))));
            }
            keys.insert(key);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::expect_keys_once;

    #[test]
    fn a_key_may_stand_once_in_each_object_at_any_depth() {
        for text in [
            r#"{"a": {"a": [1, -2.5, null, true, "a"]}, "b": {"a": 1}}"#,
            "[]",
            "3",
            r#"{"a": 1, "A": 1, "": 2}"#,
        ] {
            assert_eq!(expect_keys_once(text), Ok(()), "{text}");
        }
        for (text, key) in [
            (r#"{"a": 1, "b": 2, "a": 1}"#, "a"),
            (r#"{"x": [{"y": {"kl": {}, "kl": {}}}]}"#, "kl"),
            (r#"{"b": 1, "\u0062": 2}"#, "b"),
        ] {
            assert_eq!(
                expect_keys_once(text),
                Err(format!("the key \"{key}\" stands there twice"))
            );
        }
        assert!(expect_keys_once("{").is_err());
    }
}
