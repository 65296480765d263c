//! The decisions, and what each can be mistaken for.

/// What probabilities are normalised over.
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

/// What the divergence takes for the code's logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CodeLogits {
    /// `x`
    Plain,
    /// `(x + g) / tau`: the relaxed sample's own.
    Relaxed,
    /// `x / tau`
    Tempered,
}

/// How the divergence reads tables of positions and codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arrangement {
    /// As the layout says.
    ClaimSpec,
    /// The numbers in their order in memory, cut into rows the other way: a reshape where a transpose was meant.
    Reshaped,
}

/// What is subtracted from logits before they are exponentiated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shift {
    /// Their maximum.
    ByMaximum,
    /// Nothing: large ones overflow.
    Missing,
}

/// What stands for `D(q || p)`.
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
    /// `E_q[ln q - p]`: 1/K for ln 1/K.
    PriorNotLogged,
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
    /// Of normal distributions, without the logarithm of the variance.
    LogMissing,
}

/// What the prior of a code is in a finite world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CodePrior {
    /// `p(y,z)` at the observed caption.
    Joint,
    /// `p(z|y)`
    GivenCaption,
    /// `p(z)`
    Marginal,
}

/// What stands for `ln p(x,y)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Evidence {
    /// `ln sum_z p(x|y,z) p(y,z)`
    ClaimSpec,
    /// Summed over the captions, too: `ln p(x)`.
    OverCaptions,
    /// `E_q[ln p(x,y,z) - ln q]`: the mean of the logarithms.
    MeanOfLogs,
    /// `ln sum_z p(x|y,z)`
    PriorMissing,
}

/// What a continuous code's spread is taken for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    /// What it is.
    ClaimSpec,
    /// Its logarithm doubled: `ln s^2` taken for `ln s`, a variance for a standard deviation.
    Doubled,
    /// Its logarithm halved: `ln s` taken for `ln s^2`.
    Halved,
    /// `(ln s^2)^2` for the variance.
    LogSquared,
    /// The mean in its place.
    Mean,
    /// Doubled in the sample only.
    DoubledInSample,
    /// Halved in the sample only.
    HalvedInSample,
    /// Doubled in the divergence only.
    DoubledInDivergence,
    /// Halved in the divergence only.
    HalvedInDivergence,
}

/// The noise of the sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// As given.
    Given,
    /// None: the mean, the tempered softmax.
    Absent,
    /// At most `-ln(-ln 0.999)`, as uniforms below 0.999 give.
    Truncated,
    /// With the other sign.
    Negated,
    /// Twice.
    Doubled,
    /// Halved.
    Halved,
    /// Added after dividing by the temperature.
    AfterTemperature,
}

/// Where the temperature divides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Temperature {
    /// Once.
    Once,
    /// Nowhere.
    Absent,
    /// Twice.
    Twice,
    /// It multiplies.
    Inverted,
}

/// What beta weighs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weight {
    /// The divergence in the loss, nothing in the bound.
    ClaimSpec,
    /// Nothing.
    Missing,
    /// The divergence, squared.
    Squared,
    /// The reconstruction.
    OnReconstruction,
    /// Both.
    OnBoth,
    /// The divergence of the bound, too.
    InBound,
    /// It divides.
    Inverted,
}

/// Which terms stand in bound and loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Terms {
    /// Both.
    Both,
    /// The reconstruction alone.
    DivergenceMissing,
    /// The divergence alone.
    ReconstructionMissing,
    /// The divergence with the other sign.
    DivergenceSign,
    /// The reconstruction with the other sign.
    ReconstructionSign,
}

/// What stands for `ln p(x|y,z)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Likelihood {
    /// The density.
    Density,
    /// A logit-Laplace without `-ln x (1 - x)`.
    JacobianMissing,
    /// With it twice.
    JacobianTwice,
    /// Of a Bernoulli pixel, `1 - x` for `x`.
    PixelsInverted,
    /// Of a Bernoulli pixel, without the part of `1 - x`.
    PositivePartOnly,
    /// Without the logarithm of what normalises it.
    NormaliserMissing,
    /// Without the factor 2 in a logit-Laplace's, without `2 pi` in a normal's.
    ConstantMissing,
    /// Without the scale's logarithm.
    LogScaleMissing,
    /// `|x - mu| / b` for `|logit x - mu| / b`.
    PixelSpace,
    /// A Laplace density of the pixel itself, its scale the size of what should be the scale's logarithm.
    LaplaceOfPixels,
    /// The scale taken for what it is the logarithm of.
    ScaleNotExponentiated,
    /// A normal's variance taken for its standard deviation.
    VarianceForScale,
    /// A normal's square without the 1/2.
    NotHalved,
    /// Minus the square of `x - mu`, and nothing else.
    SquaredError,
}

/// What happens to a gradient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Slope {
    /// Nothing.
    Whole,
    /// The divergence is cut off from it.
    DivergenceDetached,
    /// The sample is cut off from it.
    SampleDetached,
    /// 0 throughout.
    Detached,
    /// 1 too large.
    OneTooLarge,
    /// Through the temperature only once where it divides, not at all.
    TemperatureMissing,
    /// The one-hot sample's instead of the relaxation's.
    Hard,
    /// Beta weighs the reconstruction's slope and not the divergence's.
    BetaOnReconstruction,
}

/// What a masked code does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Masked {
    /// Nothing: its probability is 0.
    Nothing,
    /// `0 ln 0` is NaN, and its row's sum with it.
    Row,
    /// Its own entry of a gradient is NaN.
    Entry,
    /// It counts as if its logit were 0.
    Ignored,
}
