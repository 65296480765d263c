//! The table of known mistakes. Each changes one decision of the hypothesis, and a new one is a new row.

use super::hypothesis::{
    Arrangement, Averaged, CodeLogits, CodePrior, Divergence, Entries, EntropyConstant, Evidence, Hypothesis,
    Likelihood, Masked, Noise, Padding, PartWeights, PriorOf, ScheduleAt, Shift, Slope, Softmax, Spread, Target,
    Temperature, Terms, Weight,
};
use crate::dump::{Axis, Form};
use reference::vocab::Reading;

/// A known mistake in computing an objective.
#[derive(Debug, Clone, Copy)]
pub struct Mistake {
    /// Its name in tests and reports.
    pub name: &'static str,
    /// A sentence about what was done.
    pub words: &'static str,
    /// The place in the derivation where the right way stands.
    pub source: &'static str,
    /// The forms of inputs on which it can be made.
    pub forms: &'static [Form],
    /// The change of the hypothesis.
    pub change: fn(&mut Hypothesis),
}

pub(super) const ANY: &[Form] = &[Form::Tokens, Form::Gaussian, Form::Sequence, Form::Worlds];
pub(super) const CODES: &[Form] = &[Form::Tokens, Form::Gaussian, Form::Worlds];
pub(super) const WORLDS: &[Form] = &[Form::Worlds];
pub(super) const TOKENS: &[Form] = &[Form::Tokens];
pub(super) const GAUSSIAN: &[Form] = &[Form::Gaussian];
pub(super) const SEQUENCE: &[Form] = &[Form::Sequence];
const TOKENS_AND_SEQUENCE: &[Form] = &[Form::Tokens, Form::Sequence];

macro_rules! mistakes {
    ($($name:literal, $forms:ident, $words:literal, $source:literal, $change:expr;)*) => {
        &[$(Mistake { name: $name, words: $words, source: $source, forms: $forms, change: $change },)*]
    };
}

