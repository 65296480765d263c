//! The decisions of a hypothesis about a single term. Each is an enum of the right choice and of the mistakes that are
//! known for it.

/// The set over which probabilities are normalised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Softmax {
    /// The codes of a position.
    Codes,
    /// The batch.
    Batch,
    /// All positions.
    Positions,
    /// A column of positions.
    Height,
    /// A row of positions.
    Width,
    /// Positions and codes together.
    Everything,
}

/// The numbers that the divergence takes for the logits of the code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CodeLogits {
    /// The logits `x`.
    Plain,
    /// `(x + g) / tau`, which are the logits of the relaxed sample.
    Relaxed,
    /// The logits divided by the temperature, `x / tau`.
    Tempered,
    /// The logits divided by the temperature, those of the prior, too.
    BothTempered,
    /// The probabilities, of which a softmax is taken again.
    Softmaxed,
}

/// The distribution that stands for the code's at each position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Averaged {
    /// That of the position.
    Nothing,
    /// The mean of those of an image's positions.
    Positions,
    /// The mean of those of the batch.
    Batch,
}

/// The prior that an item has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PriorOf {
    /// Its own.
    Item,
    /// That of the first item.
    FirstItem,
}

/// A constant inside a logarithm, which keeps it from `-inf`. It is given by its own logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Inside {
    /// There is none.
    Nothing,
    /// `ln(p + constant)`
    Added(f64),
    /// `ln max(p, constant)`
    Floor(f64),
    /// `ln min(max(p, constant), 1 - constant)`
    Clamp(f64),
}

impl Inside {
    /// The logarithm with the constant, for the logarithm without it.
    #[must_use]
    pub fn apply(self, ln: f64) -> f64 {
        match self {
            Self::Nothing => ln,
            Self::Added(constant) => {
                let (larger, smaller) = (ln.max(constant), ln.min(constant));
                larger + (smaller - larger).exp().ln_1p()
            }
            Self::Floor(constant) => ln.max(constant),
            Self::Clamp(constant) => ln.max(constant).min((-constant.exp()).ln_1p()),
        }
    }
}

/// What is added to a continuous code's spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AddedToSpread {
    /// Nothing.
    Nothing,
    /// A constant, to the standard deviation.
    ToDeviation(f64),
    /// A constant, to the variance.
    ToVariance(f64),
}

/// The constant of a normal distribution's entropy and cross-entropy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EntropyConstant {
    /// `ln(2 pi e) / 2` of an entropy, `ln(2 pi) / 2` of a cross-entropy.
    Whole,
    /// It is left out.
    Missing,
}

/// The order in which the divergence reads tables of positions and codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arrangement {
    /// The order of the stated layout.
    AsStated,
    /// The order in memory, divided into rows of the other axis: a reshape where a transpose was meant.
    Reshaped,
}

/// The number that is subtracted from logits before the exponential.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shift {
    /// Their maximum.
    ByMaximum,
    /// Nothing is subtracted, so that large logits overflow.
    Missing,
}

/// The formula that is computed as `D(q || p)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Divergence {
    /// `E_q[ln q - ln p]`
    Forward,
    /// `E_p[ln p - ln q]`
    Reverse,
    /// `E_q[ln q / 2 - ln p]`
    EntropyHalved,
    /// `-E_q[ln p]`
    EntropyMissing,
    /// `E_q[ln q]`
    PriorMissing,
    /// `E_q[ln q - p]`, with `1/K` in place of `ln 1/K`.
    PriorNotLogged,
    /// `E_q[q - ln p]`, with `q` in place of `ln q`.
    NotLogged,
    /// `E_q[ln q - b]`, with the prior's logits `b` in place of `ln p`.
    PriorNotNormalised,
    /// `E_q[x - ln p]`, with the logits `x` in place of `ln q`.
    NotNormalised,
    /// `E_q[ln q + ln p]`
    PriorAdded,
    /// `sum_k (ln q - ln p)`
    Unweighted,
    /// Of normal distributions, without the factor 1/2.
    NotHalved,
    /// Of normal distributions, the 1 subtracted once and not for every coordinate.
    OneOnce,
    /// Of normal distributions, with the logarithm added.
    LogAdded,
    /// Of normal distributions, without the 1.
    OneMissing,
    /// Of normal distributions, from `N(0, 1)` whatever the prior.
    FromStandard,
    /// Of normal distributions, without the mean's square.
    MeanMissing,
    /// Of normal distributions, with a prior whose mean is 0, whatever it is.
    PriorMeanMissing,
    /// Of normal distributions, without the logarithm of the variance.
    LogMissing,
}

/// The distribution that is taken for the prior of a code in a finite world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CodePrior {
    /// `p(y,z)` at the observed caption.
    Joint,
    /// `p(z|y)`
    GivenCaption,
    /// `p(z)`
    Marginal,
}

