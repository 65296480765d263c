//! What goes out: progress on the error stream, reports on the other.

use std::io::Write as _;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::Result;

pub(super) fn progress(length: u64, what: &'static str) -> ProgressBar {
    // Drawn on the error stream, and only where that is a terminal.
    let (bar, template) = if length == 0 {
        (ProgressBar::new_spinner(), "{spinner} {msg}")
    } else {
        (ProgressBar::new(length), "{bar:40} {pos}/{len} {msg} ({eta})")
    };
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar.with_message(what)
}

pub(super) fn pretty(value: &Value) -> Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// Prints; a reader that went away (`| head`) is no error.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
