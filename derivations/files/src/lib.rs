//! Files as everything else of the project reads and writes them.
//!
//! # Scope
//!
//! The one header reader of all files of tensors (cases, dumps, models, images), reading with a limit, and writing whole or not at all. What the
//! tensors mean is their readers' business. Also what the system says in files of its own of the memory that is left.

pub mod disk;
pub mod header;
pub mod images;
pub mod json;
pub mod limits;
pub mod numbers;
pub mod words;
