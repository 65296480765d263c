//! Lanes of AVX-512 and of AVX2 with FMA, in `std::arch`.
//!
//! A value of one of these types exists only where the processor has the instructions. `fused::isa` makes it after
//! asking the processor.

use std::arch::x86_64::*;

use half::{bf16, f16};

use super::{Lanes, Stored};

/// One lane type: its operations, each a safe function around one intrinsic or a few.
macro_rules! lanes {
    (
        $(#[$doc:meta])* $name:ident, $real:ident, $vector:ty, $n:literal;
        $($op:ident($($arg:ident: $type:ty),*) -> $result:ty = $body:expr;)*
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name(());

        impl $name {
            /// # Safety
            /// The processor must have the instructions.
            #[expect(unsafe_code, reason = "the promise that makes every operation below safe")]
            #[inline(always)]
            pub(crate) const unsafe fn new() -> Self {
                Self(())
            }
        }

        impl Lanes for $name {
            type Real = $real;
            type Vector = $vector;
            const N: usize = $n;

            $(
                #[expect(unsafe_code, reason = "intrinsics; the type exists only where they do")]
                #[inline(always)]
                fn $op(self, $($arg: $type),*) -> $result {
                    // SAFETY: `new` promises the instructions.
                    unsafe { $body }
                }
            )*

            #[expect(unsafe_code, reason = "a load of N numbers")]
            #[inline(always)]
            fn load(self, from: &[$real]) -> $vector {
                let from: &[$real; $n] = from.first_chunk().expect("a whole vector");
                // SAFETY: the array is exactly as long as the vector; `loadu` asks for no alignment.
                unsafe { std::ptr::from_ref(from).cast::<$vector>().read_unaligned() }
            }
            #[expect(unsafe_code, reason = "a store of N numbers")]
            #[inline(always)]
            fn store(self, to: &mut [$real], a: $vector) {
                let to: &mut [$real; $n] = to.first_chunk_mut().expect("a whole vector");
                // SAFETY: the array is exactly as long as the vector; `storeu` asks for no alignment.
                unsafe { std::ptr::from_mut(to).cast::<$vector>().write_unaligned(a) }
            }
        }

        impl Stored<$real> for $name {
            #[inline(always)]
            fn read(self, from: &[$real]) -> $vector {
                self.load(from)
            }
            #[inline(always)]
            fn write(self, to: &mut [$real], a: $vector) {
                self.store(to, a);
            }
            #[inline(always)]
            fn write_through(self, to: &mut [$real], a: $vector) {
                self.stream(to, a);
            }
        }
    };
}

/// A place for a streamed store: exactly `N` numbers, aligned to the vector.
#[inline(always)]
fn aligned<T, const N: usize>(to: &mut [T]) -> *mut T {
    let to: &mut [T; N] = to.first_chunk_mut().expect("a whole vector");
    let place = to.as_mut_ptr();
    assert!(
        place.addr().is_multiple_of(size_of::<[T; N]>()),
        "a streamed store needs an aligned place"
    );
    place
}

lanes! {
    /// Sixteen `f32`.
    Avx512F32, f32, __m512, 16;
    splat(x: f32) -> __m512 = _mm512_set1_ps(x);
    add(a: __m512, b: __m512) -> __m512 = _mm512_add_ps(a, b);
    sub(a: __m512, b: __m512) -> __m512 = _mm512_sub_ps(a, b);
    mul(a: __m512, b: __m512) -> __m512 = _mm512_mul_ps(a, b);
    fma(a: __m512, b: __m512, c: __m512) -> __m512 = _mm512_fmadd_ps(a, b, c);
    max(a: __m512, b: __m512) -> __m512 = _mm512_max_ps(a, b);
    min(a: __m512, b: __m512) -> __m512 = _mm512_min_ps(a, b);
    abs(a: __m512) -> __m512 = _mm512_abs_ps(a);
    where_less(a: __m512, b: __m512, then: __m512, otherwise: __m512) -> __m512 =
        _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), otherwise, then);
    low_bits_to_exponent(a: __m512) -> __m512 = _mm512_castsi512_ps(_mm512_slli_epi32::<23>(_mm512_castps_si512(a)));
    exponent_and_mantissa(a: __m512) -> (__m512, __m512) = {
        let bits = _mm512_castps_si512(a);
        let below = _mm512_set1_epi32(std::f32::consts::FRAC_1_SQRT_2.to_bits().cast_signed());
        let e = _mm512_srai_epi32::<23>(_mm512_sub_epi32(bits, below));
        let m = _mm512_sub_epi32(bits, _mm512_slli_epi32::<23>(e));
        (_mm512_cvtepi32_ps(e), _mm512_castsi512_ps(m))
    };
    sum(a: __m512) -> f32 = _mm512_reduce_add_ps(a);
    largest(a: __m512) -> f32 = _mm512_reduce_max_ps(a);
    stream(to: &mut [f32], a: __m512) -> () = _mm512_stream_ps(aligned::<f32, 16>(to), a);
}

