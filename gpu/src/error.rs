//! The one error type of the twin.

/// Why a batch cannot be built, or an operation not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A table whose number of entries is not what the shape asks for.
    #[error("{tensor} has {found} entries, expected {expected}")]
    Shape {
        /// Name of the table.
        tensor: &'static str,
        /// How many entries it has.
        found: usize,
        /// How many the shape asks for.
        expected: usize,
    },
    /// A table that is no whole number of rows.
    #[error("{tensor} has {entries} entries, expected a whole number of rows of {k}, at least 1")]
    Rows {
        /// Name of the table.
        tensor: &'static str,
        /// How many entries it has.
        entries: usize,
        /// How long a row should be.
        k: usize,
    },
    /// A target that its row does not have, or targets that are not one a row.
    #[error(
        "target {row} does not fit {rows} rows over a vocabulary of {vocabulary}: expected a token in it, a part of it that is not empty, and a finite weight"
    )]
    Target {
        /// Which target; their number when there are too few or too many.
        row: usize,
        /// How many rows there are.
        rows: usize,
        /// How many tokens there are.
        vocabulary: usize,
    },
    /// A temperature that relaxes nothing.
    #[error("the temperature is {value}, expected a positive number whose inverse the type holds")]
    Temperature {
        /// The number given.
        value: f64,
    },
    /// The footnote's reading, asked of the fused sides.
    #[error("the footnote's divergence needs p(z), which one read of the tables does not give")]
    Footnote,
    /// The footnote's reading, asked of linear-Gaussian worlds.
    #[error("the footnote's divergence needs p(z), a mixture of Gaussians, and has no closed form")]
    Mixture,
    /// A parameter of a network that is not there.
    #[error("{name} is missing, expected a tensor of that name")]
    Parameter {
        /// Its name.
        name: String,
    },
    /// A batch without worlds, captions or codes.
    #[error("a batch of {worlds} worlds of {captions} captions and {codes} codes is empty")]
    Empty {
        /// Worlds asked for.
        worlds: usize,
        /// Captions asked for.
        captions: usize,
        /// Codes asked for.
        codes: usize,
    },
    /// An observed caption that does not exist.
    #[error("y[{world}] is {y}, expected a caption in 0..{captions}")]
    Caption {
        /// Which world of the batch.
        world: usize,
        /// The index given.
        y: usize,
        /// How many captions there are.
        captions: usize,
    },
    /// A CUDA device was asked for and there is none; the CPU is never taken instead.
    #[error("no CUDA device: {reason}")]
    NoDevice {
        /// Why not.
        reason: String,
    },
    /// An operation that the device refused.
    #[error("{0}")]
    Device(#[from] candle_core::Error),
}
