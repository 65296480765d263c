//! Case files: what is read comes back as written, what is wrong is named, and no bytes bring the reader down.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "tests: a failure is a panic, numbers are small, and round trips are exact"
)]
mod draft;
mod fractions;
mod headers;
mod hostile;
mod mutated;
mod refused_fractions;
mod rounding;

use draft::{CAPTIONS, CODES, Draft, WORLDS};
use reference::model::Model as _;
use reference::world::World;
use worlds::case::{self, FileError};

/// The sentence with which the bytes are refused.
fn refusal(bytes: &[u8]) -> String {
    case::from_bytes("a.safetensors", bytes).unwrap_err().to_string()
}

/// The largest difference between the tables of two worlds, as log-probabilities.
fn distance(a: &World, b: &World) -> f64 {
    let (a, b) = (a.tables(), b.tables());
    assert_eq!((a.y, a.beta), (b.y, b.beta));
    assert_eq!(a.ln_q_yz_given_x.is_some(), b.ln_q_yz_given_x.is_some());
    let rows = |t: &reference::world::Tables| {
        let tables = [&t.ln_p_x_given_yz, &t.ln_p_yz];
        let mut all: Vec<f64> = tables
            .into_iter()
            .chain(&t.ln_q_yz_given_x)
            .flatten()
            .copied()
            .collect();
        all.extend(t.ln_q_z_given_x.iter().chain(&t.ln_q_y_given_x));
        all
    };
    let (a, b) = (rows(&a), rows(&b));
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(&b)
        .map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() })
        .fold(0.0, f64::max)
}

#[test]
fn the_embedded_case_is_256_worlds_of_10_captions_and_32_codes() {
    let case = case::embedded().unwrap();
    assert_eq!(case.worlds.len(), 256);
    assert!(case.worlds.iter().all(|w| (w.captions(), w.codes()) == (10, 32)));
    assert_eq!((case.dtype.as_str(), case.source.as_str()), ("f64", "embedded"));
    assert_eq!(case.categories().len(), 10);
    assert_eq!(case.categories()[1], "Animals & Nature");
    assert!(case.title.unwrap().starts_with("emoji mixture"));
    assert_eq!(case.sha256.len(), 64);
    assert!(case.correction < 1e-13, "{}", case.correction);
}

#[test]
fn worlds_written_and_read_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.safetensors");
    for draft in [Draft::valid(), Draft::free()] {
        let worlds = case::from_bytes("a.safetensors", &draft.bytes()).unwrap().worlds;
        case::write(&path, &worlds, "a \"title\"\nof two lines").unwrap();
        let copy = case::read(&path).unwrap();
        assert_eq!(copy.title.as_deref(), Some("a \"title\"\nof two lines"));
        assert_eq!(copy.worlds.len(), WORLDS);
        for (a, b) in worlds.iter().zip(&copy.worlds) {
            assert_eq!(distance(a, b), 0.0);
        }
    }
    let worlds = case::embedded().unwrap().worlds;
    case::write(&path, &worlds, "").unwrap();
    let copy = case::read(&path).unwrap();
    let worst = worlds
        .iter()
        .zip(&copy.worlds)
        .map(|(a, b)| distance(a, b))
        .fold(0.0, f64::max);
    assert!(
        worst <= 4.0 * f64::EPSILON,
        "renormalising twice moves an entry by {worst:e}"
    );
}

#[test]
fn the_same_worlds_give_the_same_bytes_and_safetensors_reads_them() {
    let worlds = case::embedded().unwrap().worlds;
    let bytes = case::to_bytes(&worlds, "twice").unwrap();
    assert_eq!(bytes, case::to_bytes(&worlds, "twice").unwrap());
    let theirs = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(theirs.tensor("ln_p_yz").unwrap().shape(), [10, 32]);
    assert_eq!(theirs.len(), 6);
}

/// A large file is read once and in parts; it holds the same worlds as its bytes do, or the same sentence.
#[test]
fn a_large_file_is_the_case_that_its_bytes_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut draft = Draft::free();
    // Before, between and after the tables.
    draft.tensors.insert(0, draft::Tensor::ignored("x_first", 70_001));
    draft.tensors.insert(3, draft::Tensor::ignored("x_middle", 5_000_000));
    draft.tensors.push(draft::Tensor::ignored("x_last", 3));
    let spoilt = [
        draft.clone(),
        draft.clone().set("ln_p_yz", 1, f64::NAN),
        draft.clone().without("ln_q_z_given_x"),
        draft.clone().with(|draft| draft.put("typo", "U8", &[1], vec![0])),
        draft
            .clone()
            .with(|draft| draft.metadata = r#"{"format":"elbo-case/2"}"#.to_owned()),
    ];
    for name in ["large.safetensors", "large"] {
        let path = folder.path().join(name);
        let shown = path.display().to_string();
        for draft in &spoilt {
            let bytes = draft.bytes();
            std::fs::write(&path, &bytes).unwrap();
            let told = |read: Result<case::Case, FileError>| read.map_err(|error| error.to_string());
            assert_eq!(told(case::read(&path)), told(case::from_bytes(&shown, &bytes)));
        }
        let bytes = draft.bytes();
        assert_eq!(case::from_bytes(&shown, &bytes).unwrap().worlds.len(), WORLDS);
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        let error = case::read(&path).unwrap_err().to_string();
        assert!(error.contains("expected within the"), "{error}");
    }
}

