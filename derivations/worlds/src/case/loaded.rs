//! What a case file holds, read and validated.

use std::collections::BTreeMap;

#[cfg(feature = "lapack")]
use reference::gaussian::Gaussian;
use reference::world::World;

/// Worlds with where they came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The worlds, in the order of the file's batch; all of one size, and none in a file of Gaussian ones.
    pub worlds: Vec<World>,
    /// The linear-Gaussian worlds; at least one where there is none of the other kind.
    #[cfg(feature = "lapack")]
    pub gaussian: Vec<Gaussian>,
    /// The metadata's `title`, or a TOML file's `note`.
    pub title: Option<String>,
    /// SHA-256 of the bytes, in hexadecimal.
    pub sha256: String,
    /// The largest correction that renormalising made to a distribution's sum.
    pub correction: f64,
    /// The types the log-probabilities were stored in, narrowest last and joined by `+`; `fractions` for TOML.
    pub dtype: String,
    /// The path, or `embedded`.
    pub source: String,
    /// All metadata, `format` included.
    pub metadata: BTreeMap<String, String>,
}

impl Case {
    /// Number of worlds, of either kind.
    #[must_use]
    pub const fn len(&self) -> usize {
        #[cfg(feature = "lapack")]
        return self.worlds.len() + self.gaussian.len();
        #[cfg(not(feature = "lapack"))]
        return self.worlds.len();
    }

    /// Whether there are none, which no file that was read has.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The captions' names: the lines of the metadata's `categories`, none where it is absent.
    #[must_use]
    pub fn categories(&self) -> Vec<&str> {
        self.metadata
            .get("categories")
            .map(|names| names.lines().collect())
            .unwrap_or_default()
    }
}
