//! The one error type of the reference. Each message says what was found, where, and what was expected.

/// The reason why tables or parameters are refused, or why a line has no value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An entry that no logarithm of a probability or density can be: NaN or `+inf`.
    #[error("{tensor}{index:?} is {value}, expected a log-probability (a number or -inf)")]
    Entry {
        /// The name of the table.
        tensor: &'static str,
        /// The index of the entry.
        index: Vec<usize>,
        /// The entry.
        value: f64,
    },
    /// A table of log-probabilities whose probabilities do not sum to 1.
    #[error("{tensor} sums to {sum} as probabilities, expected 1 within {bound:.1e}")]
    Sum {
        /// The name of the table.
        tensor: &'static str,
        /// The sum of the exponentials.
        sum: f64,
        /// How far from 1 the sum may lie.
        bound: f64,
    },
    /// A table whose shape does not fit the other tables.
    #[error("{tensor} has shape {found:?}, expected {expected:?}")]
    Shape {
        /// The name of the table.
        tensor: &'static str,
        /// The shape that the table has.
        found: Vec<usize>,
        /// The shape that the other tables ask for.
        expected: Vec<usize>,
    },
    /// A table without entries.
    #[error("{tensor} is empty, expected at least one state")]
    Empty {
        /// The name of the table.
        tensor: &'static str,
    },
    /// An observed caption that does not exist.
    #[error("y is {y}, expected a caption in 0..{captions}")]
    Caption {
        /// The index of the observed caption, as given.
        y: usize,
        /// The number of captions.
        captions: usize,
    },
    /// A free joint `q(y,z|x)` whose marginal is not the table given beside it.
    #[error("ln_q_yz_given_x has the marginal {found} where {tensor}{index:?} is {expected} (as probabilities)")]
    Marginal {
        /// The name of the marginal's table.
        tensor: &'static str,
        /// The index of the entry.
        index: Vec<usize>,
        /// The probability that the joint's marginal has there.
        found: f64,
        /// The probability that the table has there.
        expected: f64,
    },
    /// A beta that is NaN, negative or beyond `Beta::MOST`.
    #[error("beta is {value}, expected a number from 0 to 1e6")]
    Beta {
        /// The number that was given.
        value: f64,
    },
    /// A line in which `+inf` meets `-inf`: it has no value in this world.
    #[error("{line} is indeterminate in this world: +inf and -inf meet")]
    Indeterminate {
        /// The name of the line or quantity.
        line: &'static str,
    },
    /// A parameter of a Gaussian world with an entry that is not finite, or is too large.
    #[error("{tensor}{index:?} is {value}, expected a number of size at most 1e15")]
    Number {
        /// The name of the parameter.
        tensor: &'static str,
        /// The index of the entry.
        index: Vec<usize>,
        /// The entry.
        value: f64,
    },
    /// A parameter of a Gaussian world with more rows or columns than are accepted.
    #[error("{tensor} has shape {found:?}, expected at most {most} in each dimension")]
    Size {
        /// The name of the parameter.
        tensor: &'static str,
        /// The shape that the parameter has.
        found: Vec<usize>,
        /// The largest size of a dimension.
        most: usize,
    },
    /// A matrix that is no covariance, or is too ill-conditioned for one.
    #[error(
        "{tensor}{} is {what} (its smallest eigenvalue is {smallest:e}, its largest {largest:e}), expected a symmetric \
         positive definite matrix with eigenvalues above 1 / 1e15 and within a factor of 1e13",
        place(index)
    )]
    Covariance {
        /// The name of the parameter.
        tensor: &'static str,
        /// The index of the matrix, where the parameter holds several.
        index: Vec<usize>,
        /// What is wrong with it: it is asymmetric, indefinite, ill-conditioned or singular.
        what: &'static str,
        /// The smallest eigenvalue of its symmetric part.
        smallest: f64,
        /// The largest eigenvalue of its symmetric part.
        largest: f64,
    },
    /// A line that has no closed form, as where `p(z)` of a continuous code is a mixture.
    #[error("{line} has no closed form where codes are continuous: it needs p(z), a mixture over captions")]
    NoClosedForm {
        /// The name of the line or quantity.
        line: &'static str,
    },
    /// A token that the vocabulary does not have.
    #[error("token {token} is not in the vocabulary, expected 0 to {}", vocabulary - 1)]
    Token {
        /// The index of the token, as given.
        token: usize,
        /// The number of tokens.
        vocabulary: usize,
    },
    /// A temperature of the Gumbel-softmax that is not positive and finite.
    #[error("the temperature is {value}, expected a positive finite number")]
    Temperature {
        /// The temperature that was given.
        value: f64,
    },
    /// A value or a parameter at which the logit-Laplace density is not defined.
    #[error("x is {x}, mu {mu}, ln b {ln_b}; expected 0 < x < 1 and finite mu and ln b")]
    Pixel {
        /// The value of a pixel's channel, mapped by `phi`.
        x: f64,
        /// The location of the density, a logit.
        mu: f64,
        /// The logarithm of the density's scale.
        ln_b: f64,
    },
    /// A value of a normal density, or a parameter of it, that is not finite.
    #[error("x is {x}, mu {mu}, ln s {ln_s}; expected finite numbers")]
    Normal {
        /// The value at which the density is asked for.
        x: f64,
        /// The mean of the density.
        mu: f64,
        /// The logarithm of the density's standard deviation.
        ln_s: f64,
    },
    /// A value or a logit for which there is no Bernoulli probability.
    #[error("x is {x}, its logit {logit}; expected 0 <= x <= 1 and a finite logit")]
    Bernoulli {
        /// The value, 0 or 1 or a share between them.
        x: f64,
        /// The logit of the probability of 1.
        logit: f64,
    },
}

/// The index as messages write it, such as `[3, 7]`; nothing for an index without entries.
fn place(index: &[usize]) -> String {
    if index.is_empty() {
        String::new()
    } else {
        format!("{index:?}")
    }
}
