//! Why a file is not a case: one sentence each, with the place in the file, the value and what was expected.

use files::header::HeaderError;
use files::words::{one_line, quoted, shortened};
use reference::vocab::Error;

/// Why a case cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// What is wrong, in a named file.
    #[error("{}: {error}", one_line(file))]
    In {
        /// The path or name.
        file: String,
        /// What is wrong in it.
        error: Box<Self>,
    },
    /// The operating system refused.
    #[error("cannot be {doing}: {error}")]
    Io {
        /// `read`, `written` or `started`.
        doing: &'static str,
        /// Its reason.
        error: std::io::Error,
    },
    /// A safetensors header that cannot be trusted.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Another format, or none.
    #[error("metadata key format is {}, expected {expected}", named(found.as_deref()))]
    Format {
        /// What the file says.
        found: Option<String>,
        /// What it may say.
        expected: String,
    },
    /// A continuous world for a program that was built without them.
    #[error(
        "its worlds are linear-Gaussian and this program was built without lapack, expected one built with `--features lapack`, where OpenBLAS is \
         installed (`make lapack` does that)"
    )]
    WithoutLapack,
    /// A key of a dump's statement that contradicts the tensors, or itself.
    #[error("the statement's {} is {}, expected {expected}", one_line(key), one_line(found))]
    Statement {
        /// The key.
        key: String,
        /// What it says.
        found: String,
        /// What it may say.
        expected: String,
    },
    /// A dump's statement that cannot be read.
    #[error("the statement's {} cannot be read: {}", one_line(key), shortened(reason, 400))]
    Unreadable {
        /// The key.
        key: String,
        /// What is wrong there.
        reason: String,
    },
    /// A table that must be there.
    #[error("{tensor} is missing, expected {expected}")]
    Missing {
        /// Name of the table.
        tensor: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A name that means nothing here: a typo must not silently become a default.
    #[error(
        "{} is not a name of this format, expected {expected}, or a name that begins with x_",
        quoted(name)
    )]
    Unknown {
        /// The name.
        name: String,
        /// The names there are.
        expected: String,
    },
    /// A tensor of a type that cannot hold what it should.
    #[error("{tensor} has dtype {found}, expected {expected}")]
    Dtype {
        /// Name of the tensor.
        tensor: &'static str,
        /// The type it has.
        found: String,
        /// The types it may have.
        expected: &'static str,
    },
    /// A table whose size disagrees with the others.
    #[error("{tensor} has shape {found:?}, expected {expected}")]
    Shape {
        /// Name of the table, with the index of a row where it is one.
        tensor: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape the other tables ask for.
        expected: String,
    },
    /// An observed caption that does not exist.
    #[error("y{} is {value}, expected a caption in 0..{captions}", bracketed(index))]
    Caption {
        /// Where in the tensor; empty in TOML, where `y` is one number.
        index: Vec<usize>,
        /// The number there.
        value: i128,
        /// How many captions there are.
        captions: usize,
    },
    /// A table that is no distribution, or a free joint whose marginals are not the tables beside it.
    #[error("{}", sentence(index, error))]
    World {
        /// Where the world begins in the tensor: its batch index, or nothing for a tensor without a batch.
        index: Vec<usize>,
        /// What is wrong, with the index within the world.
        error: Error,
    },
    /// More TOML than any world needs.
    #[error(
        "it is {found} bytes long, expected at most {} of TOML, or a safetensors file",
        crate::case::format::MOST_TOML
    )]
    TomlSize {
        /// Its length.
        found: u64,
    },
    /// Text that is not TOML.
    #[error("not TOML, {reason}")]
    Toml {
        /// What is wrong.
        reason: String,
    },
    /// An entry of a TOML file, or of a world of fractions, that cannot stand there.
    #[error("{tensor}{} is {}, expected {expected}", bracketed(index), one_line(found))]
    Entry {
        /// Name of the table or key.
        tensor: &'static str,
        /// Where in the table.
        index: Vec<usize>,
        /// What stands there.
        found: String,
        /// What may.
        expected: &'static str,
    },
    /// Fractions that do not sum to what they must, exactly.
    #[error("{what} is {found}, expected exactly {expected}")]
    Sum {
        /// What was summed.
        what: String,
        /// The sum.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// Worlds that do not go into one file.
    #[error("world {world} has {found}, expected {expected} as in world 0")]
    Uneven {
        /// Which world.
        world: usize,
        /// What it has.
        found: String,
        /// What the first one has.
        expected: String,
    },
    /// No world to write.
    #[error("there are no worlds to write, expected at least one")]
    NoWorlds,
}

impl FileError {
    /// The same error, with the file's name in front.
    #[must_use]
    pub fn in_file(self, file: &str) -> Self {
        Self::In {
            file: file.to_owned(),
            error: Box::new(self),
        }
    }
}

/// The reference's sentences, with the index of the world put in front of the index within it.
fn sentence(world: &[usize], error: &Error) -> String {
    let at = |index: &[usize]| bracketed(&[world, index].concat());
    match error {
        Error::Entry { tensor, index, value } => {
            format!(
                "{tensor}{} is {value}, expected a log-probability (a number or -inf)",
                at(index)
            )
        }
        Error::Sum { tensor, sum, bound } => {
            let place = bracketed(world);
            format!(
                "{tensor}{place} sums to {} as probabilities, expected 1 within {bound:.1e}",
                number(*sum)
            )
        }
        Error::Marginal {
            tensor,
            index,
            found,
            expected,
        } => {
            let (place, entry) = (bracketed(world), at(index));
            format!(
                "ln_q_yz_given_x{place} has the marginal {}, expected {} from {tensor}{entry} (as probabilities)",
                number(*found),
                number(*expected)
            )
        }
        Error::Number { tensor, index, value } => {
            let (place, value) = (at(index), number(*value));
            format!("{tensor}{place} is {value}, expected a number of size at most 1e15")
        }
        Error::Beta { value } => format!("beta is {}, expected a number from 0 to 1e6", number(*value)),
        other => other.to_string(), // names and numbers of ours
    }
}

/// A number without a tail of zeros: `1e300` has 301 digits otherwise.
fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() || (1e-5..1e9).contains(&value.abs()) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

/// `[3, 7]`, or nothing for a scalar.
pub(super) fn bracketed(index: &[usize]) -> String {
    if index.is_empty() {
        String::new()
    } else {
        format!("{index:?}")
    }
}

fn named(found: Option<&str>) -> String {
    found.map_or_else(|| "missing".to_owned(), quoted)
}
