//! The CUDA kernels at DALL-E's sizes: forward and with gradients, where the tables lie; beside them candle's composed operations and its graph
//! through ours, and a copy from memory to memory, in the same run.
//!
//! Beside each launch, in the same run, other ways of making it (`gpu::kernels::VARIANTS`): what a device would be tuned by.
//! The kernels agree with the reference before the clock starts, in each of these ways. Needs a device: without one it says so and measures nothing.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench may stop at the first surprise"
)]

#[allow(unreachable_pub, dead_code, reason = "shared with the other bench")]
#[path = "peers/composed.rs"]
mod composed;
#[path = "terms/drawn.rs"]
mod drawn;
#[path = "cuda/terms.rs"]
mod terms;
#[path = "cuda/whole.rs"]
mod whole;

use std::hint::black_box;
use std::time::{Duration, Instant};

use agree::bounds::Storage;
use agree::terms::{OnDevice, Options, agree};
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use drawn::{SEED, logits};
use gpu::candle_core::{DType, Result, Tensor, Var};
use gpu::device::{Device, Kind};
use gpu::kernels::{Cuda, Launch, Memory, Stored, VARIANTS, Varied};

/// A device, what launches there, and whether a kernel computes what the reference does.
struct Bench {
    device: Device,
    cuda: Cuda,
}

type Group<'a> = BenchmarkGroup<'a, WallTime>;
type Buffer = <Cuda as Memory>::Buffer;

impl Bench {
    /// Everything agrees on a slice, launched in every way, or nothing is timed.
    fn agreed(&self, storage: Storage, function: &str, k: usize) {
        let of = |shape| Options {
            storage,
            function: Some(function.to_owned()),
            shape: Some(shape),
            seed: SEED,
        };
        let holds = |cuda: &Cuda, shape| agree(&OnDevice(cuda.clone()), &of(shape)).unwrap().agrees;
        assert!(holds(&self.cuda, (5, k)), "{function}");
        for variant in VARIANTS {
            let varied = OnDevice(Varied(self.cuda.clone(), *variant));
            let report = agree(&varied, &of(variant.shape())).unwrap();
            assert!(report.agrees, "{function}, {}", variant.name());
        }
        for (name, later) in self.cuda.compiled_for_later() {
            assert!(holds(&later, (5, k)), "{function}, {name}");
        }
    }

    /// Runs are queued one behind the other; the clock stops when the last has ended.
    fn time(&self, group: &mut Group<'_>, id: &str, mut run: impl FnMut()) {
        group.bench_function(id, |bencher| {
            bencher.iter_custom(|times| {
                self.device.synchronize().unwrap();
                let start = Instant::now();
                for _ in 0..times {
                    run();
                }
                self.device.synchronize().unwrap();
                start.elapsed()
            });
        });
    }

    /// Launches as they are, and in every other way.
    fn launches(&self, group: &mut Group<'_>, id: &str, launches: &[Launch]) {
        let run = |cuda: &Cuda, launches: &[Launch]| launches.iter().for_each(|launch| cuda.queue(launch).unwrap());
        self.time(group, id, || run(&self.cuda, launches));
        group.measurement_time(MEASURED / 2);
        for variant in VARIANTS {
            let varied: Vec<Option<Launch>> = launches.iter().map(|launch| variant.of(launch)).collect();
            if varied.iter().all(Option::is_none) {
                continue;
            }
            let varied = varied
                .into_iter()
                .zip(launches)
                .map(|(varied, own)| varied.unwrap_or_else(|| own.clone()));
            let varied: Vec<Launch> = varied.collect();
            self.time(group, &format!("variant/{id}/{}", variant.name()), || {
                run(&self.cuda, &varied)
            });
        }
        for (name, later) in self.cuda.compiled_for_later() {
            self.time(group, &format!("variant/{id}/{name}"), || run(&later, launches));
        }
        group.measurement_time(MEASURED);
    }

