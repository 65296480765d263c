//! The errors of reading and writing cases. Each is one sentence with the place in the file, the value and what was
//! expected.

use files::header::HeaderError;
use files::words::{one_line, quoted, shortened};
use reference::vocab::Error;

/// Why a case cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Another error of this type, in a named file.
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
        /// What was tried: `read`, `written` or `started`.
        doing: &'static str,
        /// The reason that it gives.
        error: std::io::Error,
    },
    /// A safetensors header that cannot be trusted.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The file names another format, or none.
    #[error("metadata key format is {}, expected {expected}", named(found.as_deref()))]
    Format {
        /// The format that the file names, or `None` where it names none.
        found: Option<String>,
        /// The formats that it may name.
        expected: String,
    },
    /// A continuous world for a program that was built without them.
    #[error(
        "its worlds are linear-Gaussian and this program was built without lapack, expected one built with `--features lapack`, where OpenBLAS is \
         installed (`make lapack` does that)"
    )]
    WithoutLapack,
    /// The value of a key in a dump's statement that contradicts the tensors or the rest of the statement.
    #[error("the statement's {} is {}, expected {expected}", one_line(key), one_line(found))]
    Statement {
        /// The name of the key.
        key: String,
        /// The value that stands there.
        found: String,
        /// What it may say.
        expected: String,
    },
    /// A key of a dump's statement that cannot be parsed.
    #[error("the statement's {} cannot be read: {}", one_line(key), shortened(reason, 400))]
    Unreadable {
        /// The name of the key.
        key: String,
        /// The parser's message.
        reason: String,
    },
    /// A required table is missing.
    #[error("{tensor} is missing, expected {expected}")]
    Missing {
        /// Name of the table.
        tensor: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A name that the format does not have. It is refused, because a typo must not silently become a default.
    #[error(
        "{} is not a name of this format, expected {expected}, or a name that begins with x_",
        quoted(name)
    )]
    Unknown {
        /// The name that was found.
        name: String,
        /// The names that the format has.
        expected: String,
    },
    /// A tensor is stored in a type that its numbers cannot have.
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
        /// The name of the table, followed by the index of the row where only that row is of the wrong length.
        tensor: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape the other tables ask for.
        expected: String,
    },
    /// An observed caption that does not exist.
    #[error("y{} is {value}, expected a caption in 0..{captions}", bracketed(index))]
    Caption {
        /// The index within the tensor. It is empty in TOML, where `y` is one number.
        index: Vec<usize>,
        /// The number that stands there.
        value: i128,
        /// How many captions there are.
        captions: usize,
    },
    /// A world that the reference refuses: a table is not a distribution, or the marginals of a free joint are not the
    /// tables beside it.
    #[error("{}", sentence(index, error))]
    World {
        /// The world's index in the batch. It is empty for a tensor without a batch.
        index: Vec<usize>,
        /// The reference's error, with the index within the world.
        error: Error,
    },
    /// More TOML than any world needs.
    #[error(
        "it is {found} bytes long, expected at most {} of TOML, or a safetensors file",
        crate::case::format::MOST_TOML
    )]
    TomlSize {
        /// Its length in bytes.
        found: u64,
    },
    /// Text that is not TOML.
    #[error("not TOML, {reason}")]
    Toml {
        /// The line, and the parser's message.
        reason: String,
    },
    /// An entry of a table or a key with a value that is not allowed there.
    #[error("{tensor}{} is {}, expected {expected}", bracketed(index), one_line(found))]
    Entry {
        /// Name of the table or key.
        tensor: &'static str,
        /// The index within the table.
        index: Vec<usize>,
        /// The value that stands there.
        found: String,
        /// A description of the values that are allowed.
        expected: &'static str,
    },
    /// Fractions whose exact sum is not the required one.
    #[error("{what} is {found}, expected exactly {expected}")]
    Sum {
        /// A description of what was summed.
        what: String,
        /// The sum.
        found: String,
        /// The required sum.
        expected: String,
    },
    /// Worlds that differ in something that all worlds of one file must have in common.
    #[error("world {world} has {found}, expected {expected} as in world 0")]
    Uneven {
        /// The place of the world in the list that was to be written.
        world: usize,
        /// A description of what this world has.
        found: String,
        /// A description of what the first world has.
        expected: String,
    },
    /// The list of worlds that was to be written is empty.
    #[error("there are no worlds to write, expected at least one")]
    NoWorlds,
}

impl FileError {
    /// Whether a table is no distribution, since its sum misses 1.
    #[must_use]
    pub fn misses_one(&self) -> bool {
        match self {
            Self::In { error, .. } => error.misses_one(),
            Self::World { error, .. } => matches!(error, Error::Sum { .. }),
            _ => false,
        }
    }

    /// Puts the file's name in front of the error.
    #[must_use]
    pub fn in_file(self, file: &str) -> Self {
        Self::In {
            file: file.to_owned(),
            error: Box::new(self),
        }
    }
}

/// The message of a reference error, in which the index of the world precedes the index within it.
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
            // Of n probabilities the exponentials add up to between n + 1 and n + e - 1, and n is at least 2.
            let hint = if (3.0..1e9).contains(sum) {
                "; if it holds probabilities, give their natural logarithms"
            } else {
                ""
            };
            format!(
                "{tensor}{place} sums to {} as probabilities, expected 1 within {bound:.1e}{hint}",
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
        other => other.to_string(), // These hold only names and numbers of ours, never text from the file.
    }
}

/// Formats a number without a long tail of zeros: `1e300` would otherwise have 301 digits.
fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() || (1e-5..1e9).contains(&value.abs()) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

/// Formats an index such as `[3, 7]`. An empty index, of a scalar, gives an empty string.
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
