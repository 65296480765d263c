//! Captions as tokens, by a byte-pair encoding that is learned on the training captions.
//!
//! A caption is lower-cased and split at white space. A word is the list of its characters, with a mark on the last
//! one. Pairs of them are merged in the order in which the merges were learned [Sennrich et al. 2016]. Text that is
//! shorter than the model's positions is filled up with pads, and each position has a pad of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rand::{Rng, RngExt as _};
use reference::network::CaptionModel;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::{Model as _, Trainer as _};

use self::encoding::{END, Encoding, Saved, UNKNOWN, refuse, unreadable};
use crate::ModelError;

mod encoding;

/// A learned encoding of captions, and the caption model `q(y|x)` over its tokens.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    bpe: BPE,
    /// The number of each token by its text, and the text by the number.
    ids: HashMap<String, u32>,
    texts: BTreeMap<u32, String>,
    /// The rank of the merge of each pair. Lower ranks are merged first.
    ranks: HashMap<(String, String), usize>,
    /// The number of text positions, `T`.
    positions: usize,
    captions: CaptionModel,
    counts: Vec<u64>,
    seen: u64,
}

impl Vocabulary {
    /// Learns an encoding of at most `size` tokens, and the frequencies of the tokens, from captions. `positions` is
    /// the length of the longest text, in tokens.
    ///
    /// # Errors
    /// [`ModelError::Caption`] when a caption has more tokens than positions.
    pub fn learn(captions: &[&str], size: usize, positions: usize) -> Result<Self, ModelError> {
        // The characters that end a word are numbered here. The library would number them in the order of a hash table,
        // and pairs of equal frequency are merged by number.
        let ends: BTreeSet<String> = (captions.iter().flat_map(|caption| words(caption)))
            .filter_map(|word| word.chars().last().map(|last| format!("{last}{END}")))
            .collect();
        let special = std::iter::once(UNKNOWN.to_owned()).chain(ends);
        let special = special.map(|token| tokenizers::AddedToken::from(token, true)).collect();
        let mut trainer = BpeTrainer::builder()
            .vocab_size(size)
            .show_progress(false)
            .special_tokens(special)
            .end_of_word_suffix(END.to_owned())
            .build();
        let failed = |error: tokenizers::Error| ModelError::Lacks {
            what: format!("no encoding can be learned: {error}"),
            expected: "captions",
        };
        let words = |caption: &str| Ok(words(caption));
        trainer.feed(captions.iter(), words).map_err(failed)?;
        let mut bpe = BPE::builder()
            .unk_token(UNKNOWN.to_owned())
            .end_of_word_suffix(END.to_owned())
            .build()
            .map_err(failed)?;
        trainer.train(&mut bpe).map_err(failed)?;
        let mut vocabulary = Self::of(bpe, positions, Vec::new(), 0)?;
        let mut counts = vec![0; vocabulary.ids.len()];
        for caption in captions {
            for token in vocabulary.encode(caption)? {
                counts[token as usize] += 1;
            }
        }
        vocabulary.captions = CaptionModel::from_counts(&counts, captions.len() as u64, positions);
        (vocabulary.counts, vocabulary.seen) = (counts, captions.len() as u64);
        Ok(vocabulary)
    }

    fn of(bpe: BPE, positions: usize, counts: Vec<u64>, seen: u64) -> Result<Self, ModelError> {
        let json = serde_json::to_string(&bpe).map_err(|error| unreadable(&error))?;
        let encoding: Encoding = serde_json::from_str(&json).map_err(|error| unreadable(&error))?;
        let (ids, merges) = encoding.checked()?;
        let texts = ids.iter().map(|(text, id)| (*id, text.clone())).collect();
        let ranks = merges
            .into_iter()
            .enumerate()
            .map(|(rank, pair)| (pair, rank))
            .collect();
        Ok(Self {
            bpe,
            ids: ids.into_iter().collect(),
            texts,
            ranks,
            positions,
            captions: CaptionModel::from_counts(&counts, seen, positions),
            counts,
            seen,
        })
    }

    /// The vocabulary as JSON.
    ///
    /// # Errors
    /// [`ModelError::File`]. There is none for a vocabulary that was learned.
    pub fn to_json(&self) -> Result<String, ModelError> {
        let saved = || {
            serde_json::to_string(&Saved {
                bpe: serde_json::to_value(&self.bpe)?,
                positions: self.positions,
                counts: self.counts.clone(),
                captions: self.seen,
            })
        };
        saved().map_err(|error: serde_json::Error| unreadable(&error))
    }

