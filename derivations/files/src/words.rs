//! Text from a file as it may stand in a sentence of ours.

/// Text from a file as it may stand in a sentence: one line, no control characters, not long.
#[must_use]
pub fn one_line(text: &str) -> String {
    shortened(text, 160)
}

/// The same, not longer than so many characters.
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

/// The same, in quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", one_line(text))
}
