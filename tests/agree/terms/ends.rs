//! The fused terms at the ends of their types: held against bounds and limits that need no fused code, and against numbers of 50 digits.

use gpu::fused::{
    self, Gumbel, Isa, Numbers, Real, Rows, Sample, gumbel_softmax, gumbel_softmax_gradient, logit_laplace,
};
use half::{bf16, f16};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::seed;

pub(super) fn narrow<E: Numbers>(x: f64) -> E {
    E::narrow(E::Real::of(x))
}

pub(super) fn wide<E: Numbers>(x: E) -> f64 {
    Real::to_f64(x.widen())
}

/// `ln f` of one value, its slope by `mu` and by `ln b`.
pub(super) fn laplace<E: Numbers>(isa: Isa, [x, mu, ln_b]: [E; 3], weight: f64) -> [f64; 3] {
    let (tables, mut value, mut by_mu, mut by_ln_b) = ([[x], [mu], [ln_b]], [0.0], [x], [x]);
    let rows = tables
        .each_ref()
        .map(|table| Rows::new("pixels", &table[..], 1).unwrap());
    logit_laplace(isa, rows, weight, &mut value, Some([&mut by_mu, &mut by_ln_b]));
    [value[0], wide(by_mu[0]), wide(by_ln_b[0])]
}

/// mpmath, 50 digits, of the numbers as single precision stores them.
#[test]
fn a_small_scale_is_as_unlikely_as_it_is() {
    let exact = [
        (
            [0.3, 0.1, -88.5],
            [-2.579_575_119_81e38, -2.723_087_825_07e38, 2.579_575_119_81e38],
        ),
        (
            [0.3, 0.1, -90.0],
            [-1.156_085_362_06e39, f64::NEG_INFINITY, f64::INFINITY],
        ),
        (
            [0.3, 0.1, -100.0],
            [-2.546_447_468_32e43, f64::NEG_INFINITY, f64::INFINITY],
        ),
        (
            [0.3, 0.1, -200.0],
            [f64::NEG_INFINITY, f64::NEG_INFINITY, f64::INFINITY],
        ),
        (
            [1e-40, 0.1, 0.25],
            [19.352_174_711_5, -0.778_800_783_071, 70.808_087_217_6],
        ),
        // At the kink nothing is divided by b.
        ([0.5, 0.0, -90.0], [90.693_147_180_6, 0.0, -1.0]),
        ([0.5, 0.0, -1e38], [1e38, 0.0, -1.0]),
        ([0.5, 0.0, 1e38], [-1e38, 0.0, -1.0]),
    ];
    for isa in Isa::available() {
        for (inputs, expected) in exact {
            let found = laplace::<f32>(isa, inputs.map(narrow), 1.0);
            for (found, expected) in found.into_iter().zip(expected) {
                let close = (found - expected).abs() <= 1e-5 * expected.abs();
                assert!(
                    found.total_cmp(&expected).is_eq() || close,
                    "{} {inputs:?}: {found:e}, not {expected:e}",
                    isa.name()
                );
            }
        }
        let found = laplace::<f64>(isa, [0.3, 0.1, -700.0], 1.0);
        assert!((found[0] / -9.607_798_553_87e303 - 1.0).abs() < 1e-9, "{found:?}");
        let [value, by_mu, by_ln_b] = laplace::<f64>(isa, [0.3, 0.1, -745.0], 1.0);
        assert!(value <= f64::NEG_INFINITY && by_mu <= f64::NEG_INFINITY && by_ln_b >= f64::INFINITY);
        // A weight is no factor of what overflows without it: 0.01 e^90 is a number.
        let small = laplace::<f32>(isa, [0.3, 0.1, -90.0], 0.01);
        assert!(
            (small[1] / -1.220_403_294_32e37 - 1.0).abs() < 1e-5 && (small[2] / 1.156_085_362_06e37 - 1.0).abs() < 1e-5
        );
    }
}

