//! Samples and codebooks: the same bits for any number of cores, any batch, any way to memory.

use gpu::fused::{Gumbel, Isa, Numbers, Pull, Real, Rows, Sample, additions, codebook_mix, gumbel_softmax};

use super::logits;

struct Inputs {
    k: usize,
    d: usize,
    x: Vec<f32>,
    noise: Vec<f32>,
    codebook: Vec<f32>,
    upstream: Vec<f32>,
}

/// Bits of the mixed rows, of the logits' gradient and of the codebook's, of the rows asked for.
fn bits(isa: Isa, all: &Inputs, rows: std::ops::Range<usize>, sample: Sample) -> [Vec<u32>; 3] {
    let Inputs { k, d, .. } = *all;
    let table = |name, table, k| Rows::new(name, table, k).unwrap();
    let codes = rows.start * k..rows.end * k;
    let (x, noise) = (&all.x[codes.clone()], &all.noise[codes]);
    let upstream = &all.upstream[rows.start * d..rows.end * d];
    let mut found = [vec![0.5; upstream.len()], vec![0.5; x.len()], vec![0.5; k * d]];
    let [mixed, to_logits, to_codebook] = &mut found;
    let gumbel = Gumbel::new(table("logits", x, k), table("noise", noise, k), 0.7).unwrap();
    let pull = Pull {
        upstream: table("upstream", upstream, d),
        to_logits,
        to_codebook,
    };
    codebook_mix(
        isa,
        gumbel,
        sample,
        table("codebook", &all.codebook, d),
        mixed,
        Some(pull),
    )
    .unwrap();
    found.map(|numbers| numbers.into_iter().map(f32::to_bits).collect())
}

#[test]
fn the_same_bits_whatever_the_threads_and_the_batch() {
    // 9 MiB of logits: the gradient is streamed as a whole and stored as usual in parts; no size is a whole number of tiles.
    let (rows, k, d) = (149, 16_421, 37);
    let inputs = Inputs {
        k,
        d,
        x: logits("outliers", rows, k),
        noise: logits("spread 0.3", rows, k),
        codebook: logits("normal", k, d),
        upstream: logits("normal", rows, d),
    };
    for sample in [Sample::Relaxed, Sample::StraightThrough] {
        for isa in Isa::available().into_iter().take(2) {
            let on = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| bits(isa, &inputs, 0..rows, sample))
            };
            let whole = on(2);
            assert_eq!(whole, on(1), "{} {sample:?}: one thread", isa.name());
            let (upper, lower) = (bits(isa, &inputs, 0..61, sample), bits(isa, &inputs, 61..rows, sample));
            for part in 0..2 {
                let together = [upper[part].clone(), lower[part].clone()].concat();
                assert!(
                    together == whole[part],
                    "{} {sample:?}: part {part} of a batch in two",
                    isa.name()
                );
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let numbers = [0.5_f32; 12];
    let rows = |k| Rows::new("numbers", &numbers[..], k).unwrap();
    assert!(Gumbel::new(rows(4), rows(3), 1.0).is_err());
    for temperature in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-40, 1e46] {
        assert!(Gumbel::new(rows(4), rows(4), temperature).is_err());
    }
    let gumbel = Gumbel::new(rows(4), rows(4), 1.0).unwrap();
    let mut mixed = [0.0; 9];
    // Three codes, where the logits have four.
    let refused = codebook_mix(Isa::best(), gumbel, Sample::Relaxed, rows(4), &mut mixed, None);
    assert!(refused.unwrap_err().to_string().contains("codebook"));
}

/// A row's mixed codebook and its sum of slopes, beside those of the samples themselves.
fn mixed_of(x: &[f32], noise: &[f32], temperature: f64, sample: Sample) -> (Vec<f32>, Vec<f32>) {
    let (k, d) = (x.len(), 3);
    let codebook: Vec<f32> = (0_i16..).take(k * d).map(|i| f32::from(i % 7) - 2.0).collect();
    let table = |name, table, k| Rows::new(name, table, k).unwrap();
    let gumbel = Gumbel::new(table("logits", x, k), table("noise", noise, k), temperature).unwrap();
    let (mut mixed, mut samples) = (vec![0.5; d], vec![0.5; k]);
    let upstream = [0.25_f32, -1.0, 2.0];
    let (mut to_logits, mut to_codebook) = (vec![0.5; k], vec![0.5; k * d]);
    let pull = Pull {
        upstream: table("upstream", &upstream, d),
        to_logits: &mut to_logits,
        to_codebook: &mut to_codebook,
    };
    codebook_mix(
        Isa::best(),
        gumbel,
        sample,
        table("codebook", &codebook, d),
        &mut mixed,
        Some(pull),
    )
    .unwrap();
    gumbel_softmax(Isa::best(), gumbel, sample, &mut samples);
    let product = |j: usize| {
        (0..k)
            .filter(|i| samples[*i] != 0.0)
            .map(|i| samples[i] * codebook[i * d + j])
            .sum()
    };
    let expected = if samples.iter().any(|y| y.is_nan()) {
        vec![f32::NAN; d]
    } else {
        (0..d).map(product).collect()
    };
    assert!(
        to_logits.iter().all(|slope| slope.is_nan() == expected[0].is_nan()),
        "slopes are defined where the sample is"
    );
    (mixed, expected)
}

