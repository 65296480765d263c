//! Lanes in plain arrays, which run on every processor and are the readable form of the others.

use super::{Lanes, Stored};
use crate::fused::real::Real;
use std::marker::PhantomData;

/// Lanes of eight numbers in an array.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Portable<R>(PhantomData<R>);

const WIDTH: usize = 8;

#[inline(always)]
fn each<R: Real>(f: impl FnMut(usize) -> R) -> [R; WIDTH] {
    std::array::from_fn(f)
}

/// Combines the numbers of a vector by pairs at distance 4, then 2, then 1, which is the order of the vector units.
#[inline(always)]
fn tree<R: Real>(a: [R; WIDTH], f: impl Fn(R, R) -> R) -> R {
    let four: [R; 4] = std::array::from_fn(|i| f(a[i], a[i + 4]));
    f(f(four[0], four[2]), f(four[1], four[3]))
}

impl<R: Real> Lanes for Portable<R> {
    type Real = R;
    type Vector = [R; WIDTH];
    const N: usize = WIDTH;

    #[inline(always)]
    fn splat(self, x: R) -> Self::Vector {
        [x; WIDTH]
    }
    #[inline(always)]
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        each(|i| a[i] + b[i])
    }
    #[inline(always)]
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        each(|i| a[i] - b[i])
    }
    #[inline(always)]
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        each(|i| a[i] * b[i])
    }
    /// This rounds twice, since a fused product is a call into the C library on processors without the instruction.
    #[inline(always)]
    fn fma(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector {
        each(|i| a[i] * b[i] + c[i])
    }
    #[inline(always)]
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        each(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector {
        each(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn abs(self, a: Self::Vector) -> Self::Vector {
        each(|i| a[i].magnitude())
    }
    #[inline(always)]
    fn where_less(self, a: Self::Vector, b: Self::Vector, then: Self::Vector, otherwise: Self::Vector) -> Self::Vector {
        each(|i| if a[i] < b[i] { then[i] } else { otherwise[i] })
    }
    #[inline(always)]
    fn low_bits_to_exponent(self, a: Self::Vector) -> Self::Vector {
        each(|i| a[i].low_bits_to_exponent())
    }
    #[inline(always)]
    fn exponent_and_mantissa(self, a: Self::Vector) -> (Self::Vector, Self::Vector) {
        (
            each(|i| a[i].exponent_and_mantissa().0),
            each(|i| a[i].exponent_and_mantissa().1),
        )
    }
    #[inline(always)]
    fn sum(self, a: Self::Vector) -> R {
        tree(a, |x, y| x + y)
    }
    #[inline(always)]
    fn largest(self, a: Self::Vector) -> R {
        tree(a, |x, y| if x > y { x } else { y })
    }
    #[inline(always)]
    fn load(self, from: &[R]) -> Self::Vector {
        each(|i| from[i])
    }
    #[inline(always)]
    fn store(self, to: &mut [R], a: Self::Vector) {
        to[..WIDTH].copy_from_slice(&a);
    }
    #[inline(always)]
    fn stream(self, to: &mut [R], a: Self::Vector) {
        self.store(to, a);
    }
}

impl<E: super::super::real::Element> Stored<E> for Portable<E::Real> {
    #[inline(always)]
    fn read(self, from: &[E]) -> Self::Vector {
        each(|i| from[i].widen())
    }
    #[inline(always)]
    fn write(self, to: &mut [E], a: Self::Vector) {
        for (place, x) in to[..WIDTH].iter_mut().zip(a) {
            *place = E::narrow(x);
        }
    }
    #[inline(always)]
    fn write_through(self, to: &mut [E], a: Self::Vector) {
        self.write(to, a);
    }
}
