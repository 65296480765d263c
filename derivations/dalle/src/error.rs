//! The errors of reading, training and using models.

use std::path::PathBuf;

use files::header::HeaderError;
use files::words::one_line;

/// The reason why a model cannot be read, trained or used: what was found, where, and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file that cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The path of the file.
        path: PathBuf,
        /// The operating system's reason.
        error: std::io::Error,
    },
    /// Another error of this type, at a place that has a name: a file, a configuration or an image.
    #[error("{}: {error}", one_line(place))]
    At {
        /// The name of the place.
        place: String,
        /// The error there.
        error: Box<Self>,
    },
    /// A file is not a valid safetensors file.
    #[error("{}: {error}", one_line(source_name))]
    Header {
        /// The name of the file.
        source_name: String,
        /// The reason of the reader.
        error: HeaderError,
    },
    /// A file does not hold what it should.
    #[error("{}: {what}, expected {expected}", one_line(source_name))]
    File {
        /// The name of the file.
        source_name: String,
        /// What was found.
        what: String,
        /// What was expected.
        expected: String,
    },
    /// A key of a configuration has a value that is not allowed.
    #[error("configuration: {key} is {value}, expected {expected}")]
    Config {
        /// The name of the key.
        key: String,
        /// Its value.
        value: String,
        /// A description of the values that are allowed.
        expected: &'static str,
    },
    /// A configuration is not valid TOML, or has keys that do not exist.
    #[error("configuration: {0}")]
    Toml(String),
    /// The networks of a configuration do not fit into the free memory.
    #[error(
        "configuration: {what} needs at least {needed:.1} GB of memory, {part}, expected at most the {free:.1} GB that are free"
    )]
    Memory {
        /// What was to be done.
        what: &'static str,
        /// A lower bound on the memory that it needs, in units of 10^9 bytes.
        needed: f64,
        /// The use of most of that memory.
        part: &'static str,
        /// The free memory, in units of 10^9 bytes.
        free: f64,
    },
    /// Training diverged.
    #[error("{stage}: at step {step} {what}; the last good checkpoint is {checkpoint}")]
    Diverged {
        /// The name of the stage.
        stage: &'static str,
        /// The step at which it was noticed.
        step: u64,
        /// The tensor or the loss, and what is wrong with it.
        what: String,
        /// The checkpoint from which training can go on, or a word that says that there is none.
        checkpoint: String,
    },
    /// Training was interrupted, and its state was saved.
    #[error("{stage}: interrupted at step {step} of {steps}; --resume goes on from {}", checkpoint.display())]
    Interrupted {
        /// The name of the stage.
        stage: &'static str,
        /// The number of steps that are done.
        step: u64,
        /// The number of all steps.
        steps: u64,
        /// The file in which the state was saved.
        checkpoint: PathBuf,
    },
    /// A number of a network is not finite, although its parameters are.
    #[error("{what} is {value}, expected a finite number: the model's numbers overflow on the way")]
    Overflow {
        /// A description of the number.
        what: String,
        /// The number: an infinity or NaN.
        value: f64,
    },
    /// A caption cannot be encoded.
    #[error("caption {caption:?}: {what}, expected {expected}")]
    Caption {
        /// The caption.
        caption: String,
        /// What is wrong with it.
        what: String,
        /// What was expected.
        expected: String,
    },
    /// Something is missing that was needed, such as a trained prior.
    #[error("{what}, expected {expected}")]
    Lacks {
        /// What was found instead.
        what: String,
        /// What was needed.
        expected: &'static str,
    },
    /// A quantity has a value that no model can have.
    #[error("{what} is {value}, expected {expected}")]
    Impossible {
        /// A description of the quantity.
        what: &'static str,
        /// The value.
        value: f64,
        /// A description of the values that are possible.
        expected: String,
    },
    /// A picture could not be encoded.
    #[error("picture: {0}")]
    Picture(#[from] png::EncodingError),
    /// A network of these sizes does not exist.
    #[error(transparent)]
    Network(#[from] reference::network::NetworkError),
    /// The reference refused a number or a table.
    #[error(transparent)]
    Reference(#[from] reference::vocab::Error),
    /// The package `gpu` or its device refused an operation.
    #[error(transparent)]
    Twin(#[from] gpu::Error),
}

impl ModelError {
    /// Puts the name of a place in front of the error.
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