/// The formula that is computed as `ln p(x,y)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Evidence {
    /// `ln sum_z p(x|y,z) p(y,z)`
    AsStated,
    /// `ln p(x)`, which sums over the captions, too.
    OverCaptions,
    /// `E_q[ln p(x,y,z) - ln q]`, the mean of the logarithms.
    MeanOfLogs,
    /// `ln sum_z p(x|y,z)`
    PriorMissing,
}

/// The interpretation of a continuous code's spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    /// It is interpreted as it is stated.
    AsStated,
    /// Its logarithm is doubled: `ln s^2` is taken for `ln s`, or a variance for a standard deviation.
    Doubled,
    /// Its logarithm is halved: `ln s` is taken for `ln s^2`.
    Halved,
    /// `(ln s^2)^2` is taken for the variance.
    LogSquared,
    /// The mean is used in its place.
    Mean,
    /// Its logarithm is doubled in the sample only.
    DoubledInSample,
    /// Its logarithm is halved in the sample only.
    HalvedInSample,
    /// Its logarithm is doubled in the divergence only.
    DoubledInDivergence,
    /// Its logarithm is halved in the divergence only.
    HalvedInDivergence,
}

/// The noise that the sample uses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// The noise that the dump gives.
    Given,
    /// No noise, which gives the mean or the tempered softmax.
    Absent,
    /// The noise, cut off at `-ln(-ln 0.999)`, as uniforms below 0.999 give it.
    Truncated,
    /// The noise with the other sign.
    Negated,
    /// Twice the noise.
    Doubled,
    /// Half of the noise.
    Halved,
    /// The noise, added after the logits were divided by the temperature.
    AfterTemperature,
}

/// The way in which the temperature is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Temperature {
    /// It divides once.
    Once,
    /// It is not used.
    Absent,
    /// It divides twice.
    Twice,
    /// It multiplies.
    Inverted,
    /// It divides the sample, after the softmax.
    AfterSoftmax,
}

/// The terms that beta multiplies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weight {
    /// It multiplies the divergence in the loss, and nothing in the bound.
    AsStated,
    /// It multiplies nothing.
    Missing,
    /// Its square multiplies the divergence.
    Squared,
    /// It multiplies the reconstruction.
    OnReconstruction,
    /// It multiplies both terms.
    OnBoth,
    /// It multiplies the divergence in the bound, too.
    InBound,
    /// It divides the divergence.
    Inverted,
}

/// The terms of which bound and loss consist.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Terms {
    /// Both terms are there.
    Both,
    /// Only the reconstruction is there.
    DivergenceMissing,
    /// Only the divergence is there.
    ReconstructionMissing,
    /// The divergence has the other sign.
    DivergenceSign,
    /// The reconstruction has the other sign.
    ReconstructionSign,
}

/// The formula that is computed as `ln p(x|y,z)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Likelihood {
    /// The stated density.
    Density,
    /// A logit-Laplace density without `-ln x (1 - x)`.
    JacobianMissing,
    /// A logit-Laplace density with `-ln x (1 - x)` twice.
    JacobianTwice,
    /// A Bernoulli likelihood with `1 - x` in place of `x`.
    PixelsInverted,
    /// A Bernoulli likelihood without the term of `1 - x`.
    PositivePartOnly,
    /// The density without the logarithm of its normaliser.
    NormaliserMissing,
    /// The density without the constant of its normaliser: the factor 2 of a logit-Laplace, or the `2 pi` of a normal.
    ConstantMissing,
    /// The density without the logarithm of its scale.
    LogScaleMissing,
    /// A logit-Laplace density with `|x - mu| / b` in place of `|logit x - mu| / b`.
    PixelSpace,
    /// A Laplace density of the pixel itself. Its scale is the absolute value of what should be the logarithm of the
    /// scale.
    LaplaceOfPixels,
    /// The logarithm of the scale is taken for the scale.
    ScaleNotExponentiated,
    /// The variance of a normal is taken for its standard deviation.
    VarianceForScale,
    /// A normal density whose square lacks the factor 1/2.
    NotHalved,
    /// Minus the square of `x - mu`, without anything else.
    SquaredError,
}

/// A change of a gradient on its way back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Slope {
    /// The gradient is the whole derivative.
    Whole,
    /// The divergence is detached from the gradient.
    DivergenceDetached,
    /// The sample is detached from the gradient.
    SampleDetached,
    /// The gradient is 0 everywhere.
    Detached,
    /// The gradient is too large by 1.
    OneTooLarge,
    /// The gradient lacks the factor `1 / tau` of the temperature.
    TemperatureMissing,
    /// The one-hot sample is used where the relaxed one belongs.
    Hard,
    /// Beta multiplies the gradient of the reconstruction and not that of the divergence.
    BetaOnReconstruction,
}

/// The effect of a masked code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Masked {
    /// It has none, because its probability is 0.
    Nothing,
    /// `0 ln 0` is NaN, and so is the sum of its row.
    Row,
    /// Its own entry of a gradient is NaN.
    Entry,
    /// It counts as if its logit were 0.
    Ignored,
}
