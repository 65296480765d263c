//! The contents of a case file, after it was read and validated.

use std::collections::BTreeMap;

#[cfg(feature = "lapack")]
use reference::gaussian::Gaussian;
use reference::world::World;

/// The worlds of one case file, and what the file says about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The finite worlds, in the order of the file's batch. They all have the same size. The list is empty for a file
    /// of linear-Gaussian worlds.
    pub worlds: Vec<World>,
    /// The linear-Gaussian worlds, in the order of the file's batch. The list is empty for a file of finite worlds.
    #[cfg(feature = "lapack")]
    pub gaussian: Vec<Gaussian>,
    /// The `title` of the metadata, or the `note` of a TOML file.
    pub title: Option<String>,
    /// The SHA-256 of the file's bytes, in hexadecimal.
    pub sha256: String,
    /// The farthest that the sum of a distribution was from 1, over all worlds, before renormalising corrected it.
    pub correction: f64,
    /// The types in which the log-probabilities were stored, joined by `+`, `f64` first and `bf16` last. It is
    /// `fractions` for TOML.
    pub dtype: String,
    /// The path, or `embedded`.
    pub source: String,
    /// All keys and values of the file's metadata, `format` included.
    pub metadata: BTreeMap<String, String>,
}

impl Case {
    /// The number of worlds, of either kind.
    #[must_use]
    pub const fn len(&self) -> usize {
        #[cfg(feature = "lapack")]
        return self.worlds.len() + self.gaussian.len();
        #[cfg(not(feature = "lapack"))]
        return self.worlds.len();
    }

    /// Whether there are no worlds. No file that was read successfully is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The names of the captions: the lines of `categories` in the metadata. The list is empty where that key is
    /// absent.
    #[must_use]
    pub fn categories(&self) -> Vec<&str> {
        self.metadata
            .get("categories")
            .map(|names| names.lines().collect())
            .unwrap_or_default()
    }
}