/// All mistakes, beginning with those that are made most often.
#[rustfmt::skip]
pub const MISTAKES: &[Mistake] = mistakes![
    "sign", ANY, "the sign is the other one", "Eq. 1: the bound is maximised, its negative minimised", |r| r.factor *= -1.0;
    "base-two", ANY, "logarithms are to base 2", "all lines: natural logarithms", |r| r.factor /= std::f64::consts::LN_2;
    "nats-for-bits", ANY, "logarithms are natural where bits are stated", "all lines: natural logarithms", |r| r.factor *= std::f64::consts::LN_2;

    "logits-not-normalised", TOKENS, "the logits stand where ln q should", "q(z|x) sums to 1 over the codes", |r| r.divergence = Divergence::NotNormalised;
    "prior-not-normalised", TOKENS, "the prior's logits stand where ln p should", "p(z) sums to 1 over the codes", |r| r.divergence = Divergence::PriorNotNormalised;
    "not-logged", CODES, "q stands where ln q should", "Eq. 13", |r| r.divergence = Divergence::NotLogged;
    "prior-of-first-item", CODES, "the prior of the first item stands for that of each", "Eq. 13: p(y,z) of the observed y", |r| r.prior_of = PriorOf::FirstItem;
    "softmax-twice", TOKENS_AND_SEQUENCE, "a softmax is taken of probabilities", "q = softmax(x), once", |r| r.logits = CodeLogits::Softmaxed;
    "averaged-over-positions", TOKENS, "the divergence is that of the mean of q over the positions, once", "Eq. 13: the divergence of each q(z|x)", |r| { r.averaged = Averaged::Positions; r.divergence_lengths.shift(Axis::Position, -1) };
    "averaged-over-batch", TOKENS, "the divergence is that of the mean of q over the batch", "Eq. 13: the divergence of each q(z|x)", |r| r.averaged = Averaged::Batch;
    "arguments-swapped", CODES, "the arguments of the divergence are swapped: D(p || q) for D(q || p)", "Eq. 13", |r| r.divergence = Divergence::Reverse;
    "entropy-halved", CODES, "the entropy counts half", "Eq. 13", |r| r.divergence = Divergence::EntropyHalved;
    "entropy-missing", CODES, "the entropy is missing from the divergence", "Eq. 13", |r| r.divergence = Divergence::EntropyMissing;
    "prior-missing", CODES, "the prior is missing from the divergence: what is left is -H(q)", "Eq. 13", |r| r.divergence = Divergence::PriorMissing;
    "prior-not-logged", TOKENS, "the prior's probability stands where its logarithm should, 1/K for ln 1/K", "Eq. 13", |r| r.divergence = Divergence::PriorNotLogged;
    "prior-added", CODES, "ln p is added to ln q, not subtracted", "Eq. 13", |r| r.divergence = Divergence::PriorAdded;
    "not-weighted", TOKENS, "log-ratios are added up without the weights q", "Eq. 13: an expectation under q", |r| r.divergence = Divergence::Unweighted;
    "half-missing", GAUSSIAN, "the factor 1/2 of the normal divergence is missing", "Eq. 13 of two normal distributions", |r| r.divergence = Divergence::NotHalved;
    "one-subtracted-once", GAUSSIAN, "the divergence's 1 is subtracted once and not for every coordinate", "Eq. 13 of two normal distributions", |r| r.divergence = Divergence::OneOnce;
    "log-variance-added", GAUSSIAN, "the logarithm of the variance is added, not subtracted", "Eq. 13 of two normal distributions", |r| r.divergence = Divergence::LogAdded;
    "one-missing", GAUSSIAN, "the divergence's 1 is not subtracted", "Eq. 13 of two normal distributions", |r| r.divergence = Divergence::OneMissing;
    "from-standard-normal", GAUSSIAN, "the divergence is taken from N(0, 1) and not from the stated prior", "Eq. 13: p(y,z)", |r| r.divergence = Divergence::FromStandard;
    "mean-missing", GAUSSIAN, "the square of the mean is missing from the divergence", "Eq. 13 of two normal distributions", |r| r.divergence = Divergence::MeanMissing;
    "prior-mean-missing", GAUSSIAN, "the prior's mean is left out of the square: (m)^2 for (m - m_p)^2", "Eq. 13 of two normal distributions", |r| r.divergence = Divergence::PriorMeanMissing;
    "log-variance-missing", GAUSSIAN, "the logarithm of the variance is missing from the divergence", "Eq. 13 of two normal distributions", |r| r.divergence = Divergence::LogMissing;

    "prior-given-caption", WORLDS, "ln p(z|y) stands for ln p(y,z): ln p(y) is missing", "Eq. 13: p(y,z)", |r| r.code_prior = CodePrior::GivenCaption;
    "prior-marginal", WORLDS, "ln p(z) stands for ln p(y,z): the caption is summed over", "Eq. 13: p(y,z)", |r| r.code_prior = CodePrior::Marginal;
    "read-as-observed", WORLDS, "q(y,z|x) is q(z|x) at the observed caption, not what is stated", "Eq. 13, the reading", |r| r.reading = Some(Reading::Observed);
    "read-as-joint", WORLDS, "the divergence is over captions and codes, not what is stated", "Eq. 13, the reading", |r| r.reading = Some(Reading::Joint);
    "read-as-expected", WORLDS, "captions are averaged throughout, which is not what is stated", "Eq. 13, the reading", |r| r.reading = Some(Reading::Expected);
    "read-as-pointwise", WORLDS, "the divergence is the log-ratio at the observed caption, not what is stated", "Eq. 13, the reading", |r| r.reading = Some(Reading::Pointwise);
    "read-as-footnote", WORLDS, "the divergence is from p(z), not what is stated", "Eq. 13, the reading", |r| r.reading = Some(Reading::Footnote);
    "evidence-over-captions", WORLDS, "the evidence is summed over the captions, too", "Eq. 3: a sum over z", |r| r.evidence = Evidence::OverCaptions;
    "mean-of-logs", WORLDS, "a mean of logarithms stands where the logarithm of a mean should", "Eq. 5 to 6: Jensen", |r| r.evidence = Evidence::MeanOfLogs;
    "evidence-without-prior", WORLDS, "the prior is missing from the evidence", "Eq. 3", |r| r.evidence = Evidence::PriorMissing;

    "softmax-over-batch", TOKENS, "probabilities are normalised over the batch", "q(z|x) sums to 1 over the codes", |r| r.softmax = Softmax::Batch;
    "softmax-over-positions", TOKENS, "probabilities are normalised over the positions", "q(z|x) sums to 1 over the codes", |r| r.softmax = Softmax::Positions;
    "softmax-over-height", TOKENS, "probabilities are normalised over the image's height", "q(z|x) sums to 1 over the codes", |r| r.softmax = Softmax::Height;
    "softmax-over-width", TOKENS, "probabilities are normalised over the image's width", "q(z|x) sums to 1 over the codes", |r| r.softmax = Softmax::Width;
    "softmax-flattened", TOKENS, "probabilities are normalised over positions and codes together", "q(z|x) sums to 1 over the codes", |r| r.softmax = Softmax::Everything;
    "reshaped-not-transposed", TOKENS, "logits are reshaped where they should be transposed: the numbers of a row are those of other positions", "q(z|x) sums to 1 over the codes", |r| r.arrangement = Arrangement::Reshaped;
    "maximum-not-subtracted", TOKENS, "logits are exponentiated without their maximum subtracted: they overflow, and infinity by infinity is NaN", "q = softmax(x): e^(x - max) / sum", |r| r.shift = Shift::Missing;
    "relaxed-in-divergence", TOKENS, "the divergence is taken of the relaxed sample and not of q", "Eq. 13: D of q(z|x)", |r| r.logits = CodeLogits::Relaxed;
    "both-tempered-in-divergence", TOKENS, "the divergence is taken of logits divided by the temperature, the prior's too", "Eq. 13: D of q(z|x)", |r| r.logits = CodeLogits::BothTempered;
    "tempered-in-divergence", TOKENS, "the divergence is taken of logits divided by the temperature", "Eq. 13: D of q(z|x)", |r| r.logits = CodeLogits::Tempered;

    "variance-for-deviation", GAUSSIAN, "a variance is taken for a standard deviation: the stated spread counts twice", "q(z|x) = N(m, s^2)", |r| r.spread = Spread::Doubled;
    "deviation-for-variance", GAUSSIAN, "a standard deviation is taken for a variance: the stated spread counts half", "q(z|x) = N(m, s^2)", |r| r.spread = Spread::Halved;
    "log-variance-squared", GAUSSIAN, "the variance is the square of its own logarithm", "q(z|x) = N(m, s^2)", |r| r.spread = Spread::LogSquared;
    "mean-for-spread", GAUSSIAN, "the mean stands where the spread should", "q(z|x) = N(m, s^2)", |r| r.spread = Spread::Mean;
    "variance-in-sample", GAUSSIAN, "the sample is scaled by the variance", "z = m + s noise", |r| r.spread = Spread::DoubledInSample;
    "root-in-sample", GAUSSIAN, "the sample is scaled by the root of the standard deviation", "z = m + s noise", |r| r.spread = Spread::HalvedInSample;
    "spread-doubled-in-divergence", GAUSSIAN, "the divergence takes a variance for a standard deviation, the sample does not", "Eq. 13 of two normal distributions", |r| r.spread = Spread::DoubledInDivergence;

    "spread-halved-in-divergence", GAUSSIAN, "the divergence takes a standard deviation for a variance, the sample does not", "Eq. 13 of two normal distributions", |r| r.spread = Spread::HalvedInDivergence;

    "exponential-overflows", GAUSSIAN, "the exponential of the log-variance overflows before it is halved: infinity for a number that the type holds", "Eq. 13 of two normal distributions", |r| r.overflows = true;

    "not-sampled", CODES, "no noise: a plug-in mean in place of a sample", "Eq. 14: an expectation over z ~ q(z|x)", |r| r.noise = Noise::Absent;
    "noise-truncated", TOKENS, "the noise is cut off at 6.907, as uniforms up to 0.999 give it", "Gumbel noise has no largest value", |r| r.noise = Noise::Truncated;
    "noise-negated", CODES, "the noise has the other sign", "t = x + g", |r| r.noise = Noise::Negated;
    "noise-doubled", CODES, "the noise counts twice", "t = x + g", |r| r.noise = Noise::Doubled;
    "noise-halved", CODES, "the noise counts half", "t = x + g", |r| r.noise = Noise::Halved;
    "noise-after-temperature", TOKENS, "the noise is added after dividing by the temperature", "y = softmax((x + g) / tau)", |r| r.noise = Noise::AfterTemperature;
    "temperature-missing", TOKENS, "the temperature is missing", "y = softmax((x + g) / tau)", |r| r.temperature = Temperature::Absent;
    "temperature-twice", TOKENS, "the temperature divides twice", "y = softmax((x + g) / tau)", |r| r.temperature = Temperature::Twice;
    "temperature-after-softmax", TOKENS, "the temperature divides the sample, not the logits", "y = softmax((x + g) / tau)", |r| r.temperature = Temperature::AfterSoftmax;
    "temperature-inverted", TOKENS, "the temperature multiplies", "y = softmax((x + g) / tau)", |r| r.temperature = Temperature::Inverted;
    "other-sample", TOKENS, "the sample is relaxed where the one-hot one is stated, or one-hot where the relaxed one is", "forward the one-hot sample, backward the relaxation", |r| r.other_sample = true;

    "beta-missing", CODES, "beta is missing from the loss", "Eq. 14", |r| r.weight = Weight::Missing;
    "beta-squared", CODES, "beta is applied twice", "Eq. 14", |r| r.weight = Weight::Squared;
    "beta-on-reconstruction", CODES, "beta weighs the reconstruction and not the divergence", "Eq. 14", |r| r.weight = Weight::OnReconstruction;
    "beta-on-both", CODES, "beta weighs the whole bound", "Eq. 14", |r| r.weight = Weight::OnBoth;
    "beta-in-bound", CODES, "beta is applied in the bound, which has none", "Eq. 9: a bound for beta = 1", |r| r.weight = Weight::InBound;
    "beta-inverted", CODES, "the divergence is divided by beta", "Eq. 14", |r| r.weight = Weight::Inverted;
    "divergence-missing", CODES, "the divergence is missing", "Eq. 14", |r| r.terms = Terms::DivergenceMissing;
    "reconstruction-missing", CODES, "the reconstruction is missing", "Eq. 14", |r| r.terms = Terms::ReconstructionMissing;
    "divergence-sign", CODES, "the divergence has the other sign beside the reconstruction", "Eq. 14: minus beta D", |r| r.terms = Terms::DivergenceSign;
    "reconstruction-sign", CODES, "the reconstruction has the other sign beside the divergence", "Eq. 14", |r| r.terms = Terms::ReconstructionSign;

    "jacobian-missing", CODES, "the Jacobian -ln x (1 - x) of the logit is missing", "Ramesh et al. 2021, appendix A.3", |r| r.likelihood = Likelihood::JacobianMissing;
    "jacobian-twice", CODES, "the Jacobian -ln x (1 - x) of the logit counts twice", "Ramesh et al. 2021, appendix A.3", |r| r.likelihood = Likelihood::JacobianTwice;
    "pixels-inverted", CODES, "1 - x stands where x should", "p(x|y,z) of binary pixels", |r| r.likelihood = Likelihood::PixelsInverted;
    "positive-part-only", CODES, "the part of 1 - x is missing from the cross-entropy", "p(x|y,z) of binary pixels", |r| r.likelihood = Likelihood::PositivePartOnly;
    "normaliser-missing", CODES, "what normalises the density is missing", "p(x|y,z) integrates to 1", |r| r.likelihood = Likelihood::NormaliserMissing;
    "constant-missing", CODES, "the constant of the density is missing (2, or 2 pi), or that of an entropy (2 pi e)", "p(x|y,z) integrates to 1", |r| { r.likelihood = Likelihood::ConstantMissing; r.entropy_constant = EntropyConstant::Missing };
    "log-scale-missing", CODES, "the logarithm of the scale is missing", "p(x|y,z) integrates to 1", |r| r.likelihood = Likelihood::LogScaleMissing;
    "pixel-space", TOKENS, "the distance is taken between pixel and mean, not between the pixel's logit and it", "Ramesh et al. 2021, appendix A.3", |r| r.likelihood = Likelihood::PixelSpace;
    "laplace-of-pixels", TOKENS, "a Laplace density of the pixel itself, with the raw channel as its scale", "Ramesh et al. 2021, appendix A.3", |r| r.likelihood = Likelihood::LaplaceOfPixels;
    "scale-not-exponentiated", CODES, "the scale is what should be its logarithm", "decoder outputs are mu and ln b", |r| r.likelihood = Likelihood::ScaleNotExponentiated;
    "variance-for-scale", GAUSSIAN, "the decoder's variance stands where its standard deviation should", "p(x|y,z) = N(mu, s^2)", |r| r.likelihood = Likelihood::VarianceForScale;
    "square-not-halved", GAUSSIAN, "the factor 1/2 before the square is missing", "p(x|y,z) = N(mu, s^2)", |r| r.likelihood = Likelihood::NotHalved;

    "squared-error", GAUSSIAN, "a squared error stands where a density should", "p(x|y,z) = N(mu, s^2)", |r| r.likelihood = Likelihood::SquaredError;

    "label-next", SEQUENCE, "labels are shifted by one: a row is scored against the next token", "Eq. 2, p(y,z) token by token", |r| r.target = Target::Next;
    "label-across-rows", SEQUENCE, "labels are shifted by one through the whole batch: the last of a row is the first of the next", "Eq. 2, p(y,z) token by token", |r| r.target = Target::NextAcrossRows;
    "label-previous", SEQUENCE, "labels are shifted back: a row is scored against a token that it has seen", "Eq. 2, p(y,z) token by token", |r| r.target = Target::Previous;
    "offset-missing", SEQUENCE, "image tokens are scored without the offset of their vocabulary", "Eq. 2, p(y,z) token by token", |r| r.target = Target::OffsetMissing;
    "offset-twice", SEQUENCE, "the offset of image tokens is added twice", "Eq. 2, p(y,z) token by token", |r| r.target = Target::OffsetTwice;
    "other-entries", SEQUENCE, "the softmax is over the other set of entries: all where a token's own kind is stated, or the reverse", "Eq. 2, p(y,z) token by token", |r| r.entries = Entries::Other;
    "parts-together", SEQUENCE, "text and image tokens share one mean", "Ramesh et al. 2021: 1/8 and 7/8", |r| r.part_weights = PartWeights::Together;
    "parts-not-weighted", SEQUENCE, "the two means are added without weights", "Ramesh et al. 2021: 1/8 and 7/8", |r| r.part_weights = PartWeights::Ones;
    "parts-weighted-equally", SEQUENCE, "the two means have equal weights", "Ramesh et al. 2021: 1/8 and 7/8", |r| r.part_weights = PartWeights::Equal;
    "parts-swapped", SEQUENCE, "the weights of text and image are exchanged", "Ramesh et al. 2021: 1/8 and 7/8", |r| r.part_weights = PartWeights::Swapped;
    "image-only", SEQUENCE, "the text's part of the loss is missing", "Ramesh et al. 2021: 1/8 and 7/8", |r| r.part_weights = PartWeights::ImageOnly;
    "parts-not-divided", SEQUENCE, "the weights do not sum to 1: their ratio is right", "Ramesh et al. 2021: 1/8 and 7/8", |r| r.part_weights = PartWeights::NotDivided;
    "mean-of-means", SEQUENCE, "the loss is the mean of each sequence's own mean, however many tokens of it count", "Ramesh et al. 2021: a mean over tokens", |r| r.part_weights = PartWeights::MeansOfMeans;
    "parts-summed", SEQUENCE, "sums stand where means over the tokens of a kind should", "Ramesh et al. 2021: each by its own count", |r| r.part_weights = PartWeights::Sums;
    "padding-counted", SEQUENCE, "padding counts like any token", "padding is no text", |r| r.padding = Padding::Counted;
    "padding-in-denominator", SEQUENCE, "padding adds nothing, but the mean is over all tokens", "padding is no text", |r| r.padding = Padding::InDenominator;
    "zero-ignored", SEQUENCE, "entry 0 is left out as if it were padding", "Eq. 2: every token counts", |r| r.padding = Padding::ZeroIgnored;
    "zero-ignored-too", SEQUENCE, "entry 0 is left out beside the padding", "Eq. 2: every token counts", |r| r.padding = Padding::ZeroIgnoredToo;
    "padding-is-zero", SEQUENCE, "-ln p of padding is 0: what a loss without reduction gives where labels are ignored", "the claim: -ln p of every token", |r| r.padding = Padding::IsZero;

    "schedule-step-after", ANY, "the schedule is read a step late", "Ramesh et al. 2021, appendix A.2", |r| r.schedule = ScheduleAt::StepAfter;
    "schedule-step-before", ANY, "the schedule is read a step early", "Ramesh et al. 2021, appendix A.2", |r| r.schedule = ScheduleAt::StepBefore;
    "schedule-stuck", ANY, "the schedule stays at its start", "Ramesh et al. 2021, appendix A.2", |r| r.schedule = ScheduleAt::Start;
    "schedule-over", ANY, "the schedule is at its end from the first step", "Ramesh et al. 2021, appendix A.2", |r| r.schedule = ScheduleAt::End;
    "schedule-linear", ANY, "the schedule is a straight line", "Ramesh et al. 2021, appendix A.2", |r| r.schedule = ScheduleAt::Linear;
    "schedule-cosine", ANY, "the schedule is half a cosine where another shape is stated", "the statement's schedule", |r| r.schedule = ScheduleAt::Cosine;
    "schedule-backwards", ANY, "the schedule runs from its end to its start", "Ramesh et al. 2021, appendix A.2", |r| r.schedule = ScheduleAt::Backwards;
    "schedule-compounded", ANY, "the decay of all steps so far is applied again to a value that has decayed", "the statement's schedule", |r| r.schedule = ScheduleAt::Compounded;

    "divergence-detached", CODES, "the divergence is cut off from the gradient", "the derivative of Eq. 14", |r| r.slope = Slope::DivergenceDetached;
    "sample-detached", CODES, "the sample is cut off from the gradient", "the derivative of Eq. 14", |r| r.slope = Slope::SampleDetached;
    "detached", ANY, "the gradient is 0: what it is taken of was detached", "the derivative of Eq. 1", |r| r.slope = Slope::Detached;
    "gradient-off-by-one", ANY, "the gradient is 1 too large throughout", "the derivative of Eq. 1", |r| r.slope = Slope::OneTooLarge;
    "beta-on-reconstruction-in-gradient", CODES, "in the gradient alone beta weighs the reconstruction and not the divergence", "the derivative of Eq. 14", |r| r.slope = Slope::BetaOnReconstruction;
    "temperature-missing-in-gradient", TOKENS, "the gradient through the sample is not divided by the temperature", "dy/dx = y (1 - y) / tau", |r| r.slope = Slope::TemperatureMissing;
    "straight-through-everything", TOKENS, "the sample's gradient is handed to the logits as it is, not through the relaxation", "backward the relaxation", |r| r.slope = Slope::Hard;
    "masked-row", TOKENS, "0 ln 0 of a masked code is NaN, and its position with it", "0 ln 0 = 0", |r| r.masked = Masked::Row;
    "masked-entry", TOKENS, "the gradient of a masked code is NaN behind a value that is not", "0 ln 0 = 0, and so is its derivative", |r| r.masked = Masked::Entry;

    "mask-ignored", TOKENS, "a masked code counts as if its logit were 0", "a logit of -inf is a probability of 0", |r| r.masked = Masked::Ignored;

    "mean-over-batch", ANY, "divided by the batch's size where it is not stated", "the statement's reduction", |r| r.claim_lengths.shift(Axis::Batch, -1);
    "sum-over-batch", ANY, "not divided by the batch's size", "the statement's reduction", |r| r.claim_lengths.shift(Axis::Batch, 1);
    "mean-over-positions", TOKENS, "the divergence is averaged over positions, not summed", "ln q(z|x) is a sum over positions", |r| r.divergence_lengths.shift(Axis::Position, -1);
    "sum-over-positions", TOKENS, "the divergence is summed over positions where their mean is stated", "the statement's reduction", |r| r.divergence_lengths.shift(Axis::Position, 1);
    "mean-over-codes", TOKENS, "the divergence is averaged over codes, not summed", "Eq. 13: a sum over codes", |r| r.divergence_lengths.shift(Axis::Code, -1);
    "divided-by-elements", TOKENS, "the divergence is divided by the number of all its elements", "Eq. 13: a sum", |r| for axis in [Axis::Batch, Axis::Position, Axis::Code] { r.divergence_lengths.shift(axis, -1) };
    "sum-over-codes", TOKENS, "the divergence is multiplied by the number of codes", "Eq. 13: a sum over codes", |r| r.divergence_lengths.shift(Axis::Code, 1);
    "mean-over-coordinates", GAUSSIAN, "the divergence is averaged over coordinates, not summed", "ln q(z|x) is a sum over coordinates", |r| r.divergence_lengths.shift(Axis::Coordinate, -1);
    "sum-over-coordinates", GAUSSIAN, "the divergence is summed over coordinates where their mean is stated", "the statement's reduction", |r| r.divergence_lengths.shift(Axis::Coordinate, 1);
    "divergence-mean-over-batch", CODES, "the divergence is divided by the batch's size, the reconstruction is not", "Eq. 14: both terms of one x", |r| r.divergence_lengths.shift(Axis::Batch, -1);
    "divergence-sum-over-batch", CODES, "the divergence is summed over the batch beside a mean", "Eq. 14: both terms of one x", |r| r.divergence_lengths.shift(Axis::Batch, 1);
    "mean-over-pixels", CODES, "the reconstruction is averaged over pixels, not summed", "ln p(x|y,z) is a sum over pixels", |r| r.reconstruction_lengths.shift(Axis::Pixel, -1);
    "sum-over-pixels", CODES, "the reconstruction is summed over pixels where their mean is stated", "the statement's reduction", |r| r.reconstruction_lengths.shift(Axis::Pixel, 1);
    "divergence-mean-over-pixels", CODES, "the divergence is divided by the number of pixels", "Eq. 14", |r| r.divergence_lengths.shift(Axis::Pixel, -1);
    "divided-by-pixels", CODES, "everything is divided by the number of pixels", "the statement's normaliser", |r| r.claim_lengths.shift(Axis::Pixel, -1);
    "mean-over-tokens", SEQUENCE, "divided by the number of tokens where it is not stated", "the statement's reduction", |r| r.claim_lengths.shift(Axis::Token, -1);
    "sum-over-tokens", SEQUENCE, "multiplied by the number of tokens", "the statement's reduction", |r| r.claim_lengths.shift(Axis::Token, 1);
    "doubled", ANY, "twice what it should be", "the statement's reduction", |r| r.factor *= 2.0;
    "halved", ANY, "half of what it should be", "the statement's reduction", |r| r.factor *= 0.5;
];

