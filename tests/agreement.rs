//! Reference and twin agree: on real data, on random worlds, at the edges; and a twin that is wrong is noticed.
#![cfg(feature = "twin")]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![allow(clippy::print_stdout, reason = "headroom and skipped tests are reported")]
#![allow(
    unreachable_pub,
    missing_docs,
    missing_debug_implementations,
    reason = "test support"
)]

mod random;

use derivations::agree::{Options, Report, agree, agree_on};
use derivations::compare::compare;
use derivations::pairs::{PAIRS, Pair, Start, tables};
use derivations::precision::Arithmetic;
use gpu::Tensor;
use gpu::device::{Device, Float, Kind};
use gpu::transfer::download;
use gpu::world::Batch;
use ndarray::{Array1, Array2};
use random::{SEED, Worlds, certain, seed};
use reference::vocab::{Beta, Reading};
use reference::world::{Tables, World};

/// 256 emoji of 10 captions and 32 codes. To be replaced by `derivations::case`.
fn emoji() -> Vec<World> {
    let bytes = std::fs::read("derivations/data/emoji-mixture.safetensors").unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |name: &str| -> Vec<f64> {
        let (entries, _) = file.tensor(name).unwrap().data().as_chunks::<8>();
        entries.iter().map(|entry| f64::from_le_bytes(*entry)).collect()
    };
    let (captions, codes) = (10, 32);
    let likelihood = numbers("ln_p_x_given_yz");
    let prior = numbers("ln_p_yz");
    let (ln_q_y, ln_q_z) = (numbers("ln_q_y_given_x"), numbers("ln_q_z_given_x"));
    let (observed, _) = file.tensor("y").unwrap().data().as_chunks::<8>();
    let table = |entries: &[f64]| Array2::from_shape_vec((captions, codes), entries.to_vec()).unwrap();
    observed
        .iter()
        .enumerate()
        .map(|(image, y)| {
            let rows = image * captions * codes..(image + 1) * captions * codes;
            World::new(Tables {
                ln_p_x_given_yz: table(&likelihood[rows]),
                ln_p_yz: table(&prior),
                ln_q_z_given_x: Array1::from(ln_q_z[image * codes..(image + 1) * codes].to_vec()),
                ln_q_y_given_x: Array1::from(ln_q_y[image * captions..(image + 1) * captions].to_vec()),
                ln_q_yz_given_x: None,
                y: usize::try_from(i64::from_le_bytes(*y)).unwrap(),
                beta: 1.0,
            })
            .unwrap()
        })
        .collect()
}

fn on(kind: Kind, float: Float) -> Options {
    let device = Device::open(kind).unwrap();
    Options { device, float }
}

fn on_cpu(float: Float) -> Options {
    on(Kind::Cpu, float)
}

fn agreeing(worlds: &[World], options: &Options) -> Report {
    let report = agree(worlds, options).unwrap();
    println!("{}", report.text());
    assert!(report.agrees, "{}", report.text());
    report
}

#[test]
fn the_twin_agrees_on_the_real_file_in_both_types() {
    let worlds = emoji();
    assert_eq!(worlds.len(), 256);
    for float in Float::ALL {
        agreeing(&worlds, &on_cpu(float));
    }
}

#[test]
fn the_twin_agrees_on_random_worlds_in_both_types() {
    println!("ELBO_SEED={}", seed());
    for float in Float::ALL {
        let report = agreeing(&Worlds::new(seed()).mixture(8), &on_cpu(float));
        for row in &report.rows {
            let finite = row.compared - row.classed;
            assert!(finite > 0, "{} has no finite value to compare", row.name);
        }
        let classed: usize = report.rows.iter().map(|row| row.classed).sum();
        assert!(classed > 1000, "only {classed} infinite or undefined values");
    }
}

#[test]
fn no_bound_is_a_thousand_times_too_loose() {
    let random = Worlds::new(SEED).mixture(8);
    for worlds in [emoji(), random] {
        for float in Float::ALL {
            let report = agreeing(&worlds, &on_cpu(float));
            for row in report.rows.iter().filter(|row| !row.exact) {
                let used = row.worst.map_or(0.0, |worst| worst.ratio);
                assert!(
                    used > 1e-3,
                    "{} {:?} {}: uses {used:.1e} of its bound",
                    row.name,
                    row.reading,
                    report.float
                );
            }
        }
    }
}

