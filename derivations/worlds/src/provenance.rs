//! Where a report comes from.

use crate::case::Case;
use crate::case::digest;

/// What the run was made with; every report carries it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Provenance {
    /// Version of the program.
    pub version: &'static str,
    /// Name of the input.
    pub input: String,
    /// SHA-256 of the input; absent where there is none.
    pub input_sha256: Option<String>,
    /// Title that the input gives itself.
    pub title: Option<String>,
    /// The largest correction that renormalising the input's rows made.
    pub correction: f64,
    /// Seed of the random worlds; absent where none were drawn.
    pub seed: Option<u64>,
    /// Features that the program was built with.
    pub features: Vec<&'static str>,
}

impl Provenance {
    /// Of a report on a case file.
    #[must_use]
    pub fn of_case(case: &Case, seed: Option<u64>) -> Self {
        Self {
            input: case.source.clone(),
            input_sha256: Some(case.sha256.clone()),
            title: case.title.clone(),
            correction: case.correction,
            ..Self::of_search(seed)
        }
    }

    /// Of a report on a text that the program carries.
    #[must_use]
    pub fn of_text(name: &str, text: &str) -> Self {
        Self {
            input: name.to_owned(),
            input_sha256: Some(digest(text.as_bytes())),
            ..Self::of_search(None)
        }
    }

    /// Of a report on random worlds alone.
    #[must_use]
    pub fn of_search(seed: Option<u64>) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            input: "none".to_owned(),
            input_sha256: None,
            title: None,
            correction: 0.0,
            seed,
            features: Vec::new(),
        }
    }

    /// The same, of a program that was built with these features.
    #[must_use]
    pub fn built_with(mut self, features: &[&'static str]) -> Self {
        self.features = features.to_vec();
        self
    }
}
