//! The sources of worlds: case files, fractions that a person writes, generators, and fits to images.
//!
//! Each of them ends in a validated world or in an error of one sentence. What is checked on worlds is not part of this
//! package.

pub mod case;
pub mod error;
#[cfg(feature = "lapack")]
pub mod fitting;
pub mod fractions;
pub mod generate;
pub mod provenance;
