//! The names of the two case formats, and the limit on the size of TOML.

/// The value of the metadata key `format` of finite worlds.
pub const FORMAT: &str = "elbo-case/1";

/// The value of the metadata key `format` of linear-Gaussian worlds.
pub const GAUSSIAN: &str = "elbo-gaussian/1";

/// The largest TOML file that is read, in bytes: 4 MiB, enough for one world of some hundred thousand fractions.
pub const MOST_TOML: u64 = 1 << 22;
