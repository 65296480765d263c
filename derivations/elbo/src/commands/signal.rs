//! Being told to end.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::outcome::Result;

/// Whether the program was told to end: Ctrl-C, SIGTERM or SIGHUP. From the first call on these end nothing by themselves.
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
