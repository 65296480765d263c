//! Vectors of numbers, as wide as the processor has them: the one interface in which the fused kernels are written.
//!
//! It is written in `std::arch`, and not on top of a crate. `wide` picks its width at compile time, so that a binary
//! for every machine would never use AVX-512. `pulp` dispatches at run time, but it has no 64-bit shift (and so no
//! `exp` in `f64`), no half types and no streaming stores. A portable twin in plain arrays serves every other
//! processor.

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use portable::Portable;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2F32, Avx2F64, Avx512F32, Avx512F64};

use super::real::Real;

/// Arithmetic on `N` numbers of one type at once. Every operation rounds once, as in IEEE 754, but `fma` may round
/// twice on [`Portable`].
pub(crate) trait Lanes: Copy {
    /// The type of one number.
    type Real: Real;
    /// A vector of `N` numbers.
    type Vector: Copy;
    /// The count of numbers in a vector.
    const N: usize;

    fn splat(self, x: Self::Real) -> Self::Vector;
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The fused product and sum, `a b + c`.
    fn fma(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// The larger of the two; `b` where one is NaN.
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The smaller of the two; `b` where one is NaN.
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn abs(self, a: Self::Vector) -> Self::Vector;
    /// `then` where `a < b`, and `otherwise` elsewhere, which includes NaN.
    fn where_less(self, a: Self::Vector, b: Self::Vector, then: Self::Vector, otherwise: Self::Vector) -> Self::Vector;
    /// Moves the bits of every number up by the length of the mantissa, so that the lowest bits become the exponent.
    fn low_bits_to_exponent(self, a: Self::Vector) -> Self::Vector;
    /// `(e, m)` with `a = 2^e m` and `m` in `[1/sqrt 2, sqrt 2)`, for a positive normal `a`; some numbers elsewhere.
    fn exponent_and_mantissa(self, a: Self::Vector) -> (Self::Vector, Self::Vector);
    /// The sum of the numbers, added in a tree.
    fn sum(self, a: Self::Vector) -> Self::Real;
    /// The largest of the numbers, and any of them where one is NaN.
    fn largest(self, a: Self::Vector) -> Self::Real;

    /// Reads the first `N` numbers of the slice.
    fn load(self, from: &[Self::Real]) -> Self::Vector;
    /// Writes into the first `N` places of the slice.
    fn store(self, to: &mut [Self::Real], a: Self::Vector);
    /// Writes as [`Lanes::store`] does, but past the caches. The place has to be aligned to the size of the vector, and
    /// [`fence`] has to follow.
    fn stream(self, to: &mut [Self::Real], a: Self::Vector);
}

/// Lanes that can read and write numbers stored as `E`.
pub(crate) trait Stored<E>: Lanes {
    /// Reads the first `N` numbers of the slice, and widens them.
    fn read(self, from: &[E]) -> Self::Vector;
    /// Writes into the first `N` places of the slice, rounded to nearest, with ties to even.
    fn write(self, to: &mut [E], a: Self::Vector);
    /// Writes as [`Stored::write`] does, but past the caches where the type allows. It has the demands of
    /// [`Lanes::stream`].
    fn write_through(self, to: &mut [E], a: Self::Vector);
}

/// Asks the processor for the cache line at this place, which need not exist.
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
