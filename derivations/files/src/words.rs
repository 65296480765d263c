//! Makes text from a file fit for a sentence of ours.

/// The text on one line of at most 160 characters, with control characters escaped.
#[must_use]
pub fn one_line(text: &str) -> String {
    shortened(text, 160)
}

/// As [`one_line`], with another limit. Longer text is cut after `longest` characters, and `...` follows.
#[must_use]
pub fn shortened(text: &str, longest: usize) -> String {
    let mut line: String = text
        .chars()
        .take(longest)
        .flat_map(|c| {
            let plain = (!c.is_control()).then_some(c);
            let escaped = c.is_control().then(|| c.escape_default()).into_iter().flatten();
            plain.into_iter().chain(escaped)
        })
        .collect();
    if text.chars().nth(longest).is_some() {
        line.push_str("...");
    }
    line
}

/// Replaces the names of Rust types in a parser's message by words, because the name of a type tells a user nothing
/// about what to write.
#[must_use]
pub fn without_types(message: &str) -> String {
    const KINDS: [(&str, &[&str]); 5] = [
        ("keys and values", &["struct", "a map"]),
        ("a list", &["tuple struct", "tuple", "a sequence"]),
        (
            "one of the words for it",
            &["enum", "unit variant", "newtype variant", "variant identifier"],
        ),
        (
            "a whole number",
            &["u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize"],
        ),
        ("a number", &["f32", "f64"]),
    ];
    if let Some((before, _)) = message.split_once("did not match any variant of untagged enum") {
        return format!("{before}is none of what may stand there");
    }
    let Some((before, expected)) = message.rsplit_once("expected ") else {
        return message.to_owned();
    };
    let (expected, place) = match expected.find(" at line ") {
        Some(at) => expected.split_at(at),
        None => (expected, ""),
    };
    let is = |kind: &&str| {
        expected
            .strip_prefix(*kind)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let known = KINDS.iter().find(|(_, kinds)| kinds.iter().any(is));
    let sized = ["a tuple of size ", "an array of length "];
    let size = sized.iter().find_map(|kind| expected.strip_prefix(*kind));
    match (size, known) {
        (Some(size), _) => format!("{before}expected a list of {size}{place}"),
        (None, Some((words, _))) => format!("{before}expected {words}{place}"),
        (None, None) => message.to_owned(),
    }
}

/// A parser's message without line and column, which are of no use for a document of one line.
#[must_use]
pub fn without_place(message: &str) -> &str {
    message.split(" at line ").next().unwrap_or_default()
}

/// As [`one_line`], in double quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", one_line(text))
}

#[cfg(test)]
mod tests {
    use super::{one_line, quoted, without_types};

    #[test]
    fn no_name_of_a_type_is_left_in_a_sentence() {
        for (said, expected) in [
            (
                "invalid type: map, expected u64 at line 3 column 7",
                "invalid type: map, expected a whole number at line 3 column 7",
            ),
            (
                "invalid type: integer `3`, expected struct Stated",
                "invalid type: integer `3`, expected keys and values",
            ),
            (
                "invalid length 1, expected struct Stated with 7 elements",
                "invalid length 1, expected keys and values",
            ),
            (
                "invalid type: string \"x\", expected f64",
                "invalid type: string \"x\", expected a number",
            ),
            (
                "invalid length 1, expected a tuple of size 2",
                "invalid length 1, expected a list of 2",
            ),
            (
                "invalid length 3, expected an array of length 2",
                "invalid length 3, expected a list of 2",
            ),
            (
                "data did not match any variant of untagged enum MergeType",
                "data is none of what may stand there",
            ),
            (
                "unknown field `dtyp`, expected one of `dtype`, `seed`",
                "unknown field `dtyp`, expected one of `dtype`, `seed`",
            ),
            ("missing field `seed`", "missing field `seed`"),
            (
                "invalid value: integer `-1`, expected usize",
                "invalid value: integer `-1`, expected a whole number",
            ),
        ] {
            assert_eq!(without_types(said), expected);
        }
    }

    #[test]
    fn text_of_a_file_is_one_short_line_without_control_characters() {
        assert_eq!(quoted("a\nb\u{1b}[31m"), "\"a\\nb\\u{1b}[31m\"");
        assert_eq!(one_line(&"x".repeat(161)), "x".repeat(160) + "...");
        assert_eq!(one_line(&"x".repeat(160)), "x".repeat(160));
    }
}