/// Rows of three parts: masked in whole parts, the largest first or last, undefined in a later part, far from 0, at low temperatures.
#[test]
fn parts_follow_each_other_to_the_samples_product() {
    let (k, nothing) = (600, f32::NEG_INFINITY);
    let plain: Vec<f32> = logits("normal", 1, k);
    let noise: Vec<f32> = logits("spread 0.3", 1, k);
    let changed =
        |of: &dyn Fn(usize, f32) -> f32| -> Vec<f32> { plain.iter().enumerate().map(|(i, x)| of(i, *x)).collect() };
    #[expect(clippy::cast_precision_loss, reason = "places in a row")]
    let ascending = |i: usize, _: f32| 0.05 * i as f32;
    let rows: [(&str, Vec<f32>); 9] = [
        ("plain", plain.clone()),
        ("ascending", changed(&ascending)),
        ("first part masked", changed(&|i, x| if i < 256 { nothing } else { x })),
        (
            "later parts masked",
            changed(&|i, x| if i >= 256 { nothing } else { x - 50.0 }),
        ),
        ("one code left", changed(&|i, _| if i == 599 { -7.0 } else { nothing })),
        ("all masked", changed(&|_, _| nothing)),
        (
            "NaN in the last part",
            changed(&|i, x| if i == 577 { f32::NAN } else { x }),
        ),
        (
            "+inf in the second part",
            changed(&|i, x| if i == 300 { f32::INFINITY } else { x }),
        ),
        ("far", changed(&|_, x| 1e17 * x)),
    ];
    for (name, x) in &rows {
        for temperature in [0.9, 1e-2, 1e-3] {
            for sample in [Sample::Relaxed, Sample::StraightThrough] {
                let (found, expected) = mixed_of(x, &noise, temperature, sample);
                for (found, expected) in found.iter().zip(&expected) {
                    let near = (found - expected).abs() <= 1e-4 * (1.0 + expected.abs());
                    assert!(
                        near || (found.is_nan() && expected.is_nan()),
                        "{name}, tau {temperature}, {sample:?}: {found} for {expected}"
                    );
                }
            }
        }
    }
    let undefined: Vec<f32> = (0..k).map(|i| if i == 599 { f32::NAN } else { noise[i] }).collect();
    assert!(
        mixed_of(&plain, &undefined, 0.9, Sample::Relaxed).0[0].is_nan(),
        "undefined noise"
    );
}

/// What the codebook of numbers of one column gets back from an upstream of 1 are the weights: whatever rounding leaves of a logit with noise, the
/// temperature divides it by itself, and no weight may exceed 1 for it.
fn weights_come_back<E: Numbers>(isa: Isa, k: usize, temperature: f64) {
    let rows = 24;
    let [x, noise, codebook] = [("outliers", rows), ("normal", rows), ("spread 0.3", 1)].map(|(kind, rows)| {
        logits(kind, rows, k)
            .into_iter()
            .map(|x| E::from_f64(f64::from(x)))
            .collect::<Vec<E>>()
    });
    let wide = |table: &[E]| table.iter().map(|x| x.to_f64()).collect::<Vec<f64>>();
    let (additions, u) = (additions(k, rows).0, Real::to_f64(E::Real::EPSILON) / 2.0);
    #[expect(clippy::cast_precision_loss, reason = "a count of additions")]
    let additions = additions as f64;
    let size = wide(&codebook).into_iter().fold(1.0_f64, |most, c| most.max(c.abs()));
    for (x, noise) in x.chunks(k).zip(noise.chunks(k)) {
        fn table<E>(table: &[E], k: usize) -> Rows<'_, E> {
            Rows::new("numbers", table, k).unwrap()
        }
        let gumbel = Gumbel::new(table(x, k), table(noise, k), temperature).unwrap();
        let one = [E::from_f64(1.0)];
        let (mut mixed, mut to_logits, mut to_codebook) = (one, vec![one[0]; k], vec![one[0]; k]);
        let pull = Pull {
            upstream: table(&one, 1),
            to_logits: &mut to_logits,
            to_codebook: &mut to_codebook,
        };
        codebook_mix(
            isa,
            gumbel,
            Sample::Relaxed,
            table(&codebook, 1),
            &mut mixed,
            Some(pull),
        )
        .unwrap();
        let (weights, slopes) = (wide(&to_codebook), wide(&to_logits));
        // Twice, forward and backward: 4 u of an exponential, 2 u of its exponent times that, on average at most ln K < 8, 22 u of the sum; 2 u
        // of the quotient.
        let room = 2.0 * (4.0 + 2.0 * 8.0 + 22.0 + 2.0) * u;
        let sum: f64 = weights.iter().sum();
        let told = format!("{} K {k} tau {temperature:e}", isa.name());
        assert!((sum - 1.0).abs() <= room, "{told}: weights add up to {sum:e}");
        assert!(
            weights.iter().all(|y| *y >= 0.0 && *y <= 1.0 + room),
            "{told}: a weight"
        );
        let sum = slopes.iter().sum::<f64>() * temperature;
        let room = (room + (additions + 4.0) * u) * size;
        assert!(sum.abs() <= room, "{told}: slopes add up to {sum:e} / tau");
    }
}

#[test]
fn weights_that_come_back_add_up_to_1_at_any_temperature() {
    for isa in Isa::available() {
        for k in [258, 520] {
            for temperature in [1.0, 1.0 / 16.0, 1e-4, 1e-6, 1e-8, 1e-20] {
                weights_come_back::<f32>(isa, k, temperature);
                weights_come_back::<f64>(isa, k, temperature * 1e-9);
            }
        }
    }
}

#[test]
fn no_rows_are_mixed_to_none() {
    let nothing: [f32; 0] = [];
    let table = |k| Rows::new("logits", &nothing[..], k).unwrap();
    let gumbel = Gumbel::new(table(5), table(5), 1.0).unwrap();
    let codebook = Rows::new("codebook", &[1.0_f32; 10], 2).unwrap();
    codebook_mix(Isa::best(), gumbel, Sample::Relaxed, codebook, &mut [], None).unwrap();
}
