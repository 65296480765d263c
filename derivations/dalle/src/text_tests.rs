//! Tests that compare the encoding with that of the library, and tests of dropout.
#![allow(clippy::unwrap_used, reason = "tests")]

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::Vocabulary;
use crate::data::{Data, Split};

fn learned() -> (Data, Vocabulary) {
    let data = Data::embedded().unwrap();
    let captions: Vec<&str> = data
        .of(Split::Train)
        .into_iter()
        .map(|index| data.caption(index))
        .collect();
    let vocabulary = Vocabulary::learn(&captions, 512, 32).unwrap();
    (data, vocabulary)
}

#[test]
fn captions_come_back_lower_cased_and_without_dropout_ours_is_the_librarys() {
    let (data, vocabulary) = learned();
    assert_eq!(vocabulary.len(), 512);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut dropped, mut unknown) = (0, 0);
    for index in 0..data.len() {
        let caption = data.caption(index);
        let tokens = vocabulary.encode(caption).unwrap();
        let known = !tokens.contains(&vocabulary.ids["<unk>"]);
        unknown += usize::from(!known);
        if known {
            let words: Vec<String> = caption.to_lowercase().split_whitespace().map(str::to_owned).collect();
            assert_eq!(vocabulary.decode(&tokens), words.join(" "));
            assert_eq!(
                vocabulary.encode_with_dropout(caption, 0.0, &mut rng).unwrap(),
                tokens,
                "{caption}"
            );
        }
        let other = vocabulary.encode_with_dropout(caption, 0.3, &mut rng).unwrap();
        if known && !other.contains(&vocabulary.ids["<unk>"]) {
            assert_eq!(
                vocabulary.decode(&other),
                vocabulary.decode(&tokens),
                "other tokens of the same text"
            );
        }
        dropped += usize::from(other != tokens);
    }
    assert!(dropped > data.len() / 2, "{dropped}");
    assert!(
        unknown < 20,
        "{unknown} captions with something that no training caption has"
    );
}

#[test]
fn a_vocabulary_learned_again_or_saved_is_the_same() {
    let (_, vocabulary) = learned();
    let json = vocabulary.to_json().unwrap();
    for _ in 0..4 {
        assert_eq!(learned().1.to_json().unwrap(), json);
    }
    let back = Vocabulary::from_json(&json).unwrap();
    assert_eq!(back.to_json().unwrap(), json);
    let tokens = vocabulary.encode("Face with Tears of Joy").unwrap();
    assert_eq!(back.encode("face with tears of joy").unwrap(), tokens);
    let (a, b) = (vocabulary.log_prob(&tokens).unwrap(), back.log_prob(&tokens).unwrap());
    assert!(a < -5.0 && a.to_bits() == b.to_bits(), "{a}");
    assert!(Vocabulary::from_json("{}").is_err());
}

#[test]
fn pads_are_one_for_each_position() {
    let (_, vocabulary) = learned();
    let tokens = vocabulary.encode("red heart").unwrap();
    let padded = vocabulary.padded(&tokens);
    assert_eq!(padded.len(), 32);
    assert_eq!(padded[31], 512 + 31);
    assert_eq!(vocabulary.decode(&padded), "red heart");
    for odd in ["", "  \t "] {
        assert!(
            vocabulary
                .encode(odd)
                .unwrap_err()
                .to_string()
                .ends_with("it has no words, expected at least one")
        );
    }
    let long = "supercalifragilisticexpialidocious ".repeat(5);
    assert!(
        vocabulary
            .encode(&long)
            .unwrap_err()
            .to_string()
            .ends_with("expected at most the 32 text positions")
    );
}
