//! The names and limits of the two formats.

/// The value of the metadata key `format` of finite worlds.
pub const FORMAT: &str = "elbo-case/1";

/// The value of the metadata key `format` of linear-Gaussian worlds.
pub const GAUSSIAN: &str = "elbo-gaussian/1";

/// The largest TOML file that is read, 4 MiB: its one world has some hundred thousand fractions.
pub const MOST_TOML: u64 = 1 << 22;
