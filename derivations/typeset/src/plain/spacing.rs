//! Decides where spaces and parentheses stand, from the classes of neighbouring pieces, as TeX does.

use super::piece::{Class, Piece};

/// Refines the classes: a `+` or `-` becomes a sign or an operation, and a comma a narrow or a wide one.
pub(super) fn classify(pieces: &mut [Piece], compact: bool) {
    let mut before = None;
    for k in 0..pieces.len() {
        match pieces[k].class {
            Class::Space => continue,
            Class::Binary
                if matches!(
                    before,
                    None | Some(
                        Class::Binary | Class::Unary | Class::Relation | Class::Open | Class::Comma | Class::Operator
                    )
                ) =>
            {
                pieces[k].class = Class::Unary;
            }
            Class::Comma if !compact && has_nested_arguments(pieces, k) => pieces[k].class = Class::WideComma,
            _ => {}
        }
        before = Some(pieces[k].class);
    }
}

/// Whether the parentheses around position `at` contain other parentheses.
fn has_nested_arguments(pieces: &[Piece], at: usize) -> bool {
    let mut depth = 0_i32;
    let mut start = 0;
    for k in (0..at).rev() {
        match pieces[k].class {
            Class::Close => depth += 1,
            Class::Open if depth == 0 => {
                start = k + 1;
                break;
            }
            Class::Open => depth -= 1,
            _ => {}
        }
    }
    let mut depth = 0_i32;
    for piece in &pieces[start..] {
        match piece.class {
            Class::Open => return true,
            Class::Close => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    false
}

/// Whether the quotient at position `at` needs parentheses, because a neighbour would bind more tightly to a part of
/// it.
pub(super) fn claimed(pieces: &[Piece], at: usize) -> bool {
    let factor = |class: Class| matches!(class, Class::Letter | Class::Number | Class::Quotient | Class::Operator);
    let solid = |piece: &&Piece| piece.class != Class::Space;
    let before = pieces[..at].iter().rev().find(solid).map(|piece| piece.class);
    let after = pieces[at + 1..].iter().find(solid).map(|piece| piece.class);
    before.is_some_and(|class| factor(class) || matches!(class, Class::Close | Class::Unary))
        || after.is_some_and(|class| factor(class) || class == Class::Open)
}

/// Whether a space stands between two classes in running text.
pub(super) const fn gap(before: Class, after: Class) -> bool {
    use Class::{Bar, Binary, Close, Comma, Letter, Open, Operator, Prime, Relation, Space, Unary, WideComma};
    match (before, after) {
        (Open | Unary | Comma, _) | (_, Close | Comma | WideComma | Prime | Space) => false,
        (Binary | Relation | WideComma, _) | (_, Binary | Relation) => true,
        (Bar, _) | (_, Bar) | (Letter, Open) => false,
        (Operator, _) => true,
        _ => true,
    }
}
