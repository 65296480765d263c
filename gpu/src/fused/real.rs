//! The types of numbers: those that kernels compute in ([`Real`]), and those that are stored ([`Element`]).

use std::fmt::Debug;
use std::ops::{Add, Mul, Sub};

use bytemuck::Pod;
use half::{bf16, f16};

/// A type that kernels compute in, `f32` or `f64`, with the constants of its elementary functions.
///
/// The polynomials interpolate at Chebyshev nodes. Their errors were computed with 50 digits. Relative to the function,
/// in units of the type's unit roundoff, they are 0.18 for `EXP`, 0.29 for `EXPM1` and 0.33 for `LN` in `f32`, and
/// 0.15, 0.24 and 0.07 in `f64`.
pub trait Real:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + 'static
{
    /// The number 1.
    const ONE: Self;
    /// The number `-inf`, the logarithm of 0.
    const NEG_INFINITY: Self;
    /// The smallest normal number.
    const SMALLEST: Self;
    /// The largest finite number.
    const LARGEST: Self;
    /// The distance from 1 to the next larger number, twice the unit roundoff.
    const EPSILON: Self;
    /// The number `1 / ln 2`.
    const LOG2_E: Self;
    /// The first of two parts of `ln 2`. It has so few digits that its product with an exponent is exact.
    const LN_2_HIGH: Self;
    /// The second part of `ln 2`, which is what the first one leaves.
    const LN_2_LOW: Self;
    /// The number `1.5 2^m + bias`, where `m` is the length of the mantissa. Adding it rounds to an integer, and leaves
    /// the biased exponent in the lowest bits.
    const ROUND: Self;
    /// The smallest argument of `exp`. From about 0.3 above it down, `2^n` has the exponent 0 and `exp` is exactly 0.
    const FLOOR: Self;
    /// The largest argument of `exp`. There `2^n` has the type's largest exponent, and `exp` is `+inf`.
    const CEILING: Self;
    /// The arguments at which `2^-64 e^x` times any number but 0 has become 0, and at which it has become infinite.
    const POWERS: [Self; 2];
    /// The coefficients of `(e^f - 1 - f) / f^2` on `|f| <= ln 2 / 2`, from the constant up.
    const EXP: &'static [Self];
    /// The coefficients of `(e^d - 1 - d) / d^2` on `|d| <= 1`, from the constant up.
    const EXPM1: &'static [Self];
    /// The coefficients of `(ln(1 + f) - f + f^2 / 2) / f^3` on `1/sqrt 2 <= 1 + f <= sqrt 2`, from the constant up.
    const LN: &'static [Self];

    /// The number of this type that is nearest to `x`.
    fn of(x: f64) -> Self;
    /// The same number in `f64`.
    fn to_f64(self) -> f64;
    /// The absolute value.
    #[must_use]
    fn magnitude(self) -> Self;
    /// The number whose bits are these, moved up by the length of the mantissa.
    #[must_use]
    fn low_bits_to_exponent(self) -> Self;
    /// The exponent `e` and the mantissa `m`, with `self = 2^e m` and `m` in
    /// `[1/sqrt 2, sqrt 2)`, of a positive normal number.
    fn exponent_and_mantissa(self) -> (Self, Self);
}

/// A type in which numbers are stored.
pub trait Element: Pod + Debug + Send + Sync {
    /// The type in which kernels compute with these numbers.
    type Real: Real;
    /// The same number in the type that is computed in.
    fn widen(self) -> Self::Real;
    /// The stored number that is nearest to `x`, with ties to even.
    fn narrow(x: Self::Real) -> Self;
    /// The same slice in the type that is computed in, where that is the type that is stored.
    fn as_computed(stored: &[Self]) -> Option<&[Self::Real]>;
}

macro_rules! real {
    ($real:ident, $signed:ident, $mantissa:literal, $bias:literal) => {
        const ONE: Self = 1.0;
        const NEG_INFINITY: Self = $real::NEG_INFINITY;
        const SMALLEST: Self = $real::MIN_POSITIVE;
        const LARGEST: Self = $real::MAX;
        const EPSILON: Self = $real::EPSILON;
        const LOG2_E: Self = std::$real::consts::LOG2_E;
        const ROUND: Self = ((3_i64 << ($mantissa - 1)) + $bias) as Self;

        #[inline(always)]
        fn of(x: f64) -> Self {
            x as Self
        }
        #[inline(always)]
        fn to_f64(self) -> f64 {
            f64::from(self)
        }
        #[inline(always)]
        fn magnitude(self) -> Self {
            self.abs()
        }
        #[inline(always)]
        fn low_bits_to_exponent(self) -> Self {
            Self::from_bits(self.to_bits() << $mantissa)
        }
        #[inline(always)]
        fn exponent_and_mantissa(self) -> (Self, Self) {
            let below = std::$real::consts::FRAC_1_SQRT_2.to_bits() as $signed;
            // The difference wraps, as that of vector integers does: a number that is not positive gives some numbers.
            let e = (self.to_bits() as $signed).wrapping_sub(below) >> $mantissa;
            (
                e as Self,
                Self::from_bits((self.to_bits() as $signed).wrapping_sub(e << $mantissa) as _),
            )
        }
    };
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_arithmetic,
    clippy::unnecessary_cast,
    reason = "rounding is what is asked for; the integers are bits of positive numbers and small exponents"
)]
mod reals {
    use super::Real;