    /// Reads a vocabulary from JSON. Everything is checked before the library that encodes sees it, because the library
    /// would allocate memory as the numbers in the file claim.
    ///
    /// # Errors
    /// [`ModelError::File`] for a vocabulary that is not valid.
    pub fn from_json(json: &str) -> Result<Self, ModelError> {
        let saved = Saved::read(json)?;
        let bpe = saved.bpe.build()?;
        let counted = (saved.counts.iter().chain([&saved.captions])).all(|count| *count < 1 << 32);
        if !counted || !(1..=4096).contains(&saved.positions) {
            return Err(refuse(
                format!("it has {} positions, or counts out of range", saved.positions),
                "1 to 4096 positions, and counts below 2^32",
            ));
        }
        let vocabulary = Self::of(bpe, saved.positions, saved.counts, saved.captions)?;
        if vocabulary.counts.len() != vocabulary.ids.len() {
            return Err(refuse(
                format!(
                    "it has {} counts of {} tokens",
                    vocabulary.counts.len(),
                    vocabulary.ids.len()
                ),
                "one a token",
            ));
        }
        Ok(vocabulary)
    }

    /// The number of tokens without pads, `V`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The number of text positions, `T`.
    #[must_use]
    pub const fn positions(&self) -> usize {
        self.positions
    }

    /// Whether there are no tokens.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The tokens of a caption, without pads.
    ///
    /// # Errors
    /// [`ModelError::Caption`] for an empty caption, or one with more tokens than positions.
    pub fn encode(&self, caption: &str) -> Result<Vec<u32>, ModelError> {
        let mut tokens = Vec::new();
        for word in words(caption) {
            let found = self.bpe.tokenize(&word).map_err(|error| ModelError::Caption {
                caption: caption.to_owned(),
                what: error.to_string(),
                expected: "words".to_owned(),
            })?;
            tokens.extend(found.into_iter().map(|token| token.id));
        }
        self.fitting(caption, tokens)
    }

    /// The tokens of a caption, where every merge is left out with probability `dropout` each time it could be made.
    /// Where that gives more tokens than positions, they are the tokens without dropout.
    ///
    /// Source: Provilkov et al. 2020; 0.1 in Ramesh et al. 2021.
    ///
    /// # Errors
    /// Those of [`Vocabulary::encode`].
    pub fn encode_with_dropout(&self, caption: &str, dropout: f64, rng: &mut impl Rng) -> Result<Vec<u32>, ModelError> {
        let mut tokens = Vec::new();
        for word in words(caption) {
            let mut parts: Vec<String> = word.chars().map(String::from).collect();
            if let Some(last) = parts.last_mut() {
                last.push_str(END);
            }
            loop {
                let ranked = parts.windows(2).enumerate().filter_map(|(place, pair)| {
                    let rank = self.ranks.get(&(pair[0].clone(), pair[1].clone()))?;
                    Some((*rank, place))
                });
                let kept: Vec<(usize, usize)> = ranked.filter(|_| !rng.random_bool(dropout)).collect();
                let Some(&(_, place)) = kept.iter().min() else { break };
                let second = parts.remove(place + 1);
                parts[place].push_str(&second);
            }
            let unknown = self.ids.get(UNKNOWN).copied().unwrap_or(0);
            tokens.extend(parts.iter().map(|part| self.ids.get(part).copied().unwrap_or(unknown)));
        }
        if tokens.len() > self.positions {
            return self.encode(caption);
        }
        self.fitting(caption, tokens)
    }

    fn fitting(&self, caption: &str, tokens: Vec<u32>) -> Result<Vec<u32>, ModelError> {
        let refuse = |what: String, expected: String| ModelError::Caption {
            caption: caption.to_owned(),
            what,
            expected,
        };
        if tokens.is_empty() {
            return Err(refuse("it has no words".to_owned(), "at least one".to_owned()));
        }
        if tokens.len() > self.positions {
            let found = format!("it has {} tokens", tokens.len());
            return Err(refuse(found, format!("at most the {} text positions", self.positions)));
        }
        Ok(tokens)
    }

    /// Fills tokens up with pads. The pad at position `i` is the token `V + i`.
    #[must_use]
    pub fn padded(&self, tokens: &[u32]) -> Vec<u32> {
        #[expect(clippy::cast_possible_truncation, reason = "tokens are 32 bits wide")]
        let pad = |place: usize| (self.len() + place) as u32;
        let pads = (tokens.len()..self.positions).map(pad);
        tokens.iter().copied().chain(pads).collect()
    }

    /// Tokens as text, without pads.
    #[must_use]
    pub fn decode(&self, tokens: &[u32]) -> String {
        let texts: String = tokens
            .iter()
            .filter_map(|id| self.texts.get(id))
            .map(String::as_str)
            .collect();
        texts.replace(END, " ").trim_end().to_owned()
    }

    /// `ln q(y|x)` of a caption's tokens. Unit: nats.
    ///
    /// # Errors
    /// [`ModelError::Network`] for a number that is no token.
    pub fn log_prob(&self, tokens: &[u32]) -> Result<f64, ModelError> {
        let tokens: Vec<usize> = tokens.iter().map(|&token| token as usize).collect();
        Ok(self.captions.log_prob(&tokens)?.value())
    }
}

/// The words of a caption: lower-cased, and split at white space.
fn words(caption: &str) -> Vec<String> {
    caption.to_lowercase().split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
