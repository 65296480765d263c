//! Vectors of numbers, as wide as the processor has them: the one interface that the fused kernels are written in.
//!
//! In `std::arch` rather than in a crate: `wide` picks its width at compile time, so a binary for every machine would never use
//! AVX-512; `pulp` dispatches at run time but has no 64-bit shift (no `exp` in `f64`), no half types and no streaming stores.
//! A portable twin in plain arrays serves every other processor.

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use portable::Portable;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2F32, Avx2F64, Avx512F32, Avx512F64};

use super::real::Real;

/// `N` numbers of one type, computed with at once. Every operation rounds once, as in IEEE 754; `fma` may round twice on [`Portable`].
pub(crate) trait Lanes: Copy {
    /// The type of one number.
    type Real: Real;
    /// `N` of them.
    type Vector: Copy;
    /// How many.
    const N: usize;

    fn splat(self, x: Self::Real) -> Self::Vector;
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a b + c`.
    fn fma(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// The larger of the two; `b` where one is NaN.
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The smaller of the two; `b` where one is NaN.
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn abs(self, a: Self::Vector) -> Self::Vector;
    /// `then` where `a < b`, else (also where one of them is NaN) `otherwise`.
    fn where_less(self, a: Self::Vector, b: Self::Vector, then: Self::Vector, otherwise: Self::Vector) -> Self::Vector;
    /// The bits of every number moved up by the length of the mantissa: what stood lowest becomes the exponent.
    fn low_bits_to_exponent(self, a: Self::Vector) -> Self::Vector;
    /// `(e, m)` with `a = 2^e m` and `m` in `[1/sqrt 2, sqrt 2)`, for a positive normal `a`; some numbers elsewhere.
    fn exponent_and_mantissa(self, a: Self::Vector) -> (Self::Vector, Self::Vector);
    /// The sum, added in a tree.
    fn sum(self, a: Self::Vector) -> Self::Real;
    /// The largest; any of them where one is NaN.
    fn largest(self, a: Self::Vector) -> Self::Real;

    /// The first `N` numbers of the slice.
    fn load(self, from: &[Self::Real]) -> Self::Vector;
    /// Into the first `N` places of the slice.
    fn store(self, to: &mut [Self::Real], a: Self::Vector);
    /// As [`Lanes::store`], past the caches. The place must be aligned to the vector's size; [`fence`] has to follow.
    fn stream(self, to: &mut [Self::Real], a: Self::Vector);
}

/// Lanes that can read and write numbers stored as `E`.
pub(crate) trait Stored<E>: Lanes {
    /// The first `N` numbers of the slice, widened.
    fn read(self, from: &[E]) -> Self::Vector;
    /// Into the first `N` places of the slice, rounded to nearest, ties to even.
    fn write(self, to: &mut [E], a: Self::Vector);
    /// As [`Stored::write`], past the caches where the type allows; same demands as [`Lanes::stream`].
    fn write_through(self, to: &mut [E], a: Self::Vector);
}

/// Asks for the cache line at this place, which need not exist.
#[inline(always)]
pub(crate) fn prefetch<E>(place: *const E) {
    #[cfg(target_arch = "x86_64")]
    {
        #[expect(unsafe_code, reason = "a hint: it never faults, whatever the address")]
        // SAFETY: prefetching has no architectural effect and accepts any address.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(place.cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// Orders streamed stores before everything that follows.
pub(crate) fn fence() {
    #[cfg(target_arch = "x86_64")]
    {
        #[expect(unsafe_code, reason = "an instruction of the x86-64 baseline")]
        // SAFETY: SSE is part of x86-64.
        unsafe {
            std::arch::x86_64::_mm_sfence();
        }
    }
}
