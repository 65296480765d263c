//! The program as its users meet it: exit codes, text, JSON, files.

#[cfg(feature = "twin")]
mod agree;
mod errors;
mod files;
mod ledger;

use std::process::Output;

use note::proposition::propositions;
use serde_json::Value;

use crate::elbo;

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn json(args: &[&str]) -> Value {
    let output = elbo(args);
    assert_eq!(
        code(&output),
        0,
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A file with one small world: a fifth of the time of the embedded one's.
fn small() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.safetensors").to_str().unwrap().to_owned();
    assert_eq!(code(&elbo(&["refute", "14", "--save", &path])), 0);
    (folder, path)
}

#[test]
fn check_ends_with_zero_and_says_what_the_note_gets_wrong() {
    let output = elbo(&["check", "--worlds", "500"]);
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{text}");
    for expected in [
        "OK, the tool's own statements stand",
        "3-14 pointwise     broken in 52 of 256, first in row",
        "sign error: 'a constant positive value'",
        "'only' is refuted",
        "256 from the file",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100), "fits 100 columns");
    assert!(!text.contains('\u{1b}'), "no colours into a pipe");
    assert!(!text.contains("NaN") && !text.contains("nan "), "{text}");
}

#[test]
fn check_reports_json_with_its_provenance() {
    let report = json(&["check", "--worlds", "300", "--format", "json", "--seed", "5"]);
    assert_eq!(report["schema"], "elbo-check/1");
    assert_eq!(report["ok"], true);
    let from = &report["provenance"];
    assert_eq!(from["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(from["seed"], 5);
    assert_eq!(from["input_sha256"].as_str().unwrap().len(), 64);
    assert!(from["features"].is_array());
    assert_eq!(report["rows"].as_array().unwrap().len(), propositions().len());
}

#[test]
fn check_can_be_kept_to_one_reading_and_one_beta() {
    let (_folder, path) = small();
    let report = json(&[
        "check",
        &path,
        "--worlds",
        "200",
        "--reading",
        "observed",
        "--beta",
        "2",
        "--format",
        "json",
    ]);
    let rows = report["rows"].as_array().unwrap();
    assert!(
        rows.iter()
            .all(|row| row["reading"].is_null() || row["reading"] == "observed")
    );
    let at_beta = rows.iter().find(|row| row["id"] == "3-1").unwrap();
    assert_eq!(at_beta["verdict"]["standing"], "holds", "beta = 2 keeps the bound");
}

#[test]
fn every_json_report_says_what_it_was_made_with() {
    let (_folder, path) = small();
    let mut calls = vec![
        vec!["check", &path, "--worlds", "20"],
        vec!["lines"],
        vec!["ledger"],
        vec!["refute", "14"],
        vec!["break", "beta-one"],
    ];
    if cfg!(feature = "twin") {
        calls.push(vec!["agree"]);
    }
    for mut call in calls {
        call.extend(["--format", "json"]);
        let report = json(&call);
        assert!(report["schema"].as_str().unwrap().starts_with("elbo-"), "{call:?}");
        assert_eq!(report["provenance"]["version"], env!("CARGO_PKG_VERSION"), "{call:?}");
        for key in ["input", "input_sha256", "seed", "features"] {
            assert!(report["provenance"].get(key).is_some(), "{call:?}: {key}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_report() {
    let (_folder, path) = small();
    let args = ["check", &path, "--worlds", "200", "--seed", "9", "--format", "json"];
    let run = || stdout(&elbo(&args));
    assert_eq!(run(), run());
}

#[test]
fn refute_prints_a_small_world_and_saves_it_so_that_it_can_be_checked() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["found.toml", "found.safetensors"] {
        let path = folder.path().join(name);
        let path = path.to_str().unwrap();
        let output = elbo(&["refute", "14", "--reading", "joint", "--save", path]);
        assert_eq!(code(&output), 0);
        let text = stdout(&output);
        assert!(
            text.starts_with("REFUTED") && text.contains("2 captions x 1 code x 1 image"),
            "{text}"
        );
        let report = json(&["check", path, "--worlds", "0", "--format", "json"]);
        let row = report["rows"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["id"] == "3-14" && row["reading"] == "joint");
        assert_eq!(
            row.unwrap()["file"]["broken"],
            1,
            "the saved world breaks the claim again"
        );
    }
}

#[test]
fn save_follows_a_link_and_refuses_what_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("target.toml");
    std::fs::write(&target, "").unwrap();
    let link = folder.path().join("link.toml");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&target, &link).unwrap();
    #[cfg(not(unix))]
    std::fs::copy(&target, &link).unwrap();
    let save = |path: &std::path::Path| elbo(&["refute", "14", "--reading", "joint", "--save", path.to_str().unwrap()]);
    assert_eq!(code(&save(&link)), 0);
    if cfg!(unix) {
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert!(std::fs::read_to_string(&target).unwrap().contains("p_x_given_yz"));
    }
    assert_eq!(code(&save(folder.path())), 2, "a folder is no file");
}

#[test]
fn refute_exits_with_one_where_nothing_is_found() {
    let output = elbo(&["refute", "12-13", "--reading", "pointwise", "--worlds", "2000"]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).starts_with("Nothing found: in 2000 random worlds"));
}

#[test]
fn every_beta_below_one_has_a_counterexample_and_none_above() {
    for beta in ["0", "0.25", "0.5", "0.9", "0.99"] {
        let report = json(&[
            "refute",
            "14",
            "--reading",
            "observed",
            "--beta",
            beta,
            "--format",
            "json",
        ]);
        assert_eq!(report["grade"], "refutes", "beta {beta}");
    }
    for beta in ["1", "1.01", "6.6"] {
        let output = elbo(&[
            "refute",
            "14",
            "--reading",
            "observed",
            "--beta",
            beta,
            "--worlds",
            "2000",
        ]);
        assert_eq!(code(&output), 1, "beta {beta}");
    }
}

#[test]
fn break_shows_every_assumption_before_and_after() {
    for assumption in note::assumption::ASSUMPTIONS {
        let report = json(&["break", assumption.id, "--format", "json"]);
        assert_eq!(report["without"]["claim_broken"], true, "{}", assumption.id);
        assert_eq!(report["with"]["claim_broken"], false, "{}", assumption.id);
        assert_eq!(code(&elbo(&["break", assumption.id])), 0);
    }
}

#[test]
fn lines_show_and_step_print_without_a_terminal() {
    assert_eq!(json(&["lines", "--format", "json"])["schema"], "elbo-lines/1");
    assert!(stdout(&elbo(&["lines"])).contains("13-14"));
    assert!(stdout(&elbo(&["show", "13"])).contains("eq13_kl_named"));
    let text = stdout(&elbo(&["step"]));
    assert!(
        text.contains("Line 3") && text.contains("Line 14"),
        "piped, it prints all"
    );
    assert!(stdout(&elbo(&["step", "--world", "fig3", "--all"])).contains("fig3"));
    let page = stdout(&elbo(&["step", "--format", "html"]));
    assert!(page.starts_with("<!") && page.contains("<math") && page.trim_end().ends_with("</html>"));
}

#[test]
fn help_gives_examples() {
    for args in [
        vec!["--help"],
        vec!["check", "--help"],
        vec!["refute", "--help"],
        vec!["ledger", "--help"],
    ] {
        let output = elbo(&args);
        assert_eq!(code(&output), 0);
        assert!(stdout(&output).contains("Examples:"), "{args:?}");
    }
}

#[test]
fn bounds_say_what_a_correct_program_may_be_off_and_why() {
    let output = elbo(&["bounds", "kl", "--dtype", "bf16", "--shape", "2x3x5"]);
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{text}");
    for expected in [
        "may be off",
        "an image: the sum of 3 positions",
        "each rounded to bf16",
        "computed in f32 throughout",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "fits 80 columns: {text}"
    );
    let report = json(&[
        "bounds", "kl", "--dtype", "bf16", "--shape", "2x3x5", "--format", "json",
    ]);
    assert_eq!(report["schema"], "elbo-bounds/1");
    assert_eq!(
        (report["dtype"].as_str(), report["accumulation"].as_str()),
        (Some("bf16"), Some("bf16"))
    );
    assert_eq!(report["numbers"].as_array().unwrap().len(), 3);
    for args in [
        ["--shape", "0x1x2"],
        ["--shape", "9999999x9999999x9999999"],
        ["--spread", "nan"],
        ["--dtype", "f8"],
    ] {
        assert_eq!(code(&elbo(&[&["bounds", "kl"][..], &args].concat())), 2, "{args:?}");
    }
}
