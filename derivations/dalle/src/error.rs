//! Why a model cannot be read, trained or used.

use std::path::PathBuf;

use files::header::HeaderError;
use files::words::one_line;

/// What went wrong, where, and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file that cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// What went wrong at a place that has a name: a file, a configuration, an image.
    #[error("{}: {error}", one_line(place))]
    At {
        /// Which.
        place: String,
        /// What.
        error: Box<Self>,
    },
    /// A file that is no safetensors file.
    #[error("{}: {error}", one_line(source_name))]
    Header {
        /// Which.
        source_name: String,
        /// Why.
        error: HeaderError,
    },
    /// A file that is not what it should be.
    #[error("{}: {what}, expected {expected}", one_line(source_name))]
    File {
        /// Which.
        source_name: String,
        /// What stands there.
        what: String,
        /// What should.
        expected: String,
    },
    /// A configuration that says what cannot be.
    #[error("configuration: {key} is {value}, expected {expected}")]
    Config {
        /// Which key.
        key: String,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A configuration that cannot be read.
    #[error("configuration: {0}")]
    Toml(String),
    /// A configuration whose networks do not fit the memory that there is.
    #[error(
        "configuration: {what} needs at least {needed:.1} GB of memory, {part}, expected at most the {free:.1} GB that are free"
    )]
    Memory {
        /// What was to be done.
        what: &'static str,
        /// What it needs at least, in units of 10^9 bytes.
        needed: f64,
        /// What most of it is for.
        part: &'static str,
        /// What there is, in the same unit.
        free: f64,
    },
    /// Training that diverged.
    #[error("{stage}: at step {step} {what}; the last good checkpoint is {checkpoint}")]
    Diverged {
        /// Which stage.
        stage: &'static str,
        /// At which step.
        step: u64,
        /// Which tensor, and what is wrong with it.
        what: String,
        /// Where to go on from, or that there is none.
        checkpoint: String,
    },
    /// Training that was interrupted.
    #[error("{stage}: interrupted at step {step} of {steps}; --resume goes on from {}", checkpoint.display())]
    Interrupted {
        /// Which stage.
        stage: &'static str,
        /// Steps done.
        step: u64,
        /// Steps to do.
        steps: u64,
        /// What was saved.
        checkpoint: PathBuf,
    },
    /// A number of a network that is not finite, whatever its parameters are.
    #[error("{what} is {value}, expected a finite number: the model's numbers overflow on the way")]
    Overflow {
        /// Which.
        what: String,
        /// What it is.
        value: f64,
    },
    /// A caption that does not fit.
    #[error("caption {caption:?}: {what}, expected {expected}")]
    Caption {
        /// Which.
        caption: String,
        /// What is wrong with it.
        what: String,
        /// What was expected.
        expected: String,
    },
    /// What the model lacks.
    #[error("{what}, expected {expected}")]
    Lacks {
        /// What.
        what: String,
        /// What was needed.
        expected: &'static str,
    },
    /// A number that no model can have.
    #[error("{what} is {value}, expected {expected}")]
    Impossible {
        /// Of what.
        what: &'static str,
        /// The number.
        value: f64,
        /// What it can be.
        expected: String,
    },
    /// A picture that cannot be written.
    #[error("picture: {0}")]
    Picture(#[from] png::EncodingError),
    /// A network that cannot be built.
    #[error(transparent)]
    Network(#[from] reference::network::NetworkError),
    /// A number that the reference refuses.
    #[error(transparent)]
    Reference(#[from] reference::vocab::Error),
    /// What the twin refuses.
    #[error(transparent)]
    Twin(#[from] gpu::Error),
}

impl ModelError {
    /// The same, with the name of the place in front.
    #[must_use]
    pub fn at(self, place: impl Into<String>) -> Self {
        Self::At {
            place: place.into(),
            error: Box::new(self),
        }
    }
}

impl From<gpu::TensorError> for ModelError {
    fn from(error: gpu::TensorError) -> Self {
        Self::Twin(error.into())
    }
}
