//! Scalar functions that keep their digits, and their limits, where the formula as written would overflow or cancel.

use crate::vocab::Nats;

/// Logarithm of a sum of exponentials.
///
/// ```text
/// ln sum_k exp(a_k) = m + ln sum_k exp(a_k - m),   m = max_k a_k                   (Eq. 3)
/// ```
///
/// Unit: nats. Limits: `-inf` for no terms or terms that are all `-inf`; a term that is NaN or `+inf` is the result.
/// Mass: with `s_k` the softmax weights, `sum_k s_k mass_k` (rounding of the terms) `+ sum_k s_k |a_k - m|` (of
/// the differences) `+ |m| + |ln sum|` (of the last addition) `+ 1` (the sum's relative error, since
/// `d ln s = ds / s`).
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

/// The addend of a divergence that a log-ratio `d` makes: `(1 + u) ln(1 + u) - u` at `u = e^d - 1`.
///
/// ```text
/// excess(d) = d e^d - (e^d - 1) = e^d (d - 1) + 1 = sum_{n >= 2} d^n (n - 1) / n!
/// ```
///
/// Weighted by `p` and summed, it is the divergence `D(q || p)` with `d = ln q - ln p`, as a sum without a negative
/// addend.
/// Limits: 1 at `-inf`. Range: `>= 0`; 0 only at `d = 0`. Near 0 the series, whose terms decrease at once, keeps all
/// digits.
#[must_use]
pub fn excess(d: f64) -> f64 {
    if d == f64::NEG_INFINITY {
        return 1.0;
    }
    if d.abs() > 0.5 {
        return d.exp() * (d - 1.0) + 1.0;
    }
    let (mut power, mut sum) = (d, 0.0); // d^n / n!
    for n in 2..24 {
        let n = f64::from(n);
        power *= d / n;
        sum += power * (n - 1.0);
    }
    sum
}

/// What the exponential exceeds its tangent at 0 by. It is twice the divergence of two normal distributions with equal
/// means, whose log-variances differ by `d`.
///
/// ```text
/// e^d - 1 - d = sum_{n >= 2} d^n / n!
/// ```
///
/// Limits: `+inf` at both ends. Range: `>= 0`; 0 only at `d = 0`. Near 0 the series keeps all digits.
#[must_use]
pub fn exponential_remainder(d: f64) -> f64 {
    if d == f64::INFINITY {
        return d;
    }
    if d.abs() > 0.5 {
        return d.exp_m1() - d;
    }
    let (mut power, mut sum) = (d, 0.0); // d^n / n!
    for n in 2..24 {
        power *= d / f64::from(n);
        sum += power;
    }
    sum
}

/// A number times an exponential, without an overflow on the way.
///
/// ```text
/// a e^x
/// ```
///
/// Limits: 0 for `a = 0`, however large the exponential is. The result is finite where the product is, even if `e^x` or
/// `e^(-x)` is not.
#[must_use]
pub fn scaled_by_exponential(a: f64, x: f64) -> f64 {
    if a == 0.0 {
        return 0.0;
    }
    // The product is formed in four steps, since `e^(x/4)` is finite where it is. Beyond 2000 every product is
    // infinite, or 0.
    let root = (x.clamp(-2_000.0, 2_000.0) / 4.0).exp();
    a * root * root * root * root
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use super::{excess, exponential_remainder, log_sum_exp, scaled_by_exponential};
    use crate::vocab::Nats;
    use approx::assert_relative_eq;

    #[test]
    fn the_excess_is_one_function_on_both_sides_of_its_branch() {
        assert_relative_eq!(excess(f64::NEG_INFINITY), excess(-800.0));
        for d in [0.5, -0.5_f64] {
            let direct = d * d.exp() - d.exp_m1();
            assert_relative_eq!(excess(d), direct, max_relative = 1e-14);
        }
        assert_relative_eq!(excess(1e-9), 0.5e-18, max_relative = 1e-8);
    }

    #[test]
    fn the_remainder_is_one_function_on_both_sides_of_its_branch() {
        for d in [0.5, -0.5_f64] {
            assert_relative_eq!(exponential_remainder(d), d.exp_m1() - d, max_relative = 1e-14);
        }
        assert_relative_eq!(exponential_remainder(-1e-9), 0.5e-18, max_relative = 1e-8);
        for end in [f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(exponential_remainder(end), f64::INFINITY);
        }
    }

    #[test]
    fn a_product_with_an_exponential_is_finite_where_it_can_be() {
        // ln 1e-300 + 1380 = 689.2: the exponential alone is infinite.
        let expected = (1380.0 - 300.0 * std::f64::consts::LN_10).exp();
        assert_relative_eq!(scaled_by_exponential(-1e-300, 1380.0), -expected, max_relative = 1e-12);
        assert_relative_eq!(
            scaled_by_exponential(1e300, -1380.0),
            1.0 / expected,
            max_relative = 1e-12
        );
        assert_eq!(scaled_by_exponential(0.0, f64::INFINITY), 0.0);
        assert_eq!(scaled_by_exponential(-2.0, f64::INFINITY), f64::NEG_INFINITY);
        assert_eq!(scaled_by_exponential(2.0, f64::NEG_INFINITY), 0.0);
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
