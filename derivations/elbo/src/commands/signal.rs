//! Handles the signals that tell the program to end.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::outcome::Result;

/// A flag that is set when the program is told to end by Ctrl-C, SIGTERM or SIGHUP. From the first call on, these
/// signals no longer end the program by themselves.
pub(super) fn stopped() -> Result<&'static AtomicBool> {
    static STOP: AtomicBool = AtomicBool::new(false);
    static SET: OnceLock<std::result::Result<(), String>> = OnceLock::new();
    let set = SET.get_or_init(|| {
        let handler = || STOP.store(true, Ordering::Relaxed);
        ctrlc::set_handler(handler).map_err(|error| error.to_string())
    });
    set.clone()
        .map_err(|error| format!("signals cannot be caught: {error}"))?;
    Ok(&STOP)
}
