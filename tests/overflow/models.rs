//! Models of finite parameters whose numbers overflow on the way, and configurations that train such ones.

use std::fs;
use std::path::Path;

use super::{expect_numbers, honest};

/// The shipped tiny model with numbers of a tensor replaced: all of them, or one.
fn spoilt(folder: &Path, tensor: &str, place: Option<usize>, number: f32) -> String {
    let mut bytes = include_bytes!("../../derivations/data/tiny.safetensors").to_vec();
    let (header, data) = files::header::read(&bytes).unwrap();
    let (begin, end) = header.tensors[tensor].data_offsets;
    let start = bytes.len() - data.len();
    for (at, old) in bytes[start + begin..start + end].chunks_exact_mut(4).enumerate() {
        if place.is_none_or(|place| at == place) {
            old.copy_from_slice(&number.to_le_bytes());
        }
    }
    let path = folder.join("spoilt.safetensors");
    fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

/// Where a number that is too large is put, and where it is noticed at the latest.
const OVERFLOWING: [(&str, Option<usize>, f32); 12] = [
    ("decoder.blocks.group_1.block_1.id_path.b", None, 1e38),
    ("decoder.blocks.group_1.block_1.id_path.b", None, -1e38),
    ("decoder.blocks.input.w", None, 3e38),
    ("decoder.blocks.output.conv.b", Some(0), 3e38),
    ("decoder.blocks.output.conv.b", Some(5), 3e38),
    ("decoder.blocks.output.conv.w", None, 3e38),
    ("encoder.blocks.input.b", None, 3e38),
    ("encoder.blocks.output.conv.w", None, 3e38),
    ("encoder.blocks.output.conv.b", Some(1), 3e38),
    ("prior.to_image.weight", None, 3e38),
    ("prior.to_text.bias", Some(0), 3e38),
    ("prior.norm.weight", None, 3e38),
];

const SMALL: [&str; 10] = [
    "--images",
    "2",
    "--samples",
    "2",
    "--bound-images",
    "2",
    "--bound-samples",
    "2",
    "--layers",
    "0",
];

#[test]
fn a_model_that_overflows_is_named_with_the_image_and_the_number() {
    let folder = tempfile::tempdir().unwrap();
    let model = spoilt(folder.path(), "decoder.blocks.group_1.block_1.id_path.b", None, 1e38);
    let (code, said) = honest(&[&["evaluate", &model], &SMALL[..]].concat());
    assert_eq!(code, 2, "{said}");
    let told = format!("elbo: {model}: image ");
    assert!(
        said.starts_with(&told)
            && said.contains(": ln p(x|z) at sample 0 of the codes is NaN, expected a finite number"),
        "{said}"
    );
    let picture = folder.path().join("x.png").display().to_string();
    for command in [&["sample", "sun", "--n", "1"][..], &["reconstruct", "--n", "1"]] {
        let (code, said) = honest(&[command, &["--model", &model, "--out", &picture]].concat());
        assert_eq!(code, 2, "{said}");
        assert!(
            said.contains("the decoder's mu of value 0 of image 0 is NaN, expected a finite number"),
            "{said}"
        );
        assert!(!Path::new(&picture).exists(), "a picture of what is no number");
    }
    let model = spoilt(folder.path(), "prior.to_image.weight", None, 3e38);
    let (code, said) = honest(&["sample", "sun", "--n", "1", "--model", &model, "--out", &picture]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("the prior's logit of code "), "{said}");
    let model = spoilt(folder.path(), "encoder.blocks.output.conv.b", Some(1), f32::MAX);
    let (code, said) = honest(&["reconstruct", "--n", "1", "--model", &model, "--out", &picture]);
    assert!(
        code == 0 || said.contains("the encoder's logit of code 1 at position "),
        "{said}"
    );
}

#[test]
fn no_command_on_a_model_ends_well_with_a_nan() {
    let folder = tempfile::tempdir().unwrap();
    let (picture, world) = ("x.png", "x.safetensors");
    let [picture, world] = [picture, world].map(|name| folder.path().join(name).display().to_string());
    let mut ended = [0; 3];
    for (tensor, place, number) in OVERFLOWING {
        let model = spoilt(folder.path(), tensor, place, number);
        let json = ["--format", "json"];
        let mut commands = vec![
            [&["evaluate", &model], &SMALL[..], &json].concat(),
            vec!["sample", "sun", "--n", "2", "--model", &model, "--out", &picture],
            vec!["reconstruct", "--n", "2", "--model", &model, "--out", &picture],
        ];
        // Where every code is decoded, and where the prior is asked for every one.
        if place.is_some() {
            commands.push([&["world", &model, "--images", "1", "--out", &world], &json[..]].concat());
        }
        for command in commands {
            let (code, _) = honest(&command);
            ended[usize::try_from(code).unwrap()] += 1;
            if command[0] == "world" && code == 0 {
                honest(&["ledger", &world, "--format", "json"]);
            }
        }
    }
    assert!(ended[2] > 20, "these overflow: {ended:?}");
}

#[test]
fn one_image_or_one_seed_has_no_error_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("x.png").display().to_string();
    let (code, told) = honest(&["reconstruct", "--n", "1", "--out", &picture]);
    assert!(
        code == 0 && told.contains(" (n = 1) of a pixel in [0, 1]") && !told.contains('±'),
        "{told}"
    );
    let config = configuration(
        folder.path(),
        &[
            ("updates = 1000", "updates = 2"),
            ("checkpoint = 250", "checkpoint = 2"),
        ],
    );
    let out = folder.path().join("sweep").display().to_string();
    let sweep = [
        "sweep-beta",
        "--seeds",
        "1",
        "--betas",
        "1,6.6",
        "--config",
        &config,
        "--out",
        &out,
    ];
    let (code, told) = honest(&sweep);
    assert_eq!(code, 0, "{told}");
    for file in ["sweep.svg", "sweep.csv"] {
        expect_numbers(&fs::read_to_string(Path::new(&out).join(file)).unwrap(), &[file]);
    }
    honest(&[&sweep[..], &["--format", "json"]].concat());
    let earlier = Path::new(&out).join("beta-1-seed-1/result.json");
    fs::write(&earlier, "[{\"seed\": \"one\"}, 3]").unwrap();
    let (code, said) = honest(&sweep);
    assert!(
        code == 2 && said.contains("result.json: invalid type: string \"one\", expected a whole number"),
        "{said}"
    );
}

