//! A law that is broken is found, made small and replayed.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::{CHILD, ask};

/// Exit code, output, errors and where the failure went.
fn probe(mode: &str, folder: &Path) -> (i32, String, String, String) {
    let save = folder.join("smallest.safetensors").display().to_string();
    let (code, text, error) = ask(
        &[
            "--rounds",
            "2",
            "--timeout",
            "2",
            "--start-timeout",
            "2",
            "--save",
            &save,
        ],
        &["python3", CHILD, mode],
    );
    (code, text, error, save)
}

fn judge(path: &str) -> Value {
    let output = crate::program()
        .args(["judge", path, "--format", "json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_right_child_obeys_every_law() {
    for mode in ["right", "causal", "single"] {
        let folder = TempDir::new().unwrap();
        let (code, text, error, save) = probe(mode, folder.path());
        assert_eq!(code, 0, "{mode}: {text}{error}");
        assert!(text.contains("every law holds: 2 ordinary"), "{text}");
        assert!(!Path::new(&save).exists());
    }
}

#[test]
fn a_normalisation_by_the_batch_is_found_made_small_and_replayed() {
    let folder = TempDir::new().unwrap();
    let (code, text, _, save) = probe("batch", folder.path());
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("BROKEN: kl is not what it is by its definition"),
        "{text}"
    );
    // One item alone is right, one code always is: two of each are the least.
    assert!(text.contains("shrunk to 2 x 1 x 2 (batch, position, code)"), "{text}");
    assert_eq!(judge(&save)["dumps"][0]["first_divergence"], "kl");
}

#[test]
fn a_leak_at_one_of_many_tokens_is_found_in_one_round_and_so_is_a_model_without_a_mask_in_a_half_type() {
    for mode in ["one-leak", "unmasked"] {
        let folder = TempDir::new().unwrap();
        let save = folder.path().join("smallest.safetensors").display().to_string();
        let options = ["--rounds", "1", "--timeout", "20", "--save", &save];
        let (code, text, error) = ask(&options, &["python3", CHILD, mode]);
        assert_eq!(code, 1, "{mode}: {text}{error}");
        assert!(text.contains("future-leak"), "{mode}: {text}");
    }
}

#[test]
fn a_leak_from_the_future_is_found_made_small_and_replayed() {
    let folder = TempDir::new().unwrap();
    let (code, text, _, save) = probe("leak", folder.path());
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("token_nll is not what it is by its definition, as by future-leak"),
        "{text}"
    );
    assert!(text.contains("shrunk to 2 x 6 (batch, token)"), "{text}");
    let report = judge(&save);
    assert_eq!(
        report["dumps"][0]["claims"][0]["explanations"][0]["name"],
        "future-leak"
    );
}

#[test]
fn rows_that_mix_and_tokens_that_see_themselves_are_found_and_replayed() {
    for (mode, name, size) in [
        ("rows", "row-leak", "shrunk to 2 x "),
        ("statistic", "row-leak", "shrunk to 2 x "),
        ("single-leak", "future-leak", "(batch, token)"),
        ("own", "own-token-leak", "(batch, token)"),
        ("negative", "above-one", "(batch, token)"),
    ] {
        let folder = TempDir::new().unwrap();
        let (code, text, error, save) = probe(mode, folder.path());
        assert_eq!(code, 1, "{mode}: {text}{error}");
        assert!(
            text.contains(&format!("token_nll is not what it is by its definition, as by {name}")),
            "{text}"
        );
        assert!(text.contains(size), "{text}");
        assert_eq!(judge(&save)["dumps"][0]["claims"][0]["explanations"][0]["name"], name);
    }
}

#[test]
fn a_child_that_misbehaves_gets_a_clear_verdict_and_nobody_hangs() {
    for (mode, expected) in [
        (
            "hang",
            "NO ANSWER: the child did not answer within 2 s (--timeout), to question 3",
        ),
        (
            "crash",
            "NO ANSWER: the child ended (exit status: 7) instead of answering, to question 3",
        ),
        (
            "garbage",
            "NO ANSWER: the child's answer to question 1 is no answer: expected value at line 1",
        ),
        (
            "lie",
            "the child's answer to question 1 is no answer: it is about question 2",
        ),
        (
            "nothing",
            "the child's answer to question 1 is no answer: its file cannot be read",
        ),
        ("nan", "BROKEN: kl is not what it is by its definition"),
    ] {
        let (folder, begun) = (TempDir::new().unwrap(), Instant::now());
        let (code, text, error, save) = probe(mode, folder.path());
        assert_eq!(code, 1, "{mode}: {text}{error}");
        assert!(text.replace("\n  ", " ").contains(expected), "{mode}: {text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(Path::new(&save).exists(), "{mode}: the question is saved");
        assert!(begun.elapsed() < Duration::from_secs(60), "{mode}");
    }
}

#[test]
fn what_cannot_be_started_is_an_error() {
    let run = |args: &[&str]| {
        let output = crate::program().args(args).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, error) = run(&["probe", "--", "/no/such/command"]);
    assert_eq!(code, 2);
    assert!(error.contains("/no/such/command: cannot be started"), "{error}");
    assert_eq!(run(&["probe"]).0, 2);
    // One that says nothing, or something else, at once.
    for (args, expected) in [(vec!["true"], "ended"), (vec!["echo", "hello"], "is no answer")] {
        let folder = TempDir::new().unwrap();
        let save = folder.path().join("none.safetensors").display().to_string();
        let all = [
            &["probe", "--timeout", "2", "--start-timeout", "2", "--save", &save, "--"][..],
            &args,
        ]
        .concat();
        let output = crate::program().args(all).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.starts_with("NO ANSWER: the child") && text.contains(expected),
            "{text}"
        );
    }
}