lanes! {
    /// Eight `f64`.
    Avx512F64, f64, __m512d, 8;
    splat(x: f64) -> __m512d = _mm512_set1_pd(x);
    add(a: __m512d, b: __m512d) -> __m512d = _mm512_add_pd(a, b);
    sub(a: __m512d, b: __m512d) -> __m512d = _mm512_sub_pd(a, b);
    mul(a: __m512d, b: __m512d) -> __m512d = _mm512_mul_pd(a, b);
    fma(a: __m512d, b: __m512d, c: __m512d) -> __m512d = _mm512_fmadd_pd(a, b, c);
    max(a: __m512d, b: __m512d) -> __m512d = _mm512_max_pd(a, b);
    min(a: __m512d, b: __m512d) -> __m512d = _mm512_min_pd(a, b);
    abs(a: __m512d) -> __m512d = _mm512_abs_pd(a);
    where_less(a: __m512d, b: __m512d, then: __m512d, otherwise: __m512d) -> __m512d =
        _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<_CMP_LT_OQ>(a, b), otherwise, then);
    low_bits_to_exponent(a: __m512d) -> __m512d = _mm512_castsi512_pd(_mm512_slli_epi64::<52>(_mm512_castpd_si512(a)));
    exponent_and_mantissa(a: __m512d) -> (__m512d, __m512d) = {
        let bits = _mm512_castpd_si512(a);
        let below = _mm512_set1_epi64(std::f64::consts::FRAC_1_SQRT_2.to_bits().cast_signed());
        let e = _mm512_srai_epi64::<52>(_mm512_sub_epi64(bits, below));
        let m = _mm512_sub_epi64(bits, _mm512_slli_epi64::<52>(e));
        (_mm512_cvtepi64_pd(e), _mm512_castsi512_pd(m))
    };
    sum(a: __m512d) -> f64 = _mm512_reduce_add_pd(a);
    largest(a: __m512d) -> f64 = _mm512_reduce_max_pd(a);
    stream(to: &mut [f64], a: __m512d) -> () = _mm512_stream_pd(aligned::<f64, 8>(to), a);
}

lanes! {
    /// Eight `f32`.
    Avx2F32, f32, __m256, 8;
    splat(x: f32) -> __m256 = _mm256_set1_ps(x);
    add(a: __m256, b: __m256) -> __m256 = _mm256_add_ps(a, b);
    sub(a: __m256, b: __m256) -> __m256 = _mm256_sub_ps(a, b);
    mul(a: __m256, b: __m256) -> __m256 = _mm256_mul_ps(a, b);
    fma(a: __m256, b: __m256, c: __m256) -> __m256 = _mm256_fmadd_ps(a, b, c);
    max(a: __m256, b: __m256) -> __m256 = _mm256_max_ps(a, b);
    min(a: __m256, b: __m256) -> __m256 = _mm256_min_ps(a, b);
    abs(a: __m256) -> __m256 = _mm256_andnot_ps(_mm256_set1_ps(-0.0), a);
    where_less(a: __m256, b: __m256, then: __m256, otherwise: __m256) -> __m256 =
        _mm256_blendv_ps(otherwise, then, _mm256_cmp_ps::<_CMP_LT_OQ>(a, b));
    low_bits_to_exponent(a: __m256) -> __m256 = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_castps_si256(a)));
    exponent_and_mantissa(a: __m256) -> (__m256, __m256) = {
        let bits = _mm256_castps_si256(a);
        let below = _mm256_set1_epi32(std::f32::consts::FRAC_1_SQRT_2.to_bits().cast_signed());
        let e = _mm256_srai_epi32::<23>(_mm256_sub_epi32(bits, below));
        let m = _mm256_sub_epi32(bits, _mm256_slli_epi32::<23>(e));
        (_mm256_cvtepi32_ps(e), _mm256_castsi256_ps(m))
    };
    sum(a: __m256) -> f32 = {
        let four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
    };
    largest(a: __m256) -> f32 = {
        let four = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
        let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps::<1>(two, two)))
    };
    stream(to: &mut [f32], a: __m256) -> () = _mm256_stream_ps(aligned::<f32, 8>(to), a);
}

