//! The type of an exact number, and its conversions to floating point.

use num_rational::Ratio;

/// A rational number: a numerator and a denominator of 64 bits each.
pub type Fraction = Ratio<i64>;

#[expect(
    clippy::cast_precision_loss,
    reason = "one rounding of each number, within the bound of `LogProbs::new`"
)]
pub(crate) fn as_f64(fraction: &Fraction) -> f64 {
    *fraction.numer() as f64 / *fraction.denom() as f64
}

/// The natural logarithm of a fraction. Near 1 it is computed with `ln_1p` from the difference to 1, which is exact.
pub(crate) fn ln(fraction: &Fraction) -> f64 {
    let from_one = fraction.numer().checked_sub(*fraction.denom());
    match from_one.map(|above| as_f64(&Fraction::new_raw(above, *fraction.denom()))) {
        Some(above) if above.abs() < 0.5 => above.ln_1p(),
        _ => as_f64(fraction).ln(),
    }
}