#[test]
fn the_twin_agrees_where_likelihoods_are_far_apart() {
    let mut worlds = Vec::new();
    let mut source = Worlds::new(seed());
    for offset in [-1e-3, -88.0, -104.0, -746.0, -1e4, -1e30, 1e4] {
        for _ in 0..4 {
            let mut tables = source.dense(5, 3, 0.0);
            tables.ln_p_x_given_yz.row_mut(tables.y).mapv_inplace(|ln| ln + offset);
            tables.ln_p_x_given_yz[[tables.y, 1]] -= offset / 2.0;
            worlds.push(World::new(tables).unwrap());
        }
    }
    for float in Float::ALL {
        agreeing(&worlds, &on_cpu(float));
    }
}

#[test]
fn the_twin_agrees_where_weights_underflow() {
    let mut worlds = Vec::new();
    let mut source = Worlds::new(seed());
    // exp(-100) is subnormal and exp(-110) is 0 in f32; exp(-740) and exp(-800) are so in f64.
    for rare in [-100.0, -110.0, -740.0, -800.0] {
        for masked in [false, true] {
            let mut tables = source.dense(2, 7, 0.0);
            tables.ln_q_z_given_x = certain(7, 0).mapv(|ln: f64| ln.max(rare));
            tables.ln_q_y_given_x = certain(2, tables.y).mapv(|ln: f64| ln.max(rare));
            // The rarest code is impossible: the expectation is -inf, whatever its weight underflows to.
            if masked {
                tables.ln_p_x_given_yz[[tables.y, 3]] = f64::NEG_INFINITY;
            }
            worlds.push(World::new(tables).unwrap());
        }
    }
    for float in Float::ALL {
        let report = agreeing(&worlds, &on_cpu(float));
        let line9 = report.rows.iter().find(|row| row.name == "eq09_log_product").unwrap();
        assert_eq!((line9.compared, line9.classed), (8, 4));
    }
}

#[test]
fn the_twin_agrees_where_the_footnote_cancels() {
    // ln p(y|z) = ln p(y,z) - ln p(z) is a small difference of two large numbers where the prior all but rules z out.
    let mut source = Worlds::new(seed());
    let mut worlds = Vec::new();
    for depth in [30.0, 300.0, 1e4] {
        for _ in 0..4 {
            let mut tables = source.dense(3, 4, 0.0);
            tables.ln_p_yz.column_mut(1).mapv_inplace(|ln| ln - depth);
            let prior = random::normalised(tables.ln_p_yz.as_slice().unwrap());
            tables.ln_p_yz = Array2::from_shape_vec((3, 4), prior).unwrap();
            worlds.push(World::new(tables).unwrap());
        }
        let mut tables = source.dense(3, 4, 0.0);
        tables.ln_p_yz.row_mut(0).mapv_inplace(|ln| ln + depth);
        let prior = random::normalised(tables.ln_p_yz.as_slice().unwrap());
        tables.ln_p_yz = Array2::from_shape_vec((3, 4), prior).unwrap();
        worlds.push(World::new(tables).unwrap());
    }
    for float in Float::ALL {
        agreeing(&worlds, &on_cpu(float));
    }
}

#[test]
fn the_twin_agrees_on_a_thousand_codes() {
    let world = World::new(Worlds::new(seed()).dense(7, 1031, -300.0)).unwrap();
    for float in Float::ALL {
        agreeing(std::slice::from_ref(&world), &on_cpu(float));
    }
}

#[test]
fn an_impossible_image_is_minus_infinity_on_both_sides() {
    let mut tables = Worlds::new(SEED).dense(2, 5, 0.0);
    tables.ln_p_x_given_yz.fill(f64::NEG_INFINITY);
    let world = World::new(tables).unwrap();
    for float in Float::ALL {
        let report = agreeing(std::slice::from_ref(&world), &on_cpu(float));
        let line3 = report.rows.iter().find(|row| row.name == "eq03_log_evidence").unwrap();
        assert_eq!((line3.compared, line3.classed), (1, 1));
    }
}

