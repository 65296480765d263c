//! How formulas, numbers and prose are set: `MathML` for the page, plain text for the terminal.
//!
//! It knows what nats are and nothing of the note: the table, worlds and verdicts are others' to write in it.

pub mod amount;
#[cfg(feature = "fonts")]
pub mod fonts;
pub mod html;
pub mod latex;
pub mod number;
pub mod plural;
pub mod words;
pub mod wrap;

mod plain;
