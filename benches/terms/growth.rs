//! How the time of a divergence grows: with the codes, the positions, the images, the threads.

use std::hint::black_box;

use agree::bounds::Storage;
use criterion::{Criterion, Throughput};
use gpu::fused::{self, Isa, Rows};

use crate::{agreed, group, logits};

pub(crate) fn growth(criterion: &mut Criterion) {
    agreed(Storage::F32, "kl_to_uniform");
    let base = [4, 256, 2048];
    let shapes = [
        base,
        [4, 256, 512],
        [4, 256, 8192],
        [4, 64, 2048],
        [4, 1024, 2048],
        [1, 256, 2048],
        [16, 256, 2048],
    ];
    let mut group = group(criterion, "growth", 0);
    for [images, positions, k] in shapes {
        let x = logits(images * positions, k, 0);
        let rows = Rows::new("logits", &x, k).unwrap();
        let (mut values, mut grad) = (vec![0.0; rows.count()], x.clone());
        group.throughput(Throughput::Bytes((x.len() * 4) as u64));
        let all = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        for threads in [1, all] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            group.bench_function(
                format!("gradient/{images}x{positions}x{k}/threads-{threads}"),
                |bencher| {
                    bencher.iter(|| {
                        pool.install(|| {
                            fused::kl_to_uniform(Isa::best(), black_box(rows), 1.0, &mut values, Some(&mut grad));
                        });
                    });
                },
            );
        }
    }
    group.finish();
}
