//! The seeds of the fuzzed reader: a small dump of every form, right and wrong. Written where `UPDATE_DOCS` is set, read always.

use std::path::Path;

use ::worlds::case;
use judge::dump;

use super::hostile::correct;
use super::mutants::Fault;
use super::number::Order;
use super::random::Random;
use super::{gaussian, sequence, worlds};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fuzz/corpus/reader");

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut random = Random::new(2);
    vec![
        ("tokens", correct().bytes()),
        (
            "gaussian",
            gaussian::dump::<f32>(&mut random, Order::Tree, Fault::None).bytes(),
        ),
        (
            "gaussian-wrong",
            gaussian::dump::<f64>(&mut random, Order::Tree, Fault::HalfMissing).bytes(),
        ),
        (
            "sequence",
            sequence::dump::<f32>(&mut random, Order::Pairwise, Fault::None).bytes(),
        ),
        (
            "schedules",
            sequence::schedules::<half::bf16>(&mut random, Fault::None).bytes(),
        ),
        (
            "worlds",
            worlds::dump::<f32>(&mut random, Order::Sequential, Fault::None).bytes(),
        ),
        (
            "worlds-wrong",
            worlds::dump::<f64>(&mut random, Order::Sequential, Fault::PriorMarginal).bytes(),
        ),
    ]
}

#[test]
fn the_corpus_is_read_without_a_panic() {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        for (name, bytes) in seeds() {
            std::fs::write(Path::new(FOLDER).join(name), bytes).unwrap();
        }
    }
    let files: Vec<_> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(files.len() >= seeds().len(), "{} files", files.len());
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        let _ = case::from_bytes("corpus", &bytes);
        if let Ok(dump) = dump::from_bytes("corpus", bytes) {
            let _ = judge::judge(&dump, &|_| ());
        }
    }
}