    impl Real for f32 {
        real!(f32, i32, 23, 127);
        const LN_2_HIGH: Self = 355.0 / 512.0;
        const LN_2_LOW: Self = -2.121_944_4e-4;
        const FLOOR: Self = -88.0;
        const CEILING: Self = 89.0;
        const POWERS: [Self; 2] = [-215.0, 305.0];
        #[rustfmt::skip]
        const EXP: &'static [Self] = &[
            0.5,
            0.166_665_76,
            0.041_666_556,
            0.008_363_179,
            0.001_392_618_4,
        ];
        #[rustfmt::skip]
        const EXPM1: &'static [Self] = &[
            0.5,
            0.166_666_67,
            0.041_666_735,
            0.008_333_339,
            0.001_388_539_6,
            1.983_81e-4,
            2.535_862_4e-5,
            2.806_290_5e-6,
        ];
        #[rustfmt::skip]
        const LN: &'static [Self] = &[
            0.333_333_3,
            -0.250_003_07,
            0.200_010_45,
            -0.166_412_82,
            0.142_144_96,
            -0.129_981_83,
            0.126_223_19,
            -0.079_027_44,
        ];
    }

    impl Real for f64 {
        real!(f64, i64, 52, 1023);
        const LN_2_HIGH: Self = Self::from_bits(0x3fe6_2e42_fee0_0000); // ln 2 to 33 bits
        const LN_2_LOW: Self = 1.908_214_929_270_587_7e-10;
        const FLOOR: Self = -709.0;
        const CEILING: Self = 710.0;
        const POWERS: [Self; 2] = [-1500.0, 1600.0];
        #[rustfmt::skip]
        const EXP: &'static [Self] = &[
            0.500_000_000_000_000_1,
            0.166_666_666_666_666_69,
            0.041_666_666_666_624_13,
            0.008_333_333_333_330_062,
            0.001_388_888_891_721_371_7,
            0.000_198_412_698_630_536_18,
            2.480_152_129_595_437_6e-5,
            2.755_726_845_999_706_4e-6,
            2.762_008_844_540_974_6e-7,
            2.510_038_549_551_032e-8,
        ];
        #[rustfmt::skip]
        const EXPM1: &'static [Self] = &[
            0.5,
            0.166_666_666_666_666_66,
            0.041_666_666_666_666_664,
            0.008_333_333_333_333_236,
            0.001_388_888_888_888_883_5,
            0.000_198_412_698_413_748_44,
            2.480_158_730_164_557_4e-5,
            2.755_731_917_401_149e-6,
            2.755_731_919_625_105e-7,
            2.505_212_059_186_808_4e-8,
            2.087_676_376_259_495_4e-9,
            1.605_744_787_800_156_9e-10,
            1.146_985_972_809_700_7e-11,
            7.753_311_275_283_719e-13,
            4.838_409_345_360_571e-14,
        ];
        #[rustfmt::skip]
        const LN: &'static [Self] = &[
            0.333_333_333_333_333_37,
            -0.249_999_999_999_999_3,
            0.199_999_999_999_932_23,
            -0.166_666_666_666_973_05,
            0.142_857_142_875_917_4,
            -0.124_999_999_971_092_67,
            0.111_111_109_098_410_72,
            -0.099_999_999_963_172_7,
            0.090_909_198_759_982_02,
            -0.083_333_450_564_132_04,
            0.076_919_881_201_337_5,
            -0.071_422_320_491_584_7,
            0.066_719_855_552_712_91,
            -0.062_650_318_695_180_63,
            0.058_370_183_514_649_99,
            -0.053_682_803_880_505_48,
            0.053_718_778_906_647_8,
            -0.061_295_619_807_279_06,
            0.056_664_232_420_521_8,
            -0.025_061_228_095_282_464,
        ];
    }
}

macro_rules! element {
    ($stored:ty, $real:ty, $widen:expr, $narrow:expr, $same:expr) => {
        impl Element for $stored {
            type Real = $real;
            #[inline(always)]
            fn widen(self) -> $real {
                $widen(self)
            }
            #[inline(always)]
            fn narrow(x: $real) -> Self {
                $narrow(x)
            }
            fn as_computed(stored: &[Self]) -> Option<&[$real]> {
                $same(stored)
            }
        }
    };
}

element!(f32, f32, |x| x, |x| x, Some);
element!(f64, f64, |x| x, |x| x, Some);
element!(bf16, f32, bf16::to_f32, bf16::from_f32, |_| None);
element!(f16, f32, f16::to_f32, f16::from_f32, |_| None);
