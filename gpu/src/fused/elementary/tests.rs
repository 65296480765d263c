//! Errors within their bounds, and the limits at the ends of the types, on all lanes.

use super::{EXCESS, EXP, LN, Power, SHRUNK};
use crate::fused::isa::{Isa, Kernel, Numbers};
use crate::fused::lanes::Stored;
use crate::fused::real::Real;

/// Applies one of the functions to numbers in place.
struct Apply<'a, E>(&'a mut [E], usize);

impl<E: Numbers<Real = E> + Real> Kernel<E> for Apply<'_, E> {
    type Output = ();
    #[inline(always)]
    fn run<L: Stored<E, Real = E>>(self, l: L) {
        for chunk in self.0.chunks_mut(L::N) {
            let mut whole = vec![E::ONE; L::N];
            whole[..chunk.len()].copy_from_slice(chunk);
            let x = l.load(&whole);
            let y = match self.1 {
                0 => super::exp(l, super::at_least_floor(l, x)),
                1 => super::expm1_and_excess(l, super::at_least_floor(l, x)).0,
                2 => super::expm1_and_excess(l, super::at_least_floor(l, x)).1,
                3 => super::ln(l, x),
                _ => Power::of(l, x).times(l, l.splat(E::ONE)),
            };
            l.store(&mut whole, y);
            chunk.copy_from_slice(&whole[..chunk.len()]);
        }
    }
}

fn apply<E: Numbers<Real = E> + Real>(isa: Isa, which: usize, x: &[E]) -> Vec<E> {
    let mut y = x.to_vec();
    isa.run(Apply(&mut y, which));
    y
}

/// `d e^d - (e^d - 1)` in `f64`, by its series near 0.
fn excess(d: f64) -> f64 {
    if d.abs() > 0.5 {
        return d * d.exp() - d.exp_m1();
    }
    let (mut term, mut sum) = (1.0, 0.0);
    for n in 1..30 {
        term *= d / f64::from(n);
        sum += term * f64::from(n - 1);
    }
    sum
}

/// Largest error over a fine grid, in units of `f32`'s roundoff, relative to the `f64` value.
fn worst(isa: Isa, which: usize, grid: impl Iterator<Item = f64>, truth: fn(f64) -> f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "the grid is rounded to f32")]
    let x: Vec<f32> = grid.map(|x| x as f32).collect();
    let y = apply(isa, which, &x);
    let u = f64::from(f32::EPSILON) / 2.0;
    x.iter().zip(y).fold(0.0, |worst: f64, (&x, y)| {
        let expected = truth(f64::from(x));
        let error = (f64::from(y) - expected).abs() / (u * expected.abs().max(f64::from(f32::MIN_POSITIVE)));
        assert!(!error.is_nan(), "{which} at {x}: {y}");
        worst.max(error)
    })
}

/// `2^-64 e^x`.
fn shrunk(x: f64) -> f64 {
    let root = (x / 2.0).exp();
    root * SHRUNK * root
}

fn grid(from: f64, to: f64, steps: u32) -> impl Iterator<Item = f64> {
    (0..=steps).map(move |i| from + (to - from) * f64::from(i) / f64::from(steps))
}

#[test]
fn errors_stay_within_their_bounds_and_come_near_them() {
    for isa in Isa::available() {
        let found = [
            (worst(isa, 0, grid(-87.3, 87.3, 400_000), f64::exp), EXP),
            (worst(isa, 1, grid(-80.0, 20.0, 400_000), f64::exp_m1), EXCESS),
            (worst(isa, 2, grid(-80.0, 20.0, 400_000), excess), EXCESS),
            (worst(isa, 2, grid(-1.5, 1.5, 400_000), excess), EXCESS),
            (worst(isa, 3, grid(1e-7, 4.0, 400_000), f64::ln), LN),
            (worst(isa, 3, grid(0.99, 1.01, 400_000), f64::ln), LN),
            (worst(isa, 3, grid(1e30, 1e38, 1000), f64::ln), LN),
            (worst(isa, 3, grid(1e-45, 1e-37, 10_000).skip(1), f64::ln), LN),
            (worst(isa, 4, grid(-40.0, 132.0, 400_000), shrunk), EXP + 1.0),
        ];
        for (row, (error, bound)) in found.into_iter().enumerate() {
            assert!(
                error <= bound && error > bound / 100.0,
                "{} row {row}: {error} u, bound {bound}",
                isa.name()
            );
        }
    }
}

#[test]
fn double_precision_is_as_close_as_the_c_library() {
    for isa in Isa::available() {
        for (which, bound, from, to, truth) in [
            (0, EXP, -700.0, 700.0, f64::exp as fn(f64) -> f64),
            (1, EXCESS, -50.0, 50.0, f64::exp_m1),
            (3, LN, 1e-3, 1e3, f64::ln),
        ] {
            let x: Vec<f64> = grid(from, to, 100_001).collect();
            for (x, y) in x.iter().zip(apply(isa, which, &x)) {
                let expected = truth(*x);
                // The C library's own error is below 2 u.
                let bound = (bound + 2.0) * f64::EPSILON / 2.0 * expected.abs();
                assert!(
                    (y - expected).abs() <= bound,
                    "{} {which} at {x}: {y}, not {expected}",
                    isa.name()
                );
            }
        }
    }
}

