//! Describes what a dump says about itself. Words of the dump are quoted.

use typeset::words::quoted;

use crate::dump::{Dump, Form};

/// The number of characters of a dump's own word that are reported.
const LONGEST: usize = 80;

/// A word from the dump, shortened and quoted.
fn word(text: &str) -> String {
    let mut told: String = text.chars().take(LONGEST).collect();
    if told.len() < text.len() {
        told.push_str("...");
    }
    quoted(&told)
}

/// A sentence about the subject, from the statement of the dump.
pub(super) fn subject(dump: &Dump) -> String {
    let statement = &dump.statement;
    let mut words = vec![format!("{} in {}", form(dump), statement.dtype.name())];
    if let Some(sums) = statement.accumulation.filter(|sums| *sums != statement.dtype) {
        words.push(format!("sums in {}", sums.name()));
    }
    if let Some(device) = &statement.device {
        let name = statement.device_name.as_deref();
        let name = name.map_or(String::new(), |name| format!(" ({})", word(name)));
        words.push(format!("on {}{name}", word(device)));
    }
    if let Some(framework) = &statement.framework {
        words.push(format!("by {}", word(framework)));
    }
    words.join(", ")
}

fn form(dump: &Dump) -> String {
    let sizes = &dump.sizes;
    match dump.statement.inputs {
        Form::Tokens if sizes.codes > 0 => {
            format!("{} x {} codes of {}", sizes.batch, sizes.positions, sizes.codes)
        }
        Form::Gaussian if sizes.coordinates > 0 => {
            format!("{} codes of {} coordinates", sizes.batch, sizes.coordinates)
        }
        Form::Worlds => format!("{} worlds of {} codes", sizes.batch, sizes.codes),
        Form::Sequence if sizes.entries == 0 => format!("{} x {} tokens of a model", sizes.batch, sizes.tokens),
        Form::Sequence => format!("{} x {} tokens of {}", sizes.batch, sizes.tokens, sizes.entries),
        _ => format!("{} images of {:?}", sizes.batch, sizes.image),
    }
}
