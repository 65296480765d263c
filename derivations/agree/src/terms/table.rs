//! The table of fused terms, each with its reference and its bounds.

use gpu::fused::Target;
use reference::vocab::{Error, Nats};
use reference::{likelihood, logits};

use super::call::Function;
use crate::bounds::{DIVERGENCE, LIKELIHOOD, MEAN, SLOPE, TermPrecision};

/// One row of each table of a call, and its target.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The rows, one from each table.
    pub rows: &'a [&'a [f64]],
    /// The token of the row, and the part of the vocabulary that is allowed.
    pub target: Target,
}

/// The value of a row and its gradients.
pub type Outcome = Result<(Nats, Vec<Vec<Nats>>), Error>;

/// A fused function and its reference.
#[derive(Debug, Clone, Copy)]
pub struct Term {
    /// The name that both sides bear.
    pub name: &'static str,
    /// The number of tables that it reads.
    pub tables: usize,
    /// The number of its gradients.
    pub gradients: usize,
    /// Whether its tables are pixels, locations and log-scales, and not logits.
    pub pixels: bool,
    /// The reference, for one row.
    pub reference: fn(Inputs<'_>) -> Outcome,
    /// The bound of the value.
    pub value: TermPrecision,
    /// The bound of the gradients.
    pub gradient: TermPrecision,
    /// The function of an engine that computes it.
    pub function: Function,
}

const KL_TO_UNIFORM: Term = Term {
    name: "kl_to_uniform",
    tables: 1,
    gradients: 1,
    pixels: false,
    reference: |i| {
        Ok((
            logits::kl_to_uniform(i.rows[0])?,
            vec![logits::kl_to_uniform_gradient(i.rows[0])?],
        ))
    },
    value: DIVERGENCE,
    gradient: SLOPE,
    function: Function::KlToUniform,
};

const ENTROPY: Term = Term {
    name: "entropy",
    tables: 1,
    gradients: 1,
    pixels: false,
    reference: |i| Ok((logits::entropy(i.rows[0])?, vec![logits::entropy_gradient(i.rows[0])?])),
    value: MEAN,
    gradient: SLOPE,
    function: Function::Entropy,
};

const KL_DIVERGENCE: Term = Term {
    name: "kl_divergence",
    tables: 2,
    gradients: 2,
    pixels: false,
    reference: |i| {
        let value = logits::kl_divergence(i.rows[0], i.rows[1])?;
        Ok((
            value,
            gradients(logits::kl_divergence_gradients(i.rows[0], i.rows[1]), i.rows)?,
        ))
    },
    value: DIVERGENCE,
    gradient: SLOPE,
    function: Function::KlDivergence,
};

const CROSS_ENTROPY: Term = Term {
    name: "cross_entropy",
    tables: 2,
    gradients: 2,
    pixels: false,
    reference: |i| {
        let value = logits::cross_entropy(i.rows[0], i.rows[1])?;
        Ok((
            value,
            gradients(logits::cross_entropy_gradients(i.rows[0], i.rows[1]), i.rows)?,
        ))
    },
    value: MEAN,
    gradient: SLOPE,
    function: Function::CrossEntropy,
};

/// Every fused term.
pub static TERMS: [Term; 11] = [
    KL_TO_UNIFORM,
    Term {
        name: "planes::kl_to_uniform",
        function: Function::KlToUniformByPlanes,
        ..KL_TO_UNIFORM
    },
    ENTROPY,
    Term {
        name: "planes::entropy",
        function: Function::EntropyByPlanes,
        ..ENTROPY
    },
    KL_DIVERGENCE,
    Term {
        name: "planes::kl_divergence",
        function: Function::KlDivergenceByPlanes,
        ..KL_DIVERGENCE
    },
    CROSS_ENTROPY,
    Term {
        name: "planes::cross_entropy",
        function: Function::CrossEntropyByPlanes,
        ..CROSS_ENTROPY
    },
    Term {
        name: "token_log_prob",
        tables: 1,
        gradients: 1,
        pixels: false,
        reference: token_log_prob,
        value: MEAN,
        gradient: SLOPE,
        function: Function::TokenLogProb,
    },
    Term {
        name: "log_mean_exp",
        tables: 1,
        gradients: 1,
        pixels: false,
        reference: |i| {
            let value = logits::log_mean_exp(i.rows[0])?;
            let slopes = match logits::log_mean_exp_gradient(i.rows[0]) {
                Err(Error::Sum { .. }) => vec![Nats::with_mass(f64::NAN, 0.0); i.rows[0].len()],
                slopes => slopes?,
            };
            Ok((value, vec![slopes]))
        },
        value: MEAN,
        gradient: SLOPE,
        function: Function::LogMeanExp,
    },
    Term {
        name: "logit_laplace",
        tables: 3,
        gradients: 2,
        pixels: true,
        reference: |i| {
            let [x, mu, ln_b] = [i.rows[0], i.rows[1], i.rows[2]];
            let value = likelihood::log_likelihood(x, mu, ln_b)?;
            let slopes = (0..x.len()).map(|k| likelihood::logit_laplace_gradients(x[k], mu[k], ln_b[k]));
            let slopes = slopes.collect::<Result<Vec<_>, _>>()?;
            let of = |which: usize| slopes.iter().map(|slope| slope[which]).collect();
            Ok((value, vec![of(0), of(1)]))
        },
        value: LIKELIHOOD,
        gradient: LIKELIHOOD,
        function: Function::LogitLaplace,
    },
];

/// The gradients of a row. They are undefined where the value is infinite, which is not an error of the row.
fn gradients(found: Result<[Vec<Nats>; 2], Error>, rows: &[&[f64]]) -> Result<Vec<Vec<Nats>>, Error> {
    match found {
        Ok(gradients) => Ok(gradients.into()),
        Err(Error::Indeterminate { .. }) => Ok(vec![vec![Nats::with_mass(f64::NAN, 0.0); rows[0].len()]; 2]),
        Err(error) => Err(error),
    }
}

/// The reference for the log-probability of a token. The softmax is over the allowed part of the vocabulary, and the
/// derivatives outside of it are 0.
fn token_log_prob(i: Inputs<'_>) -> Outcome {
    let Target {
        token,
        from,
        to,
        weight,
        ..
    } = i.target;
    let allowed = &i.rows[0][from..to];
    let inside = (from..to).contains(&token);
    // The gradient for a token that is not allowed is that of the log-normaliser alone.
    let stand_in = if inside { token - from } else { 0 };
    let mut slopes = vec![Nats::ZERO; i.rows[0].len()];
    for (k, slope) in logits::token_log_prob_gradient(allowed, stand_in)?
        .into_iter()
        .enumerate()
    {
        let counted = !inside && k == stand_in;
        slopes[from + k] = weight * if counted { slope - Nats::of(1.0) } else { slope };
    }
    let value = logits::token_log_prob(allowed, stand_in)?;
    Ok((if inside { value } else { Nats::NEG_INFINITY }, vec![slopes]))
}
