//! The table of known constants: mistakes with a number in them, which is found from the claimed numbers.

use super::hypothesis::{AddedToSpread, Hypothesis, Inside};
use super::mistakes::{ANY, GAUSSIAN, SEQUENCE, TOKENS, WORLDS};
use crate::dump::Form;

/// A mistake with a number in it.
#[derive(Debug, Clone, Copy)]
pub struct Constant {
    /// Its name in tests and reports.
    pub name: &'static str,
    /// A sentence about what was done; `{}` stands for the number.
    pub words: &'static str,
    /// The place in the derivation where the right way stands.
    pub source: &'static str,
    /// The forms of inputs on which it can be made.
    pub forms: &'static [Form],
    /// How the number is found.
    pub found: Found,
    /// The change of the hypothesis by the number. Only [`Found::Among`] gives two.
    pub change: fn(&mut Hypothesis, [f64; 2]),
}

/// How the number of a [`Constant`] is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Found {
    /// It is the claimed number over the right one.
    AsRatio,
    /// It is the claimed number less the right one.
    AsDifference,
    /// The change takes its logarithm, which lies between these.
    ByLogarithm(f64, f64),
    /// It lies between these.
    Between(f64, f64),
    /// It is one of these.
    Among(&'static [[f64; 2]]),
}

const DISCRETE: &[Form] = &[Form::Tokens, Form::Worlds];
const LIKELIHOODS: &[Form] = &[Form::Tokens, Form::Gaussian, Form::Sequence];

/// Limits of the log-variance that public code has.
const LIMITS: &[[f64; 2]] = &[
    [-30.0, 20.0],
    [-20.0, 20.0],
    [-20.0, 10.0],
    [-10.0, 10.0],
    [-20.0, 2.0],
    [-5.0, 2.0],
    [-5.0, 5.0],
    [-8.0, 8.0],
    [-4.0, 15.0],
    [-15.0, 15.0],
];

/// The numbers of samples that are tried.
const SAMPLES: &[[f64; 2]] = &[
    [2.0, 0.0],
    [3.0, 0.0],
    [4.0, 0.0],
    [5.0, 0.0],
    [8.0, 0.0],
    [10.0, 0.0],
    [16.0, 0.0],
    [20.0, 0.0],
    [32.0, 0.0],
    [50.0, 0.0],
    [64.0, 0.0],
];

/// The smallest and the largest logarithm of a constant inside a logarithm that is looked for: below single precision's
/// smallest number, and a half.
const INSIDE: Found = Found::ByLogarithm(-110.0, -0.7);

macro_rules! constants {
    ($($name:literal, $forms:ident, $found:expr, $words:literal, $source:literal, $change:expr;)*) => {
        &[$(Constant { name: $name, words: $words, source: $source, forms: $forms, found: $found, change: $change },)*]
    };
}

