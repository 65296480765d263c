//! Why a network cannot be built or run.

/// What does not fit, where, and what was expected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// A parameter that is not there.
    #[error("{name} is missing, expected a tensor {expected:?}")]
    Missing {
        /// Its name.
        name: String,
        /// Its shape.
        expected: Vec<usize>,
    },
    /// A parameter, or an input, of another shape.
    #[error("{name} has shape {found:?}, expected {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// The shape it has.
        found: Vec<usize>,
        /// The shape that fits.
        expected: Vec<usize>,
    },
    /// A parameter that this architecture does not have.
    #[error("{name} is no parameter of this architecture, expected {expected} of them and no other")]
    Unknown {
        /// Its name.
        name: String,
        /// How many there are.
        expected: usize,
    },
    /// A number that is none.
    #[error("{name}{index:?} is {value}, expected a number")]
    Number {
        /// Name of the parameter.
        name: String,
        /// Where in it.
        index: Vec<usize>,
        /// What stands there.
        value: f64,
    },
    /// A size for which there is no network.
    #[error("{what} is {found}, expected {expected}")]
    Size {
        /// Which size.
        what: &'static str,
        /// What it is.
        found: usize,
        /// What it may be.
        expected: &'static str,
    },
}
