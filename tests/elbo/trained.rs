//! The trained model through the program: pictures, evaluation, worlds, and training that is killed.
mod folder;
mod worlds;

use std::fs;
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use dalle::checks::steps;
use dalle::data::Data;
use dalle::network::Model;
use dalle::train::{FirstStage, Stage as _};
use gpu::autograd::composed;
use gpu::device::{Device, Kind};
use serde_json::Value;

use self::folder::short;
use crate::program as elbo;

fn said(command: &mut Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
}

fn refused(args: &[&str]) -> String {
    let assert = elbo().args(args).assert().code(2);
    let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

#[test]
fn pictures_are_the_same_for_a_seed_and_others_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let draw = |name: &str, seed: &str| {
        let path = folder.path().join(name);
        let text = said(
            elbo()
                .args(["sample", "Red Heart", "sun", "--n", "2", "--seed", seed, "--out"])
                .arg(&path),
        );
        assert!(
            text.contains("2 of each of Red Heart, sun, temperature 0.4, seed "),
            "{text}"
        );
        fs::read(path).unwrap()
    };
    let (one, two, other) = (draw("a.png", "3"), draw("b.png", "3"), draw("c.png", "4"));
    assert!(one == two && one != other && one.starts_with(b"\x89PNG"));
    let text = said(
        elbo()
            .args(["sample", "blue heart", "qqq", "--n", "1", "--out"])
            .arg(folder.path().join("d.png")),
    );
    assert!(
        text.ends_with("\nqqq is no caption of the training part: the model knows little of it\n"),
        "{text}"
    );
    assert!(!text.contains("blue heart is no"), "{text}");
    let path = folder.path().join("pairs.png");
    let text = said(
        elbo()
            .args(["reconstruct", "--n", "3", "--split", "test", "--out"])
            .arg(&path),
    );
    assert!(text.contains("3 images of the test part"), "{text}");
    let error: f64 = text
        .split("error ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(error > 0.0 && error < 0.25, "{text}");
}

#[test]
fn what_cannot_be_drawn_is_one_sentence() {
    assert!(refused(&["sample", " "]).contains("it has no words, expected at least one"));
    let long = "antidisestablishmentarianism ".repeat(9);
    assert!(refused(&["sample", &long]).contains("tokens, expected at most the"));
    assert!(refused(&["sample", "sun", "--temperature", "NaN"]).contains("--temperature is NaN, expected"));
    assert!(refused(&["sample", "sun", "--out", "nowhere/x.png"]).contains("there is no folder nowhere"));
    assert!(refused(&["world", "--out", "tests"]).contains("it exists and is no regular file"));
    elbo().args(["sample", "sun", "--out", "x.jpg"]).assert().code(2);
    assert!(refused(&["sample", "sun", "--model", "/nowhere"]).contains("/nowhere: "));
    assert!(refused(&["train", "dvae", "--config", "huge"]).contains("huge is no configuration"));
    assert!(refused(&["world", "Cargo.toml", "--out", "x"]).contains("not a safetensors file"));
    if cfg!(not(feature = "cuda")) {
        assert!(refused(&["evaluate", "--device", "cuda"]).contains("no CUDA device"));
    }
}

#[test]
fn an_evaluation_adds_up_and_its_layers_agree() {
    let args = [
        "evaluate",
        "--images",
        "4",
        "--samples",
        "4",
        "--bound-images",
        "2",
        "--bound-samples",
        "8",
    ];
    let report: Value = serde_json::from_str(&said(elbo().args(args).args(["--format", "json"]))).unwrap();
    let layers = report["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 6, "three networks in f32, three in bf16");
    assert!(
        layers
            .iter()
            .all(|network| network["failed"] == 0 && network["compared"].as_u64().unwrap() > 1000)
    );
    for split in report["report"]["splits"].as_array().unwrap() {
        let of = |name: &str| split[name]["mean"].as_f64().unwrap();
        // ELBO = reconstruction - D(q(z|x) || p(y,z)), as Eq. 9 has it.
        let terms = of("reconstruction") - of("divergence_from_prior");
        assert!((of("elbo") - terms).abs() < 1e-9 * of("elbo").abs(), "{split}");
        let prior = of("ln_p_y") + of("ln_p_z_given_y") + of("entropy");
        assert!(
            (of("divergence_from_prior") + prior).abs() < 1e-9 * prior.abs(),
            "{split}"
        );
        assert!(of("ln_q_y") < 0.0, "the note calls it positive");
    }
    let bound = report["report"]["bound"]["values"].as_array().unwrap();
    assert_eq!(bound.len(), 4);
}

/// Of our own operations and of candle's, as a device has them; another seed's parameters and noise are another step.
#[test]
fn a_training_step_agrees_with_double_precision_and_with_no_other_step() {
    let device = Device::open(Kind::Cpu).unwrap();
    let (data, model) = (Data::embedded().unwrap(), Model::tiny(&device).unwrap());
    let run = || steps::agree(&model, &data, 3, &device).unwrap();
    for report in run().into_iter().chain(composed(run)) {
        assert!(report.beyond.is_empty() && report.compared > 100_000, "{report:?}");
        assert!(report.worst > 1e-3, "a bound that no rounding comes near: {report:?}");
    }
    let mut config = model.config.clone();
    config.dvae.training.batch = 3;
    let here = FirstStage::new(&config, &data, &device).unwrap();
    let mut other = config.clone();
    other.seed += 1;
    let there = FirstStage::new(&other, &data, &device).unwrap();
    let report = steps::beside(&there, &here).unwrap();
    let tensors = here.variables().iter().count();
    assert!(report.beyond.len() > tensors, "{:?}", report.beyond);
}

#[test]
fn a_trained_model_is_a_world_that_the_fourteen_lines_hold_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trained.safetensors");
    let text = said(elbo().args(["world", "--images", "3", "--out"]).arg(&path));
    assert!(text.contains("3 worlds of 3 captions and 4096 codes"), "{text}");
    assert!(!text.contains("does NOT stand"), "{text}");
    said(elbo().arg("check").arg(&path).args(["--worlds", "1"]));
    said(elbo().arg("ledger").arg(&path));
    said(elbo().arg("agree").arg(&path).args(["--function", "eq03_log_evidence"]));
    let large = elbo()
        .args(["world", "derivations/data/model.safetensors", "--out"])
        .arg(&path)
        .assert()
        .code(2);
    let message = String::from_utf8(large.get_output().stderr.clone()).unwrap();
    assert!(message.contains("expected at most 65,536 codes in all"), "{message}");
}

#[test]
fn a_run_that_was_killed_ends_as_one_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let config = short(folder.path());
    let train = |out: &Path| {
        let mut process = Process::new(assert_cmd::cargo::cargo_bin("elbo"));
        process
            .args(["train", "all", "--resume", "--config"])
            .arg(&config)
            .arg("--out")
            .arg(out);
        process.stdout(Stdio::null()).stderr(Stdio::piped());
        process
    };
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    assert!(train(&whole).status().unwrap().success());
    // Killed outright in each stage, in the middle of a step, and once by Ctrl-C.
    for (stage, signal) in [("dvae", "-KILL"), ("dvae", "-INT"), ("prior", "-KILL")] {
        let mut child = train(&killed).spawn().unwrap();
        let began = Instant::now();
        let log = killed.join("metrics.jsonl");
        let steps = || {
            fs::read_to_string(&log)
                .unwrap_or_default()
                .matches(&format!("\"stage\":\"{stage}\""))
                .count()
        };
        let before = steps();
        while steps() < before + 7 && child.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < Duration::from_secs(120));
            std::thread::sleep(Duration::from_millis(5));
        }
        Process::new("kill")
            .arg(signal)
            .arg(child.id().to_string())
            .status()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(!output.status.success());
        if signal == "-INT" {
            let message = String::from_utf8(output.stderr).unwrap();
            assert!(
                message.contains("dvae: interrupted at step ") && message.contains("--resume goes on from"),
                "{message}"
            );
            assert_eq!(output.status.code(), Some(2));
        }
    }
    assert!(train(&killed).status().unwrap().success());
    for name in [
        "dvae.safetensors",
        "prior.safetensors",
        "model.safetensors",
        "metrics.jsonl",
    ] {
        let [a, b] = [&whole, &killed].map(|folder| fs::read(folder.join(name)).unwrap());
        assert!(a == b, "{name} differs");
    }
}

