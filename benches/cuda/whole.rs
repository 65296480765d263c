//! The decoder's likelihood, samples and codebook, exact tables.

use agree::bounds::Storage;
use agree::{equations, pairs};
use bounds::Float;
use criterion::Criterion;
use gpu::autograd;
use gpu::candle_core::Tensor;
use gpu::fused::Sample;
use gpu::kernels::exact::{InMemory, Tables};
use gpu::kernels::mixing::{self, Gumbel, Pull};
use gpu::kernels::{self, Launch, Stored, VARIANTS, Varied};
use worlds::case;

use crate::terms::{K, POSITIONS, TYPES, id, table};
use crate::{Bench, composed, group, logits};

const D: usize = 128;
const PIXELS: usize = 3 * 256 * 256;
const TEMPERATURE: f64 = 0.9;

/// 64 images: eight would stay in the caches.
pub(crate) fn pixels(criterion: &mut Criterion, bench: &Bench) {
    let (images, shape) = (64, "64x3x256x256");
    let mut group = group(criterion, "logit_laplace", 3 * 4 * images * PIXELS);
    let pixels = |t| -> Vec<f32> {
        let squash = |z: f32| 1.0 / (1.0 + (-z).exp());
        let drawn = logits(images, PIXELS, t).into_iter();
        drawn.map(|z| if t == 0 { squash(z) } else { z }).collect()
    };
    for (stored, storage) in TYPES {
        bench.agreed(storage, "logit_laplace", PIXELS);
        let mut buffers = [0, 1, 2, 3, 4].map(|t| match stored {
            Stored::Bf16 => bench.upload(&pixels(t).into_iter().map(half::bf16::from_f32).collect::<Vec<_>>()),
            _ => bench.upload(&pixels(t)),
        });
        let parts = usize::try_from(kernels::parts(i32::try_from(PIXELS).unwrap())).unwrap();
        let mut others = [images * parts, images].map(|n| bench.upload(&vec![0.0_f64; n]));
        let [x, mu, ln_b, c, d] = buffers.each_mut().map(|buffer| bench.at(buffer));
        let [scratch, to] = others.each_mut().map(|buffer| bench.at(buffer));
        let tables = [x, mu, ln_b].map(|pointer| table(pointer, images, PIXELS));
        let launch = |grads| kernels::logit_laplace(stored, tables, scratch, to, grads, 1.0);
        bench.launches(&mut group, &id("forward", stored, shape), &launch(None));
        bench.launches(&mut group, &id("gradient", stored, shape), &launch(Some([c, d])));
    }
    bench.in_graph(
        &mut group,
        shape,
        &[0, 1, 2].map(|t| (pixels(t), vec![images, PIXELS])),
        |t| composed::logit_laplace(&t[0].detach(), &t[1], &t[2]),
        |t| autograd::logit_laplace(&t[0], &t[1], &t[2]),
    );
    group.finish();
}

