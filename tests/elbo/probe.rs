//! `elbo probe` finds, shrinks and replays; whatever a child says or does, it gets a verdict, and nothing of it is left.

#[cfg(unix)]
mod clumsy;
mod greetings;
mod laws;
mod undecided;

use std::time::Duration;

/// A child in Python's standard library, right, or wrong as its argument says.
const CHILD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/elbo/probe/child.py");

/// Probes a command: exit code, output, errors.
fn ask(options: &[&str], command: &[&str]) -> (i32, String, String) {
    let output = crate::program()
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
