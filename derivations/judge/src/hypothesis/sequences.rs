//! The decisions about sequences and schedules, and what each can be mistaken for.

/// Which token a row of logits is scored against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// Its own.
    Own,
    /// The next one.
    Next,
    /// The one before: the token that it is given.
    Previous,
    /// The next one, past the end of a row the first of the next row.
    NextAcrossRows,
    /// An image token without its offset: among the text entries.
    OffsetMissing,
    /// The offset added twice.
    OffsetTwice,
}

/// How the loss of a sequence weighs its two parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PartWeights {
    /// As stated.
    ClaimSpec,
    /// One mean over all tokens.
    Together,
    /// Two means, added.
    Ones,
    /// Their mean.
    Equal,
    /// Text and image exchanged.
    Swapped,
    /// The image part alone.
    ImageOnly,
    /// Multiplied up to integers: 1 and 7, not divided by 8.
    NotDivided,
    /// Sums instead of means.
    Sums,
}

/// Whether padding counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Padding {
    /// As stated.
    ClaimSpec,
    /// It counts like any token.
    Counted,
    /// It adds nothing, and the mean is over all tokens.
    InDenominator,
    /// Entry 0 is taken for padding.
    ZeroIgnored,
}

/// What a sequence's softmax is over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Entries {
    /// As stated.
    ClaimSpec,
    /// The other way: all entries for one kind, one kind for all.
    Other,
}

/// Where a schedule is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScheduleAt {
    /// At the step.
    Step,
    /// A step later.
    StepAfter,
    /// At step 0, whatever the step.
    Start,
    /// At its end, whatever the step.
    End,
    /// As if it were a straight line.
    Linear,
    /// As if it were half a cosine.
    Cosine,
    /// From its end to its start.
    Backwards,
    /// `e^(-rate step)` multiplied into what it was at every hundredth step before.
    Compounded,
}
