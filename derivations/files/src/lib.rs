//! Reading and writing of files, for all other packages of the project.
//!
//! # Scope
//!
//! It holds the only reader of safetensors headers (for cases, dumps, models and images), functions that read up to a
//! limit, and functions that write a file as a whole or not at all. It also reads the files in which the system says
//! how much memory is left. What the tensors mean is not part of this package.

pub mod disk;
pub mod header;
pub mod images;
pub mod json;
pub mod limits;
pub mod numbers;
pub mod words;
