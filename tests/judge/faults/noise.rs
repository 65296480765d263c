//! Noise that a dump gives is held against its law.

use judge::dump::{Axis, ClaimSpec, DumpBuilder, Layout, Parameter, Prior, Quantity};
use judge::{Judgement, report};

use super::random::Random;

const ROWS: usize = 64;
const CODES: usize = 64;

/// A dump of right divergences beside noise.
fn beside(noise: &[f32], stated: Option<&str>) -> Judgement {
    let logits: Vec<f32> = (0..ROWS * CODES).map(|k| (k % 7) as f32 * 0.25).collect();
    let shape = [1, ROWS, CODES];
    let mut dump = DumpBuilder::tokens(bounds::Float::F32, Layout::Rows, Prior::Uniform)
        .input("encoder_logits", &shape, &logits)
        .input("gumbel_noise", &shape, noise)
        .asking(
            Quantity::Kl,
            &ClaimSpec::sum(&[Axis::Code]),
            &[1, ROWS],
            bounds::Float::F64,
        );
    if let Some(stated) = stated {
        dump = dump.stating("noise", &stated);
    }
    let right = judge::defined(&dump.open("noise").unwrap(), Quantity::Kl)
        .unwrap()
        .unwrap();
    let right: Vec<f64> = right.iter().map(|number| number.value).collect();
    let dump = dump.input("claim.kl", &[1, ROWS], &right);
    judge::verdicts(&dump.open("noise").unwrap(), &|_| ()).unwrap()
}

fn gumbel(random: &mut Random, change: impl Fn(f64) -> f64) -> Vec<f32> {
    let mut one = || change(random.gumbel()) as f32;
    (0..ROWS * CODES).map(|_| one()).collect()
}

#[test]
fn drawn_noise_stands_in_every_seed_and_what_is_not_drawn_from_its_law_is_out() {
    for seed in 0..100 {
        let judgement = beside(&gumbel(&mut Random::new(seed), |g| g), None);
        assert!(judgement.stands(), "seed {seed}: {:?}", judgement.noise);
    }
    let failed = |noise: &[f32], word: &str| {
        let judgement = beside(noise, None);
        let told = judgement.noise[0].failed.clone().unwrap_or_default();
        assert!(!judgement.stands() && told.contains(word), "{word}: {told:?}");
        let text = report::text(&[judgement]);
        assert!(text.contains("not of its law"), "{text}");
    };
    let mut random = Random::new(1);
    failed(&gumbel(&mut random, |g| g.min(3.0)), "cut off"); // as uniforms below 0.95 give it
    failed(&gumbel(&mut random, |g| -g), "number");
    failed(&gumbel(&mut random, |g| 0.5 * g), "cut off");
    failed(&gumbel(&mut random, |g| g + 0.5), "another distribution");
    failed(&gumbel(&mut random, |g| g - 0.577), "another distribution"); // centred
    failed(&vec![0.0; ROWS * CODES], "again");
    let mut copied = gumbel(&mut random, |g| g);
    copied.copy_within(..CODES, 5 * CODES);
    failed(&copied, "row 5 of item 0 is row 0 of item 0 again");
}

#[test]
fn noise_that_is_stated_to_be_chosen_is_not_tested() {
    let judgement = beside(&vec![0.0; ROWS * CODES], Some("chosen"));
    assert!(judgement.stands() && judgement.noise.is_empty());
}

#[test]
fn normal_noise_is_held_against_the_normal_distribution() {
    let mut random = Random::new(9);
    let shape = [8, 64];
    let noise: Vec<f64> = (0..512).map(|_| random.normal()).collect();
    let uniform: Vec<f64> = (0..512).map(|_| random.between(-0.5, 0.5)).collect();
    for (noise, stands) in [(noise, true), (uniform, false)] {
        let dump = DumpBuilder::gaussian(bounds::Float::F64, Parameter::LnStd, Prior::StandardNormal)
            .input("q_mean", &shape, &vec![0.5; 512])
            .input("q_spread", &shape, &vec![0.0; 512])
            .input("noise", &shape, &noise)
            .asking(Quantity::Kl, &ClaimSpec::each(), &shape, bounds::Float::F64);
        let judgement = judge::verdicts(&dump.open("noise").unwrap(), &|_| ()).unwrap();
        let failed = &judgement.noise[0].failed;
        assert_eq!(failed.is_none(), stands, "{failed:?}");
    }
}

