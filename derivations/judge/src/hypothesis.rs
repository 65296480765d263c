//! A hypothesis about how an objective was computed: the definition, or the definition with mistakes in it.
//!
//! A [`Hypothesis`] is a list of decisions. [`Hypothesis::AS_STATED`] takes each of them as the definition and the
//! dump's statement do, and a mistake changes one. The terms are computed from the hypothesis alone, so that two
//! mistakes together can be computed, too.

use bounds::Float;
use reference::vocab::Reading;

use crate::dump::{Axis, Sizes};

mod choices;
mod sequences;

pub(super) use choices::*;
pub(super) use sequences::*;

/// The powers of the lengths of axes by which a term is multiplied. A forgotten mean, for example, is one power too
/// many.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Lengths([i8; Axis::ALL.len()]);

impl Lengths {
    const NONE: Self = Self([0; Axis::ALL.len()]);

    /// Adds `by` to the power of an axis.
    pub fn shift(&mut self, axis: Axis, by: i8) {
        self.0[axis as usize] += by;
    }

    /// The product of the lengths, each to its power.
    #[must_use]
    pub fn factor(&self, sizes: &Sizes) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "lengths of axes")]
        let power = |axis: Axis| (sizes.of_axis(axis).max(1) as f64).powi(i32::from(self.0[axis as usize]));
        Axis::ALL.into_iter().map(power).product()
    }
}

/// All decisions about how an objective was computed.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "each is of a type that says what it is")]
pub struct Hypothesis {
    pub softmax: Softmax,
    pub logits: CodeLogits,
    pub arrangement: Arrangement,
    pub shift: Shift,
    pub averaged: Averaged,
    pub prior_of: PriorOf,
    /// The constant inside `ln q`.
    pub in_log_q: Inside,
    /// The constant inside `ln p` of the code's prior.
    pub in_log_prior: Inside,
    /// The constant inside `ln q/p`.
    pub in_log_ratio: Inside,
    /// The constant inside the logarithm of a pixel's or a token's likelihood.
    pub in_log_likelihood: Inside,
    pub divergence: Divergence,
    pub code_prior: CodePrior,
    /// What `q(y,z|x)` stands for, where it is not what is stated.
    pub reading: Option<Reading>,
    pub evidence: Evidence,
    pub spread: Spread,
    pub added_to_spread: AddedToSpread,
    /// The limits to which the logarithm of a continuous code's variance is clamped.
    pub log_variance_limits: [f64; 2],
    pub entropy_constant: EntropyConstant,
    /// Whether an exponential beyond the subject's type is infinite in it.
    pub overflows: bool,
    pub noise: Noise,
    pub temperature: Temperature,
    /// Whether the sample is of the other kind than stated: one-hot instead of relaxed, or relaxed instead of one-hot.
    pub other_sample: bool,
    pub weight: Weight,
    pub terms: Terms,
    pub likelihood: Likelihood,
    pub target: Target,
    pub part_weights: PartWeights,
    pub padding: Padding,
    pub entries: Entries,
    /// The share of a token's label that goes to all entries evenly.
    pub smoothing: f64,
    pub slope: Slope,
    pub masked: Masked,
    /// The lengths by which the divergence is multiplied.
    pub divergence_lengths: Lengths,
    /// The lengths by which the reconstruction is multiplied.
    pub reconstruction_lengths: Lengths,
    /// The lengths by which the claim is multiplied.
    pub claim_lengths: Lengths,
    /// The number by which the claim is multiplied.
    pub factor: f64,
    /// The number that is added to each number of the claim.
    pub offset: f64,
    /// The number of samples in whose mean weight the logarithm is taken: 1 in the bound.
    pub samples: usize,
    /// The step at which a schedule is read, or another way of reading it.
    pub schedule: ScheduleAt,
    /// The type in which sums are accumulated, where it is not the stated one.
    pub sums: Option<Float>,
}

impl Hypothesis {
    /// The definition, with everything as the dump states it.
    pub const AS_STATED: Self = Self {
        softmax: Softmax::Codes,
        logits: CodeLogits::Plain,
        arrangement: Arrangement::AsStated,
        shift: Shift::ByMaximum,
        averaged: Averaged::Nothing,
        prior_of: PriorOf::Item,
        in_log_q: Inside::Nothing,
        in_log_prior: Inside::Nothing,
        in_log_ratio: Inside::Nothing,
        in_log_likelihood: Inside::Nothing,
        divergence: Divergence::Forward,
        code_prior: CodePrior::Joint,
        reading: None,
        evidence: Evidence::AsStated,
        spread: Spread::AsStated,
        added_to_spread: AddedToSpread::Nothing,
        log_variance_limits: [f64::NEG_INFINITY, f64::INFINITY],
        entropy_constant: EntropyConstant::Whole,
        overflows: false,
        noise: Noise::Given,
        temperature: Temperature::Once,
        other_sample: false,
        weight: Weight::AsStated,
        terms: Terms::Both,
        likelihood: Likelihood::Density,
        target: Target::Own,
        part_weights: PartWeights::AsStated,
        padding: Padding::AsStated,
        entries: Entries::AsStated,
        smoothing: 0.0,
        slope: Slope::Whole,
        masked: Masked::Nothing,
        divergence_lengths: Lengths::NONE,
        reconstruction_lengths: Lengths::NONE,
        claim_lengths: Lengths::NONE,
        factor: 1.0,
        offset: 0.0,
        samples: 1,
        schedule: ScheduleAt::Step,
        sums: None,
    };
}
