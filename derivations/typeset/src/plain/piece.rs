//! Text with the class that decides its spacing.

/// Text with the class that decides its spacing.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) class: Class,
}

/// What a piece is to its neighbours.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Letter,
    Number,
    /// `a / b`, in parentheses beside a factor.
    Quotient,
    /// `ln`, `Σ`: takes what follows.
    Operator,
    Binary,
    Unary,
    Relation,
    Open,
    Close,
    Comma,
    /// `′`, which belongs to the letter before.
    Prime,
    /// A comma between arguments that hold parentheses themselves.
    WideComma,
    Bar,
    Space,
}