#[test]
fn a_caption_without_prior_or_without_encoder_has_the_class_of_the_reference() {
    let mut source = Worlds::new(SEED);
    let mut worlds = Vec::new();
    for y in 0..3 {
        let mut tables = source.dense(3, 4, 0.0);
        tables.ln_p_yz.row_mut(1).fill(f64::NEG_INFINITY);
        tables.ln_p_yz.column_mut(2).fill(f64::NEG_INFINITY);
        let prior = random::normalised(tables.ln_p_yz.as_slice().unwrap());
        tables.ln_p_yz = Array2::from_shape_vec((3, 4), prior).unwrap();
        tables.ln_q_y_given_x = certain(3, 2);
        worlds.push(World::new(Tables { y, ..tables }).unwrap());
    }
    for float in Float::ALL {
        agreeing(&worlds, &on_cpu(float));
    }
}

#[test]
fn a_row_of_a_batch_equals_the_batch_of_one_bit_for_bit() {
    // candle's CPU kernels reduce row by row in one order, whatever the batch.
    let worlds: Vec<World> = emoji().into_iter().take(9).collect();
    for float in Float::ALL {
        let options = on_cpu(float);
        let whole = Batch::new(&tables(&worlds), &options.device, float).unwrap();
        for pair in PAIRS {
            for &reading in pair.readings {
                let together = download(&(pair.twin)(&whole, reading).unwrap()).unwrap();
                let mut alone = Vec::new();
                for world in &worlds {
                    let batch = Batch::new(&tables(std::slice::from_ref(world)), &options.device, float).unwrap();
                    alone.extend(download(&(pair.twin)(&batch, reading).unwrap()).unwrap());
                }
                let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&together), bits(&alone), "{} under {}", pair.name, reading.name());
            }
        }
    }
}

#[test]
fn every_world_of_a_batch_keeps_its_own_caption_and_beta() {
    let world = World::new(Worlds::new(SEED).dense(4, 3, 0.0)).unwrap();
    let betas = [0.0, 0.1, 1.0, 2.5, 6.6];
    let worlds: Vec<World> = betas
        .iter()
        .flat_map(|&beta| (0..4).map(move |y| (beta, y)))
        .map(|(beta, y)| world.observing(y).with_beta(Beta::new(beta).unwrap()))
        .collect();
    for float in Float::ALL {
        agreeing(&worlds, &on_cpu(float));
    }
}

#[test]
fn an_infinite_divergence_at_beta_zero_is_not_there() {
    let mut tables = Worlds::new(SEED).dense(2, 3, 0.0);
    tables.ln_p_yz[[tables.y, 1]] = f64::NEG_INFINITY;
    let prior = random::normalised(tables.ln_p_yz.as_slice().unwrap());
    tables.ln_p_yz = Array2::from_shape_vec((2, 3), prior).unwrap();
    let world = World::new(tables).unwrap();
    let worlds = [0.0, 1.0].map(|beta| world.with_beta(Beta::new(beta).unwrap()));
    let report = agreeing(&worlds, &on_cpu(Float::F32));
    let row = report
        .rows
        .iter()
        .find(|row| (row.name, row.reading) == ("eq14_objective", Some("joint")))
        .unwrap();
    assert_eq!((row.compared, row.classed), (2, 1));
}

#[test]
fn comparing_nothing_is_a_failure() {
    let nothing = agree(&[], &on_cpu(Float::F64)).unwrap();
    assert!(!nothing.agrees);
    assert!(nothing.text().contains("compared nothing"), "{}", nothing.text());
    let no_pairs = agree_on(&[], &Worlds::new(SEED).mixture(1), &on_cpu(Float::F64)).unwrap();
    assert!(!no_pairs.agrees);
}