pub(crate) fn codebook(criterion: &mut Criterion, bench: &Bench) {
    let count = 4 * POSITIONS;
    let shape = format!("4x{POSITIONS}x{K}x{D}");
    let stored = Stored::F32;
    bench.agreed(Storage::F32, "codebook_mix", K);
    let mut tables = [0, 1, 2, 3, 4].map(|t| bench.logits(stored, count, K, t));
    let mut small = [(K, 5), (count, 6), (count, 7), (K, 8)].map(|(rows, t)| bench.logits(stored, rows, D, t));
    let [x, noise, samples, slopes, to_logits] = tables.each_mut().map(|buffer| bench.at(buffer));
    let [codebook, upstream, mixed, to_codebook] = small.each_mut().map(|buffer| bench.at(buffer));
    let gumbel = Gumbel {
        stored,
        logits: table(x, count, K),
        noise,
        temperature: TEMPERATURE,
    };
    let codebook = table(codebook, K, D);
    let pull = Pull {
        upstream,
        to_logits,
        to_codebook,
    };
    let forward = mixing::codebook_mix(gumbel, Sample::Relaxed, codebook, samples, mixed);
    let backward = mixing::codebook_gradients(gumbel, codebook, [samples, slopes], pull);
    let mut alone = group(criterion, "gumbel_softmax", 2 * 4 * count * K);
    bench.launches(
        &mut alone,
        &id("forward", stored, &format!("4x{POSITIONS}x{K}")),
        &forward[..1],
    );
    bench.launches(
        &mut alone,
        &id("gradient", stored, &format!("4x{POSITIONS}x{K}")),
        &backward[2..],
    );
    alone.finish();
    let mut mix = group(criterion, "codebook_mix", 2 * 4 * count * K);
    bench.launches(&mut mix, &id("forward", stored, &shape), &forward);
    let both: Vec<Launch> = forward.into_iter().chain(backward).collect();
    bench.launches(&mut mix, &id("gradient", stored, &shape), &both);
    let device = bench.device.candle();
    let constant = |rows, k, t| Tensor::from_vec(logits(rows, k, t), (rows, k), device).unwrap();
    let (noise, weights) = (constant(count, K, 1), constant(count, D, 6));
    bench.in_graph(
        &mut mix,
        &shape,
        &[(logits(count, K, 0), vec![count, K]), (logits(K, D, 5), vec![K, D])],
        |t| composed::codebook_mix(&t[0], &noise, &t[1], TEMPERATURE)? * &weights,
        |t| autograd::codebook_mix(&t[0], &noise, &t[1], TEMPERATURE, Sample::Relaxed)? * &weights,
    );
    mix.finish();
}

/// 128 images, 32 captions, 4096 codes, in double precision.
pub(crate) fn exact(criterion: &mut Criterion, bench: &Bench) {
    let options = equations::Options {
        device: bench.device.clone(),
        float: Float::F64,
    };
    let (worlds, pairs) = (
        case::embedded().unwrap().worlds,
        pairs::exact(InMemory(bench.cuda.clone())),
    );
    assert!(equations::agree_on(&pairs, &worlds, &options).unwrap().agrees);
    for variant in VARIANTS {
        let varied = pairs::exact(InMemory(Varied(bench.cuda.clone(), *variant)));
        assert!(equations::agree_on(&varied, &worlds, &options).unwrap().agrees);
    }
    let [x, y, z] = [128, 32, 4096];
    let shape = format!("{x}x{y}x{z}");
    let mut buffers = [(x * y, z), (y, z), (x, z), (x, y)].map(|(rows, k)| bench.logits(Stored::F64, rows, k, rows));
    let mut sums = bench.upload(&vec![[0.0_f64; 8]; x * y]);
    let at = buffers.each_mut().map(|buffer| bench.at(buffer));
    let tables = Tables {
        likelihood: table(at[0], x * y, z),
        prior: table(at[1], y, z),
        encoder: table(at[2], x, z),
        captions: table(at[3], x, y),
        joint: None,
    };
    let launch = kernels::exact::exact(tables, bench.at(&mut sums));
    let mut group = group(criterion, "exact", 8 * x * y * z);
    bench.launches(&mut group, &format!("forward/f64/{shape}"), &[launch]);
    let tensor = |rows: usize, k: usize, shape: &[usize]| {
        let numbers: Vec<f64> = logits(rows, k, rows).into_iter().map(|x| f64::from(x) - 10.0).collect();
        Tensor::from_vec(numbers, shape, bench.device.candle()).unwrap()
    };
    let (likelihood, prior, encoder) = (
        tensor(x * y, z, &[x, y, z]),
        tensor(y, z, &[y, z]),
        tensor(x, z, &[x, z]),
    );
    bench.time(&mut group, &format!("forward/candle-composed/{shape}"), || {
        drop(std::hint::black_box(
            composed::exact(&likelihood, &prior, &encoder).unwrap(),
        ));
    });
    group.finish();
}