    /// Numbers like a network's logits, in the type, on the device: a few thousand rows are the first 64 again and again.
    fn logits(&self, stored: Stored, rows: usize, k: usize, table: usize) -> Buffer {
        let numbers = logits(rows, k, table);
        match stored {
            Stored::F32 => self.upload(&numbers),
            Stored::Bf16 => self.upload(&numbers.iter().map(|x| half::bf16::from_f32(*x)).collect::<Vec<_>>()),
            Stored::F64 => self.upload(&numbers.iter().map(|x| f64::from(*x) - 10.0).collect::<Vec<_>>()),
        }
    }

    fn upload<P: bytemuck::Pod>(&self, numbers: &[P]) -> Buffer {
        self.cuda.upload(bytemuck::cast_slice(numbers), size_of::<P>()).unwrap()
    }

    fn at(&self, buffer: &mut Buffer) -> u64 {
        self.cuda.pointer(buffer)
    }

    /// Composed and through ours in candle's graph, on variables there.
    fn in_graph(
        &self,
        group: &mut Group<'_>,
        shape: &str,
        tables: &[(Vec<f32>, Vec<usize>)],
        composed: impl Fn(&[Tensor]) -> Result<Tensor>,
        ours: impl Fn(&[Tensor]) -> Result<Tensor>,
    ) {
        let var = |(x, shape): &(Vec<f32>, Vec<usize>)| {
            let tensor = Tensor::from_slice(x, shape.as_slice(), self.device.candle()).unwrap();
            Var::from_tensor(&tensor).unwrap().as_tensor().clone()
        };
        let tensors: Vec<Tensor> = tables.iter().map(var).collect();
        let backward = |values: Tensor| drop(black_box(values.sum_all().unwrap().backward().unwrap()));
        let constants: Vec<Tensor> = tensors.iter().map(Tensor::detach).collect();
        self.time(group, &format!("forward/candle-composed/{shape}"), || {
            drop(black_box(composed(black_box(&constants)).unwrap()));
        });
        self.time(group, &format!("gradient-in-graph/candle-composed/{shape}"), || {
            backward(composed(black_box(&tensors)).unwrap());
        });
        self.time(group, &format!("gradient-in-graph/fused/{shape}"), || {
            backward(ours(black_box(&tensors)).unwrap());
        });
    }
}

const MEASURED: Duration = Duration::from_millis(500);

fn group<'a>(criterion: &'a mut Criterion, name: &str, bytes: usize) -> Group<'a> {
    let mut timed = criterion.benchmark_group(format!("cuda-{name}"));
    timed
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(MEASURED)
        .throughput(Throughput::Bytes(bytes as u64));
    timed
}

/// A gigabyte copied on the device: as many bytes are read as written. And cuBLAS's product of samples and a codebook, in f32.
fn limit(criterion: &mut Criterion, bench: &Bench) {
    let bytes = 1 << 30;
    let table = Tensor::ones(bytes / 4, DType::F32, bench.device.candle()).unwrap();
    let mut group = group(criterion, "limit", 2 * bytes);
    bench.time(&mut group, "copy", || drop(black_box(table.copy().unwrap())));
    let side = |rows, k| Tensor::from_vec(logits(rows, k, 0), (rows, k), bench.device.candle()).unwrap();
    let (left, right) = (side(4096, 8192), side(8192, 128));
    if let Err(error) = left.matmul(&right) {
        println!("sgemm: skipped, {error}"); // a machine without cuBLAS
        return group.finish();
    }
    bench.time(&mut group, "sgemm/4096x8192x128", || {
        drop(black_box(left.matmul(&right).unwrap()));
    });
    group.finish();
}

fn all(criterion: &mut Criterion) {
    let device = match Device::open(Kind::Cuda(0)) {
        Ok(device) => device,
        Err(error) => {
            println!("skipped, nothing measured: {error}");
            return;
        }
    };
    let bench = Bench {
        cuda: Cuda::of(&device).unwrap(),
        device,
    };
    limit(criterion, &bench);
    terms::rows(criterion, &bench);
    terms::planes(criterion, &bench);
    terms::pairs(criterion, &bench);
    terms::tokens(criterion, &bench);
    whole::pixels(criterion, &bench);
    whole::codebook(criterion, &bench);
    whole::exact(criterion, &bench);
}

criterion_group!(benches, all);
criterion_main!(benches);
