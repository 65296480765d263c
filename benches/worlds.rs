//! Worlds judged per second: the sides of Eqs. 3 to 14 in one world, by the reference and by the twin.
//!
//! Agreement is checked on the same worlds before the clock starts: a fast wrong answer is not a result.
#![allow(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]
#![allow(
    unreachable_pub,
    missing_docs,
    missing_debug_implementations,
    dead_code,
    reason = "bench support"
)]

use std::hint::black_box;
use std::time::Duration;

use agree::equations::{FLOATS, Options, agree_on};
use agree::families::dense::{SEED, Worlds};
use agree::pairs::{PAIRS, Pair, tables};
use agree::report as agreement;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use gpu::device::{Device, Kind};
use gpu::transfer::download;
use gpu::world::Batch;
use reference::model::Model as _;
use reference::vocab::{Nats, Reading};
use reference::world::World;

/// Captions, codes and worlds in a batch.
const SHAPES: [(usize, usize, usize); 3] = [(3, 5, 256), (10, 32, 256), (32, 4096, 4)];

/// The lines of the note that are one number, under the reading that bounds.
fn lines() -> Vec<Pair> {
    let is_line = |pair: &&Pair| pair.name.starts_with("eq") && !pair.name.starts_with("eq02");
    PAIRS
        .iter()
        .filter(is_line)
        .map(|pair| Pair {
            readings: &[Reading::Observed],
            ..*pair
        })
        .collect()
}

fn by_reference(worlds: &[World], lines: &[Pair]) -> Vec<Nats> {
    let values = |world| move |pair: &Pair| (pair.reference)(world, Reading::Observed).unwrap();
    worlds
        .iter()
        .flat_map(|world| lines.iter().flat_map(values(world)))
        .collect()
}

fn by_twin(batch: &Batch, lines: &[Pair]) -> Vec<Vec<f64>> {
    // Reading back waits for the device, so the clock stops after the last kernel.
    let values = |pair: &Pair| download(&(pair.twin)(batch, Reading::Observed).unwrap()).unwrap();
    lines.iter().map(values).collect()
}

fn twin(group: &mut BenchmarkGroup<'_, WallTime>, worlds: &[World], lines: &[Pair], kind: Kind, shape: &str) {
    let Ok(device) = Device::open(kind) else {
        return;
    };
    for float in FLOATS {
        let options = Options {
            device: device.clone(),
            float,
        };
        let report = agree_on(lines, worlds, &options).unwrap();
        assert!(report.agrees, "{}", agreement::text(&report));
        let batch = Batch::new(&tables(worlds), &device, float).unwrap();
        let id = format!("twin/{}-{}/{shape}", device.name(), float.name());
        group.bench_function(id, |bencher| {
            device.synchronize().unwrap();
            bencher.iter(|| by_twin(black_box(&batch), lines));
        });
    }
}

fn worlds(criterion: &mut Criterion) {
    let lines = lines();
    let mut group = criterion.benchmark_group("elbo");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    for (captions, codes, count) in SHAPES {
        let mut source = Worlds::new(SEED);
        let worlds: Vec<World> = (0..count)
            .map(|_| {
                World::new(source.dense(captions, codes, 0.0))
                    .unwrap()
                    .under(Reading::Observed)
                    .unwrap()
            })
            .collect();
        let shape = format!("{captions}x{codes}");
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("reference/f64/{shape}"), |bencher| {
            bencher.iter(|| by_reference(black_box(&worlds), &lines));
        });
        twin(&mut group, &worlds, &lines, Kind::Cpu, &shape);
        twin(&mut group, &worlds, &lines, Kind::Cuda(0), &shape);
    }
    group.finish();
}

criterion_group!(benches, worlds);
criterion_main!(benches);
