//! The networks at the shipped model's sizes: layers with their gradients, ours against candle's own operations, and whole training steps.
//!
//! Both sides agree before the clock starts.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

use std::hint::black_box;
use std::time::Duration;

use candle_core::{D, DType, Device, Result, Tensor, Var};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gpu::autograd;
use gpu::device::Kind;
use gpu::network::Parameters;
use model::config::Config;
use model::data::Data;
use model::network::Model;
use model::train::{FirstStage, Part, SecondStage, Stage};
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

/// Two ways to compute a layer: both agree to four digits of the largest number, then both are timed, forward and with gradients.
fn compared(c: &mut Criterion, name: &str, shapes: &[&[usize]], images: u64, ours: &Layer, candle: &Layer) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let variables: Vec<Var> = shapes.iter().map(|shape| drawn(&mut rng, shape)).collect();
    for (a, b) in both(ours, &variables).iter().zip(both(candle, &variables)) {
        let largest = |tensor: &Tensor| tensor.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        let apart = largest(&(a - &b).unwrap());
        assert!(apart <= 1e-4 * largest(&b), "{name}: {apart} apart");
    }
    let mut group = c.benchmark_group(name);
    group
        .throughput(Throughput::Elements(images))
        .sample_size(10)
        .measurement_time(Duration::from_secs(2));
    for (variant, layer) in [("ours", ours), ("candle", candle)] {
        group.bench_function(BenchmarkId::new("forward", variant), |b| {
            b.iter(|| black_box(layer(&variables).unwrap()))
        });
        group.bench_function(BenchmarkId::new("gradient", variant), |b| {
            b.iter(|| black_box(both(layer, &variables)))
        });
    }
    group.finish();
}

const IMAGES: usize = 16;

fn layers(c: &mut Criterion) {
    let images = IMAGES as u64;
    compared(
        c,
        "conv2d",
        &[&[IMAGES, 32, 32, 32], &[32, 32, 3, 3], &[32]],
        images,
        &|v| autograd::conv2d(&v[0], &v[1], &v[2]),
        &|v| {
            v[0].conv2d(&v[1], 1, 1, 1, 1)?
                .broadcast_add(&v[2].reshape((1, 32, 1, 1))?)
        },
    );
    compared(
        c,
        "upsample",
        &[&[IMAGES, 64, 16, 16]],
        images,
        &|v| autograd::upsample(&v[0]),
        &|v| v[0].upsample_nearest2d(32, 32),
    );
    // candle's own max-pooling returns a quarter of the gradient: composed of its maxima.
    compared(
        c,
        "max_pool",
        &[&[IMAGES, 32, 32, 32]],
        images,
        &|v| autograd::max_pool(&v[0]),
        &|v| {
            let larger = |pairs: &Tensor, axis: usize| {
                pairs
                    .narrow(axis, 0, 1)?
                    .maximum(&pairs.narrow(axis, 1, 1)?)?
                    .squeeze(axis)
            };
            let rows = larger(&v[0].reshape((IMAGES, 32, 16, 2, 32))?, 3)?;
            larger(&rows.reshape((IMAGES, 32, 16, 16, 2))?, 4)
        },
    );
    const LENGTH: usize = 280;
    compared(
        c,
        "linear",
        &[&[8, LENGTH, 128], &[512, 128], &[512]],
        8,
        &|v| autograd::linear(&v[0], &v[1], &v[2]),
        &|v| {
            v[0].flatten_to(1)?
                .matmul(&v[1].t()?)?
                .broadcast_add(&v[2])?
                .reshape((8, LENGTH, 512))
        },
    );
    compared(
        c,
        "layer_norm",
        &[&[8, LENGTH, 128], &[128], &[128]],
        8,
        &|v| autograd::layer_norm(&v[0], &v[1], &v[2]),
        &|v| {
            let centred = v[0].broadcast_sub(&v[0].mean_keepdim(D::Minus1)?)?;
            let variance = (centred.sqr()?.mean_keepdim(D::Minus1)? + 1e-5)?;
            centred
                .broadcast_div(&variance.sqrt()?)?
                .broadcast_mul(&v[1])?
                .broadcast_add(&v[2])
        },
    );
    compared(c, "gelu", &[&[8, LENGTH, 512]], 8, &|v| autograd::gelu(&v[0]), &|v| {
        v[0].gelu_erf()
    });
    let causal: Vec<u8> = (0..LENGTH * LENGTH)
        .map(|at| u8::from(at % LENGTH <= at / LENGTH))
        .collect();
    let mask = Tensor::from_vec(causal, (LENGTH, LENGTH), &Device::Cpu).unwrap();
    let (one, other) = (mask.clone(), mask);
    compared(
        c,
        "attention",
        &[&[8, LENGTH, 128], &[8, LENGTH, 128], &[8, LENGTH, 128]],
        8,
        &move |v| autograd::attention([&v[0], &v[1], &v[2]], &one, 4),
        &move |v| {
            let split = |x: &Tensor| x.reshape((8, LENGTH, 4, 32))?.transpose(1, 2)?.contiguous();
            let scores = (split(&v[0])?.matmul(&split(&v[1])?.t()?.contiguous()?)? / 32.0_f64.sqrt())?;
            let hidden = Tensor::new(f32::NEG_INFINITY, &Device::Cpu)?.broadcast_as(scores.shape())?;
            let scores = other.broadcast_as(scores.shape())?.where_cond(&scores, &hidden)?;
            let weights = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?)?.exp()?;
            let weights = weights.broadcast_div(&weights.sum_keepdim(D::Minus1)?)?;
            weights
                .matmul(&split(&v[2])?)?
                .transpose(1, 2)?
                .reshape((8, LENGTH, 128))
        },
    );
}

/// A stage's loss, and its loss with gradients, on one batch; in `f32`, and in `bf16` with `f32` parameters behind it.
fn step<S: Stage>(c: &mut Criterion, stage: &S) {
    let mut group = c.benchmark_group(S::NAME);
    let images = stage.training().batch as u64;
    group
        .throughput(Throughput::Elements(images))
        .sample_size(10)
        .measurement_time(Duration::from_secs(5));
    for (name, dtype) in [("f32", DType::F32), ("bf16", DType::BF16)] {
        let parameters = || -> Parameters { stage.variables().parameters().to_dtype(dtype).unwrap() };
        group.bench_function(BenchmarkId::new("forward", name), |b| {
            b.iter(|| black_box(stage.terms(&parameters(), Part::Step(1)).unwrap().loss))
        });
        group.bench_function(BenchmarkId::new("step", name), |b| {
            b.iter(|| {
                black_box(
                    stage
                        .terms(&parameters(), Part::Step(1))
                        .unwrap()
                        .loss
                        .backward()
                        .unwrap(),
                )
            })
        });
    }
    group.finish();
}

fn stages(c: &mut Criterion) {
    let device = gpu::device::Device::open(Kind::Cpu).unwrap();
    let data = Data::embedded().unwrap();
    let config = Config::named("emoji").unwrap();
    step(c, &FirstStage::new(&config, &data, &device).unwrap());
    let model = Model::shipped(&device).unwrap();
    step(c, &SecondStage::new(&config, &data, model, &device).unwrap());
}

criterion_group!(benches, layers, stages);
criterion_main!(benches);
