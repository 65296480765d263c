//! A pocket calculator for what the terminal prints: it knows nothing of worlds, tables or the program.

/// The value of `1/2 (ln 3/4 − ln 1/6) + 3.1 · 10^{−7}`.
pub(crate) fn evaluate(text: &str) -> Result<f64, String> {
    let mut rest = text.trim();
    let value = sum(&mut rest)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(format!("left over: {rest}"))
    }
}

fn sum(rest: &mut &str) -> Result<f64, String> {
    let mut total = product(rest)?;
    loop {
        if take(rest, "+") {
            total += product(rest)?;
        } else if take(rest, "−") {
            total -= product(rest)?;
        } else {
            return Ok(total);
        }
    }
}

fn product(rest: &mut &str) -> Result<f64, String> {
    let mut value = factor(rest)?;
    loop {
        if take(rest, "·") {
            value *= factor(rest)?;
        } else if take(rest, "/") {
            value /= factor(rest)?;
        } else if rest.starts_with(['(', 'l', 'e']) || rest.starts_with(|c: char| c.is_ascii_digit()) {
            value *= factor(rest)?;
        } else {
            return Ok(value);
        }
    }
}

fn factor(rest: &mut &str) -> Result<f64, String> {
    if take(rest, "−") {
        return Ok(-product(rest)?);
    }
    if take(rest, "ln") {
        return Ok(factor(rest)?.ln());
    }
    if take(rest, "(") {
        let value = sum(rest)?;
        return if take(rest, ")") {
            Ok(value)
        } else {
            Err(format!("no ) before {rest}"))
        };
    }
    let number = number(rest)?;
    if let Some(power) = rest.strip_prefix("^{") {
        *rest = power;
        let exponent = sum(rest)?;
        return if take(rest, "}") {
            Ok(number.powf(exponent))
        } else {
            Err("no }".to_owned())
        };
    }
    Ok(number)
}

/// `0.25`, or `3/4` written without spaces.
fn number(rest: &mut &str) -> Result<f64, String> {
    let above = digits(rest)?;
    let value = match rest.strip_prefix('/') {
        Some(below) if below.starts_with(|c: char| c.is_ascii_digit()) => {
            *rest = below;
            above / digits(rest)?
        }
        _ => above,
    };
    if !rest.starts_with('^') {
        *rest = rest.trim_start();
    }
    Ok(value)
}

fn digits(rest: &mut &str) -> Result<f64, String> {
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    digits.parse().map_err(|_| format!("no number before {after:?}"))
}

fn take(rest: &mut &str, symbol: &str) -> bool {
    rest.strip_prefix(symbol).is_some_and(|after| {
        *rest = after.trim_start();
        true
    })
}

#[test]
fn the_calculator_can_calculate() {
    let cases = [
        ("1/2 (ln 3/4 − ln 1/2) + 1", 0.5 * 1.5_f64.ln() + 1.0),
        ("ln ((1/8) / (1/2) · 1/2)", 0.125_f64.ln()),
        ("−ln 1/2", 2.0_f64.ln()),
        ("2 − 6.6 · (−0.5)", 5.3),
        ("3.0 · 10^{−2} ln 2", 0.03 * 2.0_f64.ln()),
    ];
    for (text, value) in cases {
        approx::assert_relative_eq!(evaluate(text).unwrap(), value, max_relative = 1e-12);
    }
    assert!(evaluate("1/2 + …").is_err());
}
