//! The table of fused terms.

use gpu::fused::planes::{self, Planes};
use gpu::fused::{self, Isa, Numbers, Rows, Target};
use reference::likelihood;
use reference::logits;
use reference::vocab::{Error, Nats};

use crate::precision::{DIVERGENCE, LIKELIHOOD, MEAN, SLOPE, TermPrecision};

/// One row of each input, and what stands beside them.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The rows.
    pub rows: &'a [&'a [f64]],
    /// The token that stands there, and the part of the vocabulary that is allowed.
    pub target: Target,
}

/// The value of a row and its gradients.
pub type Outcome = Result<(Nats, Vec<Vec<Nats>>), Error>;

/// A fused function and its reference.
#[derive(Debug, Clone, Copy)]
pub struct Term {
    /// The name that both sides bear.
    pub name: &'static str,
    /// How many tables it reads.
    pub tables: usize,
    /// How many gradients.
    pub gradients: usize,
    /// Whether its tables are pixels, locations and log-scales, and not logits.
    pub pixels: bool,
    /// The reference, for one row.
    pub reference: fn(Inputs<'_>) -> Outcome,
    /// How close the value has to come.
    pub value: TermPrecision,
    /// How close the gradients have to come.
    pub gradient: TermPrecision,
    /// Which twin.
    pub(super) twin: Twin,
}

/// The fused function, for any stored type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twin {
    KlToUniform,
    KlToUniformByPlanes,
    Entropy,
    EntropyByPlanes,
    KlDivergence,
    CrossEntropy,
    TokenLogProb,
    LogMeanExp,
    LogitLaplace,
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
    twin: Twin::KlToUniform,
};

const ENTROPY: Term = Term {
    name: "entropy",
    tables: 1,
    gradients: 1,
    pixels: false,
    reference: |i| Ok((logits::entropy(i.rows[0])?, vec![logits::entropy_gradient(i.rows[0])?])),
    value: MEAN,
    gradient: SLOPE,
    twin: Twin::Entropy,
};

/// Every fused term.
pub static TERMS: [Term; 9] = [
    KL_TO_UNIFORM,
    Term {
        name: "planes::kl_to_uniform",
        twin: Twin::KlToUniformByPlanes,
        ..KL_TO_UNIFORM
    },
    ENTROPY,
    Term {
        name: "planes::entropy",
        twin: Twin::EntropyByPlanes,
        ..ENTROPY
    },
    Term {
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
        twin: Twin::KlDivergence,
    },
    Term {
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
        twin: Twin::CrossEntropy,
    },
    Term {
        name: "token_log_prob",
        tables: 1,
        gradients: 1,
        pixels: false,
        reference: token_log_prob,
        value: MEAN,
        gradient: SLOPE,
        twin: Twin::TokenLogProb,
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
        twin: Twin::LogMeanExp,
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
        twin: Twin::LogitLaplace,
    },
];

/// Where the value is infinite the gradients are undefined, which is no error of the row.
fn gradients(found: Result<[Vec<Nats>; 2], Error>, rows: &[&[f64]]) -> Result<Vec<Vec<Nats>>, Error> {
    match found {
        Ok(gradients) => Ok(gradients.into()),
        Err(Error::Indeterminate { .. }) => Ok(vec![vec![Nats::with_mass(f64::NAN, 0.0); rows[0].len()]; 2]),
        Err(error) => Err(error),
    }
}

/// The softmax is over the allowed part; outside it nothing has a derivative.
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
    // A token that is not allowed has the gradient of its log-normaliser alone.
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

/// Tables of one kind, rounded to the type, and the targets that stand beside them.
pub(super) struct Drawn<E> {
    pub(super) name: &'static str,
    /// The length of a row.
    pub(super) k: usize,
    pub(super) tables: Vec<Vec<E>>,
    pub(super) targets: Vec<Target>,
}

impl Twin {
    /// Runs the fused function: values of all rows, and the gradients, times `weight`, into `grads`.
    pub(super) fn run<E: Numbers>(
        self,
        isa: Isa,
        drawn: &Drawn<E>,
        weight: f64,
        values: &mut [f64],
        grads: &mut [Vec<E>],
    ) -> Result<(), gpu::Error> {
        let rows = |t: usize| Rows::new("logits", &drawn.tables[t], drawn.k);
        let mut grads = grads.iter_mut().map(Vec::as_mut_slice);
        let (first, second) = (grads.next(), grads.next());
        let both = |first: Option<_>, second: Option<_>| first.zip(second).map(|(a, b)| [a, b]);
        match self {
            Self::KlToUniformByPlanes => by_planes(drawn, values, first, |x, values, grad| {
                planes::kl_to_uniform(isa, x, weight, values, grad);
            })?,
            Self::EntropyByPlanes => by_planes(drawn, values, first, |x, values, grad| {
                planes::entropy(isa, x, weight, values, grad);
            })?,
            Self::KlToUniform => fused::kl_to_uniform(isa, rows(0)?, weight, values, first),
            Self::Entropy => fused::entropy(isa, rows(0)?, weight, values, first),
            Self::KlDivergence => fused::kl_divergence(isa, [rows(0)?, rows(1)?], weight, values, both(first, second)),
            Self::CrossEntropy => fused::cross_entropy(isa, [rows(0)?, rows(1)?], weight, values, both(first, second)),
            Self::LogMeanExp => fused::log_mean_exp(isa, rows(0)?, weight, values, first),
            Self::TokenLogProb => fused::token_log_prob(isa, rows(0)?, &drawn.targets, weight, values, first)?,
            Self::LogitLaplace => {
                fused::logit_laplace(isa, [rows(0)?, rows(1)?, rows(2)?], weight, values, both(first, second));
            }
        }
        Ok(())
    }
}

/// The rows as the positions of one or of two images, a plane for every place of a row; the gradients back in rows.
fn by_planes<E: Numbers>(
    drawn: &Drawn<E>,
    values: &mut [f64],
    grad: Option<&mut [E]>,
    run: impl Fn(Planes<'_, E>, &mut [f64], Option<&mut [E]>),
) -> Result<(), gpu::Error> {
    let (k, count) = (drawn.k, values.len());
    let positions = if count.is_multiple_of(2) { count / 2 } else { count };
    let place = |i: usize, code: usize| ((i / positions) * k + code) * positions + i % positions;
    let mut by_planes = drawn.tables[0].clone();
    for (i, row) in drawn.tables[0].chunks(k).enumerate() {
        for (code, x) in row.iter().enumerate() {
            by_planes[place(i, code)] = *x;
        }
    }
    let mut slopes = by_planes.clone();
    let planes = Planes::new("logits", &by_planes, k, positions)?;
    run(planes, values, grad.is_some().then_some(&mut slopes));
    for (i, row) in grad.into_iter().flat_map(|grad| grad.chunks_mut(k)).enumerate() {
        for (code, slope) in row.iter_mut().enumerate() {
            *slope = slopes[place(i, code)];
        }
    }
    Ok(())
}