/// Random numbers of every exponent, and the ends: no density exceeds the one at its location, none is undefined, slopes have their signs.
fn never_above_its_location<E: Numbers>(u: f64, ends: &[f64]) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed());
    let mut any = |most: f64| {
        let size = 2.0_f64.powf(rng.random_range(-160.0..most));
        if rng.random::<bool>() { size } else { -size }
    };
    for round in 0..20_000 {
        let pick = |number: f64, at: usize| {
            if round % 3 == at {
                ends[round / 3 % ends.len()]
            } else {
                number
            }
        };
        let x: E = narrow(any(0.0).abs());
        let (mu, ln_b): (E, E) = (narrow(pick(any(20.0), 0)), narrow(pick(any(10.0), 1)));
        let [x_wide, mu_wide, ln_b_wide] = [x, mu, ln_b].map(wide);
        if !(x_wide > 0.0 && x_wide < 1.0 && mu_wide.is_finite() && ln_b_wide.is_finite()) {
            continue;
        }
        let (ln_x, ln_rest) = (x_wide.ln(), (-x_wide).ln_1p());
        let most = -std::f64::consts::LN_2 - ln_b_wide - ln_x - ln_rest;
        let room = 64.0 * u * (1.0 + ln_b_wide.abs() - ln_x - ln_rest);
        let off = ln_x - ln_rest - mu_wide;
        let known = off.abs() > 64.0 * u * (1.0 + mu_wide.abs() - ln_x - ln_rest);
        for isa in Isa::available() {
            let [value, by_mu, by_ln_b] = laplace(isa, [x, mu, ln_b], 1.0);
            let at = format!(
                "{} {} x {x_wide:e} mu {mu_wide:e} ln b {ln_b_wide:e}",
                isa.name(),
                std::any::type_name::<E>()
            );
            assert!(value <= most + room, "{at}: {value:e}, at most {most:e}");
            assert!(
                by_ln_b >= -1.0 && (!known || by_mu * off >= 0.0),
                "{at}: {by_mu:e}, {by_ln_b:e}"
            );
            // The slope by ln b is what the value lacks, less 1.
            let lacks = most - value;
            assert!(
                !(lacks.is_finite() && lacks < 6e4)
                    || (by_ln_b + 1.0 - lacks).abs() <= room + 4.0 * u.max(1e-2) * (1.0 + lacks),
                "{at}"
            );
        }
    }
}

#[test]
fn no_density_exceeds_the_one_at_its_location() {
    let single = f64::from(f32::EPSILON) / 2.0;
    let ends = [
        f64::from(f32::MAX),
        1e-38,
        1e-45,
        88.0,
        90.0,
        104.0,
        200.0,
        745.0,
        65504.0,
    ];
    let both: Vec<f64> = ends.into_iter().flat_map(|end| [end, -end]).chain([0.0]).collect();
    never_above_its_location::<f32>(single, &both);
    never_above_its_location::<bf16>(single, &both);
    never_above_its_location::<f16>(single, &both);
    let ends = [
        f64::MAX,
        f64::MIN_POSITIVE,
        f64::from_bits(1),
        700.0,
        710.0,
        746.0,
        2000.0,
    ];
    let both: Vec<f64> = ends.into_iter().flat_map(|end| [end, -end]).chain([0.0]).collect();
    never_above_its_location::<f64>(f64::EPSILON / 2.0, &both);
}

#[test]
fn a_parameter_that_is_no_number_gives_none() {
    let inf = f32::INFINITY;
    for isa in Isa::available() {
        for odd in [inf, -inf, f32::NAN] {
            for inputs in [[odd, 0.5, 0.5], [0.3, odd, 0.5], [0.3, 0.5, odd]] {
                let found = laplace(isa, inputs, 1.0);
                assert!(
                    found.iter().all(|number| number.is_nan()),
                    "{} {inputs:?}: {found:?}",
                    isa.name()
                );
            }
        }
        for x in [0.0, 1.0, -0.5, 1.5] {
            assert!(laplace(isa, [x, 0.5_f32, 0.5], 1.0)[0].is_nan(), "{} {x}", isa.name());
        }
    }
}