/// A relaxed sample, as a program makes it in single precision of uniform numbers, and the judgement on it.
fn sampled(uniform: &[f32], noise: impl Fn(f32) -> f32, temperature: f32) -> Judgement {
    let logits: Vec<f32> = (0..ROWS * CODES).map(|k| (k % 11) as f32 * 0.3 - 1.0).collect();
    let shape = [1, ROWS, CODES];
    let mut samples = Vec::new();
    for (x, u) in logits.chunks(CODES).zip(uniform.chunks(CODES)) {
        let z: Vec<f32> = x.iter().zip(u).map(|(x, u)| (x + noise(*u)) / temperature).collect();
        let largest = z.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let weights: Vec<f32> = z.iter().map(|z| (z - largest).exp()).collect();
        let sum: f32 = weights.iter().sum();
        samples.extend(weights.iter().map(|weight| weight / sum));
    }
    let dump = DumpBuilder::tokens(bounds::Float::F32, Layout::Rows, Prior::Uniform)
        .stating("temperature", &f64::from(temperature))
        .input("encoder_logits", &shape, &logits)
        .input("gumbel_uniform", &shape, uniform)
        .asking(Quantity::Sample, &ClaimSpec::each(), &shape, bounds::Float::F32)
        .input("claim.relaxed_sample", &shape, &samples);
    judge::judge(&dump.open("uniform").unwrap(), &|_| ()).unwrap()
}

#[test]
fn uniform_numbers_may_be_given_in_the_place_of_the_noise_that_is_made_of_them() {
    let gumbel = |u: f32| -(-u.ln()).ln();
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let uniform: Vec<f32> = (0..ROWS * CODES)
            .map(|_| random.between(1e-7, 1.0 - 1e-7) as f32)
            .collect();
        for temperature in [1.0, 0.0625] {
            let judgement = sampled(&uniform, gumbel, temperature);
            assert!(judgement.stands(), "seed {seed}: {}", report::text(&[judgement]));
            let halved = sampled(&uniform, |u| 0.5 * gumbel(u), temperature);
            let text = report::text(&[halved]);
            assert!(text.contains("noise-halved"), "{text}");
        }
    }
    let clamped: Vec<f32> = (0..ROWS * CODES)
        .map(|k| (0.5 + k as f32) / 4096.0)
        .map(|u| u.min(0.99))
        .collect();
    let judgement = sampled(&clamped, gumbel, 1.0);
    let told = judgement.noise[0].failed.clone().unwrap_or_default();
    assert!(!judgement.stands() && told.contains("cut off"), "{told}");
    for (name, value, word) in [
        ("gumbel_uniform", 0.0, "between 0 and 1"),
        ("gumbel_noise", 0.5, "absent beside"),
    ] {
        let shape = [1, 1, 2];
        let dump = DumpBuilder::tokens(bounds::Float::F32, Layout::Rows, Prior::Uniform)
            .input("encoder_logits", &shape, &[0.0, 1.0])
            .input("gumbel_uniform", &shape, &[0.5, 0.5])
            .input(name, &shape, &[value, 0.5])
            .asking(
                Quantity::Kl,
                &ClaimSpec::sum(&[Axis::Code]),
                &[1, 1],
                bounds::Float::F32,
            )
            .input("claim.kl", &[1, 1], &[0.11]);
        let error = dump
            .open("uniform")
            .and_then(|dump| judge::verdicts(&dump, &|_| ()))
            .unwrap_err()
            .to_string();
        assert!(error.contains(word), "{error}");
    }
}
