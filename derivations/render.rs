//! How formulas, numbers and prose are set: `MathML` for the page, plain text for the terminal.

pub mod amount;
#[cfg(any(feature = "twin", feature = "lapack"))]
pub mod fonts;
pub mod html;
pub mod latex;
pub mod number;
pub mod words;
pub mod wrap;

mod plain;
