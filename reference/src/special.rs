//! Functions that own an edge of the real line.

use crate::vocab::Nats;

/// `x ln y` with `0 ln 0 = 0` and `0 ln inf = 0`.
///
/// ```text
/// x_ln_y(0, y) = 0        x_ln_y(x, y) = x ln y otherwise
/// ```
#[must_use]
pub fn x_ln_y(x: f64, y: f64) -> f64 {
    if x > 0.0 { x * y.ln() } else { 0.0 }
}

/// Logarithm of a sum of exponentials.
///
/// ```text
/// ln sum_k exp(a_k) = m + ln sum_k exp(a_k - m),   m = max_k a_k                   (Eq. 3)
/// ```
///
/// Unit: nats. Limits: `-inf` for no terms or terms that are all `-inf`; an indeterminate term stays one.
/// Mass: with `s_k` the softmax weights, `sum_k s_k mass_k` (rounding of the terms) `+ sum_k s_k |a_k - m|` (of
/// the differences) `+ |m| + |ln sum|` (of the last addition) `+ 1` (the sum's relative error, since `d ln s = ds / s`).
#[must_use]
pub fn log_sum_exp(terms: &[Nats]) -> Nats {
    if let Some(odd) = terms
        .iter()
        .find(|term| term.value().is_nan() || term.value() == f64::INFINITY)
    {
        return *odd;
    }
    let max = terms.iter().map(|term| term.value()).fold(f64::NEG_INFINITY, f64::max);
    if max == f64::NEG_INFINITY {
        return Nats::NEG_INFINITY;
    }
    let weight = |term: &Nats| (term.value() - max).exp();
    let sum = terms.iter().map(|term| Nats::of(weight(term))).sum::<Nats>().value();
    let spread: f64 = terms
        .iter()
        .filter(|term| term.is_finite() && weight(term) > 0.0)
        .map(|term| weight(term) * (term.mass() + (term.value() - max).abs()))
        .sum();
    Nats::with_mass(max + sum.ln(), spread / sum + max.abs() + sum.ln().abs() + 1.0)
}

#[cfg(test)]
mod tests {
    use super::{log_sum_exp, x_ln_y};
    use crate::vocab::Nats;
    use approx::assert_relative_eq;

    #[test]
    fn zero_times_ln_zero_is_zero() {
        assert_relative_eq!(x_ln_y(0.0, 0.0), 0.0);
        assert_relative_eq!(x_ln_y(2.0, 3.0), 2.0 * 3.0_f64.ln());
    }

    #[test]
    fn log_sum_exp_is_the_limit_of_its_finite_values() {
        let at = |low: f64| log_sum_exp(&[Nats::of(low), Nats::of(0.5), Nats::of(-1.25)]).value();
        assert_relative_eq!(at(f64::NEG_INFINITY), at(-1e4), max_relative = f64::EPSILON);
        assert_eq!(log_sum_exp(&[]), Nats::NEG_INFINITY);
        assert_eq!(log_sum_exp(&[Nats::NEG_INFINITY; 3]), Nats::NEG_INFINITY);
        assert_relative_eq!(log_sum_exp(&[Nats::of(1e4), Nats::of(1e4)]).value(), 1e4 + 2.0_f64.ln());
    }
}
