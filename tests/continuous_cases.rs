//! Case files of continuous worlds, and the program on them.
#![cfg(feature = "lapack")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

use std::process::Output;

use assert_cmd::Command;
use derivations::case;
use reference::gaussian::Gaussian;
use reference::model::Model as _;
use serde_json::{Value, json};

const EMBEDDED: &[u8] = include_bytes!("../derivations/data/emoji-factors.safetensors");
const PATH: &str = "derivations/data/emoji-factors.safetensors";

fn elbo(args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("elbo").unwrap();
    command.env_remove("ELBO_SEED").args(args).output().unwrap()
}

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
            "x[3, 7] is NaN, expected a number of size at most 1e30",
        ),
        (
            with_number("decoder_weight", 2, 1e31),
            "decoder_weight[0, 2] is 1e31, expected a number of size at most 1e30",
        ),
        (
            with_number("ln_p_y", 1, f64::NAN),
            "ln_p_y[1] is NaN, expected a log-probability (a number or -inf)",
        ),
        (with_number("ln_q_y_given_x", 0, 1.0), "ln_q_y_given_x[0] sums to "),
        (
            with_number("prior_covariance", 36 * 2, -1.0),
            "prior_covariance[2] is indefinite (its smallest eigenvalue is -1.0",
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
            "y[5] is 99, expected a caption in 0..9",
        ),
        (
            with_header(|json| json["x"]["shape"] = json!([32, 128])),
            "x has shape [32, 128], expected [64, 64]",
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
    for _ in 0..300 {
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
    assert!(read > 20, "{read} of 300 copies could be read");
}

#[test]
fn the_program_takes_continuous_worlds_as_finite_ones() {
    let report = elbo(&["check", PATH, "--worlds", "100", "--format", "json"]);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report["continuous"]["ok"], true);
    assert_eq!(
        report["continuous"]["worlds"],
        json!([{"source": "file", "count": 64}, {"source": "random", "count": 10}])
    );
    let row = |id: &str, reading: &str| {
        let rows = report["continuous"]["rows"].as_array().unwrap().iter();
        rows.clone()
            .find(|row| row["id"] == id && row["reading"] == reading)
            .unwrap()
            .clone()
    };
    assert_eq!(row("3-14", "observed")["file"]["broken"], 0);
    assert_eq!(row("13-14", "joint")["file"]["broken"], 64);
    for reading in ["observed", "pointwise", "joint", "expected"] {
        let ledger = elbo(&["ledger", PATH, "--row", "9", "--reading", reading, "--format", "json"]);
        assert_eq!(ledger.status.code(), Some(0), "{reading}");
        let ledger: Value = serde_json::from_slice(&ledger.stdout).unwrap();
        assert_eq!(ledger["ledger"]["adds_up"], true, "{reading}");
        assert!(
            ledger["ledger"]["evidence"]["nats"].as_f64().unwrap() > 0.0,
            "a density"
        );
    }
    let none = elbo(&["ledger", PATH, "--reading", "footnote"]);
    assert_eq!(none.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(none.stderr).unwrap(),
        "elbo: the footnote's reading has no closed form where codes are continuous: it needs p(z), a mixture over captions\n"
    );
    let shown = elbo(&["show", "5-6", "--world", "curves"]);
    assert!(String::from_utf8(shown.stdout).unwrap().contains("slack    D_KL"));
    let beyond = elbo(&["show", "13", "--world", PATH, "--row", "64"]);
    assert_eq!(beyond.status.code(), Some(2));
}

#[test]
fn fit_reads_images_and_refuses_what_are_none() {
    use safetensors::tensor::{Dtype, TensorView, serialize};
    let folder = tempfile::tempdir().unwrap();
    let (images, out) = (
        folder.path().join("images.safetensors"),
        folder.path().join("case.safetensors"),
    );
    let [images_path, out_path] = [&images, &out].map(|path| path.to_str().unwrap());
    let save = |height: usize, lines: usize| {
        let pixels: Vec<u8> = (0..60 * 3 * height * 16_usize).map(|k| (k * k % 251) as u8).collect();
        let view = TensorView::new(Dtype::U8, vec![60, 3, height, 16], &pixels).unwrap();
        let names = (0..lines)
            .map(|n| ["cat", "dog", "owl"][n % 3])
            .collect::<Vec<_>>()
            .join("\n");
        let metadata = std::collections::HashMap::from([("categories".to_owned(), names)]);
        std::fs::write(&images, serialize([("images", view)], Some(metadata)).unwrap()).unwrap();
    };
    let fit = || {
        elbo(&[
            "fit",
            images_path,
            "--out",
            out_path,
            "--factors",
            "3",
            "--rounds",
            "5",
            "--worlds",
            "7",
        ])
    };
    save(8, 60);
    assert_eq!(fit().status.code(), Some(0));
    let case = case::read(&out).unwrap();
    assert_eq!((case.gaussian.len(), case.categories()), (7, vec!["cat", "dog", "owl"]));
    let before = std::fs::read(&out).unwrap();
    save(12, 60);
    let message = String::from_utf8(fit().stderr).unwrap();
    assert!(
        message
            .ends_with("images is [60, 3, 12, 16] of U8, expected bytes, at least one image, H and W multiples of 8\n"),
        "{message}"
    );
    save(8, 59);
    let message = String::from_utf8(fit().stderr).unwrap();
    assert!(
        message.ends_with("categories has 59 lines for 60 images, expected a line for each image\n"),
        "{message}"
    );
    assert_eq!(
        std::fs::read(&out).unwrap(),
        before,
        "a refused fit leaves the file as it was"
    );
}

#[test]
fn the_walk_draws_the_curves_and_writes_the_integral() {
    let page = String::from_utf8(elbo(&["step", "--world", "curves", "--format", "html"]).stdout).unwrap();
    assert_eq!(page.matches("<figure class=\"curves\"><svg").count(), 2);
    assert!(
        !page.contains("#010203") && page.contains("stroke=\"var(--blue)\""),
        "colours follow the page"
    );
    assert!(page.contains("posterior p(z|x,y)") && page.contains("∫"));
    // The area under q ln(q/p) - q + p is the gap that the step prints.
    let text = String::from_utf8(elbo(&["step", "--world", "curves", "--all"]).stdout).unwrap();
    assert!(
        text.contains("= 0.139857 nats") && text.contains("ln ∫ p_{θ,ψ}(x,y,z)"),
        "{text}"
    );
    let many = elbo(&[
        "step",
        "--world",
        PATH,
        "--row",
        "2",
        "--reading",
        "joint",
        "--format",
        "html",
    ]);
    assert_eq!(many.status.code(), Some(0));
    assert!(
        !String::from_utf8(many.stdout).unwrap().contains("class=\"curves\""),
        "six coordinates have no curve"
    );
}
