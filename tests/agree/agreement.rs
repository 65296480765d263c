//! Reference and twin agree: on real data, on random worlds, at the edges; and a twin that is wrong is noticed.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![allow(clippy::print_stdout, reason = "headroom and skipped tests are reported")]
#![allow(
    unreachable_pub,
    missing_docs,
    missing_debug_implementations,
    reason = "test support"
)]

#[cfg(feature = "lapack")]
mod continuous;
mod edge;
mod exact;
mod faults;

use agree::equations::{FLOATS, Options, Report, agree};
use agree::families::dense::{SEED, Worlds, seed};
use agree::pairs::{self, tables};
use agree::report as agreement;
use bounds::Float;
use gpu::device::{Device, Kind};
use gpu::transfer::download;
use gpu::world::Batch;
use reference::model::Model as _;
use reference::vocab::Beta;
use reference::world::World;
use worlds::case;
use worlds::generate::random;

/// 256 emoji of 10 captions and 32 codes.
fn emoji() -> Vec<World> {
    case::embedded().unwrap().worlds
}

/// Worlds of every kind, in sizes that differ so that no axis can be taken for another.
fn drawn(seed: u64) -> Vec<World> {
    (0..200).map(|index| random::world(seed, index)).collect()
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
    println!("{}", agreement::text(&report));
    assert!(report.agrees, "{}", agreement::text(&report));
    report
}

#[test]
fn the_twin_agrees_on_the_real_file_in_both_types() {
    let worlds = emoji();
    assert_eq!(worlds.len(), 256);
    for float in FLOATS {
        agreeing(&worlds, &on_cpu(float));
    }
}

#[test]
fn the_twin_agrees_on_random_worlds_in_both_types() {
    println!("ELBO_SEED={}", seed());
    for float in FLOATS {
        let report = agreeing(&drawn(seed()), &on_cpu(float));
        for row in &report.rows {
            let finite = row.agreement.compared - row.agreement.classed;
            assert!(finite > 0, "{} has no finite value to compare", row.name);
        }
        let classed: usize = report.rows.iter().map(|row| row.agreement.classed).sum();
        assert!(classed > 1000, "only {classed} infinite or undefined values");
    }
}

#[test]
fn no_bound_is_a_thousand_times_too_loose() {
    for worlds in [emoji(), drawn(SEED)] {
        for float in FLOATS {
            let report = agreeing(&worlds, &on_cpu(float));
            for row in report.rows.iter().filter(|row| !row.exact) {
                let used = row.agreement.used().unwrap_or(0.0);
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
fn the_twin_agrees_on_a_thousand_codes() {
    let world = World::new(Worlds::new(seed()).dense(7, 1031, -300.0)).unwrap();
    for float in FLOATS {
        agreeing(std::slice::from_ref(&world), &on_cpu(float));
    }
}

#[test]
fn a_row_of_a_batch_equals_the_batch_of_one_bit_for_bit() {
    // candle's CPU kernels reduce row by row in one order, whatever the batch.
    let worlds: Vec<World> = emoji().into_iter().take(9).collect();
    for float in FLOATS {
        let options = on_cpu(float);
        let whole = Batch::new(&tables(&worlds), &options.device, float).unwrap();
        for pair in pairs::on(&options.device).unwrap() {
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
    for float in FLOATS {
        agreeing(&worlds, &on_cpu(float));
    }
}

#[test]
fn the_report_fits_the_page_and_is_valid_json() {
    let report = agreeing(&emoji()[..3], &on_cpu(Float::F32));
    let widest = agreement::text(&report)
        .lines()
        .map(|line| line.chars().count())
        .max()
        .unwrap();
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
    let mut worlds = drawn(SEED);
    worlds.extend(emoji());
    for float in FLOATS {
        let options = Options {
            device: device.clone(),
            float,
        };
        agreeing(&worlds, &options);
    }
}