#[test]
fn a_value_moved_by_four_bounds_is_noticed() {
    let worlds: Vec<World> = emoji()
        .into_iter()
        .take(20)
        .map(|world| world.rounded(|v| Float::F32.round(v)))
        .collect();
    let batch = Batch::new(&tables(&worlds), &on_cpu(Float::F32).device, Float::F32).unwrap();
    let mut moved = 0;
    for pair in PAIRS.iter().filter(|pair| pair.start == Start::Rounded) {
        let reading = Reading::Pointwise;
        let twins = download(&(pair.twin)(&batch, reading).unwrap()).unwrap();
        let per_world = twins.len() / worlds.len();
        for (world, twins) in worlds.iter().zip(twins.chunks(per_world)) {
            let tolerance = pair.tolerance(world, reading, Arithmetic::F32);
            for (nats, &twin) in (pair.reference)(world, reading).unwrap().into_iter().zip(twins) {
                let bound = tolerance.bound(nats.mass());
                assert!(compare(nats.value(), twin, bound).agrees());
                for step in [4.0, -4.0] {
                    assert!(
                        !compare(nats.value(), twin + step * bound, bound).agrees(),
                        "{}",
                        pair.name
                    );
                    moved += 1;
                }
            }
        }
    }
    assert!(moved > 10_000);
}

/// Twins with one fault each, beside the functions that they pretend to be.
#[test]
fn planted_faults_are_noticed_and_named() {
    type Twin = fn(&Batch, Reading) -> Result<Tensor, gpu::Error>;
    let zero_times_infinity: Twin = |batch, _| {
        let f = (batch.at_observed(batch.ln_p_yz())? - batch.ln_q_z())?;
        Ok((batch.ln_q_z().exp()? * f)?.sum(1)?)
    };
    let half_an_entropy: Twin = |batch, _| Ok((gpu::categorical::entropy(batch.ln_q_yz())? * 0.5)?);
    let first_caption: Twin = |batch, _| {
        let f = (batch.ln_p_x_given_yz() + batch.ln_p_yz())?
            .narrow(1, 0, 1)?
            .squeeze(1)?;
        gpu::categorical::expect(batch.ln_q_z(), &(f - batch.ln_q_z())?)
    };
    let beta_of_the_first: Twin = |batch, reading| {
        let beta = batch.beta().narrow(0, 0, 1)?.broadcast_as(batch.worlds())?;
        let weighted = (beta * gpu::equations::divergence(batch, reading)?)?;
        Ok((gpu::equations::expected_log_likelihood(batch, reading)? - weighted)?)
    };
    let half_precision: Twin = |batch, _| {
        let value = gpu::equations::eq03_log_evidence(batch)?;
        Ok((&value * (1.0 + 2.0_f64.powi(-12)))?)
    };
    let faults = [
        ("divergence", zero_times_infinity),
        ("entropy", half_an_entropy),
        ("eq09_log_product", first_caption),
        ("eq01_objective", beta_of_the_first),
        ("eq03_log_evidence", half_precision),
    ];
    let worlds = Worlds::new(SEED).mixture(2);
    for (name, twin) in faults {
        let honest = PAIRS.iter().find(|pair| pair.name == name).unwrap();
        let readings: &[Reading] = &[Reading::Observed];
        let planted = Pair {
            twin,
            readings,
            ..*honest
        };
        for float in Float::ALL {
            assert!(
                agree_on(&[Pair { readings, ..*honest }], &worlds, &on_cpu(float))
                    .unwrap()
                    .agrees
            );
            let report = agree_on(&[planted], &worlds, &on_cpu(float)).unwrap();
            assert!(
                !report.agrees && report.rows[0].failed > 0,
                "{name} in {}",
                float.name()
            );
            assert!(report.text().contains(" differ; the worst, "), "{}", report.text());
        }
    }
}

#[test]
fn the_report_fits_the_page_and_is_valid_json() {
    let report = agreeing(&emoji()[..3], &on_cpu(Float::F32));
    let widest = report.text().lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 100, "{widest} columns");
    let json: serde_json::Value = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(json["agrees"], true);
    assert_eq!(json["rows"].as_array().unwrap().len(), report.rows.len());
}

#[test]
fn cuda_twin_agrees_or_says_that_there_is_no_device() {
    let device = match Device::open(Kind::Cuda(0)) {
        Ok(device) => device,
        Err(error) => {
            println!("skipped: no device ({error})");
            return;
        }
    };
    let mut worlds = Worlds::new(SEED).mixture(8);
    worlds.extend(emoji());
    for float in Float::ALL {
        let options = Options {
            device: device.clone(),
            float,
        };
        agreeing(&worlds, &options);
    }
}
