//! The Gaussian error linear unit, `x Phi(x)`, on lanes. `Phi` is the normal distribution function.

use super::elementary::{at_least_floor, exp, horner};
use super::isa::{Isa, Kernel, Numbers};
use super::lanes::{Lanes, Stored};
use super::real::Real;
use super::rows::{fill, read_or};

/// The number from which on `e^(-a^2/2)` is 0 in `f32`.
const FAR: f32 = 13.3;

/// The coefficients of `(R(a) - 1/2) / a` on `0 <= a <= 6`, from the constant up, where `R(a) = e^(a^2/2) Phi(-a)`.
///
/// Of all polynomials of its degree this is about the one whose error in `Phi` is smallest. It was found by weighted
/// least squares, reweighted until the errors were level. The error is 0.16 u, and with its own roundings 0.6 u. Beyond
/// 6, where `Phi(-a)` is below `2^-29`, the polynomial stays positive, and below 1 times `e^(a^2/2)`.
#[rustfmt::skip]
const TAIL: &[f32] = &[
    -0.398_941_96, 0.249_992_7, -0.132_924_14, 0.062_280_4, -0.026_096_29, 0.009_685_934,
    -0.003_071_954_7, 0.000_786_684_86, -0.000_151_732_44, 0.000_020_230_79, -0.000_001_637_067, 0.000_000_059_961_97,
];

/// The normal distribution function `Phi(x)` and the density `phi(x) = e^(-x^2/2) / sqrt(2 pi)`. For NaN both are some
/// number, but `x` times it is NaN.
///
/// ```text
/// Phi(-a) = e^(-a^2/2) R(a),   a = |x|              Phi(a) = 1 - Phi(-a)
/// ```
///
/// The absolute error of `Phi` is below 4 u. It is at most `Phi(-a) <= 1/2` times 4 u of `exp`, 1 u of a product and
/// `a^2/2` u of the argument's rounding (which is at most 0.2 u in all), 0.6 u of the polynomial, and half a rounding
/// of the difference.
#[inline(always)]
fn normal<L: Lanes<Real = f32>>(l: L, x: L::Vector) -> [L::Vector; 2] {
    let (zero, one, far) = (l.splat(0.0), l.splat(1.0), l.splat(FAR));
    let a = l.abs(x);
    let a = l.where_less(a, far, a, far);
    let power = exp(l, at_least_floor(l, l.mul(l.mul(a, a), l.splat(-0.5))));
    let tail = l.mul(power, l.fma(horner(l, TAIL, a), a, l.splat(0.5)));
    let phi = l.where_less(zero, x, l.sub(one, tail), tail);
    [phi, l.mul(power, l.splat(0.398_942_3))]
}

/// The kernel of `y = x Phi(x)` or, where `pull` is given, of the gradient `y = pull (Phi(x) + x phi(x))`. The numbers
/// are finite, since `-inf` times 0 is NaN.
struct Gelu<'a, E> {
    x: &'a [E],
    pull: Option<&'a [E]>,
    y: &'a mut [E],
}

impl<E: Numbers<Real = f32>> Kernel<E> for Gelu<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Stored<E, Real = f32>>(self, l: L) {
        let Gelu { x, pull, y } = self;
        let nothing = E::narrow(0.0);
        match pull {
            None => fill!(l, y, false, |at| value(l, read_or(l, &x[at..], nothing))),
            Some(pull) => fill!(l, y, false, |at| {
                let (x, pull) = (read_or(l, &x[at..], nothing), read_or(l, &pull[at..], nothing));
                slope(l, x, pull)
            }),
        }
    }
}

#[inline(always)]
fn value<L: Lanes<Real = f32>>(l: L, x: L::Vector) -> L::Vector {
    let [phi, _] = normal(l, x);
    l.mul(x, phi)
}

#[inline(always)]
fn slope<L: Lanes<Real = f32>>(l: L, x: L::Vector, pull: L::Vector) -> L::Vector {
    let [phi, density] = normal(l, x);
    l.mul(pull, l.fma(x, density, phi))
}

/// A type in which the Gaussian error linear unit is computed on the CPU.
pub trait Curved: Real {
    /// Computes the Gaussian error linear unit `y = x Phi(x)` of every number.
    ///
    /// # Panics
    /// When the slices differ in length.
    fn gelu(x: &[Self], y: &mut [Self]);

    /// Computes its gradient `pull (Phi(x) + x phi(x))` at every number.
    ///
    /// # Panics
    /// When the slices differ in length.
    fn gelu_gradient(x: &[Self], pull: &[Self], slopes: &mut [Self]);
}

