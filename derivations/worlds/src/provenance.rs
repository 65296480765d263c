//! The provenance of a report: which program made it, from which input.

use crate::case::{Case, digest};

/// The program, the input and the seed of a run. Every report carries it, so that the run can be repeated.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Provenance {
    /// The version of the program.
    pub version: &'static str,
    /// The name of the input, or `none`.
    pub input: String,
    /// The SHA-256 of the input, in hexadecimal. It is absent where there is no input.
    pub input_sha256: Option<String>,
    /// The title that the input gives itself.
    pub title: Option<String>,
    /// The farthest that the sum of a distribution in the input was from 1.
    pub correction: f64,
    /// The seed of the random worlds. It is absent where none were drawn.
    pub seed: Option<u64>,
    /// The Cargo features that the program was built with.
    pub features: Vec<&'static str>,
}

impl Provenance {
    /// The provenance of a report on a case file.
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

    /// The provenance of a report on a text that is built into the program.
    #[must_use]
    pub fn of_text(name: &str, text: &str) -> Self {
        Self {
            input: name.to_owned(),
            input_sha256: Some(digest(text.as_bytes())),
            ..Self::of_search(None)
        }
    }

    /// The provenance of a report that has no input but random worlds.
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

    /// Sets the features that the program was built with.
    #[must_use]
    pub fn built_with(mut self, features: &[&'static str]) -> Self {
        self.features = features.to_vec();
        self
    }
}