lanes! {
    /// Four `f64`.
    Avx2F64, f64, __m256d, 4;
    splat(x: f64) -> __m256d = _mm256_set1_pd(x);
    add(a: __m256d, b: __m256d) -> __m256d = _mm256_add_pd(a, b);
    sub(a: __m256d, b: __m256d) -> __m256d = _mm256_sub_pd(a, b);
    mul(a: __m256d, b: __m256d) -> __m256d = _mm256_mul_pd(a, b);
    fma(a: __m256d, b: __m256d, c: __m256d) -> __m256d = _mm256_fmadd_pd(a, b, c);
    max(a: __m256d, b: __m256d) -> __m256d = _mm256_max_pd(a, b);
    min(a: __m256d, b: __m256d) -> __m256d = _mm256_min_pd(a, b);
    abs(a: __m256d) -> __m256d = _mm256_andnot_pd(_mm256_set1_pd(-0.0), a);
    where_less(a: __m256d, b: __m256d, then: __m256d, otherwise: __m256d) -> __m256d =
        _mm256_blendv_pd(otherwise, then, _mm256_cmp_pd::<_CMP_LT_OQ>(a, b));
    low_bits_to_exponent(a: __m256d) -> __m256d = _mm256_castsi256_pd(_mm256_slli_epi64::<52>(_mm256_castpd_si256(a)));
    exponent_and_mantissa(a: __m256d) -> (__m256d, __m256d) = {
        // AVX2 has no arithmetic shift of 64-bit integers, so that the exponents are taken one by one.
        let mut numbers = [0.0; 4];
        _mm256_storeu_pd(numbers.as_mut_ptr(), a);
        let parts = numbers.map(crate::fused::real::Real::exponent_and_mantissa);
        let (e, m) = (parts.map(|(e, _)| e), parts.map(|(_, m)| m));
        (_mm256_loadu_pd(e.as_ptr()), _mm256_loadu_pd(m.as_ptr()))
    };
    sum(a: __m256d) -> f64 = {
        let two = _mm_add_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd::<1>(a));
        _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
    };
    largest(a: __m256d) -> f64 = {
        let two = _mm_max_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd::<1>(a));
        _mm_cvtsd_f64(_mm_max_sd(two, _mm_unpackhi_pd(two, two)))
    };
    stream(to: &mut [f64], a: __m256d) -> () = _mm256_stream_pd(aligned::<f64, 4>(to), a);
}

/// Half types: widened on the way in, rounded to nearest even on the way out.
macro_rules! stored {
    ($lanes:ident, $vector:ty, $half:ident, $bits:ty; $load:ident, $store:ident, |$in:ident| $widen:expr, |$out:ident| $narrow:expr) => {
        impl Stored<$half> for $lanes {
            #[expect(unsafe_code, reason = "intrinsics; the type exists only where they do")]
            #[inline(always)]
            fn read(self, from: &[$half]) -> $vector {
                let from: &[$half; <Self as Lanes>::N] = from.first_chunk().expect("a whole vector");
                // SAFETY: the array is exactly as long as the load; the half types are transparent 16-bit integers.
                unsafe {
                    let $in = $load(std::ptr::from_ref(from).cast());
                    $widen
                }
            }
            #[expect(unsafe_code, reason = "intrinsics; the type exists only where they do")]
            #[inline(always)]
            fn write(self, to: &mut [$half], $out: $vector) {
                let to: &mut [$half; <Self as Lanes>::N] = to.first_chunk_mut().expect("a whole vector");
                // SAFETY: the array is exactly as long as the store; the half types are transparent 16-bit integers.
                unsafe {
                    let bits: $bits = $narrow;
                    $store(std::ptr::from_mut(to).cast(), bits);
                }
            }
            /// Half a vector is no whole line of the cache, and is stored as usual.
            #[inline(always)]
            fn write_through(self, to: &mut [$half], a: $vector) {
                self.write(to, a);
            }
        }
    };
}

/// `bf16` from the upper half of `f32` bits, ties to even: adds `0x7fff` and the lowest bit that stays. A gradient is
/// never NaN where this is used on finite rows; NaN keeps a quiet bit because rounding up cannot clear all of its
/// mantissa's upper half.
macro_rules! upper_half {
    ($bits:ident, $add:ident, $srli:ident, $and:ident, $set1:ident) => {
        $srli::<16>($add($bits, $add($set1(0x7fff), $and($srli::<16>($bits), $set1(1)))))
    };
}

stored!(Avx512F32, __m512, bf16, __m256i; _mm256_loadu_si256, _mm256_storeu_si256,
|half| _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_cvtepu16_epi32(half))),
|a| {
    let bits = _mm512_castps_si512(a);
    let up = upper_half!(bits, _mm512_add_epi32, _mm512_srli_epi32, _mm512_and_si512, _mm512_set1_epi32);
    // NaN stays NaN: the rounding could carry its mantissa into the sign.
    let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(a, a);
    _mm512_cvtepi32_epi16(_mm512_mask_blend_epi32(nan, up, _mm512_set1_epi32(0x7fc0)))
});
stored!(Avx512F32, __m512, f16, __m256i; _mm256_loadu_si256, _mm256_storeu_si256,
    |half| _mm512_cvtph_ps(half),
    |a| _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(a));
stored!(Avx2F32, __m256, bf16, __m128i; _mm_loadu_si128, _mm_storeu_si128,
|half| _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(half))),
|a| {
    let bits = _mm256_castps_si256(a);
    let up = upper_half!(bits, _mm256_add_epi32, _mm256_srli_epi32, _mm256_and_si256, _mm256_set1_epi32);
    let nan = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_UNORD_Q>(a, a));
    let bits = _mm256_blendv_epi8(up, _mm256_set1_epi32(0x7fc0), nan);
    _mm_packus_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256::<1>(bits))
});
stored!(Avx2F32, __m256, f16, __m128i; _mm_loadu_si128, _mm_storeu_si128,
    |half| _mm256_cvtph_ps(half),
    |a| _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(a));