/// All constants, beginning with those that are named where several fit.
#[rustfmt::skip]
pub const CONSTANTS: &[Constant] = constants![
    "floor-in-ln-q", DISCRETE, INSIDE, "q is at least {} inside ln q", "Eq. 13: 0 ln 0 = 0 needs no floor", |h, [c, _]| h.in_log_q = Inside::Floor(c);
    "floor-in-ln-p", DISCRETE, INSIDE, "p is at least {} inside ln p", "Eq. 13: a divergence may be infinite", |h, [c, _]| h.in_log_prior = Inside::Floor(c);
    "floor-in-both-logarithms", DISCRETE, INSIDE, "q and p are at least {} inside their logarithms", "Eq. 13", |h, [c, _]| (h.in_log_q, h.in_log_prior) = (Inside::Floor(c), Inside::Floor(c));
    "floor-in-ln-ratio", TOKENS, INSIDE, "q/p is at least {} inside ln q/p", "Eq. 13", |h, [c, _]| h.in_log_ratio = Inside::Floor(c);
    "clamp-in-ln-q", DISCRETE, INSIDE, "q is held between {} and 1 less that inside ln q", "Eq. 13", |h, [c, _]| h.in_log_q = Inside::Clamp(c);
    "clamp-in-ln-p", DISCRETE, INSIDE, "p is held between {} and 1 less that inside ln p", "Eq. 13", |h, [c, _]| h.in_log_prior = Inside::Clamp(c);
    "clamp-in-both-logarithms", DISCRETE, INSIDE, "q and p are held between {} and 1 less that inside their logarithms", "Eq. 13", |h, [c, _]| (h.in_log_q, h.in_log_prior) = (Inside::Clamp(c), Inside::Clamp(c));
    "constant-in-ln-q", DISCRETE, INSIDE, "{} is added to q inside ln q", "Eq. 13: 0 ln 0 = 0 needs no constant", |h, [c, _]| h.in_log_q = Inside::Added(c);
    "constant-in-ln-p", DISCRETE, INSIDE, "{} is added to p inside ln p", "Eq. 13: a divergence may be infinite", |h, [c, _]| h.in_log_prior = Inside::Added(c);
    "constant-in-both-logarithms", DISCRETE, INSIDE, "{} is added to q and to p inside their logarithms", "Eq. 13", |h, [c, _]| (h.in_log_q, h.in_log_prior) = (Inside::Added(c), Inside::Added(c));
    "constant-in-ln-ratio", TOKENS, INSIDE, "{} is added to q/p inside ln q/p", "Eq. 13", |h, [c, _]| h.in_log_ratio = Inside::Added(c);
    "floor-in-likelihood", LIKELIHOODS, INSIDE, "a probability is at least {} inside the logarithm of the likelihood", "-ln p may be infinite", |h, [c, _]| h.in_log_likelihood = Inside::Floor(c);
    "constant-in-likelihood", LIKELIHOODS, INSIDE, "{} is added to a probability inside the logarithm of the likelihood", "-ln p may be infinite", |h, [c, _]| h.in_log_likelihood = Inside::Added(c);
    "log-variance-limited", GAUSSIAN, Found::Among(LIMITS), "the log-variance is clamped to {}", "q(z|x) = N(m, s^2) of any s", |h, limits| h.log_variance_limits = limits;
    "log-variance-limited-below", GAUSSIAN, Found::Between(-60.0, 20.0), "the log-variance is at least {}", "q(z|x) = N(m, s^2) of any s", |h, [c, _]| h.log_variance_limits[0] = c;
    "log-variance-limited-above", GAUSSIAN, Found::Between(-20.0, 90.0), "the log-variance is at most {}", "q(z|x) = N(m, s^2) of any s", |h, [c, _]| h.log_variance_limits[1] = c;
    "constant-added-to-deviation", GAUSSIAN, INSIDE, "{} is added to the standard deviation", "q(z|x) = N(m, s^2)", |h, [c, _]| h.added_to_spread = AddedToSpread::ToDeviation(c.exp());
    "constant-added-to-variance", GAUSSIAN, INSIDE, "{} is added to the variance", "q(z|x) = N(m, s^2)", |h, [c, _]| h.added_to_spread = AddedToSpread::ToVariance(c.exp());
    "labels-smoothed", SEQUENCE, Found::Between(1e-4, 0.9), "{} of each label goes to all entries evenly: label smoothing", "Eq. 2: -ln p of the token itself", |h, [c, _]| h.smoothing = c;
    "importance-weighted", WORLDS, Found::Among(SAMPLES), "the bound is the importance-weighted one of {} samples, which is tighter", "Eq. 9: one sample", |h, [n, _]| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number of samples")]
        { h.samples = n as usize }
    };
    "factor", ANY, Found::AsRatio, "every number is {} times what it should be", "the statement's reduction", |h, [c, _]| h.factor *= c;
    "offset", ANY, Found::AsDifference, "every number is {} more than it should be", "the claim: nothing is added", |h, [c, _]| h.offset = c;
];
