//! Greetings that no question can be made of are refused in a sentence, before anything is drawn or allocated.

use tempfile::TempDir;

use super::{ask, unwrapped};

/// What comes of a greeting, after which the child says nothing more.
fn greet(greeting: &str) -> String {
    let folder = TempDir::new().unwrap();
    let save = folder.path().join("none.safetensors").display().to_string();
    let script = r#"read -r line; printf '%s\n' "$1"; read -r line; sleep 60"#;
    // Less address space than a claimed size would take: a program that allocates by it aborts.
    let limited = "ulimit -v 6000000; exec \"$@\"";
    let elbo = assert_cmd::cargo::cargo_bin("elbo").display().to_string();
    let output = std::process::Command::new("sh")
        .args([
            "-c",
            limited,
            "sh",
            &elbo,
            "probe",
            "--timeout",
            "1",
            "--start-timeout",
            "1",
            "--save",
            &save,
        ])
        .args(["--", "sh", "-c", script, "sh", greeting])
        .output()
        .unwrap();
    let text = unwrapped(std::str::from_utf8(&output.stdout).unwrap());
    assert_eq!(output.status.code(), Some(1), "{greeting}: {text} {output:?}");
    text
}

const TEXT: &str = r#""inputs":"sequence","dtype":"f32","claims":{"token_nll":{}}"#;
const CODES: &str = r#""inputs":"tokens","dtype":"f32","layout":"BSK","prior":"uniform","claims":{"kl":{}}"#;

#[test]
fn a_text_whose_tokens_have_no_entries_is_refused() {
    for (tokens, vocabulary, sizes, expected) in [
        (
            2_u64,
            5_u64,
            r#"{"entry":5}"#,
            "sizes: entry is 5, expected more than text.vocabulary, 5",
        ),
        (
            2,
            9,
            r#"{"entry":5}"#,
            "sizes: entry is 5, expected more than text.vocabulary, 9",
        ),
        (2, 0, "{}", "text.vocabulary is 0, expected entries for 2 text tokens"),
        (
            7,
            5,
            r#"{"token":6}"#,
            "sizes: token is 6, expected at least text.tokens, 7",
        ),
        (u64::MAX, 5, "{}", "numbers, expected smaller sizes"),
        (2, 1 << 40, "{}", "numbers, expected smaller sizes"),
    ] {
        let text =
            format!(r#""text":{{"tokens":{tokens},"vocabulary":{vocabulary},"softmax":"joint","weights":[1,1]}}"#);
        let found = greet(&format!(r#"{{"statement":{{{TEXT},{text}}},"sizes":{sizes}}}"#));
        assert!(found.contains(expected), "{found}");
    }
}

#[test]
fn sizes_that_are_fine_each_and_too_large_together_are_refused() {
    for (statement, sizes) in [
        (CODES, r#"{"batch":32,"position":1024,"code":8192}"#),
        (CODES, r#"{"batch":65536,"position":65536,"code":65536}"#),
        (TEXT, r#"{"batch":65536,"token":65536}"#),
        (
            r#""inputs":"gaussian","dtype":"f32","parameter":"std","prior":"standard_normal","claims":{"kl":{}}"#,
            r#"{"batch":65536,"coordinate":65536}"#,
        ),
        (
            r#""inputs":"tokens","dtype":"f32","layout":"BSK","prior":"uniform","decoder":"normal","claims":{"kl":{}}"#,
            r#"{"batch":65536,"pixel":65536,"code":2}"#,
        ),
    ] {
        let found = greet(&format!(r#"{{"statement":{{{statement}}},"sizes":{sizes}}}"#));
        assert!(found.contains("expected smaller sizes"), "{found}");
    }
}

#[test]
fn a_row_of_dall_es_codes_is_asked_about() {
    let found = greet(&format!(
        r#"{{"statement":{{{CODES}}},"sizes":{{"position":1024,"code":8192}}}}"#
    ));
    assert!(
        found.contains("did not answer within 1 s (--timeout), to question 1"),
        "{found}"
    );
}

#[test]
fn what_judge_refuses_in_a_statement_is_refused_at_the_greeting() {
    for (greeting, expected) in [
        ("5", "expected an object with a statement"),
        (r#"{"statement":["tokens"]}"#, "the statement is no object"),
        (r#"{"statement":{}}"#, "missing field"),
        (
            r#"{"statement":{"inputs":"tokens","dtype":"f32","prior":"uniform","claims":{"kl":{}}}}"#,
            "the statement's layout is missing, expected BKHW or BSK",
        ),
        (
            r#"{"statement":{"inputs":"tokens","dtype":"f32","layout":"BSK","claims":{"kl":{}}}}"#,
            "the statement's prior is missing or continuous",
        ),
        (
            r#"{"statement":{"inputs":"gaussian","dtype":"f32","prior":"normal","claims":{"kl":{}}}}"#,
            "the statement's parameter is missing",
        ),
        (
            r#"{"statement":{"inputs":"gaussian","dtype":"f32","parameter":"std","prior":"normal","claims":{"kl":{"sign":2}}}}"#,
            "claims.kl is of sign 2",
        ),
        (
            r#"{"statement":{"inputs":"gaussian","dtype":"f32","parameter":"std","prior":"normal","claims":{"jsd":{}}}}"#,
            "claims.jsd is no quantity of a dump",
        ),
        (
            r#"{"statement":{"inputs":"gaussian","dtype":"f32","parameter":"std","prior":"normal","claims":{}}}"#,
            "claims is empty",
        ),
        (
            r#"{"statement":{"inputs":"worlds","dtype":"f32","claims":{"kl":{}}}}"#,
            "inputs is worlds",
        ),
    ] {
        let found = greet(greeting);
        assert!(
            found.contains("the greeting is no answer") && found.contains(expected),
            "{greeting}: {found}"
        );
    }
}

#[test]
fn as_many_positions_are_asked_about_as_the_child_says() {
    for (positions, shape) in [(9, "[2,4,3,3]"), (6, "[2,4,3,2]"), (7, "[2,4,7,1]"), (16, "[2,4,4,4]")] {
        let folder = TempDir::new().unwrap();
        let save = folder.path().join("question.safetensors");
        let greeting = format!(
            r#"{{"statement":{{"inputs":"tokens","dtype":"f32","layout":"BKHW","prior":"uniform","claims":{{"kl":{{}}}}}},"sizes":{{"position":{positions},"code":4,"batch":2}}}}"#
        );
        let script = r#"read -r line; printf '%s\n' "$1"; read -r line"#;
        let options = ["--save", &save.display().to_string()];
        let (code, text, _) = ask(&options, &["sh", "-c", script, "sh", &greeting]);
        assert_eq!(code, 1, "{text}");
        let question = String::from_utf8_lossy(&std::fs::read(save).unwrap()).into_owned();
        assert!(question.contains(&format!(r#""shape":{shape}"#)), "{shape}: {question}");
    }
}

#[test]
fn a_key_that_stands_twice_in_a_greeting_is_refused_however_deep() {
    for (greeting, key) in [
        (format!(r#"{{"statement":{{{CODES}}},"sizes":{{"code":4,"code":5}}}}"#), "code"),
        (
            r#"{"statement":{"inputs":"tokens","dtype":"f32","layout":"BSK","prior":"uniform","claims":{"kl":{},"kl":{"sign":-1}}}}"#
                .to_owned(),
            "kl",
        ),
        (format!(r#"{{"statement":{{{CODES},"dtype":"f64"}}}}"#), "dtype"),
    ] {
        let found = greet(&greeting);
        assert!(found.contains(&format!("the key \"{key}\" stands there twice")), "{found}");
    }
}
