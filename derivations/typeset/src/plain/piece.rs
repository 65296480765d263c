//! The pieces of which the text of a formula is joined.

/// A piece of text, with the class that decides the spaces around it.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) class: Class,
}

/// The role of a piece beside its neighbours, like the classes of atoms in TeX.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Letter,
    Number,
    /// A quotient `a / b`, which gets parentheses beside a factor.
    Quotient,
    /// An operator such as `ln` or `Σ`, which applies to what follows it.
    Operator,
    Binary,
    Unary,
    Relation,
    Open,
    Close,
    Comma,
    /// A prime, `′`, which belongs to the letter before it.
    Prime,
    /// A comma between arguments that contain parentheses. A space follows it.
    WideComma,
    Bar,
    Space,
}
