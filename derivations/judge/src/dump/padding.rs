//! Tokens that do not count.

use super::statement::Text;

/// A token that is padding and no entry of the vocabulary.
pub(super) const PADDING: usize = usize::MAX;

/// Whether a token is padding.
pub(super) fn is_padding(text: &Text, token: usize) -> bool {
    i64::try_from(token).map_or(token == PADDING, |token| text.padding.contains(&token))
}
