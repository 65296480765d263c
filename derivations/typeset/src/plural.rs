//! Counts with their nouns.

/// A count with its noun: `1 world`, `2 worlds`.
#[must_use]
pub fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn one_is_one_and_none_are_many() {
        assert_eq!(
            [0, 1, 2].map(|n| count(n, "world")),
            ["0 worlds", "1 world", "2 worlds"]
        );
    }
}
