//! The names of the format.

/// The value of the metadata key `format`.
pub const FORMAT: &str = "elbo-dump/1";

/// The metadata key that holds the statement, as JSON.
pub const KEY: &str = "dump";
