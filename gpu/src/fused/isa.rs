//! The set of vector instructions with which a kernel runs, which is chosen at run time.
#![allow(
    private_bounds,
    private_interfaces,
    reason = "the sealed trait is public only as a bound; nobody outside can call it"
)]

use half::{bf16, f16};

use super::compiled::Compiled;
#[cfg(target_arch = "x86_64")]
use super::lanes::{Avx2F32, Avx2F64, Avx512F32, Avx512F64};
use super::lanes::{Portable, Stored};
use super::real::Element;

/// A set of vector instructions that this processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Isa(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// The portable lanes, which run on every processor.
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// All sets of instructions that this processor has, the widest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 =
                is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            if avx2 && avx512 {
                found.push(Self(Kind::Avx512));
            }
            if avx2 {
                found.push(Self(Kind::Avx2));
            }
        }
        found.push(Self::PORTABLE);
        found
    }

    /// The widest set of instructions that this processor has.
    #[must_use]
    pub fn best() -> Self {
        Self::available()[0]
    }

    /// The name of the set in reports, such as `avx2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
        }
    }

    /// Runs a kernel over numbers stored as `E` with these instructions.
    #[inline]
    pub(crate) fn run<E: Numbers, K: Kernel<E>>(self, kernel: K) -> K::Output {
        match self.0 {
            Kind::Portable => kernel.run(Portable::<E::Real>::default()),
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "calls into code compiled for these instructions")]
            // SAFETY: `available` found the instructions; no other way makes such an `Isa`.
            Kind::Avx2 => unsafe { E::avx2(kernel) },
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "calls into code compiled for these instructions")]
            // SAFETY: `available` found these instructions, too.
            Kind::Avx512 => unsafe { E::avx512(kernel) },
        }
    }
}

/// A piece of work that is written once, for any lanes.
pub(crate) trait Kernel<E: Element> {
    /// The result of the work.
    type Output;
    /// Does the work. Implementations are `#[inline(always)]`, and so is all that they call, since a function that is
    /// not inlined is not compiled for the lanes.
    fn run<L: Stored<E, Real = E::Real>>(self, lanes: L) -> Self::Output;
}

/// The types of stored numbers that the fused kernels read: `f32`, `f64`, `bf16` and `f16`.
pub trait Numbers: Element + candle_core::WithDType + sealed::Instructed + Compiled {}

mod sealed {
    use super::{Element, Kernel};

    /// A kernel compiled for each set of instructions.
    pub trait Instructed: Element {
        #[doc(hidden)]
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "the caller has asked the processor")]
        unsafe fn avx2<K: Kernel<Self>>(kernel: K) -> K::Output;
        #[doc(hidden)]
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "the caller has asked the processor")]
        unsafe fn avx512<K: Kernel<Self>>(kernel: K) -> K::Output;
    }
}

macro_rules! numbers {
    ($element:ty, $avx2:ident, $avx512:ident) => {
        impl sealed::Instructed for $element {
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "the caller has asked the processor")]
            #[target_feature(enable = "avx2,fma,f16c")]
            unsafe fn avx2<K: Kernel<Self>>(kernel: K) -> K::Output {
                // SAFETY: the caller promises the instructions.
                kernel.run(unsafe { $avx2::new() })
            }
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "the caller has asked the processor")]
            #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")]
            unsafe fn avx512<K: Kernel<Self>>(kernel: K) -> K::Output {
                // SAFETY: the caller promises the instructions.
                kernel.run(unsafe { $avx512::new() })
            }
        }
    };
}

numbers!(f32, Avx2F32, Avx512F32);
numbers!(bf16, Avx2F32, Avx512F32);
numbers!(f16, Avx2F32, Avx512F32);
numbers!(f64, Avx2F64, Avx512F64);
