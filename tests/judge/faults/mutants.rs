//! The faults: what somebody really got wrong, planted into a small implementation. Origins, causes and classes are those of public bug reports.

/// A fault of an implementation; the right one has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    // Discrete codes.
    DivergenceMissing,
    SampleOverHeight,
    DivergenceOverBatch,
    DivergenceOverPixels,
    DivergenceAdded,
    Negated,
    SoftmaxFlattened,
    JacobianMissing,
    ReconstructionMean,
    MeanAtPredict,
    SummedOverBatch,
    BothMeans,
    DividedByElements,
    DividedByCodes,
    Swapped,
    MeanOverPositions,
    BetaOnWrongGradient,
    NotStraightThrough,
    ReportsBound,
    NegatedTwice,
    SumBeforeReduce,
    OffByOne,
    EntropyOfMasked,
    WhereGuarded,
    EntropyInBits,
    EntropySign,
    SoftmaxOverBatch,
    SoftmaxOverHeight,
    LogRatioSquared,
    FactorTwoMissing,
    RawScale,
    EntropyMissing,
    EntropyHalved,
    DivergenceInBits,
    PriorNotLogged,
    RelaxedInDivergence,
    BetaMissing,
    BetaSquared,
    BetaOnReconstruction,
    DivergenceDetached,
    SampleDetached,
    TemperatureMissingBackward,
    NoiseTruncated,
    NoiseEdge,
    SummedInBf16,
    MaskIgnored,
    Discretised,
    FreeBits,
    Reshaped,
    Unshifted,
    // Continuous codes.
    SquaredErrorMean,
    CoordinatesMean,
    ConstantOnce,
    HalfMissing,
    LogVarianceAsLogStd,
    LogVarianceSquared,
    VarianceInSampler,
    VarianceAsScale,
    SlicedWithMean,
    PixelsMean,
    SampleAtPredict,
    NoiseMissing,
    // Sequences.
    NotWeighted,
    WeightsSwapped,
    TextLabelIsImage,
    ShiftedTwice,
    LabelShifted,
    OffsetMissing,
    PaddingCounted,
    PaddingInMean,
    ZeroIsPadding,
    OverAllEntries,
    // Models that nobody sees into.
    FutureSeen,
    MaskInverted,
    OwnTokenSeen,
    RowsSeen,
    NormOverTokens,
    // Finite worlds.
    OverTheWrongVariable,
    WeightsInLogSpace,
    PriorMarginal,
    CaptionMissing,
    // Schedules.
    Compounded,
    TemperatureReset,
    RestartedInLoop,
    LinearForCosine,
    StepLate,
    WarmupSkipped,
}

/// What a fault is planted into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Tokens,
    Gaussian,
    Sequence,
    Model,
    World,
    Schedule,
}

/// A row of the kill matrix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mutant {
    /// The row of the list of real faults; 0 for one of our own.
    pub row: usize,
    pub origin: &'static str,
    pub cause: &'static str,
    /// The check's letters: E exact, G gradient, S scaling, I invariance, N edge inputs, D noise, T schedule, C causality, V value.
    pub class: &'static str,
    pub subject: Subject,
    pub fault: Fault,
    /// The names that tell it rightly; empty where no row of the diagnosis has it.
    pub named: &'static [&'static str],
}

macro_rules! mutants {
    ($($row:literal $class:literal $subject:ident $fault:ident [$($named:literal),*] $origin:literal $cause:literal;)*) => {
        &[$(Mutant { row: $row, origin: $origin, cause: $cause, class: $class, subject: Subject::$subject, fault: Fault::$fault, named: &[$($named),*] },)*]
    };
}

