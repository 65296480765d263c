//! Every way to get a world: files, fractions, what is refused.
#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod case_files;