pub(super) fn configuration(folder: &Path, changes: &[(&str, &str)]) -> String {
    let text = include_str!("../../derivations/model/configurations/tiny.toml");
    let mut text = text
        .replace("batch = 16", "batch = 4")
        .replace("batch = 32", "batch = 4");
    for (from, to) in changes {
        assert!(text.contains(from), "{from}\n{text}");
        text = text.replacen(from, to, 1);
    }
    let path = folder.join("changed.toml");
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn a_training_that_overflows_writes_no_model() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    // The largest step that a configuration may say, nothing clipped.
    let steep = [
        ("updates = 1000", "updates = 2"),
        ("checkpoint = 250", "checkpoint = 1"),
        (
            "step_size = { from = 4e-3, to = 5e-5,",
            "step_size = { from = 1e6, to = 1e6,",
        ),
        ("warm_up = 50", "warm_up = 0"),
        ("clip = 4.0", "clip = 0.0"),
    ];
    let config = configuration(folder.path(), &steep);
    let (code, said) = honest(&[
        "train",
        "dvae",
        "--config",
        &config,
        "--out",
        &out.display().to_string(),
    ]);
    assert_eq!(code, 2, "{said}");
    assert!(!out.join("model.safetensors").exists());
    let log = fs::read_to_string(out.join("metrics.jsonl")).unwrap_or_default();
    for line in log.lines() {
        expect_numbers(line, &["metrics.jsonl"]);
    }
}
