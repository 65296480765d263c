//! Where a report comes from.

/// What the run was made with; every report carries it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Provenance {
    /// Version of the program.
    pub version: &'static str,
    /// Name of the input.
    pub input: String,
    /// SHA-256 of the input.
    pub input_sha256: String,
    /// Title that the input gives itself.
    pub title: Option<String>,
    /// The largest correction that renormalising the input's rows made.
    pub correction: f64,
    /// Seed of the random worlds.
    pub seed: u64,
    /// Features that the program was built with.
    pub features: Vec<&'static str>,
}

impl Provenance {
    /// The features of this build.
    #[must_use]
    pub fn features() -> Vec<&'static str> {
        [("twin", cfg!(feature = "twin")), ("cuda", cfg!(feature = "cuda"))]
            .into_iter()
            .filter_map(|(name, on)| on.then_some(name))
            .collect()
    }
}
