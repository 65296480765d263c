//! The one error type of the reference: what, where, the value, what was expected.

/// Why a table is not a world, or a line has no value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An entry that no logarithm of a probability or density can be: NaN or `+inf`.
    #[error("{tensor}{index:?} is {value}, expected a log-probability (a number or -inf)")]
    Entry {
        /// Name of the table.
        tensor: &'static str,
        /// Where in the table.
        index: Vec<usize>,
        /// What stands there.
        value: f64,
    },
    /// A table that is not a distribution.
    #[error("{tensor} sums to {sum} as probabilities, expected 1 within {bound:.1e}")]
    Sum {
        /// Name of the table.
        tensor: &'static str,
        /// The sum of the exponentials.
        sum: f64,
        /// How far from 1 it may lie.
        bound: f64,
    },
    /// Two tables whose sizes disagree.
    #[error("{tensor} has shape {found:?}, expected {expected:?}")]
    Shape {
        /// Name of the table.
        tensor: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that the other tables ask for.
        expected: Vec<usize>,
    },
    /// A table without entries.
    #[error("{tensor} is empty, expected at least one state")]
    Empty {
        /// Name of the table.
        tensor: &'static str,
    },
    /// An observed caption that does not exist.
    #[error("y is {y}, expected a caption in 0..{captions}")]
    Caption {
        /// The index given.
        y: usize,
        /// How many captions there are.
        captions: usize,
    },
    /// A free joint `q(y,z|x)` whose marginal is not the table given beside it.
    #[error("ln_q_yz_given_x has the marginal {found} where {tensor}{index:?} is {expected} (as probabilities)")]
    Marginal {
        /// The marginal's table.
        tensor: &'static str,
        /// Where in the table.
        index: Vec<usize>,
        /// The joint's marginal.
        found: f64,
        /// The table's entry.
        expected: f64,
    },
    /// A beta that is NaN, negative or beyond `Beta::MOST`.
    #[error("beta is {value}, expected a number from 0 to 1e6")]
    Beta {
        /// The number given.
        value: f64,
    },
    /// A line in which `+inf` meets `-inf`: it has no value in this world.
    #[error("{line} is indeterminate in this world: +inf and -inf meet")]
    Indeterminate {
        /// The line or quantity.
        line: &'static str,
    },
    /// A parameter that is no number.
    #[error("{tensor}{index:?} is {value}, expected a number of size at most 1e15")]
    Number {
        /// Name of the parameter.
        tensor: &'static str,
        /// Where in it.
        index: Vec<usize>,
        /// What stands there.
        value: f64,
    },
    /// A parameter of more dimensions than are taken.
    #[error("{tensor} has shape {found:?}, expected at most {most} in each dimension")]
    Size {
        /// Name of the parameter.
        tensor: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// The most.
        most: usize,
    },
    /// A matrix that is no covariance.
    #[error(
        "{tensor}{} is {what} (its smallest eigenvalue is {smallest:e}, its largest {largest:e}), expected a symmetric \
         positive definite matrix with eigenvalues above 1 / 1e15 and within a factor of 1e13",
        place(index)
    )]
    Covariance {
        /// Name of the parameter.
        tensor: &'static str,
        /// Which of its matrices.
        index: Vec<usize>,
        /// Asymmetric, indefinite, ill-conditioned or singular.
        what: &'static str,
        /// The smallest eigenvalue of its symmetric part.
        smallest: f64,
        /// The largest.
        largest: f64,
    },
    /// A line that has no closed form, as where `p(z)` of a continuous code is a mixture.
    #[error("{line} has no closed form where codes are continuous: it needs p(z), a mixture over captions")]
    NoClosedForm {
        /// The line or quantity.
        line: &'static str,
    },
    /// A token that the vocabulary does not have.
    #[error("token {token} is not in the vocabulary, expected 0 to {}", vocabulary - 1)]
    Token {
        /// The index given.
        token: usize,
        /// How many tokens there are.
        vocabulary: usize,
    },
    /// A temperature that relaxes nothing.
    #[error("the temperature is {value}, expected a positive finite number")]
    Temperature {
        /// The number given.
        value: f64,
    },
    /// A value that the logit-Laplace density is not defined at.
    #[error("x is {x}, mu {mu}, ln b {ln_b}; expected 0 < x < 1 and finite mu and ln b")]
    Pixel {
        /// The value, mapped by `phi`.
        x: f64,
        /// Its location.
        mu: f64,
        /// Its log-scale.
        ln_b: f64,
    },
    /// A value of a normal density, or a parameter of it, that is no number.
    #[error("x is {x}, mu {mu}, ln s {ln_s}; expected finite numbers")]
    Normal {
        /// The value.
        x: f64,
        /// Its mean.
        mu: f64,
        /// The logarithm of its standard deviation.
        ln_s: f64,
    },
    /// A value that no Bernoulli probability is of.
    #[error("x is {x}, its logit {logit}; expected 0 <= x <= 1 and a finite logit")]
    Bernoulli {
        /// The value.
        x: f64,
        /// The logit of its probability.
        logit: f64,
    },
}

/// `[3, 7]`, or nothing where there is one.
fn place(index: &[usize]) -> String {
    if index.is_empty() {
        String::new()
    } else {
        format!("{index:?}")
    }
}