#[rustfmt::skip]
pub(crate) const MUTANTS: &[Mutant] = mutants![
    1 "E" Tokens DivergenceMissing ["divergence-missing"] "lucidrains/DALLE-pytorch#40" "the divergence is missing from the loss";
    2 "VI" Tokens SampleOverHeight ["softmax-over-height"] "lucidrains/DALLE-pytorch#12" "gumbel-softmax over the height instead of the codes";
    4 "SV" Tokens DivergenceOverBatch ["divergence-mean-over-batch"] "lucidrains/DALLE-pytorch#92, openai/DALL-E#26" "the divergence's coefficient is off by the batch's size";
    5 "V" Sequence NotWeighted ["parts-not-weighted"] "lucidrains/DALLE-pytorch#133" "text and image parts are not weighted 1/8, 7/8";
    7 "T" Schedule Compounded ["schedule-compounded"] "lucidrains/DALLE-pytorch train_vae.py" "the temperature's decay is compounded";
    8 "V" Sequence TextLabelIsImage ["label-next"] "ai-forever/ru-dalle" "labels are not shifted for the missing start: a text position is scored against an image token";
    10 "E" Tokens DivergenceAdded ["divergence-sign"] "EderSantana/gumbel#3" "loss = bce - KL";
    11 "E" Tokens Negated ["sign"] "dev4488/VAE_gumble_softmax#1" "the divergence is negated";
    13 "T" Schedule TemperatureReset ["schedule-stuck"] "YongfeiYan/Gumbel_Softmax_VAE#2" "the temperature is reset every epoch";
    14 "I" Tokens SoftmaxFlattened ["softmax-flattened"] "dev4488/VAE_gumble_softmax#5" "softmax over positions and codes, flattened";
    16 "EV" Tokens JacobianMissing ["jacobian-missing"] "aakhundov/tf-attend-infer-repeat#12" "a density lacks its Jacobian";
    17 "N" Tokens NoiseEdge [] "pytorch/pytorch#22442" "NaN where the noise's uniform number comes to the edge";
    19 "E" Tokens ReconstructionMean ["mean-over-pixels"] "pytorch/examples#294" "a mean over pixels: not an exact lower bound";
    20 "E" Tokens MeanAtPredict ["not-sampled"] "pytorch/examples#419" "no sampling at evaluation";
    22 "S" Gaussian PixelsMean ["mean-over-pixels"] "keras-team/keras#3383" "the cross-entropy lost its factor of the dimension";
    23 "S" Gaussian CoordinatesMean ["mean-over-coordinates"] "mkusner/grammarVAE#2" "the divergence is averaged over coordinates";
    25 "E" Gaussian ConstantOnce ["one-subtracted-once"] "ericjang/draw#2" "the divergence's constant lacks the number of coordinates";
    26 "V" Gaussian HalfMissing ["half-missing"] "SupaeroDataScience/deep-learning#6" "the divergence's 1/2 is forgotten";
    28 "V" Gaussian LogVarianceAsLogStd ["variance-for-deviation"] "KarenUllrich/Tutorial_BayesianCompressionForDL#1" "a log-variance is taken for a log standard deviation";
    29 "V" Gaussian LogVarianceSquared ["log-variance-squared"] "deepchem/deepchem#4888" "sigma^2 = logvar^2";
    31 "D" Gaussian VarianceInSampler ["variance-in-sample"] "rachtsingh/ibp_vae#3" "std = exp(logvar) in the sampler";
    32 "E" Gaussian VarianceAsScale ["variance-for-scale"] "pyro-ppl/pyro#1643" "a variance is passed as a normal's scale";
    34 "G" Gaussian SlicedWithMean ["mean-for-spread"] "kaist-dmlab/TRAP#1" "the log-variance is sliced with the mean's indices";
    35 "S" Tokens SummedOverBatch ["sum-over-batch"] "rail-berkeley/rlkit#119" "a sum where a mean over the batch was meant";
    37 "S" Tokens BothMeans ["mean-over-pixels"] "orybkin/sigma-vae-tensorflow#2" "means in both terms";
    38 "S" Gaussian SquaredErrorMean ["squared-error + mean-over-pixels"] "zdebruine/MMVAE#19" "a mean squared error beside a summed divergence";
    40 "S" Tokens DividedByElements ["divided-by-elements"] "szagoruyko/attention-transfer#30" "kl_div divides by the number of elements";
    41 "VE" Tokens Swapped ["arguments-swapped"] "pytorch/pytorch#57459" "kl_div(input, target): the arguments are swapped";
    43 "S" Tokens MeanOverPositions ["mean-over-positions"] "clementchadebec/benchmark_VAE#125" "one term averaged beside another that is summed";
    44 "G" Tokens BetaOnWrongGradient ["beta-on-reconstruction-in-gradient"] "CompVis/taming-transformers#46" "beta weighs the other term in the gradient; the value is the same at beta = 1";
    46 "V" Tokens NotStraightThrough ["other-sample"] "kengz/SLM-Lab#422" "relaxed and one-hot sample confused";
    49 "V" World WeightsInLogSpace ["mean-of-logs"] "sbi-dev/sbi#71" "importance weights left in log space: a mean of logarithms";
    50 "E" World OverTheWrongVariable ["evidence-over-captions"] "stan-dev/example-models#75" "log_sum_exp over the wrong variable";
    52 "E" Tokens ReportsBound ["sign"] "pyro-ppl/pyro#1982" "one interface returns the bound, the other its negative";
    53 "E" Tokens NegatedTwice ["sign"] "AntixK/PyTorch-VAE#68" "a logged divergence is negated twice";
    55 "S" Tokens SumBeforeReduce ["divergence-sum-over-batch"] "pyro-ppl/pyro#2893" "terms are summed before they are reduced: one is broadcast";
    56 "E" World PriorMarginal ["prior-marginal"] "pyro-ppl/pyro#2678" "a variable that is observed is summed over";
    58 "G" Tokens OffByOne ["gradient-off-by-one"] "pyro-ppl/numpyro#1512" "the gradient is off by exactly 1";
    61 "N" Tokens EntropyOfMasked ["masked-row"] "pytorch/pytorch#40553" "the entropy with a -inf logit is NaN";
    62 "GN" Tokens WhereGuarded ["masked-entry"] "google-deepmind/optax#1786" "a value guarded by `where`, its gradient NaN";
    64 "D" Tokens MaskIgnored ["mask-ignored"] "pytorch/pytorch#91863" "a code of probability 0 is sampled";
    65 "V" Tokens EntropyInBits ["base-two"] "statrs-dev/statrs#383" "the entropy in bits";
    67 "E" Tokens Discretised [] "facebookresearch/DiT#52" "a likelihood of discretised pixels applied to continuous values";
    68 "T" Schedule RestartedInLoop ["schedule-stuck"] "valdersoul/bn-vae#1" "a cyclic restart inside the batch loop pins the weight at its start";
    70 "V" Tokens FreeBits [] "weipu-zhang/STORM#12" "free bits where none are stated";
    71 "I" Tokens SoftmaxOverBatch ["softmax-over-batch"] "ctallec/world-models#10" "log-softmax over the batch";
    73 "D" Gaussian NoiseMissing ["not-sampled"] "cellarium-ai/cellarium-ml#328" "sample and mean confused at prediction";
    74 "V" Sequence ShiftedTwice ["label-across-rows"] "huggingface/transformers#47394" "labels are shifted twice; the last target of a row comes from the next row";
    76 "C" Model MaskInverted ["future-leak"] "OFA-Sys/OFA#214" "the attention's mask is inverted";
    77 "V" Sequence PaddingCounted ["padding-counted"] "lucidrains/DALLE-pytorch#39" "wrong where text is padded";
    79 "E" Tokens LogRatioSquared ["prior-added"] "tensorflow/probability#337" "a divergence that can be negative";
    82 "V" Tokens FactorTwoMissing ["constant-missing"] "karpathy/deep-vector-quantization" "a factor of 2 is missing from the density";
    83 "E" Tokens RawScale ["laplace-of-pixels"] "a community LogitLaplaceLoss" "|y - mu| in pixel space, the raw channel as scale";
    85 "E" Tokens EntropyMissing ["entropy-missing"] "a published ELBO docstring" "the formula drops - log q(z)";

    0 "E" World CaptionMissing ["prior-given-caption"] "ours" "ln p(y) dropped from the prior";
    0 "V" Tokens SummedInBf16 ["accumulated-in-bf16", "accumulated-in-f16"] "ours" "sums accumulated in bfloat16";
    0 "V" Tokens EntropyHalved ["entropy-halved"] "ours" "the entropy counts half";
    0 "V" Tokens DivergenceInBits ["base-two"] "ours" "the divergence in bits";
    0 "V" Tokens PriorNotLogged ["prior-not-logged"] "ours" "1/K for ln 1/K";
    0 "VD" Tokens RelaxedInDivergence ["relaxed-in-divergence"] "ours" "the relaxed sample in the divergence";
    0 "V" Tokens BetaMissing ["beta-missing"] "ours" "beta missing";
    0 "V" Tokens BetaSquared ["beta-squared"] "ours" "beta applied twice";
    0 "V" Tokens BetaOnReconstruction ["beta-on-reconstruction"] "ours" "beta on the reconstruction";
    0 "V" Tokens EntropySign ["sign"] "statrs-dev/statrs#383" "the entropy's sign";
    0 "S" Tokens DividedByCodes ["mean-over-codes"] "ours" "a mean over codes";
    0 "S" Tokens DivergenceOverPixels ["divergence-mean-over-pixels"] "ours" "the divergence divided by the number of pixels";
    0 "I" Tokens SoftmaxOverHeight ["softmax-over-height"] "ours" "q normalised over the height";
    0 "G" Tokens DivergenceDetached ["divergence-detached"] "ours" "the divergence detached";
    0 "G" Tokens SampleDetached ["sample-detached"] "ours" "the sample detached";
    0 "G" Tokens TemperatureMissingBackward ["temperature-missing-in-gradient"] "ours" "the temperature missing backward";
    0 "D" Tokens NoiseTruncated ["noise-truncated"] "candle_nn::sampling" "uniforms up to 0.999";
    0 "V" Sequence WeightsSwapped ["parts-swapped"] "ours" "weights exchanged";
    0 "V" Sequence LabelShifted ["label-next"] "ours" "labels shifted by one";
    0 "V" Sequence OffsetMissing ["offset-missing"] "ours" "the image's offset missing";
    0 "V" Sequence PaddingInMean ["padding-in-denominator"] "ours" "padding in the mean's denominator";
    0 "N" Sequence ZeroIsPadding ["zero-ignored"] "ours" "entry 0 left out as padding";
    0 "V" Sequence OverAllEntries ["other-entries"] "ours" "softmax over both vocabularies";
    0 "D" Gaussian SampleAtPredict ["noise-doubled"] "ours" "noise added twice";
    0 "T" Schedule LinearForCosine ["schedule-linear"] "ours" "a straight line for a cosine";
    0 "T" Schedule StepLate ["schedule-step-after"] "ours" "a step late";
    0 "T" Schedule WarmupSkipped ["schedule-over"] "ours" "no warm-up";
    0 "I" Tokens Reshaped ["reshaped-not-transposed"] "ours" "[B,K,H,W] viewed as [B,S,K] and not transposed";
    0 "N" Tokens Unshifted ["maximum-not-subtracted"] "ours" "a softmax without its maximum subtracted: a large logit overflows";
    0 "C" Model FutureSeen ["future-leak"] "ours" "no causal mask";
    0 "C" Model OwnTokenSeen ["own-token-leak"] "ours" "a causal mask that includes the token itself: inputs are not shifted";
    0 "C" Model RowsSeen ["row-leak"] "ours" "rows are packed behind each other and see the one before";
    0 "C" Model NormOverTokens ["future-leak"] "ours" "a statistic over all tokens of a row";
];
