//! Each kernel's launches. What a bench is named after is what a group's throughput counts: the bytes that it has to read, in `f32`.

use agree::bounds::Storage;
use criterion::Criterion;
use gpu::autograd;
use gpu::candle_core::Tensor;
use gpu::kernels::{self, Launch, Planes, Stored, Table};

use crate::{Bench, composed, group, logits};

pub(crate) const K: usize = 8192;
pub(crate) const POSITIONS: usize = 1024;
const TOKENS: usize = 1280;
const VOCABULARY: usize = 24_832;
pub(crate) const TYPES: [(Stored, Storage); 2] = [(Stored::F32, Storage::F32), (Stored::Bf16, Storage::BF16)];

pub(crate) fn table(pointer: u64, rows: usize, k: usize) -> Table {
    let count = |n| i32::try_from(n).unwrap();
    Table {
        pointer,
        rows: count(rows),
        k: count(k),
    }
}

/// As many images as fill twice the caches of an H100.
fn images(stored: Stored) -> usize {
    if stored == Stored::F32 { 4 } else { 8 }
}

pub(crate) fn id(side: &str, stored: Stored, shape: &str) -> String {
    format!("{side}/{}/{shape}", stored.name())
}

pub(crate) fn rows(criterion: &mut Criterion, bench: &Bench) {
    type Of = fn(Stored, Table, u64, Option<u64>, f64) -> Launch;
    let functions: [(&str, Of); 3] = [
        ("kl_to_uniform", kernels::kl_to_uniform),
        ("entropy", kernels::entropy),
        ("log_mean_exp", kernels::log_mean_exp),
    ];
    for (name, launch) in functions {
        let mut group = group(criterion, name, 4 * 4 * POSITIONS * K);
        for (stored, storage) in TYPES {
            bench.agreed(storage, name, K);
            let count = images(stored) * POSITIONS;
            let mut buffers = [0, 1].map(|t| bench.logits(stored, count, K, t));
            let mut values = bench.upload(&vec![0.0_f64; count]);
            let [x, grad] = buffers.each_mut().map(|buffer| bench.at(buffer));
            let (x, to) = (table(x, count, K), bench.at(&mut values));
            let shape = format!("{}x{POSITIONS}x{K}", images(stored));
            bench.launches(
                &mut group,
                &id("forward", stored, &shape),
                &[launch(stored, x, to, None, 1.0)],
            );
            bench.launches(
                &mut group,
                &id("gradient", stored, &shape),
                &[launch(stored, x, to, Some(grad), 1.0)],
            );
        }
        if name == "kl_to_uniform" {
            let x = (logits(4 * POSITIONS, K, 0), vec![4 * POSITIONS, K]);
            bench.in_graph(
                &mut group,
                &format!("4x{POSITIONS}x{K}"),
                &[x],
                |x| composed::kl_to_uniform(&x[0], 1),
                |x| autograd::kl_to_uniform(&x[0]),
            );
        }
        group.finish();
    }
}

pub(crate) fn planes(criterion: &mut Criterion, bench: &Bench) {
    let planes = |pointer, images| Planes {
        pointer,
        images: i32::try_from(images).unwrap(),
        k: i32::try_from(K).unwrap(),
        positions: i32::try_from(POSITIONS).unwrap(),
    };
    let mut of_one = group(criterion, "planes::kl_to_uniform", 4 * 4 * POSITIONS * K);
    for (stored, storage) in TYPES {
        bench.agreed(storage, "planes::kl_to_uniform", K);
        let images = images(stored);
        let mut buffers = [0, 1].map(|t| bench.logits(stored, images * POSITIONS, K, t));
        let mut values = bench.upload(&vec![0.0_f64; images * POSITIONS]);
        let ([x, grad], to) = (buffers.each_mut().map(|buffer| bench.at(buffer)), bench.at(&mut values));
        let launch = |grad| {
            [kernels::kl_to_uniform_by_planes(
                stored,
                planes(x, images),
                to,
                grad,
                1.0,
            )]
        };
        let shape = format!("{images}x{K}x32x32");
        bench.launches(&mut of_one, &id("forward", stored, &shape), &launch(None));
        bench.launches(&mut of_one, &id("gradient", stored, &shape), &launch(Some(grad)));
    }
    let x = (logits(4 * POSITIONS, K, 0), vec![4, K, 32, 32]);
    bench.in_graph(
        &mut of_one,
        &format!("4x{K}x32x32"),
        &[x],
        |x| composed::kl_to_uniform(&x[0], 1),
        |x| autograd::planes::kl_to_uniform(&x[0]),
    );
    of_one.finish();
    let mut of_two = group(criterion, "planes::kl_divergence", 2 * 4 * 4 * POSITIONS * K);
    for (stored, storage) in TYPES {
        bench.agreed(storage, "planes::kl_divergence", K);
        let images = images(stored);
        let mut buffers = [0, 1, 2, 3].map(|t| bench.logits(stored, images * POSITIONS, K, t));
        let mut values = bench.upload(&vec![0.0_f64; images * POSITIONS]);
        let ([a, b, c, d], to) = (buffers.each_mut().map(|buffer| bench.at(buffer)), bench.at(&mut values));
        let launch = |grads| {
            [kernels::kl_divergence_by_planes(
                stored,
                planes(a, images),
                b,
                to,
                grads,
                1.0,
            )]
        };
        let shape = format!("{images}x{K}x32x32");
        bench.launches(&mut of_two, &id("forward", stored, &shape), &launch(None));
        bench.launches(&mut of_two, &id("gradient", stored, &shape), &launch(Some([c, d])));
    }
    of_two.finish();
}

