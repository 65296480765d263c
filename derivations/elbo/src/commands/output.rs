//! Writes progress to the error stream, and reports to the standard output.

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use check::progress::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use worlds::case::Case;
use worlds::provenance::Provenance;

use crate::outcome::Result;

pub(super) fn progress(length: u64, what: &'static str) -> ProgressBar {
    // The bar is drawn on the error stream, and only where that is a terminal.
    let (bar, template) = if length == 0 {
        (ProgressBar::new_spinner(), "{spinner} {msg}")
    } else {
        (ProgressBar::new(length), "{bar:40} {pos}/{len} {msg} ({eta})")
    };
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    if !bar.is_hidden() {
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
    }
    bar.with_message(what)
}

/// The progress bars of a command, one after the other. The work itself says when each begins and how long it is.
#[derive(Default)]
pub(super) struct Bars(Mutex<Option<ProgressBar>>);

impl Bars {
    pub(super) fn tell(&self, told: Progress) {
        let mut bar = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match told {
            Progress::Begins { what, total } => {
                let before = bar.replace(progress(total, what));
                before.inspect(ProgressBar::finish_and_clear);
            }
            Progress::Done(more) => {
                bar.as_ref().inspect(|bar| bar.inc(more));
            }
        }
    }
}

/// Clears the bar, so that the report or the error that is printed next starts on an empty line.
impl Drop for Bars {
    fn drop(&mut self) {
        let bar = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        bar.as_ref().inspect(|bar| bar.finish_and_clear());
    }
}

/// The error for a request for continuous worlds. It is refused, and not answered with finite ones.
#[cfg(not(feature = "lapack"))]
pub(super) fn without_lapack<T>(asked: &str) -> Result<T> {
    Err(format!("{asked}: {}", check::continuous::WITHOUT_LAPACK).into())
}

/// The provenance of a report on a case file.
pub(super) fn of_case(case: &Case, seed: Option<u64>) -> Provenance {
    Provenance::of_case(case, seed).built_with(elbo::FEATURES)
}

/// The provenance of a report on a text that is built into the program.
pub(super) fn of_text(name: &str, text: &str) -> Provenance {
    Provenance::of_text(name, text).built_with(elbo::FEATURES)
}

/// The provenance of a report that has no input but random worlds.
pub(super) fn of_search(seed: Option<u64>) -> Provenance {
    Provenance::of_search(seed).built_with(elbo::FEATURES)
}

pub(super) fn pretty(value: &Value) -> Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// Prints a report. It is no error when the reader has gone away (`| head`).
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| format!("the output cannot be written: {error}").into()),
    }
}

/// Prints a sentence to the error stream. Where that is impossible, because it is full or nobody reads it, only the
/// exit code tells.
pub(crate) fn tell(sentence: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{sentence}");
}
