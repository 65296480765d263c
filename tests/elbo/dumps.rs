//! `elbo judge` as it is called.

use std::path::PathBuf;

use bounds::Float;
use judge::dump::DumpBuilder;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{path, program};

fn elbo(args: &[&str]) -> (i32, String, String) {
    let output = program().args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// A correct dump in memory: a fair coin beside a certain one, ln 2 nats from uniform.
pub(crate) fn small() -> DumpBuilder {
    let mut dump = DumpBuilder::new(json!({
        "inputs": "tokens", "dtype": "f32", "layout": "BSK", "prior": "uniform", "framework": "by hand",
        "claims": {"kl": {"sum": ["position", "code"]}},
    }));
    dump.floats(
        "encoder_logits",
        &[1, 2, 2],
        &[0.0, 0.0, 0.0, f64::NEG_INFINITY],
        Float::F32,
    );
    dump.floats("claim.kl", &[1], &[2.0_f64.ln()], Float::F32);
    dump
}

/// Two dumps of one objective: as it is, and with the divergence averaged over codes.
fn dumps() -> (TempDir, String, String) {
    let of = |name: &str| {
        path(&format!("tests/elbo/dumps/{name}.safetensors"))
            .display()
            .to_string()
    };
    (TempDir::new().unwrap(), of("right"), of("averaged-over-codes"))
}

#[test]
fn a_correct_dump_exits_with_0_and_a_faulty_one_with_1_and_names_the_fault() {
    let (_folder, right, wrong) = dumps();
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
    let (folder, right, wrong) = dumps();
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
    let (folder, right, _) = dumps();
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
fn two_reports_need_two_files() {
    let (folder, right, _) = dumps();
    let path = folder.path().join("both").display().to_string();
    let (code, _, error) = elbo(&["judge", &right, "--junit", &path, "--markdown", &path]);
    assert_eq!(code, 2);
    assert!(error.contains("is both --junit and --markdown"), "{error}");
    assert!(!folder.path().join("both").exists());
}

/// A world of one caption and two codes whose tables have the given sums: its evidence is half 3/4 and half 1/4.
fn world_with_sums(prior: f64, encoder: f64) -> DumpBuilder {
    let shares = |sum: f64| [(0.5 * sum).ln(), (0.5 * sum).ln()];
    DumpBuilder::worlds(Float::F64)
        .input("ln_p_x_given_yz", &[1, 1, 2], &[0.75_f64.ln(), 0.25_f64.ln()])
        .input("ln_p_yz", &[1, 2], &shares(prior))
        .input("ln_q_z_given_x", &[1, 2], &shares(encoder))
        .input("y", &[1], &[0_i64])
        .claim(
            judge::dump::Quantity::LogEvidence,
            &judge::dump::ClaimSpec::each(),
            &[1],
            &[0.5_f64.ln()],
        )
}

#[test]
fn tables_that_miss_one_are_refused_or_renormalised_and_the_report_says_by_how_much() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("worlds.safetensors").display().to_string();
    std::fs::write(&file, world_with_sums(1.25, 0.5).bytes()).unwrap();
    let (code, _, errors) = elbo(&["judge", &file]);
    assert_eq!(code, 2, "{errors}");
    assert!(
        errors.contains("ln_p_yz") && errors.contains("--renormalise"),
        "{errors}"
    );
    let (code, text, errors) = elbo(&["judge", &file, "--renormalise"]);
    assert_eq!(code, 0, "{text}{errors}");
    for said in [
        "ln_p_yz was renormalised, and claims are held against what it is now: of its 1 distribution the sum that was furthest from 1 missed it by 2.5e-1",
        "ln_q_z_given_x was renormalised",
        "by 5.0e-1",
    ] {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(said), "{said}: {text}");
    }
    // What cannot be normalised is refused all the same.
    std::fs::write(&file, world_with_sums(1.0, 0.0).bytes()).unwrap();
    let (code, _, errors) = elbo(&["judge", &file, "--renormalise"]);
    assert!(code == 2 && errors.contains("ln_q_z_given_x"), "{errors}");
    // Logits are normalised by the softmax.
    std::fs::write(&file, small().bytes()).unwrap();
    let (code, text, _) = elbo(&["judge", &file, "--renormalise"]);
    assert!(code == 0 && text.contains("nothing was renormalised"), "{text}");
}
