//! Breaks prose and formulas into lines that fit the terminal.

/// The width of all text on a terminal, in characters.
pub const WIDTH: usize = 100;

/// Breaks prose into lines of at most [`WIDTH`] characters. The first line begins with `first`, and the others with
/// `rest`.
#[must_use]
pub fn prose(text: &str, first: &str, rest: &str) -> String {
    prose_within(WIDTH, text, first, rest)
}

/// As [`prose`], in lines of at most `width` characters.
#[must_use]
pub fn prose_within(width: usize, text: &str, first: &str, rest: &str) -> String {
    // Lines break at spaces, but not between `ln` and its argument.
    let latest = |line: &[char], limit: usize| {
        (1..=limit)
            .rev()
            .find(|&k| line[k] == ' ' && !line[..k].ends_with(&['l', 'n']))
    };
    broken(width, text, first, rest, latest)
}

/// Breaks a formula into lines in the same way. It prefers breaks outside of parentheses, and those before a sign or a
/// relation.
#[must_use]
pub fn formula(text: &str, first: &str, rest: &str) -> String {
    broken(WIDTH, text, first, rest, |line, limit| {
        let mut depth = 0_i32;
        let mut best: Option<(i32, usize)> = None;
        for (k, c) in line[..=limit].iter().enumerate() {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                ' ' if k > 0 => {
                    let operator = matches!(line.get(k + 1), Some('+' | '−' | '=' | '≥' | '·'));
                    let early = 4 * k < limit;
                    let cost = 2 * depth + i32::from(!operator) * 3 + i32::from(early) * 20;
                    if best.is_none_or(|(least, _)| cost <= least) {
                        best = Some((cost, k));
                    }
                }
                _ => {}
            }
        }
        best.map(|(_, k)| k)
    })
}

/// Breaks a text at the spaces that `choose` finds among the first `limit + 1` characters of what is left. Where it
/// finds none, the line is cut at the limit.
fn broken(
    width: usize,
    text: &str,
    first: &str,
    rest: &str,
    choose: impl Fn(&[char], usize) -> Option<usize>,
) -> String {
    let mut lines = Vec::new();
    let mut indent = first;
    let all: Vec<char> = text.chars().collect();
    let mut left = all.as_slice();
    loop {
        let limit = width.saturating_sub(indent.chars().count()).max(1);
        if left.len() <= limit {
            lines.push(format!("{indent}{}", left.iter().collect::<String>()));
            return lines.join("\n");
        }
        let cut = choose(left, limit).filter(|k| *k > 0).unwrap_or(limit);
        lines.push(format!("{indent}{}", left[..cut].iter().collect::<String>()));
        left = &left[cut..];
        while let [' ', tail @ ..] = left {
            left = tail;
        }
        indent = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::{WIDTH, formula, prose};

    #[test]
    fn nothing_is_wider_than_the_terminal_and_nothing_is_lost() {
        let words = "abc de ".repeat(60) + &"x".repeat(250);
        for wrap in [prose, formula] {
            let text = wrap(&words, "first: ", "       ");
            assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
            let squeeze = |s: &str| s.replace("first:", "").split_whitespace().collect::<String>();
            assert_eq!(squeeze(&text), squeeze(&words));
        }
    }

    #[test]
    fn a_formula_breaks_before_a_sign_outside_parentheses() {
        let term = "1/2 (ln 3/4 + ln 1/6 − ln 1/2)";
        let text = formula(&[term; 5].join(" + "), "= ", "  ");
        assert!(text.lines().skip(1).all(|line| line.starts_with("  + 1/2 (")), "{text}");
    }
}