#[test]
fn a_write_replaces_the_whole_file_or_leaves_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.safetensors");
    let worlds = case::from_bytes("a.safetensors", &Draft::valid().bytes())
        .unwrap()
        .worlds;
    case::write(&path, &worlds, "first").unwrap();
    assert!(matches!(case::write(&path, &[], "second"), Err(FileError::In { .. })));
    assert_eq!(case::read(&path).unwrap().title.as_deref(), Some("first"));
    case::write(&path, &worlds, "second").unwrap();
    assert_eq!(case::read(&path).unwrap().title.as_deref(), Some("second"));
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no temporary file is left"
    );
    let nowhere = folder.path().join("absent").join("case.safetensors");
    let error = case::write(&nowhere, &worlds, "").unwrap_err().to_string();
    assert!(
        error.contains("absent") && error.contains("cannot be written"),
        "{error}"
    );
}

#[test]
fn worlds_that_differ_in_what_a_file_shares_are_not_written() {
    let plain = case::from_bytes("a.safetensors", &Draft::valid().bytes())
        .unwrap()
        .worlds;
    let free = case::from_bytes("a.safetensors", &Draft::free().bytes())
        .unwrap()
        .worlds;
    let emoji = case::embedded().unwrap().worlds;
    let one = reference::vocab::Beta::ONE;
    let said = |worlds: &[World]| case::to_bytes(worlds, "").unwrap_err().to_string();
    assert_eq!(
        said(&[plain[0].clone(), emoji[0].clone()]),
        "world 1 has 10 captions and 32 codes, expected 2 captions and 3 codes as in world 0"
    );
    assert_eq!(
        said(&[plain[0].clone(), plain[1].clone(), plain[2].with_beta(one)]),
        "world 2 has beta 1, expected beta 2 as in world 0"
    );
    assert_eq!(
        said(&[plain[0].clone(), free[0].clone()]),
        "world 1 has a free joint, expected no free joint as in world 0"
    );
}

#[test]
fn defaults_are_beta_one_and_the_observed_caption_alone() {
    let draft = Draft::valid().without("beta").without("ln_q_y_given_x");
    let case = case::from_bytes("a.safetensors", &draft.bytes()).unwrap();
    let world = &case.worlds[1];
    assert_eq!(world.beta().get(), 1.0);
    assert_eq!(
        (world.y(), world.ln_q_y(0).value(), world.ln_q_y(1).value()),
        (1, f64::NEG_INFINITY, 0.0)
    );
}

#[test]
fn a_prior_may_differ_from_world_to_world() {
    let prior = [0.125, 0.25, 0.125, 0.0, 0.375, 0.125].map(f64::ln).repeat(WORLDS);
    let draft = Draft::valid().with(|d| d.floats("ln_p_yz", &[WORLDS, CAPTIONS, CODES], &prior));
    let own = case::from_bytes("a.safetensors", &draft.bytes()).unwrap();
    let shared = case::from_bytes("a.safetensors", &Draft::valid().bytes()).unwrap();
    assert_eq!(own.worlds, shared.worlds);
}

#[test]
fn tensors_may_lie_at_odd_addresses_and_y_may_be_any_integer() {
    for (dtype, width) in [
        ("U8", 1),
        ("I8", 1),
        ("U16", 2),
        ("I16", 2),
        ("U32", 4),
        ("I32", 4),
        ("U64", 8),
        ("I64", 8),
    ] {
        let y: Vec<u8> = [0_u64, 1, 1, 0]
            .iter()
            .flat_map(|y| y.to_le_bytes()[..width].to_vec())
            .collect();
        let mut draft = Draft::valid();
        draft.tensors.insert(
            0,
            draft::Tensor {
                name: "x_private".to_owned(),
                dtype: "U8".to_owned(),
                shape: vec![3],
                data: vec![1, 2, 3],
            },
        );
        draft.put("y", dtype, &[WORLDS], y);
        let case = case::from_bytes("a.safetensors", &draft.bytes()).unwrap();
        assert_eq!(
            case.worlds,
            case::from_bytes("a", &Draft::valid().bytes()).unwrap().worlds
        );
    }
}
