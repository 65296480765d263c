//! `elbo judge` as it is called.

use std::path::PathBuf;

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::file::expect_committed;
use super::hostile::correct;
use super::matrix::planted;
use super::mutants::{Fault, MUTANTS};

fn elbo(args: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("elbo").unwrap().args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// A correct dump and a faulty one.
fn folder() -> (TempDir, String, String) {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let faulty = MUTANTS
        .iter()
        .find(|mutant| mutant.fault == Fault::DividedByCodes)
        .unwrap();
    std::fs::write(path("right.safetensors"), correct().bytes()).unwrap();
    std::fs::write(path("wrong.safetensors"), planted::<f32>(faulty, 0).bytes()).unwrap();
    let (right, wrong) = (path("right.safetensors"), path("wrong.safetensors"));
    (folder, right, wrong)
}

#[test]
fn a_correct_dump_exits_with_0_and_a_faulty_one_with_1_and_names_the_fault() {
    let (_folder, right, wrong) = folder();
    let (code, text, _) = elbo(&["judge", &right]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("all within their bounds"), "{text}");
    let (code, text, _) = elbo(&["judge", &wrong, &right]);
    assert_eq!(code, 1);
    assert!(text.contains("First divergence: kl, Eq. 13"), "{text}");
    assert!(
        text.contains("explained by mean-over-codes: the divergence is averaged over codes, not summed"),
        "{text}"
    );
    assert!(
        text.contains("elbo: out of bound, but what kl as claimed come to"),
        "{text}"
    );
    assert!(
        text.lines()
            .all(|line| line.chars().count() <= 100 || line.contains("/")),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "a pipe gets no colours");
}

#[test]
fn the_reports_say_the_same() {
    let (folder, right, wrong) = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (junit, markdown) = (path("elbo.xml"), path("comment.md"));
    let (code, text, _) = elbo(&[
        "judge",
        &right,
        &wrong,
        "--format",
        "json",
        "--junit",
        &junit,
        "--markdown",
        &markdown,
    ]);
    assert_eq!(code, 1);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["schema"], json!("elbo-judgement/1"));
    assert_eq!(report["dumps"][0]["stands"], json!(true));
    assert_eq!(report["dumps"][1]["first_divergence"], json!("kl"));
    let failures = report["dumps"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|dump| dump["claims"].as_array().unwrap());
    let failures = failures.filter(|claim| claim["verdict"] != json!("ok")).count();
    let xml = std::fs::read_to_string(junit).unwrap();
    assert_eq!(xml.matches("<failure").count(), failures);
    assert!(xml.contains("explained by mean-over-codes"), "{xml}");
    let markdown = std::fs::read_to_string(markdown).unwrap();
    assert!(
        markdown.contains("`mean-over-codes`: the divergence is averaged over codes"),
        "{markdown}"
    );
}

#[test]
fn what_cannot_be_judged_exits_with_2_in_one_sentence() {
    let (folder, right, _) = folder();
    let missing = folder.path().join("none.safetensors").display().to_string();
    let no_folder = PathBuf::from("/no/such/folder/elbo.xml").display().to_string();
    for (args, expected) in [
        (vec!["judge", &missing], "cannot be read"),
        (vec!["judge", "Cargo.toml"], "not a safetensors file"),
        (
            vec!["judge", "derivations/data/tiny.safetensors"],
            "metadata key format",
        ),
        (vec!["judge", &right, "--junit", &no_folder], "there is no folder"),
    ] {
        let (code, out, error) = elbo(&args);
        assert_eq!((code, out.as_str()), (2, ""), "{error}");
        assert!(
            error.contains(expected) && error.trim_end().lines().count() == 1,
            "{error}"
        );
    }
    assert_eq!(elbo(&["judge"]).0, 2);
    // One that is no dump does not keep the others from being judged.
    let junit = folder.path().join("all.xml").display().to_string();
    let (code, out, error) = elbo(&["judge", "Cargo.toml", &right, &missing, "--junit", &junit]);
    assert_eq!(code, 2);
    assert!(
        out.contains("all within their bounds") && error.lines().count() == 2,
        "{out}{error}"
    );
    let xml = std::fs::read_to_string(junit).unwrap();
    assert!(xml.contains("errors=\"2\"") && xml.contains("failures=\"0\""), "{xml}");
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    for (name, schema) in [
        ("dump.schema.json", schemars::schema_for!(judge::dump::Statement)),
        ("judgement.schema.json", schemars::schema_for!(judge::report::Report)),
    ] {
        expect_committed(name, &(serde_json::to_string_pretty(&schema).unwrap() + "\n"));
    }
}

#[test]
fn two_reports_need_two_files() {
    let (folder, right, _) = folder();
    let path = folder.path().join("both").display().to_string();
    let (code, _, error) = elbo(&["judge", &right, "--junit", &path, "--markdown", &path]);
    assert_eq!(code, 2);
    assert!(error.contains("is both --junit and --markdown"), "{error}");
    assert!(!folder.path().join("both").exists());
}