pub(crate) fn pairs(criterion: &mut Criterion, bench: &Bench) {
    let mut group = group(criterion, "kl_divergence", 2 * 4 * 4 * POSITIONS * K);
    for (stored, storage) in TYPES {
        bench.agreed(storage, "kl_divergence", K);
        let count = images(stored) * POSITIONS;
        let mut buffers = [0, 1, 2, 3].map(|t| bench.logits(stored, count, K, t));
        let mut values = bench.upload(&vec![0.0_f64; count]);
        let ([a, b, c, d], to) = (buffers.each_mut().map(|buffer| bench.at(buffer)), bench.at(&mut values));
        let tables = [a, b].map(|pointer| table(pointer, count, K));
        let launch = |grads| [kernels::kl_divergence(stored, tables, to, grads, 1.0)];
        let shape = format!("{}x{POSITIONS}x{K}", images(stored));
        bench.launches(&mut group, &id("forward", stored, &shape), &launch(None));
        bench.launches(&mut group, &id("gradient", stored, &shape), &launch(Some([c, d])));
    }
    let x = |t| (logits(4 * POSITIONS, K, t), vec![4 * POSITIONS, K]);
    bench.in_graph(
        &mut group,
        &format!("4x{POSITIONS}x{K}"),
        &[x(0), x(1)],
        |x| composed::kl_divergence(&x[0], &x[1]),
        |x| autograd::kl_divergence(&x[0], &x[1]),
    );
    group.finish();
}

pub(crate) fn tokens(criterion: &mut Criterion, bench: &Bench) {
    let count = 4 * TOKENS;
    let whole = |n: usize| i32::try_from(n).unwrap();
    let token = |i: usize| (i * 7919) % VOCABULARY;
    let weight = |i: usize| {
        if i % TOKENS < 256 {
            0.125 / 256.0
        } else {
            0.875 / 1024.0
        }
    };
    let mut group = group(criterion, "token_log_prob", 4 * count * VOCABULARY);
    for (stored, storage) in TYPES {
        bench.agreed(storage, "token_log_prob", VOCABULARY);
        let mut buffers = [0, 1].map(|t| bench.logits(stored, count, VOCABULARY, t));
        let mut targets = [
            bench.upload(&(0..count).map(|i| whole(token(i))).collect::<Vec<_>>()),
            bench.upload(&vec![0_i32; count]),
            bench.upload(&vec![whole(VOCABULARY); count]),
            bench.upload(&(0..count).map(weight).collect::<Vec<f64>>()),
        ];
        let mut values = bench.upload(&vec![0.0_f64; count]);
        let ([x, grad], to) = (buffers.each_mut().map(|buffer| bench.at(buffer)), bench.at(&mut values));
        let targets = targets.each_mut().map(|buffer| bench.at(buffer));
        let launch = |grad| {
            let x = table(x, count, VOCABULARY);
            [kernels::token_log_prob(stored, x, targets, to, grad, 1.0)]
        };
        let shape = format!("{count}x{VOCABULARY}");
        bench.launches(&mut group, &id("forward", stored, &shape), &launch(None));
        bench.launches(&mut group, &id("gradient", stored, &shape), &launch(Some(grad)));
    }
    let targets: Vec<gpu::fused::Target> = (0..count)
        .map(|i| gpu::fused::Target {
            token: token(i),
            from: 0,
            to: VOCABULARY,
            weight: weight(i),
        })
        .collect();
    let tokens: Vec<u32> = (0..count).map(|i| u32::try_from(token(i)).unwrap()).collect();
    let tokens = Tensor::from_vec(tokens, (count, 1), bench.device.candle()).unwrap();
    bench.in_graph(
        &mut group,
        &format!("{count}x{VOCABULARY}"),
        &[(logits(count, VOCABULARY, 0), vec![count, VOCABULARY])],
        |x| composed::token_log_prob(&x[0], &tokens),
        |x| autograd::token_log_prob(&x[0], &targets),
    );
    group.finish();
}
