//! The networks at the shipped model's sizes: layers with their gradients, and whole training steps, ours against layers composed of candle's
//! own operations.
//!
//! Both sides agree before the clock starts.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

#[path = "terms/clock.rs"]
mod clock;

use std::hint::black_box;

use clock::{Group, bench, group};
use criterion::{Criterion, criterion_group, criterion_main};
use dalle::config::Config;
use dalle::data::Data;
use dalle::network::Model;
use dalle::train::{self, FirstStage, Part, SecondStage, Share, Stage};
use gpu::autograd;
use gpu::candle_core::{DType, Device, Result, Tensor, Var};
use gpu::device::Kind;
use mimalloc::MiMalloc as Allocator; // the program's own
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

type Layer = dyn Fn(&[Var]) -> Result<Tensor>;

fn drawn(rng: &mut ChaCha8Rng, shape: &[usize]) -> Var {
    let numbers: Vec<f32> = (0..shape.iter().product())
        .map(|_| rng.random_range(-1.0..1.0))
        .collect();
    Var::from_tensor(&Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()).unwrap()
}

/// The value and every gradient of `sum y^2`.
fn both(layer: &Layer, variables: &[Var]) -> Vec<Tensor> {
    let y = layer(variables).unwrap();
    let gradients = y.sqr().unwrap().sum_all().unwrap().backward().unwrap();
    let of = variables.iter().filter_map(|var| gradients.get(var).cloned());
    std::iter::once(y).chain(of).collect()
}

/// To so many digits of the largest number of each tensor, or of a thousandth of the largest of all: some gradients are 0 but for rounding.
fn agree(name: &str, ours: &[Tensor], candle: &[Tensor], digits: i32) {
    let largest = |tensor: &Tensor| tensor.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
    assert_eq!(ours.len(), candle.len());
    let least = candle.iter().map(largest).fold(0.0, f32::max) / 1000.0;
    for (a, b) in ours.iter().zip(candle) {
        let apart = largest(&(a - b).unwrap());
        assert!(
            apart <= 0.1_f32.powi(digits) * largest(b).max(least),
            "{name}: {apart} apart"
        );
    }
}

/// Ours, and composed.
fn timed(group: &mut Group<'_>, side: &str, mut run: impl FnMut()) {
    bench(group, &format!("{side}/ours"), &mut run);
    bench(group, &format!("{side}/candle-composed"), || {
        autograd::composed(&mut run)
    });
}

/// A layer, forward and with gradients.
fn layer(c: &mut Criterion, name: &str, shapes: &[&[usize]], layer: &Layer) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let variables: Vec<Var> = shapes.iter().map(|shape| drawn(&mut rng, shape)).collect();
    let run = || both(layer, &variables);
    agree(name, &run(), &autograd::composed(run), 4);
    let bytes = 4 * variables.iter().map(|var| var.elem_count()).sum::<usize>();
    let mut group = group(c, &format!("network-{name}"), bytes);
    timed(&mut group, "forward", || drop(black_box(layer(&variables).unwrap())));
    timed(&mut group, "gradient", || drop(black_box(run())));
    group.finish();
}

fn layers(c: &mut Criterion, config: &Config) {
    let (images, width) = (config.dvae.training.batch, config.dvae.hidden);
    layer(
        c,
        "conv2d",
        &[&[images, width, 32, 32], &[width, width, 3, 3], &[width]],
        &|v| autograd::conv2d(&v[0], &v[1], &v[2]),
    );
    layer(c, "upsample", &[&[images, 2 * width, 16, 16]], &|v| {
        autograd::upsample(&v[0])
    });
    // candle's own max-pooling returns a quarter of the gradient: composed of its maxima.
    layer(c, "max_pool", &[&[images, width, 32, 32]], &|v| {
        autograd::max_pool(&v[0])
    });
    let (prior, side) = (&config.prior, config.side());
    let length = prior.text + side * side;
    let [rows, wide] = [prior.width, 4 * prior.width].map(|width| [prior.training.batch, length, width]);
    layer(c, "linear", &[&rows, &[wide[2], rows[2]], &[wide[2]]], &|v| {
        autograd::linear(&v[0], &v[1], &v[2])
    });
    layer(c, "layer_norm", &[&rows, &[rows[2]], &[rows[2]]], &|v| {
        autograd::layer_norm(&v[0], &v[1], &v[2])
    });
    layer(c, "gelu", &[&wide], &|v| autograd::gelu(&v[0]));
    let causal: Vec<u8> = (0..length * length)
        .map(|at| u8::from(at % length <= at / length))
        .collect();
    let mask = Tensor::from_vec(causal, (length, length), &Device::Cpu).unwrap();
    let heads = prior.heads;
    layer(c, "attention", &[&rows, &rows, &rows], &move |v| {
        autograd::attention([&v[0], &v[1], &v[2]], &mask, heads)
    });
}

/// A stage's loss, and its loss with gradients, on one batch; in `f32`, and in `bf16` with `f32` parameters behind it.
fn step<S: Stage>(c: &mut Criterion, stage: &S) {
    let images = stage.training().batch;
    let mut group = group(c, &format!("network-step-{}", S::NAME), 4 * 3 * 32 * 32 * images);
    let parameters = |dtype: DType| stage.variables().parameters().to_dtype(dtype).unwrap();
    let of = |dtype| {
        let terms = stage.terms(&parameters(dtype), Part::Step(1), Share::WHOLE);
        terms.unwrap().loss
    };
    let descent = |dtype| {
        let step = train::step(stage, &parameters(dtype), 1).unwrap();
        let loss = Tensor::new(step.loss, &Device::Cpu)
            .unwrap()
            .to_dtype(DType::F32)
            .unwrap();
        let named = stage.variables().parameters();
        let found = named.iter().filter_map(|(_, var)| step.gradients.get(var).cloned());
        std::iter::once(loss).chain(found).collect::<Vec<_>>()
    };
    let run = || descent(DType::F32);
    agree(S::NAME, &run(), &autograd::composed(run), 3);
    timed(&mut group, "forward", || drop(black_box(of(DType::F32))));
    timed(&mut group, "gradient", || drop(black_box(run())));
    // Layers of half types are composed on every device.
    bench(&mut group, "forward/bf16", || drop(black_box(of(DType::BF16))));
    bench(&mut group, "gradient/bf16", || drop(black_box(descent(DType::BF16))));
    group.finish();
}

fn networks(c: &mut Criterion) {
    let device = gpu::device::Device::open(Kind::Cpu).unwrap();
    let data = Data::embedded().unwrap();
    let config = Config::named("emoji").unwrap();
    layers(c, &config);
    step(c, &FirstStage::new(&config, &data, &device).unwrap());
    let model = Model::shipped(&device).unwrap();
    step(c, &SecondStage::new(&config, &data, model, &device).unwrap());
}

criterion_group!(benches, networks);
criterion_main!(benches);
