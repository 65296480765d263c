//! The names of the dump format in the metadata of a file.

/// The value of the metadata key `format`.
pub const FORMAT: &str = "elbo-dump/1";

/// The metadata key that holds the statement, as JSON.
pub const KEY: &str = "dump";
