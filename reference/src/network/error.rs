//! The error of a network that cannot be built or run.

/// The reason why a network cannot be built or run. Each message says what was found, where, and what was expected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// A parameter that is not there.
    #[error("{name} is missing, expected a tensor {expected:?}")]
    Missing {
        /// The name of the parameter.
        name: String,
        /// The shape that it has to have.
        expected: Vec<usize>,
    },
    /// A parameter, or an input of a layer, of another shape than expected.
    #[error("{name} has shape {found:?}, expected {expected:?}")]
    Shape {
        /// The name of the parameter or input.
        name: String,
        /// The shape that it has.
        found: Vec<usize>,
        /// The shape that fits.
        expected: Vec<usize>,
    },
    /// A parameter that this architecture does not have.
    #[error("{name} is no parameter of this architecture, expected {expected} of them and no other")]
    Unknown {
        /// The name of the parameter.
        name: String,
        /// The number of parameters that the architecture has.
        expected: usize,
    },
    /// An entry of a parameter that is not finite, or an input that is no token.
    #[error("{name}{index:?} is {value}, expected a number")]
    Number {
        /// The name of the parameter or input.
        name: String,
        /// The index of the entry.
        index: Vec<usize>,
        /// The entry.
        value: f64,
    },
    /// A size for which there is no network.
    #[error("{what} is {found}, expected {expected}")]
    Size {
        /// The name of the size.
        what: &'static str,
        /// The size that was given.
        found: usize,
        /// The sizes that are possible, in words.
        expected: &'static str,
    },
}
