//! A claim that nothing was held against is not right: it is counted and named, and the exit code is 1.

use serde_json::Value;
use tempfile::TempDir;

use super::{CHILD, ask, unwrapped};

fn probe(mode: &str, format: &str) -> (i32, String) {
    let folder = TempDir::new().unwrap();
    let save = folder.path().join("none.safetensors").display().to_string();
    let options = ["--rounds", "1", "--save", &save, "--format", format];
    let (code, text, error) = ask(&options, &["python3", CHILD, mode]);
    assert!(!text.is_empty(), "{error}");
    (code, text)
}

#[test]
fn answers_that_nothing_bounds_prove_nothing() {
    // One child answers 3 to everything and its sums have no bound that tells, the other -777, and its numbers are not told apart by token.
    for (mode, claim, reason) in [
        ("unbounded", "kl, ordinary: not decided in 1 of 1 questions", "in bf16"),
        (
            "summed",
            "token_nll, next tokens: not decided in 1 of 1 questions",
            "neither sum nor mean",
        ),
    ] {
        let (code, text) = probe(mode, "text");
        let text = unwrapped(&text);
        assert_eq!(code, 1, "{text}");
        assert!(
            text.starts_with("NOT DECIDED: ") && !text.contains("every law holds"),
            "{text}"
        );
        assert!(text.contains(claim) && text.contains(reason), "{text}");
        let (code, text) = probe(mode, "json");
        let report: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (code, &report["stands"], &report["found"]),
            (1, &Value::Bool(false), &Value::Null)
        );
        let undecided = report["undecided"].as_array().unwrap();
        assert!(
            !undecided.is_empty() && undecided.iter().all(|claim| claim["decided"] == 0),
            "{text}"
        );
    }
}

#[test]
fn what_was_decided_is_not_named() {
    let (code, text) = probe("right", "json");
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &report["stands"]), (0, &Value::Bool(true)), "{text}");
    assert_eq!(report["undecided"], Value::Array(Vec::new()));
}
