//! Models of finite parameters whose numbers overflow on the way, and configurations that train such ones.

use std::fs;
use std::path::Path;

use super::{expect_numbers, honest};

/// The shipped tiny model with numbers of a tensor replaced: all of them, or one.
fn spoilt(folder: &Path, tensor: &str, place: Option<usize>, number: f32) -> String {
    let chosen = |at: usize, _: usize| place.is_none_or(|place| at == place);
    spoilt_where(folder, tensor, chosen, number)
}

/// The same with those numbers replaced that are chosen by their place and by how many inputs an output has.
fn spoilt_where(folder: &Path, tensor: &str, chosen: impl Fn(usize, usize) -> bool, number: f32) -> String {
    let mut bytes = include_bytes!("../../../derivations/data/tiny.safetensors").to_vec();
    let (header, data) = files::header::read(&bytes).unwrap();
    let (begin, end) = header.tensors[tensor].data_offsets;
    let inputs = header.tensors[tensor].shape.iter().skip(1).product();
    let start = bytes.len() - data.len();
    for (at, old) in bytes[start + begin..start + end].chunks_exact_mut(4).enumerate() {
        if chosen(at, inputs) {
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
        "1,6.6,1e-300",
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
    assert!(Path::new(&out).join("beta-1e-300-seed-1/result.json").exists());
    let earlier = Path::new(&out).join("beta-1-seed-1/result.json");
    fs::write(&earlier, "[{\"seed\": \"one\"}, 3]").unwrap();
    let (code, said) = honest(&sweep);
    assert!(
        code == 2 && said.contains("result.json: invalid type: string \"one\", expected a whole number"),
        "{said}"
    );
}

/// A rectifier makes 0 of what is below every number of the type: no result shows it.
#[test]
fn a_number_that_overflows_within_a_network_is_named_with_its_layer() {
    let folder = tempfile::tempdir().unwrap();
    // One output's weights: what comes in is positive on the whole, and a few of its sums are beyond the type.
    let model = spoilt_where(
        folder.path(),
        "encoder.blocks.group_5.block_1.id_path.w",
        |place, inputs| place / inputs == 51,
        -1e38,
    );
    let (code, said) = honest(&[&["evaluate", &model], &SMALL[..SMALL.len() - 1], &["1"]].concat());
    assert_eq!(code, 2, "{said}");
    assert!(
        said.starts_with(&format!("elbo: {model}: image "))
            && said.contains(": the encoder's blocks.group_5.block_1.id_path[")
            && said.contains("] in f32 is -inf, expected a finite number"),
        "{said}"
    );
    let (code, told) = honest(&[&["evaluate", &model], &SMALL[..], &["--format", "json"]].concat());
    assert_eq!(code, 0, "{told}");
}

/// Cells of a line of the evaluation after its name, which has 44 columns at least.
fn cells<'a>(told: &'a str, name: &str) -> Vec<&'a str> {
    let line = told.lines().find(|line| line.starts_with(name));
    let line = line.unwrap_or_else(|| panic!("{name}: {told}"));
    line[44..]
        .split("  ")
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect()
}

#[test]
fn a_table_of_huge_numbers_stays_a_table_and_its_differences_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let bright = spoilt(folder.path(), "decoder.blocks.output.conv.b", Some(0), 1e20);
    let read = |model: &str| {
        let (code, told) = honest(&[&["evaluate", model], &SMALL[..]].concat());
        assert_eq!(code, 0, "{told}");
        told
    };
    let (found, plain) = (read(&bright), read("derivations/data/tiny.safetensors"));
    for line in found.lines() {
        let longest = line.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
        assert!(longest.is_none_or(|digits| digits < 10), "{line}");
    }
    let reconstruction = cells(&found, "reconstruction");
    assert!(
        reconstruction.len() == 3 && reconstruction.iter().all(|cell| cell.contains("e23")),
        "{found}"
    );
    for name in [
        "  over even codes",
        "  over the same with an untrained prior",
        "KL(q(z|x) || 1/K)",
    ] {
        assert_eq!(cells(&found, name), cells(&plain, name), "{name}");
        assert_eq!(cells(&found, name).len(), 3, "{found}");
    }
}

pub(super) fn configuration(folder: &Path, changes: &[(&str, &str)]) -> String {
    let text = include_str!("../../../derivations/dalle/configurations/tiny.toml");
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
