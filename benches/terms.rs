//! The fused terms at DALL-E's sizes (K = 8192 codes, S = 1024 positions): forward and with gradient, in a reused buffer and a fresh one, and
//! inside candle's graph; beside them candle's composed operations and what the machine can do, in the same run.
//!
//! The terms agree with the reference before the clock starts.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

#[path = "terms/clock.rs"]
mod clock;
#[allow(unreachable_pub, dead_code, reason = "shared with the other bench")]
#[path = "peers/composed.rs"]
mod composed;
#[path = "terms/drawn.rs"]
mod drawn;
#[path = "terms/growth.rs"]
mod growth;
#[path = "terms/limits.rs"]
mod limits;
#[path = "terms/whole.rs"]
mod whole;

use std::alloc::System as Allocator;
use std::hint::black_box;

use agree::bounds::Storage;
use agree::terms::{Options, agree};
use clock::{Group, bench, group};
use criterion::{Criterion, criterion_group, criterion_main};
use drawn::{SEED, logits};
use gpu::autograd;
use gpu::candle_core::{Device, Result, Tensor, Var};
use gpu::fused::planes::{self, Planes};
use gpu::fused::{self, Isa, Numbers, Rows, Target};
use half::bf16;

const K: usize = 8192;
const POSITIONS: usize = 1024;
const IMAGES: usize = 4;
const ROWS: usize = IMAGES * POSITIONS;
/// The transformer's: positions of text and image, both vocabularies.
const TOKENS: usize = 1280;
const VOCABULARY: usize = 24_832;

