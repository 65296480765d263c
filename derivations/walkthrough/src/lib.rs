//! The derivation one line at a time, with the numbers of a world put in, for people who learn it.
//!
//! # Reading order
//!
//! [`table`] and [`show`] print lines of the note. [`sections`] walks through all of them on a world of a [`Narrated`]
//! kind, and [`text`] and [`html`] show the sections.

#[cfg(feature = "lapack")]
mod curves;
mod ledger;
mod line;
mod narrated;
mod numbers;
mod opening;
mod page;
mod picture;
mod section;
pub mod show;
mod svg;
pub mod table;
mod terminal;

pub use ledger::Closing;
pub use line::{LineSection, StepMark, StepSection};
pub use narrated::Narrated;
pub use numbers::Written;
pub use opening::{Cell, Opening, Picture, Row, Table};
pub use page::html;
pub use picture::NumberLine;
pub use section::{Section, StepError, sections};
pub use terminal::text;
