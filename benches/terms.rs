//! The fused terms at DALL-E's sizes (K = 8192 codes, S = 1024 positions): forward and with gradient, in a reused buffer and a fresh one;
//! beside them the same term from candle's composed operations, and what the machine can read and copy, in the same run.
//!
//! The terms agree with the reference on a slice of the same logits before the clock starts.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

use std::hint::black_box;
use std::time::Duration;

use candle_core::{D, Device, Tensor};
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use derivations::precision::Storage;
use derivations::terms::{CASES, Options, agree};
use gpu::fused::planes::{self, Planes};
use gpu::fused::{self, Isa, Numbers, Rows, Target};
use half::bf16;
use rayon::prelude::*;

const SEED: u64 = 1;
const K: usize = 8192;
const POSITIONS: usize = 1024;
const IMAGES: usize = 4;
/// The transformer's: positions of text and image, both vocabularies.
const TOKENS: usize = 1280;
const VOCABULARY: usize = 24_832;

fn logits(rows: usize, k: usize, table: usize) -> Vec<f32> {
    let drawn = CASES[0].tables(SEED + table as u64, (rows.min(64), k), 1).remove(0);
    #[expect(clippy::cast_possible_truncation, reason = "logits are stored as f32")]
    let some: Vec<f32> = drawn.into_iter().map(|x| x as f32).collect();
    some.iter().copied().cycle().take(rows * k).collect()
}

/// Everything agrees on a slice, or nothing is timed.
fn agreed(storage: Storage, function: &str) {
    let options = Options {
        storage,
        function: Some(function.to_owned()),
        shape: Some((5, K)),
        seed: SEED,
    };
    assert!(agree(&Isa::best(), &options).unwrap().agrees, "{function}");
}

fn bench(group: &mut BenchmarkGroup<'_, WallTime>, id: &str, mut run: impl FnMut()) {
    group.bench_function(id, |bencher| bencher.iter(&mut run));
}

fn limits(criterion: &mut Criterion) {
    let mut group = group(criterion, "limit", IMAGES * POSITIONS * K * 4);
    let x = logits(IMAGES * POSITIONS, K, 0);
    bench(&mut group, "read", || {
        let sum = |part: &[f32]| {
            let lanes = part.chunks_exact(64).fold([0.0_f32; 64], |mut sum, chunk| {
                for (sum, x) in sum.iter_mut().zip(chunk) {
                    *sum += x;
                }
                sum
            });
            lanes.iter().sum::<f32>()
        };
        black_box(x.par_chunks(1 << 18).map(sum).sum::<f32>());
    });
    let mut copy = vec![0.0_f32; x.len()];
    bench(&mut group, "copy", || {
        let parts = copy.par_chunks_mut(1 << 18).zip(x.par_chunks(1 << 18));
        parts.for_each(|(to, from)| to.copy_from_slice(from));
        black_box(&copy);
    });
    group.finish();
}

fn group<'a>(criterion: &'a mut Criterion, name: &str, bytes: usize) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .throughput(Throughput::Bytes(bytes as u64));
    group
}

/// A function of one table: forward, value and gradient in a reused buffer, and in a fresh one.
fn one_table<E: Numbers>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    shape: &str,
    x: &[E],
    count: usize,
    run: impl Fn(Isa, &mut [f64], Option<&mut [E]>),
) {
    let mut values = vec![0.0; count];
    let mut grad = x.to_vec();
    for isa in Isa::available().into_iter().filter(|isa| *isa != Isa::PORTABLE) {
        let id = |side: &str| format!("{side}/{}/{shape}", isa.name());
        bench(group, &id("forward"), || run(isa, &mut values, None));
        bench(group, &id("gradient"), || run(isa, &mut values, Some(&mut grad)));
    }
    bench(group, &format!("gradient-fresh/best/{shape}"), || {
        let mut fresh = vec![E::narrow(fused::Real::of(0.0)); x.len()];
        run(Isa::best(), &mut values, Some(&mut fresh));
        black_box(fresh);
    });
}

fn kl_to_uniform(criterion: &mut Criterion) {
    agreed(Storage::F32, "kl_to_uniform");
    agreed(Storage::BF16, "kl_to_uniform");
    let x = logits(IMAGES * POSITIONS, K, 0);
    let shape = format!("{IMAGES}x{POSITIONS}x{K}");
    let mut group = group(criterion, "kl_to_uniform", x.len() * 4);
    let rows = Rows::new("logits", &x, K).unwrap();
    one_table(&mut group, &shape, &x, rows.count(), |isa, values, grad| {
        fused::kl_to_uniform(isa, black_box(rows), 1.0, values, grad);
    });
    let half: Vec<bf16> = x.iter().map(|x| bf16::from_f32(*x)).collect();
    let rows = Rows::new("logits", &half, K).unwrap();
    one_table(
        &mut group,
        &format!("bf16/{shape}"),
        &half,
        rows.count(),
        |isa, values, grad| {
            fused::kl_to_uniform(isa, black_box(rows), 1.0, values, grad);
        },
    );
    let tensor = Tensor::from_slice(&x, (IMAGES * POSITIONS, K), &Device::Cpu).unwrap();
    bench(&mut group, &format!("forward/candle-composed/{shape}"), || {
        let max = tensor.max_keepdim(D::Minus1).unwrap();
        let y = tensor.broadcast_sub(&max).unwrap();
        let ln_s = y.exp().unwrap().sum_keepdim(D::Minus1).unwrap().log().unwrap();
        let ln_q = y.broadcast_sub(&ln_s).unwrap();
        black_box((ln_q.exp().unwrap() * ln_q).unwrap().sum(D::Minus1).unwrap());
    });
    group.finish();
}

