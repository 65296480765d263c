//! Parses a fraction: `1/3`, `0.25`, `2.5e-1` or `1`.

use num_rational::Ratio;

use crate::fractions::fraction::Fraction;

/// The fraction that equals the shortest decimal form of a number: 0.1 gives 1/10. It is `None` where the numerator or
/// the denominator does not fit into 64 bits.
#[must_use]
pub fn as_decimal(number: f64) -> Option<Fraction> {
    parse(&number.to_string())
}

/// Parses `1/3`, `0.25`, `2.5e-1` or `1`, with a sign or without. The result is `None` for any other text, and where it
/// does not fit into 64 bits.
pub(super) fn parse(text: &str) -> Option<Fraction> {
    let text = text.trim();
    let (sign, size) = match text.strip_prefix('-') {
        Some(size) => (-1, size),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (numerator, denominator) = match size.split_once('/') {
        Some((numerator, denominator)) => (digits(numerator.trim())?, digits(denominator.trim())?),
        None => decimal(size)?,
    };
    if denominator == 0 {
        return None;
    }
    let lowest = Ratio::new(numerator, denominator);
    let narrow = |number: i128| i64::try_from(number).ok();
    Some(Fraction::new(sign * narrow(*lowest.numer())?, narrow(*lowest.denom())?))
}

fn digits(text: &str) -> Option<i128> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Parses a decimal without a sign, as a numerator and a denominator that may have common factors.
fn decimal(text: &str) -> Option<(i128, i128)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    digits(whole)?;
    digits(part)?;
    let part = part.trim_end_matches('0');
    let numerator = digits(&format!("{whole}{part}"))?;
    let places = i32::try_from(part.len()).ok()?.checked_sub(exponent)?;
    let power = 10_i128.checked_pow(places.unsigned_abs());
    match (numerator, places) {
        (0, _) => Some((0, 1)),
        (_, 0..) => Some((numerator, power?)),
        _ => Some((numerator.checked_mul(power?)?, 1)),
    }
}