fn halves(x: &[f32]) -> Vec<bf16> {
    x.iter().map(|x| bf16::from_f32(*x)).collect()
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

fn vectors() -> impl Iterator<Item = Isa> {
    Isa::available().into_iter().filter(|isa| *isa != Isa::PORTABLE)
}

/// A function of rows: forward, value and gradient in a reused buffer, and in a fresh one.
fn of_rows<E: Numbers>(
    group: &mut Group<'_>,
    shape: &str,
    length: usize,
    count: usize,
    run: impl Fn(Isa, &mut [f64], Option<&mut [E]>),
) {
    let zero = E::narrow(fused::Real::of(0.0));
    let (mut values, mut grad) = (vec![0.0; count], vec![zero; length]);
    for isa in vectors() {
        let id = |side: &str| format!("{side}/{}/{shape}", isa.name());
        bench(group, &id("forward"), || run(isa, &mut values, None));
        bench(group, &id("gradient"), || run(isa, &mut values, Some(&mut grad)));
    }
    bench(group, &format!("gradient-fresh/best/{shape}"), || {
        let mut fresh = vec![zero; length];
        run(Isa::best(), &mut values, Some(&mut fresh));
        black_box(fresh);
    });
}

/// The same in candle's graph: of its own operations, and of ours.
fn in_graph(
    group: &mut Group<'_>,
    shape: &str,
    tables: &[(&[f32], &[usize])],
    composed: impl Fn(&[Tensor]) -> Result<Tensor>,
    ours: impl Fn(&[Tensor]) -> Result<Tensor>,
) {
    let var = |(x, shape): &(&[f32], &[usize])| {
        let tensor = Tensor::from_slice(x, *shape, &Device::Cpu).unwrap();
        Var::from_tensor(&tensor).unwrap().as_tensor().clone()
    };
    let tensors: Vec<Tensor> = tables.iter().map(var).collect();
    let backward = |values: Tensor| black_box(values.sum_all().unwrap().backward().unwrap());
    bench(group, &format!("gradient-in-graph/candle-composed/{shape}"), || {
        backward(composed(black_box(&tensors)).unwrap());
    });
    bench(group, &format!("gradient-in-graph/fused/{shape}"), || {
        backward(ours(black_box(&tensors)).unwrap());
    });
    let constants: Vec<Tensor> = tensors.iter().map(Tensor::detach).collect();
    bench(group, &format!("forward/candle-composed/{shape}"), || {
        black_box(composed(black_box(&constants)).unwrap());
    });
}

fn kl_to_uniform(criterion: &mut Criterion) {
    agreed(Storage::F32, "kl_to_uniform");
    agreed(Storage::BF16, "kl_to_uniform");
    let x = logits(ROWS, K, 0);
    let shape = format!("{IMAGES}x{POSITIONS}x{K}");
    let mut group = group(criterion, "kl_to_uniform", x.len() * 4);
    let rows = Rows::new("logits", &x, K).unwrap();
    of_rows(&mut group, &shape, x.len(), ROWS, |isa, values, grad| {
        fused::kl_to_uniform(isa, black_box(rows), 1.0, values, grad);
    });
    let half = halves(&x);
    let rows = Rows::new("logits", &half, K).unwrap();
    let of_half = format!("bf16/{shape}");
    of_rows(&mut group, &of_half, half.len(), ROWS, |isa, values, grad| {
        fused::kl_to_uniform(isa, black_box(rows), 1.0, values, grad);
    });
    let tables: &[(&[f32], &[usize])] = &[(&x, &[ROWS, K])];
    in_graph(
        &mut group,
        &shape,
        tables,
        |x| composed::kl_to_uniform(&x[0], 1),
        |x| autograd::kl_to_uniform(&x[0]),
    );
    group.finish();
}

fn of_planes(criterion: &mut Criterion) {
    agreed(Storage::F32, "planes::kl_to_uniform");
    agreed(Storage::F32, "planes::kl_divergence");
    let (x, y) = (logits(ROWS, K, 0), logits(ROWS, K, 1));
    let [x_planes, y_planes] = [&x, &y].map(|x| Planes::new("logits", x, K, POSITIONS).unwrap());
    let shape = format!("{IMAGES}x{K}x32x32");
    let mut of_one = group(criterion, "planes::kl_to_uniform", x.len() * 4);
    of_rows(&mut of_one, &shape, x.len(), ROWS, |isa, values, grad| {
        planes::kl_to_uniform(isa, black_box(x_planes), 1.0, values, grad);
    });
    let tables: &[(&[f32], &[usize])] = &[(&x, &[IMAGES, K, 32, 32])];
    in_graph(
        &mut of_one,
        &shape,
        tables,
        |x| composed::kl_to_uniform(&x[0], 1),
        |x| autograd::planes::kl_to_uniform(&x[0]),
    );
    of_one.finish();
    let mut of_two = group(criterion, "planes::kl_divergence", x.len() * 8);
    let mut second = y.clone();
    let second = std::cell::RefCell::new(&mut second);
    of_rows(&mut of_two, &shape, x.len(), ROWS, |isa, values, grad| {
        let mut second = second.borrow_mut();
        let grads = grad.map(|first| [first, second.as_mut_slice()]);
        planes::kl_divergence(isa, black_box([x_planes, y_planes]), 1.0, values, grads);
    });
    of_two.finish();
}

fn kl_divergence(criterion: &mut Criterion) {
    agreed(Storage::F32, "kl_divergence");
    let (a, b) = (logits(ROWS, K, 0), logits(ROWS, K, 1));
    let shape = format!("{IMAGES}x{POSITIONS}x{K}");
    let mut group = group(criterion, "kl_divergence", a.len() * 8);
    let rows = [&a, &b].map(|x| Rows::new("logits", x, K).unwrap());
    let mut second = b.clone();
    let second = std::cell::RefCell::new(&mut second);
    of_rows(&mut group, &shape, a.len(), ROWS, |isa, values, grad| {
        let mut second = second.borrow_mut();
        let grads = grad.map(|first| [first, second.as_mut_slice()]);
        fused::kl_divergence(isa, black_box(rows), 1.0, values, grads);
    });
    let tables: &[(&[f32], &[usize])] = &[(&a, &[ROWS, K]), (&b, &[ROWS, K])];
    in_graph(
        &mut group,
        &shape,
        tables,
        |x| composed::kl_divergence(&x[0], &x[1]),
        |x| autograd::kl_divergence(&x[0], &x[1]),
    );
    group.finish();
}

fn token_log_prob(criterion: &mut Criterion) {
    agreed(Storage::F32, "token_log_prob");
    agreed(Storage::BF16, "token_log_prob");
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
    of_rows(&mut group, &shape, x.len(), TOKENS, |isa, values, grad| {
        fused::token_log_prob(isa, black_box(rows), &targets, 1.0, values, grad).unwrap();
    });
    let half = halves(&x);
    let rows = Rows::new("logits", &half, VOCABULARY).unwrap();
    of_rows(
        &mut group,
        &format!("bf16/{shape}"),
        half.len(),
        TOKENS,
        |isa, values, grad| {
            fused::token_log_prob(isa, black_box(rows), &targets, 1.0, values, grad).unwrap();
        },
    );
    #[expect(clippy::cast_possible_truncation, reason = "tokens")]
    let tokens: Vec<u32> = targets.iter().map(|t| t.token as u32).collect();
    let tokens = Tensor::from_vec(tokens, (TOKENS, 1), &Device::Cpu).unwrap();
    let tables: &[(&[f32], &[usize])] = &[(&x, &[TOKENS, VOCABULARY])];
    in_graph(
        &mut group,
        &shape,
        tables,
        |x| composed::token_log_prob(&x[0], &tokens),
        |x| autograd::token_log_prob(&x[0], &targets),
    );
    group.finish();
}

/// What is not DALL-E's own but computed on the way.
fn others(criterion: &mut Criterion) {
    let (a, b) = (logits(ROWS, K, 0), logits(ROWS, K, 1));
    let rows = [&a, &b].map(|x| Rows::new("logits", x, K).unwrap());
    let shape = format!("{IMAGES}x{POSITIONS}x{K}");
    for name in ["entropy", "log_mean_exp", "cross_entropy"] {
        agreed(Storage::F32, name);
        let tables = if name == "cross_entropy" { 2 } else { 1 };
        let mut group = group(criterion, name, a.len() * 4 * tables);
        let mut second = b.clone();
        let second = std::cell::RefCell::new(&mut second);
        of_rows(&mut group, &shape, a.len(), ROWS, |isa, values, grad| match name {
            "entropy" => fused::entropy(isa, black_box(rows[0]), 1.0, values, grad),
            "log_mean_exp" => fused::log_mean_exp(isa, black_box(rows[0]), 1.0, values, grad),
            _ => {
                let mut second = second.borrow_mut();
                let grads = grad.map(|first| [first, second.as_mut_slice()]);
                fused::cross_entropy(isa, black_box(rows), 1.0, values, grads);
            }
        });
        group.finish();
    }
}

criterion_group!(
    benches,
    limits::limits,
    kl_to_uniform,
    of_planes,
    kl_divergence,
    token_log_prob,
    others,
    whole::logit_laplace,
    whole::elbo,
    whole::codebook_mix,
    whole::exact,
    growth::growth
);
criterion_main!(benches);
