//! The Equations Behind DALL-E, executable: a verified reference implementation and test oracle for the ELBO.

/// The features that this build has.
pub const FEATURES: &[&str] = &[
    #[cfg(feature = "twin")]
    "twin",
    #[cfg(feature = "lapack")]
    "lapack",
    #[cfg(feature = "cuda")]
    "cuda",
];
