//! The decisions of a hypothesis about sequences and schedules. Each is an enum of the right choice and of the mistakes
//! that are known for it.

/// The token for which a row of logits is scored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// The token of the row.
    Own,
    /// The next token.
    Next,
    /// The token before, which is the input of the row.
    Previous,
    /// The next token, which is the first of the next sequence at the end of a sequence.
    NextAcrossRows,
    /// The token, where an image token lacks its offset and so is looked up among the text entries.
    OffsetMissing,
    /// The token, where the offset of an image token is added twice.
    OffsetTwice,
}

/// The weights of text and image in the loss of a sequence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PartWeights {
    /// The stated weights.
    AsStated,
    /// One mean over all tokens.
    Together,
    /// The sum of the two means.
    Ones,
    /// The mean of the two means.
    Equal,
    /// The stated weights, with text and image exchanged.
    Swapped,
    /// The image part alone.
    ImageOnly,
    /// The weights as integers, such as 1 and 7 without the division by 8.
    NotDivided,
    /// The stated weights of sums instead of means.
    Sums,
    /// The stated weights of the mean over sequences of the mean over the tokens of each.
    MeansOfMeans,
}

/// The treatment of padding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Padding {
    /// Padding is treated as stated.
    AsStated,
    /// Padding counts like any token.
    Counted,
    /// Padding adds nothing, but the mean is over all tokens.
    InDenominator,
    /// Entry 0 is taken for padding.
    ZeroIgnored,
    /// Entry 0 is taken for padding beside the stated padding.
    ZeroIgnoredToo,
    /// The `-ln p` of padding is 0 before anything is added up.
    IsZero,
}

/// The entries over which the softmax of a sequence is taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Entries {
    /// The stated entries.
    AsStated,
    /// The other choice: all entries in place of those of one kind, or those of one kind in place of all.
    Other,
}

/// The way in which a schedule is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScheduleAt {
    /// At the stated step.
    Step,
    /// A step later.
    StepAfter,
    /// A step earlier.
    StepBefore,
    /// At step 0, whatever the step.
    Start,
    /// At its end, whatever the step.
    End,
    /// At the step, as if the schedule were a straight line.
    Linear,
    /// At the step, as if the schedule were half a cosine.
    Cosine,
    /// At the step, where the schedule goes from its end to its start.
    Backwards,
    /// At the step, where `e^(-rate step)` multiplies the previous value at every hundredth step.
    Compounded,
}
