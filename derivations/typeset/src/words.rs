//! Text from outside, such as the name of a file or what a dump says about itself. In a report or a CI log it must not
//! look like a line of ours, nor act on the terminal.

use std::fmt::Write as _;

/// The text on one line, changed so that no terminal and no CI system acts on it. Control characters, invisible
/// characters and those that turn the direction of text become escapes. An escape also breaks the beginnings of the
/// commands that CI systems read from a log (`::error::`, `##[group]`, `##vso[`).
#[must_use]
pub fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut last = ' ';
    for c in text.chars() {
        let begins_a_command = matches!((last, c), (':', ':') | ('#', '#'));
        if c.is_control() || is_invisible(c) || begins_a_command {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            last = ' ';
        } else {
            out.push(c);
            last = c;
        }
    }
    out
}

/// As [`plain`], but control characters and line breaks become single spaces.
#[must_use]
pub fn one_line(text: &str) -> String {
    let spaced = text.replace(|c: char| c.is_control(), " ");
    plain(&spaced.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// As [`plain`], in double quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", plain(text).replace('"', "\\\""))
}

/// As [`plain`], as a code span of Markdown. Backticks become apostrophes, so that the text cannot end the span.
#[must_use]
pub fn code(text: &str) -> String {
    format!("`{}`", plain(text).replace('`', "'"))
}

/// Whether a character is invisible: a separator of lines or paragraphs, a mark or override of direction, a joiner, a
/// filler or a tag.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::{code, plain, quoted};

    #[test]
    fn nothing_passes_for_a_line_a_colour_or_a_command() {
        for (words, told) in [
            ("torch 2.15.0+cu132", "torch 2.15.0+cu132"),
            ("a\nkl  ok", "a\\u{a}kl  ok"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("::error::no", ":\\u{3a}error:\\u{3a}no"),
            ("##[error]no", "#\\u{23}[error]no"),
            ("a\u{202e}b\u{2028}c", "a\\u{202e}b\\u{2028}c"),
            ("\u{e9}t\u{e9} \u{4e2d}", "\u{e9}t\u{e9} \u{4e2d}"),
        ] {
            assert_eq!(plain(words), told);
        }
        assert_eq!(
            plain(":::").matches("::").count() + plain("####").matches("##").count(),
            0
        );
        assert_eq!(quoted("a\"b"), "\"a\\\"b\"");
        assert_eq!(code("a`b"), "`a'b`");
    }
}