fn planes_kl_to_uniform(criterion: &mut Criterion) {
    agreed(Storage::F32, "planes::kl_to_uniform");
    let x = logits(IMAGES * POSITIONS, K, 0);
    let planes = Planes::new("logits", &x, K, POSITIONS).unwrap();
    let mut group = group(criterion, "planes::kl_to_uniform", x.len() * 4);
    let shape = format!("{IMAGES}x{K}x32x32");
    one_table(&mut group, &shape, &x, planes.count(), |isa, values, grad| {
        planes::kl_to_uniform(isa, black_box(planes), 1.0, values, grad);
    });
    group.finish();
}

fn kl_divergence(criterion: &mut Criterion) {
    agreed(Storage::F32, "kl_divergence");
    let (a, b) = (logits(IMAGES * POSITIONS, K, 0), logits(IMAGES * POSITIONS, K, 1));
    let shape = format!("{IMAGES}x{POSITIONS}x{K}");
    let mut group = group(criterion, "kl_divergence", a.len() * 8);
    let rows = [&a, &b].map(|x| Rows::new("logits", x, K).unwrap());
    let (mut values, mut to_a, mut to_b) = (vec![0.0; rows[0].count()], a.clone(), b.clone());
    for isa in Isa::available().into_iter().filter(|isa| *isa != Isa::PORTABLE) {
        bench(&mut group, &format!("forward/{}/{shape}", isa.name()), || {
            fused::kl_divergence(isa, black_box(rows), 1.0, &mut values, None);
        });
        bench(&mut group, &format!("gradient/{}/{shape}", isa.name()), || {
            fused::kl_divergence(isa, black_box(rows), 1.0, &mut values, Some([&mut to_a, &mut to_b]));
        });
    }
    group.finish();
}

fn token_log_prob(criterion: &mut Criterion) {
    agreed(Storage::F32, "token_log_prob");
    let x = logits(TOKENS, VOCABULARY, 0);
    let targets: Vec<Target> = (0..TOKENS)
        .map(|i| Target {
            token: (i * 7919) % VOCABULARY,
            from: 0,
            to: VOCABULARY,
            weight: if i < 256 { 0.125 / 256.0 } else { 0.875 / 1024.0 },
        })
        .collect();
    let mut group = group(criterion, "token_log_prob", x.len() * 4);
    let rows = Rows::new("logits", &x, VOCABULARY).unwrap();
    let shape = format!("{TOKENS}x{VOCABULARY}");
    one_table(&mut group, &shape, &x, rows.count(), |isa, values, grad| {
        fused::token_log_prob(isa, black_box(rows), &targets, 1.0, values, grad).unwrap();
    });
    group.finish();
}

fn logit_laplace(criterion: &mut Criterion) {
    agreed(Storage::F32, "logit_laplace");
    let k = 3 * 256 * 256;
    let (z, mu, ln_b) = (logits(8, k, 0), logits(8, k, 1), logits(8, k, 2));
    let x: Vec<f32> = z.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
    let mut group = group(criterion, "logit_laplace", x.len() * 12);
    let tables = [&x, &mu, &ln_b].map(|x| Rows::new("pixels", x, k).unwrap());
    let (mut values, mut to_mu, mut to_ln_b) = (vec![0.0; 8], mu.clone(), ln_b.clone());
    for isa in Isa::available().into_iter().filter(|isa| *isa != Isa::PORTABLE) {
        bench(&mut group, &format!("forward/{}/8x3x256x256", isa.name()), || {
            fused::logit_laplace(isa, black_box(tables), 1.0, &mut values, None);
        });
        bench(&mut group, &format!("gradient/{}/8x3x256x256", isa.name()), || {
            fused::logit_laplace(
                isa,
                black_box(tables),
                1.0,
                &mut values,
                Some([&mut to_mu, &mut to_ln_b]),
            );
        });
    }
    group.finish();
}

criterion_group!(
    benches,
    limits,
    kl_to_uniform,
    planes_kl_to_uniform,
    kl_divergence,
    token_log_prob,
    logit_laplace
);
criterion_main!(benches);