#[test]
fn a_sweep_goes_on_where_it_was_and_writes_its_table_and_charts() {
    let folder = tempfile::tempdir().unwrap();
    let config = short(folder.path());
    let out = folder.path().join("sweep");
    let sweep = |betas: &str| {
        let mut command = elbo();
        command
            .args(["sweep-beta", "--seeds", "2", "--betas", betas, "--config"])
            .arg(&config)
            .arg("--out")
            .arg(&out);
        said(&mut command)
    };
    sweep("1");
    let log = || fs::read(out.join("beta-1-seed-1/metrics.jsonl")).unwrap();
    let trained = log();
    let text = sweep("1,6.6");
    assert!(
        text.contains("codebook usage") && text.contains("6.6 less 1, mean over 2 seeds"),
        "{text}"
    );
    let table = fs::read_to_string(out.join("sweep.csv")).unwrap();
    assert_eq!(table.lines().count(), 5, "{table}");
    assert_eq!(sweep("1,6.6"), text);
    assert_eq!(log(), trained, "nothing is trained twice");
    assert!(fs::read(out.join("sweep.png")).unwrap().starts_with(b"\x89PNG"));
    let svg = fs::read_to_string(out.join("sweep.svg")).unwrap();
    assert!(svg.contains("codes used") && svg.contains("pixel error"));
}

#[test]
fn the_sweep_that_is_carried_is_whole() {
    let text = said(elbo().args(["sweep-beta", "--shipped"]));
    assert!(
        text.contains("21 runs") && text.contains("6.6 less 1, mean over 3 seeds"),
        "{text}"
    );
    let json: Value =
        serde_json::from_str(&said(elbo().args(["sweep-beta", "--shipped", "--format", "json"]))).unwrap();
    let points = json["points"].as_array().unwrap();
    for beta in [0.0, 0.5, 1.0, 2.0, 4.0, 6.6, 10.0] {
        let seeds = points.iter().filter(|point| point["beta"] == beta);
        let seconds: Vec<f64> = seeds.map(|point| point["seconds"].as_f64().unwrap()).collect();
        assert_eq!(seconds.len(), 3, "{beta}");
        assert!(
            seconds.iter().all(|seconds| (1.0..180.0).contains(seconds)),
            "{seconds:?}"
        );
    }
}
