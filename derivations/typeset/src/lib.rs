//! Sets formulas, numbers and prose: as `MathML` and HTML for pages, and as plain text for terminals.
//!
//! It knows the type of nats and nothing else of the project. The note, worlds and verdicts belong to the packages that
//! call it.

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