impl Curved for f32 {
    fn gelu(x: &[Self], y: &mut [Self]) {
        assert_eq!(x.len(), y.len(), "as many results as numbers");
        Isa::best().run::<Self, _>(Gelu { x, pull: None, y });
    }

    fn gelu_gradient(x: &[Self], pull: &[Self], slopes: &mut [Self]) {
        assert!(
            x.len() == pull.len() && x.len() == slopes.len(),
            "as many slopes as numbers"
        );
        let pull = Some(pull);
        Isa::best().run::<Self, _>(Gelu { x, pull, y: slopes });
    }
}

/// Computes by the `erfc` of `libm`, a number at a time, since this type is used for checks and not for training.
impl Curved for f64 {
    fn gelu(x: &[Self], y: &mut [Self]) {
        assert_eq!(x.len(), y.len(), "as many results as numbers");
        for (x, y) in x.iter().zip(y) {
            *y = x * phi(*x);
        }
    }

    fn gelu_gradient(x: &[Self], pull: &[Self], slopes: &mut [Self]) {
        assert!(
            x.len() == pull.len() && x.len() == slopes.len(),
            "as many slopes as numbers"
        );
        for ((x, pull), slope) in x.iter().zip(pull).zip(slopes) {
            *slope = pull * (phi(*x) + x * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt());
        }
    }
}

fn phi(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::{Curved, FAR, Gelu};
    use crate::fused::isa::Isa;

    /// Absolute error of `Phi`, in units of the unit roundoff: see `normal`.
    const PHI: f64 = 4.0;

    const U: f64 = f32::EPSILON as f64 / 2.0;

    /// From one end of what is not 0 to the other, of a length that is no multiple of any lanes'.
    fn grid() -> Vec<f32> {
        let count = 400_001;
        #[expect(clippy::cast_possible_truncation, reason = "the grid is rounded to f32")]
        let at = |i| (-14.0 + 28.0 * f64::from(i) / f64::from(count)) as f32;
        (0..count).map(at).collect()
    }

    fn run(isa: Isa, x: &[f32], pull: Option<&[f32]>) -> Vec<f64> {
        let mut y = vec![0.0; x.len()];
        isa.run::<f32, _>(Gelu { x, pull, y: &mut y });
        y.into_iter().map(f64::from).collect()
    }

    #[test]
    fn single_precision_is_within_its_bound_of_double_and_comes_near_it() {
        let x = grid();
        let wide: Vec<f64> = x.iter().copied().map(f64::from).collect();
        let (mut values, mut slopes) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        f64::gelu(&wide, &mut values);
        f64::gelu_gradient(&wide, &vec![1.0; x.len()], &mut slopes);
        for isa in Isa::available() {
            let (mut worst, mut steepest) = (0.0_f64, 0.0_f64);
            let found = run(isa, &x, None)
                .into_iter()
                .zip(run(isa, &x, Some(&vec![1.0; x.len()])));
            for (i, (value, slope)) in found.enumerate() {
                // A product's rounding beside Phi's error; the slope's second term is at most 0.25, with the errors of
                // exp and two products.
                let size = U * wide[i].abs().max(f64::from(f32::MIN_POSITIVE));
                let error = (value - values[i]).abs() / size;
                let slant = (slope - slopes[i]).abs() / U;
                assert!(error <= PHI + 1.0, "{} at {}: {error} u", isa.name(), x[i]);
                assert!(slant <= PHI + 0.25 * 7.0 + 2.0, "{} at {}: {slant} u", isa.name(), x[i]);
                (worst, steepest) = (worst.max(error), steepest.max(slant));
            }
            assert!(worst > PHI / 100.0 && steepest > PHI / 100.0, "{}", isa.name());
        }
    }

    #[test]
    fn ends_are_exact_and_nan_stays() {
        let x = [0.0, -0.0, FAR, 1e30, -FAR, -1e30, f32::INFINITY, f32::NAN];
        for isa in Isa::available() {
            let y = run(isa, &x, None);
            assert_eq!(y[..2], [0.0, 0.0]);
            assert_eq!(y[2..4], [f64::from(x[2]), f64::from(x[3])]);
            assert!(y[4].abs() < f64::from(f32::MIN_POSITIVE) && y[5].abs() < U, "{y:?}");
            assert!(y[6].is_infinite() && y[7].is_nan());
            let slopes = run(isa, &x, Some(&[3.0; 8]));
            assert_eq!(slopes[..4], [1.5, 1.5, 3.0, 3.0]);
            assert!(slopes[7].is_nan());
        }
    }
}