#[test]
fn the_ends_are_exact() {
    for isa in Isa::available() {
        let y = apply(isa, 0, &[0.0_f32, f32::NEG_INFINITY, -88.0, -1e30]);
        assert_eq!(y, [1.0, 0.0, 0.0, 0.0], "{}", isa.name());
        assert!(apply(isa, 0, &[f32::NAN])[0].is_nan());
        let y = apply(isa, 0, &[0.0_f64, f64::NEG_INFINITY, -709.0, -1e300]);
        assert_eq!(y, [1.0, 0.0, 0.0, 0.0], "{}", isa.name());
        assert_eq!(apply(isa, 2, &[0.0_f32, -88.0])[..], [0.0, 1.0]);
    }
}

/// The same number: candle's types have the method, too.
fn wide<E: Real>(x: E) -> f64 {
    x.to_f64()
}

/// The ends of a type: infinities, the largest numbers, the smallest normal and subnormal ones, 0.
fn ends<E: Real>(smallest: E) -> Vec<f64> {
    let largest = wide(E::LARGEST);
    let positive = [f64::INFINITY, largest, wide(E::SMALLEST), wide(smallest), 0.0];
    positive.into_iter().flat_map(|x| [x, -x]).collect()
}

/// Every function of every end, and round the places where its own result ends, is the limit's, on all lanes alike.
fn total<E: Numbers<Real = E> + Real>(smallest: E, turning: &[f64]) {
    let x: Vec<f64> = ends(smallest)
        .into_iter()
        .chain(turning.iter().flat_map(|x| [*x, -x]))
        .collect();
    let stored: Vec<E> = x.iter().map(|x| E::of(*x)).collect();
    let u = wide(E::EPSILON) / 2.0;
    let (floor, ceiling) = (wide(E::FLOOR), wide(E::CEILING));
    let expected: [fn(f64) -> f64; 5] = [f64::exp, f64::exp_m1, excess, f64::ln, shrunk];
    for isa in Isa::available() {
        assert!((0..5).all(|which| wide(apply(isa, which, &[E::of(f64::NAN)])[0]).is_nan()));
        for (which, truth) in expected.into_iter().enumerate() {
            for (x, y) in stored.iter().map(|x| wide(*x)).zip(apply(isa, which, &stored)) {
                let (y, limit) = (wide(y), truth(x));
                // Where the type's own range ends inside of what is asked for: 0 and 1 below the floor, +inf above.
                let limit = match which {
                    0 if x <= floor => 0.0,
                    2 if x <= floor => 1.0,
                    0..=2 if x >= ceiling => f64::INFINITY,
                    _ => limit,
                };
                let same = y.total_cmp(&limit).is_eq() || (y.is_nan() && limit.is_nan());
                let close = (y - limit).abs() <= 32.0 * u * limit.abs() + wide(E::SMALLEST);
                let past = y.is_infinite() && limit.abs() >= wide(E::LARGEST) && y.signum() == limit.signum();
                assert!(
                    same || close || past,
                    "{} {which} at {x:e}: {y:e}, not {limit:e}",
                    isa.name()
                );
            }
        }
    }
}

#[test]
fn every_function_has_the_limit_at_the_ends_of_its_type() {
    total(
        f32::from_bits(1),
        &[87.3, 88.0, 89.0, 90.0, 104.0, 133.0, 200.0, 215.0, 305.0, 745.0, 1e10],
    );
    total(
        f64::from_bits(1),
        &[
            88.0, 200.0, 705.0, 709.0, 710.0, 745.0, 746.0, 753.0, 1500.0, 1600.0, 1e100,
        ],
    );
}

#[test]
fn a_product_with_a_power_is_finite_where_it_is_and_0_where_a_factor_is() {
    /// `a 2^-64 e^x` of every pair.
    struct Products<'a>(&'a [[f32; 2]], &'a mut [f32]);
    impl Kernel<f32> for Products<'_> {
        type Output = ();
        #[inline(always)]
        fn run<L: Stored<f32, Real = f32>>(self, l: L) {
            let mut out = vec![0.0; L::N];
            for ([a, x], to) in self.0.iter().zip(self.1) {
                l.store(&mut out, Power::of(l, l.splat(*x)).times(l, l.splat(*a)));
                *to = out[0];
            }
        }
    }
    let (tiny, most) = (f32::from_bits(1), f32::MAX);
    let pairs = [
        [tiny, 200.0],
        [1e-6, 90.0],
        [most, -10.0],
        [most, -200.0],
        [0.0, most],
        [0.0, f32::INFINITY],
    ];
    let powers = [
        [1.0, f32::INFINITY],
        [-1.0, most],
        [most, f32::NEG_INFINITY],
        [tiny, 300.0],
        [1.0, -1e30],
    ];
    let all = [&pairs[..], &powers[..]].concat();
    for isa in Isa::available() {
        let mut found = vec![0.5; all.len()];
        isa.run::<f32, _>(Products(&all, &mut found));
        for ([a, x], y) in all.iter().zip(found) {
            let (a, x, y) = (f64::from(*a), f64::from(*x), f64::from(y));
            // Of logarithms: the product of the two may be finite where neither factor is.
            let size = if a.abs() <= 0.0 {
                0.0
            } else {
                (a.abs().ln() + x).exp() * SHRUNK
            };
            let expected = if size > f64::from(most) { f64::INFINITY } else { size } * a.signum();
            let close = (y - expected).abs() <= 1e-5 * expected.abs() + 1e-44;
            assert!(
                y.total_cmp(&expected).is_eq() || close,
                "{} {a:e} e^{x}: {y:e}, not {expected:e}",
                isa.name()
            );
        }
    }
}
