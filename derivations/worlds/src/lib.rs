//! Every way to get a world: case files, fractions that a person writes, generators, fits to images.
//!
//! Whatever the way, it ends in a validated world or in one sentence. What worlds are good for is not said here.

pub mod case;
pub mod error;
#[cfg(feature = "lapack")]
pub mod fitting;
pub mod fractions;
pub mod generate;
pub mod provenance;
