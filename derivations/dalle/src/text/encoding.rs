//! Reads a byte-pair encoding from a file, and checks it before the library that encodes gets it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use files::words::{quoted, shortened, without_types};
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use tokenizers::models::bpe::BPE;

use crate::ModelError;

/// The mark on the last character of a word.
pub(super) const END: &str = "</w>";

/// The token for characters that are in no training caption.
pub(super) const UNKNOWN: &str = "<unk>";

/// The largest number of tokens that is read. DALL-E has 16,384.
const MOST_TOKENS: usize = 1 << 20;

/// The longest saved vocabulary that is read, in bytes: 32 MiB. One of DALL-E's 16,384 tokens takes less than 1 MiB.
const MOST_TEXT: usize = 1 << 25;

/// A vocabulary in the form in which it is saved.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved<Encoding> {
    pub(super) bpe: Encoding,
    pub(super) positions: usize,
    pub(super) counts: Vec<u64>,
    pub(super) captions: u64,
}

impl Saved<Encoding> {
    /// Parses a saved vocabulary.
    ///
    /// # Errors
    /// [`ModelError::File`] for text that is too long or malformed.
    pub(super) fn read(json: &str) -> Result<Self, ModelError> {
        if json.len() > MOST_TEXT {
            return Err(refuse(format!("it is {} bytes long", json.len()), "at most 32 MiB"));
        }
        serde_json::from_str(json).map_err(|error| unreadable(&error))
    }
}

/// An encoding as the library writes it. The options that ours does not use must be null or false.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Encoding {
    r#type: String,
    dropout: Option<f64>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    fuse_unk: bool,
    byte_fallback: bool,
    ignore_merges: bool,
    vocab: Tokens,
    merges: Vec<(String, String)>,
}

/// The number of each token, and the pairs that are merged, in their order.
pub(super) type Checked = (BTreeMap<String, u32>, Vec<(String, String)>);

impl Encoding {
    /// Builds the library's encoding from these tokens and merges.
    ///
    /// # Errors
    /// Those of [`Encoding::checked`].
    pub(super) fn build(self) -> Result<BPE, ModelError> {
        let (ids, merges) = self.checked()?;
        let built = BPE::builder()
            .vocab_and_merges(ids.into_iter().collect::<tokenizers::models::bpe::Vocab>(), merges)
            .unk_token(UNKNOWN.to_owned())
            .end_of_word_suffix(END.to_owned())
            .build();
        built.map_err(|error| refuse(error.to_string(), "merges of tokens"))
    }

    /// Checks everything that the file says, and returns the tokens and the merges.
    ///
    /// # Errors
    /// [`ModelError::File`] for the first thing that is wrong.
    pub(super) fn checked(self) -> Result<Checked, ModelError> {
        let is = |found: &Option<String>, expected: &str| found.as_deref() == Some(expected);
        let ours = self.r#type == "BPE" && is(&self.unk_token, UNKNOWN) && is(&self.end_of_word_suffix, END);
        let other = self.fuse_unk || self.byte_fallback || self.ignore_merges;
        if !ours || other || self.dropout.is_some() || self.continuing_subword_prefix.is_some() {
            return Err(refuse(
                "its encoding has a form that is not ours".to_owned(),
                "type BPE, unk_token <unk>, end_of_word_suffix </w>, no dropout, no prefix, and none of fuse_unk, byte_fallback, ignore_merges",
            ));
        }
        let Tokens(ids) = self.vocab;
        // The library walks through all numbers up to the largest one, so there must be no gaps.
        let mut numbers: Vec<(u32, &str)> = ids.iter().map(|(text, id)| (*id, text.as_str())).collect();
        numbers.sort_unstable();
        if let Some((place, (id, text))) = numbers
            .iter()
            .enumerate()
            .find(|(place, (id, _))| *place != *id as usize)
        {
            return Err(refuse(
                format!("the token {} has number {id}", quoted(text)),
                &format!("the numbers from 0 to {}, each once: {place} here", ids.len() - 1),
            ));
        }
        let mut pairs = BTreeSet::new();
        for (first, second) in &self.merges {
            if !pairs.insert((first, second)) {
                return Err(refuse(
                    format!("it merges {} and {} twice", quoted(first), quoted(second)),
                    "each pair once",
                ));
            }
            // The library does not check that the result of a merge is a token.
            let both = format!("{first}{second}");
            if let Some(missing) = [first, second, &both].into_iter().find(|text| !ids.contains_key(*text)) {
                return Err(refuse(
                    format!(
                        "it merges {} and {}, and has no token {}",
                        quoted(first),
                        quoted(second),
                        quoted(missing)
                    ),
                    "merges of tokens to tokens",
                ));
            }
        }
        if !ids.contains_key(UNKNOWN) {
            return Err(refuse(format!("it has no token {UNKNOWN}"), "one"));
        }
        Ok((ids, self.merges))
    }
}

/// The number of each token. No token occurs twice.
struct Tokens(BTreeMap<String, u32>);

impl<'de> serde::Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self(BTreeMap::new()))
    }
}

impl<'de> Visitor<'de> for Tokens {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbers by token")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((text, id)) = map.next_entry::<String, u32>()? {
            if self.0.len() == MOST_TOKENS {
                return Err(A::Error::custom(format!("it has more than {MOST_TOKENS} tokens")));
            }
            if self.0.contains_key(&text) {
                return Err(A::Error::custom(format!(
                    "the token {} stands there twice",
                    quoted(&text)
                )));
            }
            self.0.insert(text, id);
        }
        Ok(self)
    }
}

pub(super) fn unreadable(error: &serde_json::Error) -> ModelError {
    refuse(
        format!(
            "it cannot be read: {}",
            shortened(&without_types(&error.to_string()), 400)
        ),
        "a saved byte-pair encoding",
    )
}

/// The error for a vocabulary that is wrong.
pub(super) fn refuse(what: String, expected: &str) -> ModelError {
    ModelError::File {
        source_name: "vocabulary".to_owned(),
        what,
        expected: expected.to_owned(),
    }
}
