//! Probabilities as text: as a simple fraction where there is one, and as a decimal otherwise.

/// The largest denominator that still reads as a simple fraction.
const MAX_DENOMINATOR: i64 = 100;

/// The simple fraction that equals a number up to 1e-12, as numerator and denominator. Its denominator is at most 100.
/// It is `None` where there is no such fraction.
///
/// It is found by continued fractions, whose convergents are the best approximations of their size. If such a fraction
/// exists, it is one of them, because two different fractions with denominators up to 100 lie at least 1e-4 apart.
#[must_use]
pub fn fraction(number: f64) -> Option<(i64, i64)> {
    if !(0.0..=1e6).contains(&number) {
        return None;
    }
    let (mut above, mut above_before) = (1_i64, 0_i64);
    let (mut below, mut below_before) = (0_i64, 1_i64);
    let mut rest = number;
    loop {
        #[expect(clippy::cast_possible_truncation, reason = "checked against 1e6 on the line below")]
        let whole = rest.floor() as i64;
        if whole > 1_000_000 {
            return None;
        }
        (above, above_before) = (whole * above + above_before, above);
        (below, below_before) = (whole * below + below_before, below);
        if below > MAX_DENOMINATOR {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "both below 2^53")]
        let off = (number - above as f64 / below as f64).abs();
        if off < 1e-12 {
            return Some((above, below));
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 1e6")]
        let remainder = rest - whole as f64;
        rest = 1.0 / remainder;
    }
}

/// A probability or density in LaTeX: `\frac{1}{6}`, `0.1429`, `3.1 \cdot 10^{-7}`.
///
/// The argument is its logarithm, so that a probability that would underflow differs from 0.
#[must_use]
pub fn probability(ln_p: f64) -> String {
    written(ln_p, |n, d| format!(r"\frac{{{n}}}{{{d}}}"))
}

/// As [`probability`], with the fraction on the line, `1/6`. It is meant for fractions within fractions.
#[must_use]
pub fn probability_inline(ln_p: f64) -> String {
    written(ln_p, |n, d| format!("{n}/{d}"))
}

/// The probabilities of a table as plain text. They are fractions if all of them are simple ones. Otherwise they have
/// four decimals, or are written like `4.1e−4` where four decimals do not suffice.
#[must_use]
pub fn cells(ln_p: &[f64]) -> Vec<String> {
    let simple = ln_p
        .iter()
        .all(|ln_p| fraction(ln_p.exp()).is_some_and(|(n, _)| n > 0 || *ln_p == f64::NEG_INFINITY));
    let text = |&ln_p: &f64| {
        let p = ln_p.exp();
        if simple || ln_p == f64::NEG_INFINITY {
            probability_inline(ln_p)
        } else if (1e-3..1e6).contains(&p) {
            format!("{p:.4}")
        } else if (1e-300..1e300).contains(&p) {
            format!("{p:.1e}").replace('-', "−")
        } else {
            format!("e^{ln_p:.0}").replace('-', "−")
        }
    };
    ln_p.iter().map(text).collect()
}

fn written(ln_p: f64, set: impl Fn(i64, i64) -> String) -> String {
    if ln_p == f64::NEG_INFINITY {
        return "0".to_owned();
    }
    let p = ln_p.exp();
    match fraction(p) {
        Some((n, 1)) if n > 0 => n.to_string(),
        Some((n, d)) if n > 0 => set(n, d),
        // Its logarithm stands beside it with six decimals, which these seven match.
        _ if (1e-3..1e6).contains(&p) => format!("{p:.7}"),
        _ if (1e-300..1e300).contains(&p) => {
            let text = format!("{p:.3e}");
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            format!(r"{digits} \cdot 10^{{{exponent}}}")
        }
        _ => format!("e^{{{ln_p:.4}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{cells, fraction, probability, probability_inline};

    #[test]
    fn every_simple_fraction_is_found_again_through_its_logarithm() {
        for d in 1..=100_i32 {
            for n in 1..=d {
                let (found_n, found_d) = fraction((f64::from(n) / f64::from(d)).ln().exp()).unwrap_or_default();
                assert_eq!(found_n * i64::from(d), found_d * i64::from(n), "{n}/{d}");
            }
        }
        assert_eq!(fraction(0.75), Some((3, 4)));
        assert_eq!(fraction(2.5), Some((5, 2)));
        for odd in [
            1.0 / 101.0,
            std::f64::consts::FRAC_1_PI,
            1e-9,
            -0.5,
            f64::NAN,
            f64::INFINITY,
        ] {
            assert_eq!(fraction(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_probability_is_a_fraction_or_decimals_and_zero_only_when_it_is() {
        assert_eq!(probability((1.0_f64 / 6.0).ln()), r"\frac{1}{6}");
        assert_eq!(probability_inline((1.0_f64 / 6.0).ln()), "1/6");
        assert_eq!(probability(0.0), "1");
        assert_eq!(probability(f64::NEG_INFINITY), "0");
        assert_eq!(probability(-1.0), "0.3678794");
        assert_eq!(probability(-15.0), r"3.059 \cdot 10^{-7}");
        assert_eq!(probability(-800.0), "e^{-800.0000}");
        assert_eq!(probability(800.0), "e^{800.0000}");
    }

    #[test]
    fn a_table_is_in_fractions_throughout_or_not_at_all() {
        let ln = |p: &[f64]| p.iter().map(|p| p.ln()).collect::<Vec<_>>();
        assert_eq!(cells(&ln(&[0.5, 0.0, 1.0 / 6.0, 1.0])), ["1/2", "0", "1/6", "1"]);
        assert_eq!(
            cells(&ln(&[0.5, 0.0, 0.123_456, 1.23e-5])),
            ["0.5000", "0", "0.1235", "1.2e−5"]
        );
        assert_eq!(cells(&[-800.0]), ["e^−800"]);
    }
}
