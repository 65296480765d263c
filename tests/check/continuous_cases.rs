//! Case files of continuous worlds, and the program on them.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "tests"
)]
mod golden;
mod search;
mod toml;

use reference::gaussian::Gaussian;
use reference::model::Model as _;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};
use worlds::case;

const EMBEDDED: &[u8] = include_bytes!("../../derivations/data/emoji-factors.safetensors");

fn header(bytes: &[u8]) -> (Value, usize) {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    (serde_json::from_slice(&bytes[8..8 + length]).unwrap(), 8 + length)
}

/// The file with another header.
fn with_header(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let (mut json, data) = header(EMBEDDED);
    change(&mut json);
    let text = serde_json::to_vec(&json).unwrap();
    [&(text.len() as u64).to_le_bytes(), text.as_slice(), &EMBEDDED[data..]].concat()
}

/// The file with other numbers.
fn with_number(tensor: &str, place: usize, value: f64) -> Vec<u8> {
    let (json, data) = header(EMBEDDED);
    let begin = data + json[tensor]["data_offsets"][0].as_u64().unwrap() as usize + 8 * place;
    let mut bytes = EMBEDDED.to_vec();
    bytes[begin..begin + 8].copy_from_slice(&value.to_le_bytes());
    bytes
}

fn refusal(bytes: &[u8]) -> String {
    case::from_bytes("a.safetensors", bytes).unwrap_err().to_string()
}

/// The file with some of its tensors in single precision.
fn with_singles(names: &[&str]) -> Vec<u8> {
    let file = safetensors::SafeTensors::deserialize(EMBEDDED).unwrap();
    let (_, metadata) = safetensors::SafeTensors::read_metadata(EMBEDDED).unwrap();
    let singles: Vec<(String, Vec<u8>)> = (names.iter())
        .map(|name| {
            let doubles = file.tensor(name).unwrap().data().chunks(8);
            let single = |double: &[u8]| f64::from_le_bytes(double.try_into().unwrap()) as f32;
            (
                (*name).to_owned(),
                doubles.flat_map(|double| single(double).to_le_bytes()).collect(),
            )
        })
        .collect();
    let tensors = file.tensors().into_iter().map(|(name, view)| {
        let single = singles.iter().find(|(known, _)| *known == name);
        let view = single.map_or_else(
            || view.clone(),
            |(_, data)| TensorView::new(Dtype::F32, view.shape().to_vec(), data).unwrap(),
        );
        (name, view)
    });
    safetensors::serialize(tensors.collect::<Vec<_>>(), metadata.metadata().clone()).unwrap()
}

#[test]
fn tables_in_single_precision_are_renormalised_each_by_its_own_rounding() {
    let given = case::embedded_gaussian().unwrap();
    for names in [&["ln_p_y"][..], &["ln_q_y_given_x"], &["ln_p_y", "ln_q_y_given_x"]] {
        let read = case::from_bytes("a.safetensors", &with_singles(names)).unwrap();
        assert!(read.correction > 0.0 && read.correction < 1e-5, "{}", read.correction);
        for (a, b) in read.gaussian.iter().zip(&given.gaussian) {
            let off = (&a.parts().ln_p_y - &b.parts().ln_p_y).mapv(f64::abs);
            assert!(off.iter().all(|off| *off < 1e-5));
        }
        assert!(
            read.gaussian
                .iter()
                .take(4)
                .all(|world| Gaussian::new(world.parts()).is_ok())
        ); // what was read is normalised
    }
    // A table in double precision is not excused by another in single.
    let (json, data) = header(EMBEDDED);
    let mut spoilt = with_singles(&["ln_q_y_given_x"]);
    let (other, begin) = header(&spoilt);
    let begin = begin + other["ln_p_y"]["data_offsets"][0].as_u64().unwrap() as usize;
    let first = data + json["ln_p_y"]["data_offsets"][0].as_u64().unwrap() as usize;
    let value = f64::from_le_bytes(EMBEDDED[first..first + 8].try_into().unwrap());
    spoilt[begin..begin + 8].copy_from_slice(&(value + 1e-7).to_le_bytes());
    let message = refusal(&spoilt);
    assert!(message.contains("ln_p_y sums to"), "{message}");
}

