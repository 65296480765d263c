//! `elbo probe` finds, shrinks and replays; whatever a child says or does, it gets a verdict, and nothing of it is left.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

#[cfg(unix)]
#[path = "probe/clumsy.rs"]
mod clumsy;
#[path = "probe/greetings.rs"]
mod greetings;
#[path = "probe/laws.rs"]
mod laws;
#[path = "probe/undecided.rs"]
mod undecided;

use std::time::Duration;

use assert_cmd::Command;

/// A child in Python's standard library, right, or wrong as its argument says.
const CHILD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/probe/child.py");

/// Probes a command: exit code, output, errors.
fn ask(options: &[&str], command: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("elbo")
        .unwrap()
        .arg("probe")
        .args(options)
        .arg("--")
        .args(command)
        .timeout(Duration::from_secs(120))
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// A text without its line breaks and indentation.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