/// Rows whose distributions are known without a sum: uniform over the codes that stand at the largest number.
#[test]
fn divergences_of_the_largest_logits_are_those_of_their_ties() {
    fn one<E: Numbers>(isa: Isa, largest: f64) {
        let (m, k) = (narrow::<E>(largest), 60);
        let low = narrow::<E>(-largest);
        let table = |apart: usize| -> Vec<E> { (0..k).map(|i| if i % apart == 0 { m } else { low }).collect() };
        for (apart, ties) in [(1, 60.0_f64), (2, 30.0), (5, 12.0), (60, 1.0)] {
            let (a, mut value, mut grad) = (table(apart), [0.5], vec![m; k]);
            fused::kl_to_uniform(
                isa,
                Rows::new("logits", &a, k).unwrap(),
                1.0,
                &mut value,
                Some(&mut grad),
            );
            let expected = (60.0 / ties).ln();
            assert!(
                (value[0] - expected).abs() <= 1e-5,
                "{} {apart}: {}, not {expected}",
                isa.name(),
                value[0]
            );
            assert!(
                grad.iter().all(|slope| wide(*slope).abs() <= 1e-5),
                "{} {apart}: {grad:?}",
                isa.name()
            );
            // q over every fourth or so, p over twice as many; moved by twice the largest number.
            let (b, mut grads) = (table(1), [vec![m; k], vec![m; k]]);
            for b in [b.clone(), vec![low; k]] {
                let rows = [&a, &b].map(|table| Rows::new("logits", table, k).unwrap());
                let [first, second] = &mut grads;
                fused::kl_divergence(isa, rows, 1.0, &mut value, Some([first, second]));
                assert!(
                    (value[0] - expected).abs() <= 1e-5,
                    "{} {apart}: {}, not {expected}",
                    isa.name(),
                    value[0]
                );
                assert!(
                    grads[0].iter().all(|slope| wide(*slope).abs() <= 1e-5),
                    "{} {apart}",
                    isa.name()
                );
                let sum: f64 = grads[1].iter().map(|slope| wide(*slope)).sum();
                assert!(sum.abs() <= 0.02, "{} {apart}: {sum}", isa.name());
            }
        }
    }
    for isa in Isa::available() {
        one::<f32>(isa, f64::from(f32::MAX));
        one::<bf16>(isa, f64::from(bf16::MAX));
        one::<f16>(isa, f64::from(f16::MAX));
        one::<f64>(isa, f64::MAX / 4.0);
    }
}

/// At the lowest temperature that is taken a sample is one-hot, at the highest even; what comes back is as large as it is.
#[test]
fn samples_at_the_ends_of_the_temperature_are_one_hot_and_even() {
    let (k, most) = (33, f64::from(f32::MAX));
    #[expect(clippy::cast_precision_loss, reason = "places in a row")]
    let x: Vec<f32> = (0..k).map(|i| (7 * i % k) as f32).collect();
    let (noise, upstream) = (vec![0.25_f32; k], x.clone());
    let table = |table| Rows::new("numbers", table, k).unwrap();
    let even = 1.0 / 33.0;
    for isa in Isa::available() {
        for (temperature, one_hot) in [(1.01 / most, true), (0.99 / f64::from(f32::MIN_POSITIVE), false)] {
            let gumbel = Gumbel::new(table(&x), table(&noise), temperature).unwrap();
            let (mut samples, mut grad) = (vec![0.5; k], vec![0.5; k]);
            gumbel_softmax(isa, gumbel, Sample::Relaxed, &mut samples);
            gumbel_softmax_gradient(isa, gumbel, table(&upstream), &mut grad);
            for (i, (sample, slope)) in samples.into_iter().zip(grad).enumerate() {
                let expected = if one_hot {
                    f64::from(u8::from(x[i] >= 32.0))
                } else {
                    even
                };
                assert!(
                    (f64::from(sample) - expected).abs() <= 1e-6,
                    "{} {temperature:e}: {sample}",
                    isa.name()
                );
                // y (v - E v) / tau: 0 where one-hot; else as subnormal numbers have it.
                let expected = if one_hot {
                    0.0
                } else {
                    even * (f64::from(x[i]) - 16.0) / temperature
                };
                assert!(
                    (f64::from(slope) - expected).abs() <= 1e-5 * expected.abs() + 2e-45,
                    "{}: {slope:e} {expected:e}",
                    isa.name()
                );
            }
        }
        for temperature in [0.5 / most, 2.0 / f64::from(f32::MIN_POSITIVE)] {
            assert!(Gumbel::new(table(&x), table(&noise), temperature).is_err());
        }
    }
}