#[test]
fn the_embedded_case_is_64_worlds_of_real_images() {
    let case = case::embedded_gaussian().unwrap();
    assert_eq!((case.worlds.len(), case.gaussian.len(), case.len()), (0, 64, 64));
    let world = &case.gaussian[0];
    assert_eq!(
        (world.captions(), world.dimension(), world.pixels()),
        (case.categories().len(), 6, 64)
    );
    assert!(
        case.gaussian
            .windows(2)
            .all(|pair| pair[0].parts().x != pair[1].parts().x)
    );
}

#[test]
fn what_is_written_is_read_again() {
    let case = case::embedded_gaussian().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.safetensors");
    let worlds: Vec<Gaussian> = case.gaussian[3..11].to_vec();
    case::write_gaussian(&path, &worlds, "eight", "a\nb").unwrap();
    let copy = case::read(&path).unwrap();
    assert_eq!(
        (
            copy.gaussian,
            copy.title.as_deref(),
            copy.metadata["categories"].as_str()
        ),
        (worlds, Some("eight"), "a\nb")
    );
    let mut uneven: Vec<Gaussian> = case.gaussian[..2].to_vec();
    uneven[1].set_beta(reference::vocab::Beta::ONE);
    let message = case::write_gaussian(&path, &uneven, "", "").unwrap_err().to_string();
    assert!(
        message.ends_with("world 1 has another model, expected the same parameters and beta as in world 0"),
        "{message}"
    );
    assert!(case::write_gaussian(&path, &[], "", "").is_err());
    assert_eq!(
        case::read(&path).unwrap().gaussian.len(),
        8,
        "a refused write leaves the file as it was"
    );
}

#[test]
fn what_is_wrong_is_named() {
    for (bytes, sentence) in [
        (
            with_number("x", 64 * 3 + 7, f64::NAN),
            "x[3, 7] is NaN, expected a number of size at most 1e15",
        ),
        (
            with_number("decoder_weight", 2, 1e31),
            "decoder_weight[0, 2] is 1e31, expected a number of size at most 1e15",
        ),
        (
            with_number("ln_p_y", 1, f64::NAN),
            "ln_p_y[1] is NaN, expected a log-probability (a number or -inf)",
        ),
        (with_number("ln_q_y_given_x", 0, 1.0), "ln_q_y_given_x[0] sums to "),
        (
            with_number("prior_covariance", 36 * 2, -1.0),
            "prior_covariance[2] is indefinite (its smallest eigenvalue is -1.28",
        ),
        (
            with_number("encoder_covariance", 1, 5.0),
            "encoder_covariance is asymmetric (its smallest eigenvalue is ",
        ),
        (
            with_number("beta", 0, -1.0),
            "beta is -1, expected a number from 0 to 1e6",
        ),
        (
            with_number("y", 5, f64::from_bits(99)),
            "y[5] is 99, expected a caption in 0..10",
        ),
        (
            with_header(|json| json["x"]["shape"] = json!([32, 128])),
            "y has shape [64], expected [32]",
        ),
        (
            with_header(|json| {
                let tensor = json["prior_mean"].take();
                json.as_object_mut().unwrap().remove("prior_mean");
                json["prior_means"] = tensor;
            }),
            "\"prior_means\" is not a name of this format, expected ln_p_y, prior_mean, ",
        ),
        (
            with_header(|json| json["__metadata__"]["format"] = json!("elbo-gaussian/2")),
            "metadata key format is \"elbo-gaussian/2\", expected \"elbo-case/1\" or \"elbo-gaussian/1\"",
        ),
    ] {
        let message = refusal(&bytes);
        let rest = message.strip_prefix("a.safetensors: ").unwrap();
        assert!(rest.starts_with(sentence), "{rest}\nexpected {sentence}");
    }
}

#[test]
fn no_bytes_bring_the_reader_down() {
    use rand::{RngExt as _, SeedableRng as _};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let (_, data) = header(EMBEDDED);
    let mut read = 0;
    for _ in 0..60 {
        let mut bytes = EMBEDDED.to_vec();
        for _ in 0..rng.random_range(1..4) {
            let place = if rng.random_bool(0.3) {
                rng.random_range(0..data)
            } else {
                rng.random_range(data..bytes.len())
            };
            bytes[place] = rng.random();
        }
        if let Ok(case) = case::from_bytes("a.safetensors", &bytes) {
            read += 1;
            let world = &case.gaussian[rng.random_range(0..case.gaussian.len())];
            let _ = reference::equations::bound::eq03_log_evidence(world);
        }
    }
    assert!(read > 5, "{read} of 60 copies could be read");
}