/// The mistakes that can be made on inputs of a form.
pub(super) fn of_form(form: Form) -> impl Iterator<Item = &'static Mistake> {
    MISTAKES.iter().filter(move |mistake| mistake.forms.contains(&form))
}

/// The hypothesis with these mistakes in it.
pub(super) fn with(mistakes: &[&Mistake]) -> Hypothesis {
    let mut hypothesis = Hypothesis::AS_STATED;
    for mistake in mistakes {
        (mistake.change)(&mut hypothesis);
    }
    hypothesis
}

/// The laws of models, as explanations, in the order in which one that is broken explains the next.
pub(super) const LAWS: [Mistake; 4] = [
    law(
        "row-leak",
        "rows that are alike have different log-probabilities: a row moves with the other rows, or with chance",
    ),
    law(
        "future-leak",
        "a token's log-probability moves with tokens that come after it",
    ),
    law(
        "own-token-leak",
        "probabilities of the next tokens do not sum to 1: a token sees itself, or nothing normalises",
    ),
    law("above-one", "a log-probability is above 0: a wrong sign, or a density"),
];

const fn law(name: &'static str, words: &'static str) -> Mistake {
    Mistake {
        name,
        words,
        source: "Eq. 2, p(y,z) token by token: each given those before it",
        forms: &[Form::Sequence],
        change: |_: &mut Hypothesis| (),
    }
}
