//! The real file with its bytes changed at random: an answer, or one sentence, and never a panic.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use reference::equations::{bound, objective};
use reference::model::Model as _;
use reference::vocab::{Error, Reading};
use worlds::case::{self, Case};

/// Which changes are made: `ELBO_SEED` replays others.
fn seed() -> u64 {
    std::env::var("ELBO_SEED").map_or(0x656c_626f, |seed| seed.parse().unwrap())
}

/// One way of spoiling a file.
fn mutate(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let header = 8 + bytes
        .get(..8)
        .map_or(0, |n| u64::from_le_bytes(n.try_into().unwrap()) as usize);
    let header = header.clamp(1, bytes.len());
    // Half of the changes fall on the header, a thousandth of the file that decides how the rest is read.
    let place = |rng: &mut ChaCha8Rng| {
        if rng.random() {
            rng.random_range(0..header)
        } else {
            rng.random_range(0..bytes.len())
        }
    };
    let (a, b) = (place(rng), place(rng));
    match rng.random_range(0..10) {
        0..4 => bytes[a] ^= 1 << rng.random_range(0..8),
        4 => bytes.truncate(a),
        5 => bytes.swap(a, b),
        6 => bytes[a] = rng.random(),
        7 => drop(bytes.drain(a.min(b)..a.max(b).min(a.min(b) + 16))),
        8 => bytes.insert(a, *b"{}[],:\"0919-e\xff\0"[..].get(rng.random_range(0..15)).unwrap()),
        _ => {
            // One number of the data becomes a hard one.
            let special = [
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
                f64::MAX,
                f64::MIN,
                5e-324,
                -0.0,
                -745.5,
                710.0,
                1e-300,
            ];
            let value = special[rng.random_range(0..special.len())].to_le_bytes();
            let (numbers, _) = bytes[header..].as_chunks_mut::<8>();
            if !numbers.is_empty() {
                let at = rng.random_range(0..numbers.len());
                numbers[at] = value;
            }
        }
    }
}

/// Reads spoilt bytes; returns the case if they are one.
fn read(bytes: Vec<u8>, copy: u64) -> Option<Case> {
    let outcome = catch_unwind(|| case::from_bytes("mutated.safetensors", &bytes));
    let read = outcome.unwrap_or_else(|_| panic!("copy {copy} of seed {} brought the reader down", seed()));
    match read {
        Ok(case) => {
            // What we accept is a safetensors file to the library too.
            assert!(safetensors::SafeTensors::deserialize(&bytes).is_ok(), "copy {copy}");
            Some(case)
        }
        Err(error) => {
            let sentence = error.to_string();
            let told = sentence.strip_prefix("mutated.safetensors: ").unwrap();
            assert!(told.len() > 10 && sentence.len() < 1000, "copy {copy}: {sentence}");
            assert!(!sentence.contains(char::is_control), "copy {copy}: {sentence:?}");
            None
        }
    }
}

/// No validated world is NaN in Eqs. 3 and 14, and only the pointwise log-ratio, 0 / 0 where `q(y|x) = p(y,z) = 0` at the
/// observed caption, may have no value.
fn evaluate(case: &Case, copy: u64) {
    for world in [case.worlds.first(), case.worlds.last()].into_iter().flatten() {
        let pointwise = objective::eq14_objective(world, Reading::Pointwise, world.beta());
        let sides = [
            bound::eq03_log_evidence(world),
            objective::eq14_objective(world, Reading::Joint, world.beta()),
        ];
        let excused = matches!(pointwise, Err(Error::Indeterminate { .. }));
        for side in sides.into_iter().chain((!excused).then_some(pointwise)) {
            let told = format!("copy {copy} of seed {}: {side:?}", seed());
            let side = side.expect(&told);
            assert!(!side.value().is_nan() && !side.mass().is_nan(), "{told}");
        }
    }
}

/// Reads `copies` of `original`, each spoilt one to three times; returns how many were still cases.
fn survivors(original: &[u8], copies: u64) -> usize {
    let accepted = AtomicUsize::new(0);
    (0..copies).into_par_iter().for_each(|copy| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed());
        rng.set_stream(copy);
        let mut bytes = original.to_vec();
        for _ in 0..rng.random_range(1..=3) {
            if !bytes.is_empty() {
                mutate(&mut bytes, &mut rng);
            }
        }
        if let Some(case) = read(bytes, copy) {
            evaluate(&case, copy);
            accepted.fetch_add(1, Ordering::Relaxed);
        }
    });
    accepted.into_inner()
}

#[test]
fn ten_thousand_mutated_copies_of_sixteen_real_worlds_are_read_or_refused() {
    let worlds = case::embedded().unwrap().worlds;
    let small = case::to_bytes(&worlds[..16], "sixteen worlds of the embedded case").unwrap();
    let accepted = survivors(&small, 10_000);
    eprintln!("{accepted} of 10000 were still cases");
    assert!(
        (200..9000).contains(&accepted),
        "{accepted}: both answers must be exercised"
    );
}

#[test]
fn ten_thousand_mutated_copies_of_the_whole_real_file_are_read_or_refused() {
    let whole = include_bytes!("../../../derivations/data/emoji-mixture.safetensors");
    let accepted = survivors(whole, 10_000);
    eprintln!("{accepted} of 10000 were still cases");
    assert!(
        (200..9000).contains(&accepted),
        "{accepted}: both answers must be exercised"
    );
}

#[test]
fn two_thousand_mutated_copies_of_a_toml_world_are_read_or_refused() {
    let text = "y = 0\nbeta = \"1/2\"\np_x_given_yz = [[\"1/2\", 1], [0.25, \"0\"]]\np_yz = [[0.25, \"1/4\"], [\"1/2\", 0]]\n\
                q_z_given_x = [\"1/3\", \"2/3\"]\nq_y_given_x = [1, 0]\n";
    for copy in 0..2000 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed());
        rng.set_stream(copy);
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..rng.random_range(1..=3) {
            let at = rng.random_range(0..bytes.len());
            match rng.random_range(0..3) {
                0 => bytes[at] ^= 1 << rng.random_range(0..8),
                1 => bytes[at] = b"0123456789\"[]{},./=-e\n"[rng.random_range(0..22)],
                _ => drop(bytes.remove(at)),
            }
        }
        match catch_unwind(|| case::from_bytes("mutated.toml", &bytes)) {
            Ok(Ok(case)) => evaluate(&case, copy),
            Ok(Err(error)) => {
                let sentence = error.to_string();
                assert!(
                    !sentence.contains(char::is_control) && sentence.len() < 1000,
                    "{copy}: {sentence:?}"
                );
            }
            Err(_) => panic!("copy {copy} of seed {} brought the reader down", seed()),
        }
    }
}
