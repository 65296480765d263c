//! What goes out: progress on the error stream, reports on the other.

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use check::progress::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use worlds::case::Case;
use worlds::provenance::Provenance;

use crate::outcome::Result;

pub(super) fn progress(length: u64, what: &'static str) -> ProgressBar {
    // Drawn on the error stream, and only where that is a terminal.
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

/// The phases of a command, one bar after the other, each as long as the work says.
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

/// What is printed next starts on a clean line, be it a report or an error.
impl Drop for Bars {
    fn drop(&mut self) {
        let bar = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        bar.as_ref().inspect(|bar| bar.finish_and_clear());
    }
}

/// What asks for continuous worlds here is refused, not answered with finite ones.
#[cfg(not(feature = "lapack"))]
pub(super) fn without_lapack<T>(asked: &str) -> Result<T> {
    Err(format!("{asked}: {}", check::continuous::WITHOUT_LAPACK).into())
}

/// Where a report on a case file comes from.
pub(super) fn of_case(case: &Case, seed: Option<u64>) -> Provenance {
    Provenance::of_case(case, seed).built_with(elbo::FEATURES)
}

/// Where a report on a text that the program carries comes from.
pub(super) fn of_text(name: &str, text: &str) -> Provenance {
    Provenance::of_text(name, text).built_with(elbo::FEATURES)
}

/// Where a report on random worlds alone comes from.
pub(super) fn of_search(seed: Option<u64>) -> Provenance {
    Provenance::of_search(seed).built_with(elbo::FEATURES)
}

pub(super) fn pretty(value: &Value) -> Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// Prints; a reader that went away (`| head`) is no error.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| format!("the output cannot be written: {error}").into()),
    }
}

/// A sentence on the error stream. Where that takes none (it is full, or nobody reads it), the exit code has to say it alone.
pub(crate) fn tell(sentence: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{sentence}");
}
