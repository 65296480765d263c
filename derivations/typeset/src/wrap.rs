//! Lines that fit the terminal.

/// The width that every text face keeps.
pub const WIDTH: usize = 100;

/// Prose in lines of at most [`WIDTH`], the first after `first`, the others after `rest`.
#[must_use]
pub fn prose(text: &str, first: &str, rest: &str) -> String {
    // A space breaks the line, but not the one between `ln` and what it is taken of.
    let latest = |line: &[char], limit: usize| {
        (1..=limit)
            .rev()
            .find(|&k| line[k] == ' ' && !line[..k].ends_with(&['l', 'n']))
    };
    broken(text, first, rest, latest)
}

/// A formula likewise, broken where it is shallow: outside parentheses first, before a sign or relation first.
#[must_use]
pub fn formula(text: &str, first: &str, rest: &str) -> String {
    broken(text, first, rest, |line, limit| {
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

/// Breaks at the space that `choose` names among the first `limit + 1` characters; what has none is cut.
fn broken(text: &str, first: &str, rest: &str, choose: impl Fn(&[char], usize) -> Option<usize>) -> String {
    let mut lines = Vec::new();
    let mut indent = first;
    let all: Vec<char> = text.chars().collect();
    let mut left = all.as_slice();
    loop {
        let limit = WIDTH.saturating_sub(indent.chars().count()).max(1);
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
